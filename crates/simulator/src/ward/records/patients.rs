//! Who is in the house: invented patients, with the segments that name them.

use crate::clock::{Calendar, HOUR, Time};
use crate::dice::Dice;

/// Given names, some of which Latin-1 alone can write.
const GIVEN: [&str; 24] = [
    "ANNA",
    "PETER",
    "J\u{dc}RGEN",
    "MARIA",
    "REN\u{c9}E",
    "THOMAS",
    "BJ\u{d6}RN",
    "LENA",
    "JOS\u{c9}",
    "KARIN",
    "PAUL",
    "EVA",
    "JAN",
    "S\u{d8}REN",
    "HELGA",
    "OTTO",
    "CLARA",
    "FRAN\u{c7}OIS",
    "EMMA",
    "LUKAS",
    "INGE",
    "ALI",
    "NORA",
    "ERIK",
];

/// Family names: each says that it is none.
const FAMILY: [&str; 10] = [
    "CANARY",
    "CANARY",
    "CANARY",
    "CANARY-BERG",
    "CANARY-M\u{dc}LLER",
    "CANARY-SMITH",
    "CANARY-LUND",
    "CANARY-N\u{da}\u{d1}EZ",
    "CANARY-WEBER",
    "CANARY-KOCH",
];

const STREETS: [&str; 6] = ["MAIN ST", "STATION RD", "HIGH ST", "MILL LN", "PARK AVE", "CHURCH ST"];
const SERVICES: [&str; 6] = ["MED", "SUR", "CAR", "URO", "NEU", "PUL"];

/// Beds of a ward.
const WARD_BEDS: u64 = 24;

/// A patient's stay.
#[derive(Clone, Debug)]
pub struct Patient {
    /// The medical record number.
    pub number: u64,
    /// The visit's number.
    pub visit: u64,
    /// Family and given name, as XPN has them.
    pub name: String,
    /// An inpatient; otherwise one of the clinics'.
    pub inpatient: bool,
    /// The place, from 0.
    pub bed: u64,
    /// When the stay began.
    pub admitted: Time,
    birth: String,
    sex: char,
    address: String,
    doctor: u64,
}

impl Patient {
    /// Somebody new.
    pub fn new(dice: &mut Dice, visit: u64, bed: u64, inpatient: bool, admitted: Time) -> Self {
        let born = (1930 + dice.range(0..80), 1 + dice.range(0..12), 1 + dice.range(0..28));
        Self {
            // Numbers do not follow one another: others have been given between.
            number: 400_000 + visit * 3 + dice.range(0..3),
            visit,
            name: format!("{}^{}", dice.pick(&FAMILY), dice.pick(&GIVEN)),
            inpatient,
            bed,
            admitted,
            birth: format!("{}{:02}{:02}", born.0, born.1, born.2),
            sex: if dice.chance(0.5) { 'F' } else { 'M' },
            address: format!(
                "{} {}^^CANARYTOWN^^{:05}",
                1 + dice.range(0..120),
                dice.pick(&STREETS),
                dice.range(10_000..99_999)
            ),
            doctor: dice.range(0..GIVEN.len() as u64),
        }
    }

    /// A physician, as XCN has them.
    pub fn physician(&self) -> String {
        format!("{}^CANARY^{}", 1000 + self.doctor, GIVEN[self.doctor as usize])
    }

    /// The ward's number, from 1.
    pub fn ward(&self) -> u64 {
        self.bed / WARD_BEDS + 1
    }

    /// The place as PL has it.
    pub fn location(&self) -> String {
        if !self.inpatient {
            return format!("CLINIC{}^^^WARD", self.bed % 6 + 1);
        }
        let (room, bed) = (self.bed % WARD_BEDS / 2 + 1, self.bed % 2 + 1);
        format!("W{:02}^{room:02}^{bed}^WARD", self.ward())
    }

    /// PID (HL7 v2.5.1 section 3.4.2).
    pub fn pid(&self) -> String {
        let Self { number, name, birth, sex, address, visit, .. } = self;
        format!("PID|1||{number}^^^WARD^MR||{name}||{birth}|{sex}|||{address}||||||||{visit}^^^WARD^AN")
    }

    /// PV1 (section 3.4.3), with an earlier place where there is one.
    pub fn pv1(&self, calendar: Calendar, before: &str) -> String {
        let class = if self.inpatient { 'I' } else { 'O' };
        let service = SERVICES[self.ward() as usize % SERVICES.len()];
        let (place, doctor, visit) = (self.location(), self.physician(), self.visit);
        let kind = if self.inpatient { "R" } else { "" };
        let admitted = calendar.digits(self.admitted);
        format!(
            "PV1|1|{class}|{place}|{kind}||{before}|{doctor}|||{service}|||||||{doctor}||{visit}^^^WARD^VN{}|{admitted}",
            "|".repeat(24)
        )
    }
}

/// When a stay that begins at `from` ends: days later, and before the afternoon.
pub fn end_of_stay(dice: &mut Dice, calendar: Calendar, from: Time) -> Time {
    let days = dice.log_normal(2.8, 0.7).min(40.0);
    let leave = from + HOUR.mul_f64(days * 24.0 - 12.0 * days.min(1.0));
    let hour = dice.between(9.2, 15.5);
    calendar.next(leave, hour)
}
