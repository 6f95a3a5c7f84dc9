"""DICOM peers on pynetdicom: an SCP that plays many parts, and SCUs for what command-line tools cannot do.

    dicom_peer.py serve MODE --port N --log FILE [--station HOST:PORT]
    dicom_peer.py ask SCENARIO --host H --port N --log FILE [--called AE] [--own-port N]

What is said is logged from pynetdicom's own notifications: each PDU but P-DATA-TF, each DIMSE message.
"""

from __future__ import annotations

import argparse
import socket
import sys
import threading
import time
from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, build_role, evt
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_ECHO, C_STORE
from pynetdicom.pdu_primitives import (
    AsynchronousOperationsWindowNegotiation, P_DATA, SOPClassExtendedNegotiation, UserIdentityNegotiation,
)
from pynetdicom.sop_class import (
    CTImageStorage, ModalityPerformedProcedureStep, ModalityWorklistInformationFind, MRImageStorage,
    SecondaryCaptureImageStorage, StorageCommitmentPushModel, StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet, StudyRootQueryRetrieveInformationModelMove, Verification,
)

import canary
import dicom_data
from peerlog import PeerLog

FIND, MOVE, GET = (StudyRootQueryRetrieveInformationModelFind, StudyRootQueryRetrieveInformationModelMove,
                   StudyRootQueryRetrieveInformationModelGet)
COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
SMALL_PDU = 64  # bytes: no command set fits one PDU
ANSWER_SECONDS = 20


def notifications(log: PeerLog) -> list[tuple]:
    """Handlers that log what passes."""

    def pdu(way: str):
        def handler(event) -> None:
            name = type(event.pdu).__name__
            if name != "P_DATA_TF":
                name = "A-ABORT" if name == "A_ABORT_RQ" else name.replace("_", "-")
                log.record(way, "dicom", pdu=name, dimse=None)
        return handler

    def dimse(way: str):
        def handler(event) -> None:
            log.record(way, "dicom", pdu="P-DATA-TF", dimse=type(event.message).__name__.replace("_", "-"))
        return handler

    return [(evt.EVT_PDU_SENT, pdu("sent")), (evt.EVT_PDU_RECV, pdu("received")),
            (evt.EVT_DIMSE_SENT, dimse("sent")), (evt.EVT_DIMSE_RECV, dimse("received"))]


def entity(title: str) -> AE:
    ae = AE(ae_title=title)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ANSWER_SECONDS
    return ae


# --- the SCP ----------------------------------------------------------------------------------------------------------

def matches(count: int, pause: float):
    """A C-FIND handler: `count` answers, each after a pause, until the other side cancels."""
    def handler(event):
        for number in range(count):
            if event.is_cancelled:
                yield 0xFE00, None
                return
            found = Dataset()
            found.QueryRetrieveLevel = "STUDY"
            found.PatientName, found.PatientID = f"{canary.FAMILY}^{canary.GIVEN}", canary.PATIENT_ID
            found.StudyInstanceUID = f"{canary.UID_ROOT}.{number}"
            yield 0xFF00, found
            time.sleep(pause)
    return handler


def commitment(log: PeerLog, station: tuple[str, int]):
    """Storage commitment: success to the N-ACTION at once, the N-EVENT-REPORT on an association of its own."""
    def report(wanted: Dataset) -> None:
        time.sleep(0.2)
        ae = entity("ARCHIVE")
        ae.add_requested_context(StorageCommitmentPushModel)
        role = build_role(StorageCommitmentPushModel, scp_role=True)
        assoc = ae.associate(*station, ae_title="STATION", ext_neg=[role], evt_handlers=notifications(log))
        if assoc.is_established:
            result = Dataset()
            result.TransactionUID, result.ReferencedSOPSequence = wanted.TransactionUID, wanted.ReferencedSOPSequence
            assoc.send_n_event_report(result, 1, StorageCommitmentPushModel, COMMITMENT_INSTANCE)
            assoc.release()

    def handler(event):
        threading.Thread(target=report, args=(event.action_information,)).start()
        return 0x0000, None
    return handler


def echo_then_abort(event) -> int:
    event.assoc.abort()
    return 0x0000


