//! Studies, and the data sets that are about them. The patients are invented, and so are their names.

use super::entity::Make;
use crate::dice::Dice;
use crate::wire::dicom::{DataSet, uid};

/// Kinds of modalities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Computed tomography.
    Ct,
    /// Magnetic resonance.
    Mr,
    /// Ultrasound.
    Us,
    /// Radiography.
    Xr,
}

impl Kind {
    /// As (0008,0060) has it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ct => "CT",
            Self::Mr => "MR",
            Self::Us => "US",
            Self::Xr => "DX",
        }
    }

    /// The SOP class of its images.
    pub fn class(self) -> &'static str {
        match self {
            Self::Ct => uid::CT,
            Self::Mr => uid::MR,
            Self::Us => uid::US,
            Self::Xr => uid::DX,
        }
    }
}

/// What becomes of a performed procedure step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is created.
    Begins,
    /// It ends with its images.
    Completed,
    /// It ends without.
    Discontinued,
}

impl Step {
    /// As (0040,0252) has it.
    fn status(self) -> &'static str {
        match self {
            Self::Begins => "IN PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Discontinued => "DISCONTINUED",
        }
    }
}

/// A study of one series.
#[derive(Clone, Debug)]
pub struct Study {
    /// Its number, of which its UIDs are made.
    pub number: u64,
    /// How it was made.
    pub kind: Kind,
    /// Whose it is.
    pub patient: u64,
    /// How many images it has: a third or so of what real ones have.
    pub images: u16,
    /// Rows and columns of an image: small ones.
    pub size: [u16; 2],
    /// When it was made, as digits.
    pub date: String,
    /// The software of the modality that made it.
    pub make: &'static Make,
}

const NAMES: [&str; 16] = [
    "ANNA", "BRUNO", "CLARA", "DAVID", "EMMA", "FELIX", "GRETA", "HUGO", "IDA", "JONAS", "KLARA", "LEO", "MARIE",
    "NOAH", "OLGA", "PAUL",
];
const PARTS: [&str; 6] = ["THORAX", "ABDOMEN", "SKULL", "KNEE", "SPINE", "PELVIS"];

fn name(patient: u64) -> String {
    format!("CANARY^{}", NAMES[(patient % 16) as usize])
}

impl Study {
    /// A study that is made now.
    pub fn new(number: u64, kind: Kind, make: &'static Make, date: String, dice: &mut Dice) -> Self {
        let (images, rows, columns) = match kind {
            Kind::Ct => (dice.range(20..80), 104..160, 128),
            Kind::Mr => (dice.range(20..60), 96..128, 112),
            Kind::Us => (dice.range(5..30), 120..160, 112),
            Kind::Xr => (dice.range(1..4), 240..440, 272),
        };
        let rows = dice.range(rows) as u16;
        let patient = 400_000 + dice.range(0..90_000);
        Self { number, kind, patient, images: images as u16, size: [rows, columns], date, make }
    }

    /// An older study of the same patient.
    pub fn prior(&self, dice: &mut Dice) -> Self {
        let date = format!("2025{:02}{:02}{}", dice.range(1..13), dice.range(1..29), &self.date[8..]);
        let number = 900_000_000 + dice.range(0..100_000_000);
        Self { patient: self.patient, ..Self::new(number, self.kind, self.make, date, dice) }
    }

    /// Octets of an image's pixels.
    pub fn pixels(&self) -> usize {
        let [rows, columns] = self.size;
        usize::from(rows) * usize::from(columns) * 2
    }

    /// Study Instance UID.
    pub fn uid(&self) -> String {
        format!("{}.{}", self.make.root, self.number)
    }

    /// SOP Instance UID of an image, counted from 1.
    pub fn instance(&self, image: u16) -> String {
        format!("{}.{}.1.{image}", self.make.root, self.number)
    }

    /// SOP Instance UID of its performed procedure step.
    pub fn step(&self) -> String {
        format!("{}.{}.9", self.make.root, self.number)
    }

    /// The beginning of its patient's name, as somebody types it who looks for him.
    pub fn beginning(&self) -> String {
        let mut name = name(self.patient);
        name.truncate("CANARY^A".len());
        name + "*"
    }

    fn accession(&self) -> String {
        format!("A{:09}", self.number)
    }

