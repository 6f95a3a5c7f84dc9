# Building automation: BACnet/IP.

bacnet_pair() { # FILE SHOWS PORT
  local port=$3
  begin "$1" "$2"
  start bacnet "$python" "$here/bacnet_peer.py" serve --address "$B/24:$port"
  udp "$port"
  ask "$python" "$here/bacnet_peer.py" ask --address "$A/24:$port" --host "$B:$port"
  peer server "$(pypi bacpypes3)"
  peer client "$(pypi bacpypes3)"
  say device 77017
  say object_name isolation-room-04
  say vendor 999 'Invented Devices'
  say model_name 'Isolation room controller 4'
  say firmware_revision 4.2.1
  truly --tshark bacnet --tshark bacapp
}

scenario_bacnet_controller() {
  bacnet_pair bacnet/controller.pcap 'Who-Is, I-Am, Who-Has, ReadProperty, ReadPropertyMultiple, WriteProperty, errors, SubscribeCOV' 47808
  conclude bacnet 47808
}
scenario_bacnet_odd_port() {
  bacnet_pair bacnet/odd-port.pcap 'the same on port 47900' 47900
  truly --decode-as udp.port==47900,bvlc
  conclude bacnet 47900
}
