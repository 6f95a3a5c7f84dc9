"""Synthetic DICOM objects of invented patients, and what they are wrapped into.

    dicom_data.py FOLDER     writes images (.dcm) and worklist items (.wl)

Every attribute that could hold a patient's data holds a canary. `executables()` are harmless: a program's first bytes,
then zeros.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

import canary

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
SIDE = 48  # pixels: an image is below 5 kB


def image(number: int = 1, transfer_syntax: str = ExplicitVRLittleEndian) -> FileDataset:
    """A CT image of 48 by 48 pixels."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CT_IMAGE
    meta.MediaStorageSOPInstanceUID = f"{canary.UID_ROOT}.1.1.{number}"
    meta.TransferSyntaxUID = transfer_syntax
    item = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    item.SpecificCharacterSet = "ISO_IR 100"
    item.SOPClassUID, item.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    item.StudyDate, item.StudyTime = "20261124", "101500"
    item.AccessionNumber, item.Modality = canary.ACCESSION, "CT"
    item.ReferringPhysicianName, item.OperatorsName = canary.DOCTOR, canary.OPERATOR
    item.StudyDescription, item.SeriesDescription = canary.STUDY, canary.SERIES
    item.PatientName = f"{canary.FAMILY}^{canary.GIVEN}^{canary.MIDDLE}"
    item.PatientID, item.OtherPatientIDs = canary.PATIENT_ID, canary.OTHER_ID
    item.PatientBirthDate, item.PatientSex = canary.BIRTH_DATE, "F"
    item.PatientAddress, item.PatientTelephoneNumbers = f"{canary.STREET} {canary.CITY}", canary.PHONE
    item.PatientComments, item.AdditionalPatientHistory = canary.COMMENT, canary.NOTE
    item.StudyInstanceUID, item.SeriesInstanceUID = f"{canary.UID_ROOT}.1", f"{canary.UID_ROOT}.1.1"
    item.StudyID, item.SeriesNumber, item.InstanceNumber = canary.VISIT, 1, number
    item.SamplesPerPixel, item.PhotometricInterpretation = 1, "MONOCHROME2"
    item.Rows = item.Columns = SIDE
    item.BitsAllocated, item.BitsStored, item.HighBit, item.PixelRepresentation = 16, 12, 11, 0
    item.PixelData = b"".join(((x * number + y) % 4096).to_bytes(2, "little") for y in range(SIDE) for x in range(SIDE))
    return item


def worklist_item(number: int, station: str) -> FileDataset:
    """A scheduled procedure step for `station`."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.276.0.7230010.3.1.0.1"
    meta.MediaStorageSOPInstanceUID = f"{canary.UID_ROOT}.9.{number}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    item = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    item.SpecificCharacterSet = "ISO_IR 100"
    item.AccessionNumber = f"{canary.ACCESSION}{number}"
    item.PatientName, item.PatientID = f"{canary.FAMILY}^{canary.GIVEN}", canary.PATIENT_ID
    item.PatientBirthDate, item.PatientSex = canary.BIRTH_DATE, "F"
    item.Allergies = canary.ALLERGY
    item.StudyInstanceUID = f"{canary.UID_ROOT}.8.{number}"
    item.RequestedProcedureDescription, item.RequestedProcedureID = canary.PROCEDURE, f"RP{number}"
    step = Dataset()
    step.Modality, step.ScheduledStationAETitle = "CT", station
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = "20261124", "110000"
    step.ScheduledPerformingPhysicianName = canary.DOCTOR
    step.ScheduledProcedureStepDescription, step.ScheduledProcedureStepID = canary.PROCEDURE, f"SP{number}"
    item.ScheduledProcedureStepSequence = [step]
    return item


def dataset_bytes(item: FileDataset) -> bytes:
    """The data set alone, as C-STORE sends it."""
    plain = Dataset()
    plain.update({element.tag: element for element in item})
    out = BytesIO()
    syntax = item.file_meta.TransferSyntaxUID
    dcmwrite(out, plain, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True)
    return out.getvalue()


def part10(item: FileDataset, preamble: bytes) -> bytes:
    """The whole file: preamble, `DICM`, file meta information, data set."""
    item.preamble = preamble.ljust(128, b"\x00")
    out = BytesIO()
    item.save_as(out, enforce_file_format=True)
    return out.getvalue()


# A program's head and nothing behind it: an ELF64 header, a DOS header whose PE offset points at zeros.
ELF = b"\x7fELF\x02\x01\x01\x00" + bytes(8) + b"\x02\x00\x3e\x00\x01\x00\x00\x00"
MZ = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + bytes(44) + b"\x80\x00\x00\x00"


def executables() -> dict[str, bytes]:
    return {
        "elf": ELF.ljust(2048, b"\x00"),
        "mz": MZ.ljust(2048, b"\x00"),
        "part10-mz": part10(image(1), MZ),
        "part10-elf": part10(image(1), ELF),
        "part10-plain": part10(image(1), b""),
    }


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for number in (1, 2, 3):
        image(number).save_as(folder / f"image{number}.dcm", enforce_file_format=True)
        worklist_item(number, "CT1" if number < 3 else "MR1").save_as(folder / f"step{number}.wl", enforce_file_format=True)
    # The same image as it would lie on a disk after an infection: the preamble never reaches the wire by C-STORE.
    (folder / "infected.dcm").write_bytes(part10(image(4), MZ))


if __name__ == "__main__":
    main()
