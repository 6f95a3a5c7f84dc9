"""modbus_peer.py whose server takes its time, as small devices do."""

import time

import modbus_peer

prompt = modbus_peer.tracers


def slow(log, received, sent):
    packet, pdu = prompt(log, received, sent)

    def after_a_while(sending, data):
        time.sleep(0.012 if sending else 0)
        return packet(sending, data)

    return after_a_while, pdu


modbus_peer.tracers = slow
modbus_peer.main()