def serve(options: argparse.Namespace) -> None:
    log, mode = PeerLog(options.log, "server"), options.scenario
    ae = entity("ARCHIVE")
    handlers = notifications(log) + [
        (evt.EVT_C_STORE, lambda event: 0x0000), (evt.EVT_C_FIND, matches(40, 0.02) if mode == "slow" else matches(3, 0)),
        (evt.EVT_N_CREATE, lambda event: (0x0000, event.attribute_list)),
        (evt.EVT_N_SET, lambda event: (0x0000, event.modification_list)),
        (evt.EVT_ASYNC_OPS, lambda event: (4, 4)), (evt.EVT_USER_ID, lambda event: (True, None)),
        (evt.EVT_SOP_EXTENDED, lambda event: event.app_info),
    ]
    if options.station:
        host, port = options.station.split(":")
        handlers.append((evt.EVT_N_ACTION, commitment(log, (host, int(port)))))
    if mode == "aborting":
        handlers.append((evt.EVT_C_ECHO, echo_then_abort))
    for context in (Verification, FIND, ModalityPerformedProcedureStep, StorageCommitmentPushModel):
        ae.add_supported_context(context)
    for context in (CTImageStorage, MRImageStorage):
        ae.add_supported_context(context, [ExplicitVRLittleEndian, ImplicitVRLittleEndian], scu_role=True, scp_role=True)
    if mode == "strict":
        ae.require_called_aet, ae.require_calling_aet = True, ["STATION", "SCANNER"]
    if mode == "busy":
        ae.maximum_associations = 1
    ae.maximum_pdu_size = {"small": SMALL_PDU, "unlimited": 0}.get(mode, 16382)
    ae.start_server(("0.0.0.0", options.port), block=True, evt_handlers=handlers)


# --- SCUs -------------------------------------------------------------------------------------------------------------