    fn part(&self) -> &'static str {
        PARTS[(self.number % 6) as usize]
    }

    fn sex(&self) -> &'static str {
        if self.patient.is_multiple_of(2) { "F" } else { "M" }
    }

    fn patient(&self, set: &mut DataSet) {
        let born = format!("19{:02}{:02}{:02}", 30 + self.patient % 69, 1 + self.patient % 12, 1 + self.patient % 28);
        set.text(0x0010_0010, b"PN", &name(self.patient))
            .text(0x0010_0020, b"LO", &self.patient.to_string())
            .text(0x0010_0030, b"DA", &born)
            .text(0x0010_0040, b"CS", self.sex());
    }

    /// An image without its pixels, which follow (PS3.3 section A.3 and its like).
    pub fn image(&self, explicit: bool, image: u16) -> DataSet {
        let mut set = DataSet::new(explicit);
        let uid = self.uid();
        set.text(0x0008_0005, b"CS", "ISO_IR 100")
            .text(0x0008_0008, b"CS", "ORIGINAL\\PRIMARY")
            .text(0x0008_0016, b"UI", self.kind.class())
            .text(0x0008_0018, b"UI", &self.instance(image))
            .text(0x0008_0020, b"DA", &self.date[..8])
            .text(0x0008_0030, b"TM", &self.date[8..])
            .text(0x0008_0050, b"SH", &self.accession())
            .text(0x0008_0060, b"CS", self.kind.code())
            .text(0x0008_0070, b"LO", self.make.manufacturer)
            .text(0x0008_0090, b"PN", "CANARY^REFERRER")
            .text(0x0008_1030, b"LO", self.part());
        self.patient(&mut set);
        set.text(0x0020_000d, b"UI", &uid)
            .text(0x0020_000e, b"UI", &format!("{uid}.1"))
            .text(0x0020_0010, b"SH", &self.number.to_string())
            .text(0x0020_0011, b"IS", "1")
            .text(0x0020_0013, b"IS", &image.to_string())
            .short(0x0028_0002, 1)
            .text(0x0028_0004, b"CS", "MONOCHROME2")
            .short(0x0028_0010, self.size[0])
            .short(0x0028_0011, self.size[1])
            .short(0x0028_0100, 16)
            .short(0x0028_0101, 16)
            .short(0x0028_0102, 15)
            .short(0x0028_0103, 0)
            .octets_follow(0x7fe0_0010, b"OW", self.pixels());
        set
    }

    /// An answer to a query at study level.
    pub fn found(&self, explicit: bool) -> DataSet {
        let mut set = DataSet::new(explicit);
        set.text(0x0008_0005, b"CS", "ISO_IR 100")
            .text(0x0008_0020, b"DA", &self.date[..8])
            .text(0x0008_0030, b"TM", &self.date[8..])
            .text(0x0008_0050, b"SH", &self.accession())
            .text(0x0008_0052, b"CS", "STUDY")
            .text(0x0008_0061, b"CS", self.kind.code())
            .text(0x0008_1030, b"LO", self.part());
        self.patient(&mut set);
        set.text(0x0020_000d, b"UI", &self.uid())
            .text(0x0020_0010, b"SH", &self.number.to_string())
            .text(0x0020_1206, b"IS", "1")
            .text(0x0020_1208, b"IS", &self.images.to_string());
        set
    }

    /// An answer to a query at series level.
    pub fn found_series(&self, explicit: bool) -> DataSet {
        let mut set = DataSet::new(explicit);
        let uid = self.uid();
        set.text(0x0008_0052, b"CS", "SERIES")
            .text(0x0008_0060, b"CS", self.kind.code())
            .text(0x0020_000d, b"UI", &uid)
            .text(0x0020_000e, b"UI", &format!("{uid}.1"))
            .text(0x0020_0011, b"IS", "1")
            .text(0x0020_1209, b"IS", &self.images.to_string());
        set
    }

    /// An answer to a query at image level.
    pub fn found_image(&self, explicit: bool, image: u16) -> DataSet {
        let mut set = DataSet::new(explicit);
        let uid = self.uid();
        set.text(0x0008_0016, b"UI", self.kind.class())
            .text(0x0008_0018, b"UI", &self.instance(image))
            .text(0x0008_0052, b"CS", "IMAGE")
            .text(0x0020_000d, b"UI", &uid)
            .text(0x0020_000e, b"UI", &format!("{uid}.1"))
            .text(0x0020_0013, b"IS", &image.to_string());
        set
    }

    /// What asks for it, or for its series or images, or has it moved (PS3.4 section C.6.2).
    pub fn key(&self, explicit: bool, level: &str) -> DataSet {
        let mut set = DataSet::new(explicit);
        set.text(0x0008_0052, b"CS", level).text(0x0020_000d, b"UI", &self.uid());
        match level {
            "SERIES" => set.text(0x0020_000e, b"UI", "").text(0x0020_1209, b"IS", ""),
            "IMAGE" => {
                let series = format!("{}.1", self.uid());
                set.text(0x0020_000e, b"UI", &series).text(0x0020_0013, b"IS", "")
            }
            _ => &mut set,
        };
        set
    }

    /// An entry of a worklist, for the station with a title (PS3.4 section K.6.1.2.2).
    pub fn scheduled(&self, explicit: bool, title: &str) -> DataSet {
        let mut set = DataSet::new(explicit);
        set.text(0x0008_0005, b"CS", "ISO_IR 100").text(0x0008_0050, b"SH", &self.accession()).text(
            0x0008_0090,
            b"PN",
            "CANARY^REFERRER",
        );
        self.patient(&mut set);
        set.text(0x0020_000d, b"UI", &self.uid()).text(0x0032_1060, b"LO", self.part()).sequence(
            0x0040_0100,
            1,
            |set, _| {
                set.text(0x0008_0060, b"CS", self.kind.code())
                    .text(0x0040_0001, b"AE", title)
                    .text(0x0040_0002, b"DA", &self.date[..8])
                    .text(0x0040_0003, b"TM", &self.date[8..])
                    .text(0x0040_0009, b"SH", &format!("SPS{}", self.number));
            },
        );
        set.text(0x0040_1001, b"SH", &format!("RP{}", self.number));
        set
    }

    /// What a procedure step is created with, or brought to its end (PS3.4 table F.7.2-1).
    pub fn performed(&self, explicit: bool, title: &str, what: Step) -> DataSet {
        let mut set = DataSet::new(explicit);
        let (status, begins) = (what.status(), what == Step::Begins);
        if begins {
            set.text(0x0008_0060, b"CS", self.kind.code());
            self.patient(&mut set);
            set.text(0x0040_0241, b"AE", title).text(0x0040_0244, b"DA", &self.date[..8]).text(
                0x0040_0245,
                b"TM",
                &self.date[8..],
            );
        }
        set.text(0x0040_0252, b"CS", status);
        if begins {
            set.text(0x0040_0253, b"SH", &format!("PPS{}", self.number));
        }
        set.sequence(0x0040_0340, usize::from(!begins), |set, _| {
            let images = if what == Step::Completed { usize::from(self.images) } else { 0 };
            let series = format!("{}.1", self.uid());
            set.sequence(0x0008_1140, images, |set, number| self.reference(set, number)).text(
                0x0020_000e,
                b"UI",
                &series,
            );
        });
        set
    }

    /// What names an image of it, counted from 0, in an item of a sequence (PS3.3 table 10-11).
    pub fn reference(&self, set: &mut DataSet, number: usize) {
        set.text(0x0008_1150, b"UI", self.kind.class()).text(0x0008_1155, b"UI", &self.instance(number as u16 + 1));
    }

    /// A request to commit to its images' storage, or the report that says so (PS3.4 tables J.3.2-1 and J.3.3-1).
    pub fn commitment(&self, explicit: bool) -> DataSet {
        let mut set = DataSet::new(explicit);
        set.text(0x0008_1195, b"UI", &format!("{}.8", self.uid())).sequence(
            0x0008_1199,
            usize::from(self.images),
            |set, number| self.reference(set, number),
        );
        set
    }
}