class Station:
    """An SCU with its log; `associate` demands an acceptance unless told otherwise."""

    def __init__(self, options: argparse.Namespace, title: str = "STATION") -> None:
        self.options, self.title = options, title
        self.log = PeerLog(options.log, "client")

    def associate(self, contexts, called: str | None = None, title: str | None = None, max_pdu: int = 16382,
                  demand: bool = True, handlers=(), **more):
        ae = entity(title or self.title)
        for context in contexts:
            ae.add_requested_context(context, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
        assoc = ae.associate(
            self.options.host, self.options.port, ae_title=called or self.options.called, max_pdu=max_pdu,
            evt_handlers=notifications(self.log) + list(handlers), **more)
        if demand and not assoc.is_established:
            sys.exit("dicom_peer: no association")
        return assoc

    def must(self, status: Dataset, *wanted: int) -> None:
        if not status or status.Status not in (wanted or (0x0000,)):
            sys.exit(f"dicom_peer: unexpected status {status}")


def study_query(level: str = "STUDY") -> Dataset:
    query = Dataset()
    query.QueryRetrieveLevel = level
    query.PatientID, query.PatientName = canary.PATIENT_ID, ""
    query.StudyInstanceUID = f"{canary.UID_ROOT}.1"
    return query


def mpps(station: Station) -> None:
    """A modality's procedure step: in progress, then completed."""
    assoc = station.associate([ModalityPerformedProcedureStep])
    step = Dataset()
    step.PerformedProcedureStepStatus, step.Modality = "IN PROGRESS", "CT"
    step.PatientName, step.PatientID = f"{canary.FAMILY}^{canary.GIVEN}", canary.PATIENT_ID
    step.PatientBirthDate, step.PerformedProcedureStepDescription = canary.BIRTH_DATE, canary.PROCEDURE
    status, _ = assoc.send_n_create(step, ModalityPerformedProcedureStep, f"{canary.UID_ROOT}.5")
    station.must(status)
    done = Dataset()
    done.PerformedProcedureStepStatus, done.CommentsOnThePerformedProcedureStep = "COMPLETED", canary.COMMENT
    status, _ = assoc.send_n_set(done, ModalityPerformedProcedureStep, f"{canary.UID_ROOT}.5")
    station.must(status)
    assoc.release()


def own_server(station: Station, handlers, contexts):
    ae = entity(station.title)
    for context in contexts:
        ae.add_supported_context(context, [ExplicitVRLittleEndian, ImplicitVRLittleEndian], scu_role=True, scp_role=True)
    return ae.start_server(("0.0.0.0", station.options.own_port), block=False,
                           evt_handlers=notifications(station.log) + handlers)


def commit(station: Station) -> None:
    """Asks for storage commitment and waits for the report, which comes on an association of the archive's."""
    reported, released = threading.Event(), threading.Event()

    def on_report(event):
        reported.set()
        return 0x0000, None

    server = own_server(station, [(evt.EVT_N_EVENT_REPORT, on_report), (evt.EVT_RELEASED, lambda event: released.set())],
                        [StorageCommitmentPushModel])
    assoc = station.associate([StorageCommitmentPushModel])
    wanted = Dataset()
    wanted.TransactionUID = f"{canary.UID_ROOT}.7"
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CTImageStorage, f"{canary.UID_ROOT}.1.1.1"
    wanted.ReferencedSOPSequence = [item]
    status, _ = assoc.send_n_action(wanted, 1, StorageCommitmentPushModel, COMMITMENT_INSTANCE)
    station.must(status)
    assoc.release()
    if not (reported.wait(ANSWER_SECONDS) and released.wait(ANSWER_SECONDS)):
        sys.exit("dicom_peer: no commitment report")
    time.sleep(0.2)
    server.shutdown()


def send_unwaited(assoc, primitive, context) -> None:
    assoc.dimse.send_msg(primitive, context.context_id)


def context_of(assoc, abstract):
    return next(context for context in assoc.accepted_contexts if context.abstract_syntax == abstract)


def negotiate(station: Station) -> None:
    """Asynchronous operations used, roles, extended negotiation, user identity with a password, a refused context."""
    window = AsynchronousOperationsWindowNegotiation()
    window.maximum_number_operations_invoked = window.maximum_number_operations_performed = 4
    identity = UserIdentityNegotiation()
    identity.user_identity_type, identity.primary_field = 2, b"station"
    identity.secondary_field, identity.positive_response_requested = canary.PASSWORD.encode(), True
    extended = SOPClassExtendedNegotiation()
    extended.sop_class_uid, extended.service_class_application_information = FIND, b"\x01\x01\x01"
    role = build_role(CTImageStorage, scu_role=True, scp_role=True)
    # SecondaryCapture and the worklist are not served: their contexts are refused one by one.
    assoc = station.associate(
        [Verification, CTImageStorage, SecondaryCaptureImageStorage, FIND, ModalityWorklistInformationFind],
        ext_neg=[window, identity, extended, role])
    assoc._reactor_checkpoint.clear()
    while not assoc._is_paused:
        time.sleep(0.01)
    for number in (11, 12, 13, 14):
        echo = C_ECHO()
        echo.MessageID, echo.AffectedSOPClassUID = number, Verification
        send_unwaited(assoc, echo, context_of(assoc, Verification))
    for _ in range(4):
        assoc.dimse.get_msg(block=True)
    assoc._reactor_checkpoint.set()
    for status, _ in assoc.send_c_find(study_query(), FIND):
        station.must(status, 0x0000, 0xFF00)
    assoc.release()


def store(station: Station, max_pdu: int, side: int | None = None) -> None:
    if side:
        dicom_data.SIDE = side
    assoc = station.associate([Verification, CTImageStorage, FIND], max_pdu=max_pdu)
    station.must(assoc.send_c_echo())
    for number in (1, 2):
        station.must(assoc.send_c_store(dicom_data.image(number)))
    for status, _ in assoc.send_c_find(study_query(), FIND):
        station.must(status, 0x0000, 0xFF00)
    assoc.release()


def fragments(station: Station) -> None:
    """Both sides take PDUs of 64 bytes: command sets and data sets in many."""
    store(station, SMALL_PDU, side=16)


def unlimited(station: Station) -> None:
    """Both sides announce maximum length 0: each data set in one PDU, however large."""
    store(station, 0, side=144)


def packed(station: Station) -> None:
    """Command set and data set in the PDVs of one PDU."""
    assoc = station.associate([Verification, CTImageStorage], max_pdu=16382)
    image = dicom_data.image(1)
    image.PixelData = bytes(len(image.PixelData))
    data = dicom_data.dataset_bytes(image)
    context = context_of(assoc, CTImageStorage)
    request = C_STORE()
    request.MessageID, request.Priority = 7, 2
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    request.DataSet = BytesIO(data)
    message = C_STORE_RQ()
    message.primitive_to_message(request)
    together = P_DATA()
    for fragment in message.encode_msg(context.context_id, 16382):
        together.presentation_data_value_list.extend(fragment.presentation_data_value_list)
    assoc._reactor_checkpoint.clear()
    while not assoc._is_paused:
        time.sleep(0.01)
    station.log.record("sent", "dicom", pdu="P-DATA-TF", dimse="C-STORE-RQ")
    assoc.dul.send_pdu(together)
    assoc.dimse.get_msg(block=True)
    assoc._reactor_checkpoint.set()
    station.must(assoc.send_c_echo())
    assoc.release()


def cancel(station: Station) -> None:
    """A query of 40 answers, cancelled after three."""
    assoc = station.associate([FIND])
    seen, last = 0, None
    for status, _ in assoc.send_c_find(study_query(), FIND, msg_id=5):
        seen, last = seen + 1, status
        if seen == 3:
            assoc.send_c_cancel(5, query_model=FIND)
    station.must(last, 0xFE00)
    assoc.release()


def aborts(station: Station) -> None:
    """The station aborts: once right after the acceptance, once in the midst of its work."""
    station.associate([Verification]).abort()
    assoc = station.associate([Verification, CTImageStorage])
    station.must(assoc.send_c_echo())
    assoc.abort()


def aborted(station: Station) -> None:
    """The archive aborts instead of answering."""
    assoc = station.associate([Verification])
    assoc.send_c_echo()
    time.sleep(0.2)


def out_of_order(station: Station) -> None:
    """A release on a connection without an association: the archive's provider aborts."""
    with socket.create_connection((station.options.host, station.options.port), timeout=ANSWER_SECONDS) as connection:
        station.log.record("sent", "dicom", pdu="A-RELEASE-RQ", dimse=None)
        connection.sendall(b"\x05\x00\x00\x00\x00\x04" + bytes(4))
        answer = connection.recv(64)
        if answer[:1] != b"\x07":
            sys.exit(f"dicom_peer: no abort but {answer!r}")
        station.log.record("received", "dicom", pdu="A-ABORT", dimse=None)


def rejects(station: Station) -> None:
    """Wrong called, wrong calling AE title, both; then the right ones."""
    for called, calling in (("WRONG", "STATION"), ("ARCHIVE", "STRANGER"), ("NOBODY", "STRANGER")):
        assoc = station.associate([Verification], called=called, title=calling, demand=False)
        if not assoc.is_rejected:
            sys.exit("dicom_peer: not rejected")
    assoc = station.associate([Verification])
    station.must(assoc.send_c_echo())
    assoc.release()


def busy(station: Station) -> None:
    """The archive's limit of associations is reached: the second is rejected for now."""
    first = station.associate([Verification])
    second = station.associate([Verification], demand=False)
    if not second.is_rejected:
        sys.exit("dicom_peer: not rejected")
    station.must(first.send_c_echo())
    first.release()


GUESSES = ("ANY-SCP", "PACS", "DICOM", "STORESCP", "ORTHANC", "DCM4CHEE", "CONQUEST", "CLEARCANVAS", "OSIRIX", "HOROS",
           "SERVER", "STORAGE", "MERGE", "IMPAX", "SYNAPSE", "VNA", "QRSCP", "ARCHIVE", "RADIOLOGY", "TEST")


def guesses(station: Station) -> None:
    """Twenty called AE titles, one of them right; C-ECHO where the door opens."""
    opened = 0
    for title in GUESSES:
        assoc = station.associate([Verification], called=title, demand=False)
        if assoc.is_established:
            opened += 1
            station.must(assoc.send_c_echo())
            assoc.release()
    if opened != 1:
        sys.exit(f"dicom_peer: {opened} titles accepted")


def raw_store(station: Station, kind: str) -> None:
    """A C-STORE whose data set is these bytes as they are; after it an honest one."""
    assoc = station.associate([CTImageStorage])
    context = context_of(assoc, CTImageStorage)
    honest = dicom_data.image(2)
    assoc._reactor_checkpoint.clear()
    while not assoc._is_paused:
        time.sleep(0.01)
    for number, data in enumerate((dicom_data.executables()[kind], dicom_data.dataset_bytes(honest)), start=1):
        request = C_STORE()
        request.MessageID, request.Priority = number, 2
        request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = CTImageStorage, f"{canary.UID_ROOT}.1.1.{number}"
        request.DataSet = BytesIO(data)
        send_unwaited(assoc, request, context)
        assoc.dimse.get_msg(block=True)
    assoc._reactor_checkpoint.set()
    assoc.release()


def query_server(station: Station) -> None:
    """Echo, store, find, move to itself and get back, against a real archive."""
    taken = threading.Semaphore(0)

    def on_store(event) -> int:
        taken.release()
        return 0x0000

    server = own_server(station, [(evt.EVT_C_STORE, on_store)], [Verification, CTImageStorage])
    assoc = station.associate([Verification, CTImageStorage])
    station.must(assoc.send_c_echo())
    for number in (1, 2):
        station.must(assoc.send_c_store(dicom_data.image(number)))
    assoc.release()
    assoc = station.associate([FIND])
    for level in ("PATIENT", "STUDY", "SERIES", "IMAGE")[1:]:
        query = study_query(level)
        if level != "STUDY":
            query.SeriesInstanceUID = f"{canary.UID_ROOT}.1.1"
        if level == "IMAGE":
            query.SOPInstanceUID = ""
        for status, _ in assoc.send_c_find(query, FIND):
            station.must(status, 0x0000, 0xFF00)
    assoc.release()
    wanted = Dataset()
    wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", f"{canary.UID_ROOT}.1"
    assoc = station.associate([MOVE])
    for status, _ in assoc.send_c_move(wanted, station.title, MOVE):
        station.must(status, 0x0000, 0xFF00)
    assoc.release()
    assoc = station.associate([GET, CTImageStorage], ext_neg=[build_role(CTImageStorage, scp_role=True)],
                              handlers=[(evt.EVT_C_STORE, on_store)])
    for status, _ in assoc.send_c_get(wanted, GET):
        station.must(status, 0x0000, 0xFF00)
    assoc.release()
    for _ in range(4):
        if not taken.acquire(timeout=ANSWER_SECONDS):
            sys.exit("dicom_peer: images missing")
    time.sleep(0.5)
    server.shutdown()


def worklist(station: Station) -> None:
    """A scanner asks for its steps, then for all."""
    assoc = station.associate([ModalityWorklistInformationFind], title="CT1")
    for title in ("CT1", ""):
        query = Dataset()
        query.PatientName, query.PatientID = "", ""
        step = Dataset()
        step.ScheduledStationAETitle, step.Modality = title, ""
        step.ScheduledProcedureStepStartDate = "20261124"
        query.ScheduledProcedureStepSequence = [step]
        for status, _ in assoc.send_c_find(query, ModalityWorklistInformationFind):
            station.must(status, 0x0000, 0xFF00)
    assoc.release()


def commit_server(station: Station) -> None:
    """Stores an image in a real archive and asks for its commitment."""
    assoc = station.associate([CTImageStorage])
    station.must(assoc.send_c_store(dicom_data.image(1)))
    assoc.release()
    commit(station)


SCENARIOS = {
    "mpps": mpps, "commit": commit, "commit-server": commit_server, "negotiate": negotiate, "fragments": fragments,
    "unlimited": unlimited, "packed": packed, "cancel": cancel, "aborts": aborts, "aborted": aborted,
    "out-of-order": out_of_order, "rejects": rejects, "busy": busy, "guesses": guesses, "query-server": query_server,
    "worklist": worklist,
} | {kind: (lambda station, kind=kind: raw_store(station, kind)) for kind in dicom_data.executables()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("role", choices=("serve", "ask"))
    parser.add_argument("scenario")
    parser.add_argument("--host", default="")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--called", default="ARCHIVE")
    parser.add_argument("--station")
    parser.add_argument("--own-port", type=int, default=11113)
    options = parser.parse_args()
    if options.role == "serve":
        serve(options)
    else:
        SCENARIOS[options.scenario](Station(options))


if __name__ == "__main__":
    main()