/// What asks for the worklist of a station.
pub fn worklist_key(explicit: bool, kind: Kind, title: &str, date: &str) -> DataSet {
    let mut set = DataSet::new(explicit);
    set.text(0x0008_0050, b"SH", "")
        .text(0x0010_0010, b"PN", "")
        .text(0x0010_0020, b"LO", "")
        .text(0x0020_000d, b"UI", "")
        .sequence(0x0040_0100, 1, |set, _| {
            set.text(0x0008_0060, b"CS", kind.code())
                .text(0x0040_0001, b"AE", title)
                .text(0x0040_0002, b"DA", date)
                .text(0x0040_0003, b"TM", "");
        });
    set
}

/// What asks for studies: of a patient by number or by name, wildcards and all, and of days.
pub fn studies_key(explicit: bool, [name, patient, dates]: [&str; 3]) -> DataSet {
    let mut set = DataSet::new(explicit);
    set.text(0x0008_0020, b"DA", dates)
        .text(0x0008_0050, b"SH", "")
        .text(0x0008_0052, b"CS", "STUDY")
        .text(0x0008_0061, b"CS", "")
        .text(0x0010_0010, b"PN", name)
        .text(0x0010_0020, b"LO", patient)
        .text(0x0010_0030, b"DA", "")
        .text(0x0020_000d, b"UI", "")
        .text(0x0020_1208, b"IS", "");
    set
}

#[cfg(test)]
mod tests {
    use super::super::entity::makes;
    use super::*;

    fn number(octets: &[u8]) -> usize {
        octets.iter().rev().fold(0, |number, octet| number << 8 | usize::from(*octet))
    }

    /// Walks a data set, or an item, up to its end or its delimiter; gives what is left behind it.
    fn walk(mut rest: &[u8], explicit: bool) -> &[u8] {
        let mut last = 0;
        while !rest.is_empty() {
            let tag = number(&rest[..2]) << 16 | number(&rest[2..4]);
            if tag == 0xfffe_e00d {
                return &rest[8..];
            }
            assert!(tag > last, "{tag:08x} behind {last:08x}");
            last = tag;
            let long = !explicit || matches!(&rest[4..6], b"OW" | b"SQ");
            let (at, length) = match (explicit, long) {
                (false, _) => (8, number(&rest[4..8])),
                (true, true) => (12, number(&rest[8..12])),
                (true, false) => (8, number(&rest[6..8])),
            };
            rest = &rest[at..];
            if length == 0xffff_ffff {
                while number(&rest[..2]) << 16 | number(&rest[2..4]) == 0xfffe_e000 {
                    rest = walk(&rest[8..], explicit);
                }
                assert_eq!(rest[..8], [0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
                rest = &rest[8..];
            } else if tag == 0x7fe0_0010 {
                assert!(rest.is_empty(), "pixels come last");
            } else {
                assert!(length.is_multiple_of(2), "an odd length of {tag:08x}");
                rest = &rest[length..];
            }
        }
        rest
    }

    #[test]
    fn elements_ascend_and_are_of_even_length_in_either_encoding() {
        let mut dice = Dice::new(1, "study", 0);
        for kind in [Kind::Ct, Kind::Mr, Kind::Us, Kind::Xr] {
            let study = Study::new(1_000_001, kind, &makes::CT, "20260105101112".into(), &mut dice).prior(&mut dice);
            for explicit in [false, true] {
                let sets = [
                    study.image(explicit, 7),
                    study.found(explicit),
                    study.found_series(explicit),
                    study.found_image(explicit, 3),
                    study.key(explicit, "SERIES"),
                    study.key(explicit, "IMAGE"),
                    study.scheduled(explicit, "CT01"),
                    study.performed(explicit, "CT01", Step::Begins),
                    study.performed(explicit, "CT01", Step::Completed),
                    study.performed(explicit, "CT01", Step::Discontinued),
                    study.commitment(explicit),
                    worklist_key(explicit, kind, "CT01", "20260105"),
                    studies_key(explicit, ["CANARY^A*", "", ""]),
                ];
                for set in sets {
                    assert!(walk(&set.octets, explicit).is_empty());
                }
            }
        }
    }

    #[test]
    fn identifiers_are_not_longer_than_allowed() {
        let mut dice = Dice::new(2, "study", 0);
        for make in [&makes::CT, &makes::MR, &makes::US, &makes::XR, &makes::TOOLKIT] {
            let study = Study::new(999_999_999, Kind::Ct, make, "20260105101112".into(), &mut dice);
            // PS3.5 section 9.1.
            assert!(study.instance(u16::MAX).len() <= 64);
        }
    }
}
