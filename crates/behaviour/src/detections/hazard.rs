//! Which news is worth a look on the day, even where news of its kind are nothing rare: for what can be done by it.
//!
//! How rarely something is new tells little where something is new every week. Who begins to log in to others, or to send
//! records, images or commands, having never done the like with anybody, can do harm at once; most other news cannot.

use super::techniques::{Does, Purpose, is_zone_transfer, purpose};
use crate::baseline::novelty::circumstances;
use crate::links::{differing_feature, is_answer, kind_of, parts, value_of};
use crate::parties::{Party, PartyLink};
use crate::scoring::Departure;

/// Whoever learned for less than the working days of a week has not seen what is a habit.
const DAYS_MIN: u32 = 5;

/// Whether a conversation between two that are known, in these circumstances, is one by which harm can be done: a login, a
/// record, an image or a command of one who never used such a service, or anything that crosses the border of the site.
#[must_use]
pub fn of_link(departure: &Departure<'_>, circumstances: u16) -> bool {
    let link = &departure.parties;
    if departure.days < DAYS_MIN {
        return false;
    }
    if link.initiator == Party::OUTSIDE {
        return true;
    }
    let is_habit = circumstances & (circumstances::USED | circumstances::TYPICAL) != 0;
    !is_habit && (link.responder == Party::OUTSIDE || of_service(link))
}

/// The same of what a device does that nobody knows.
#[must_use]
pub fn of_stranger(departure: &Departure<'_>) -> bool {
    departure.days >= DAYS_MIN && of_service(&departure.parties)
}

fn of_service(link: &PartyLink) -> bool {
    matches!(purpose(link.service), Purpose::Control | Purpose::Images | Purpose::Records | Purpose::Login)
}

/// Whether a message may do harm where nothing like it was: it asks for records, images or all names of a site, sends them, or changes something,
/// on whatever port.
#[must_use]
pub fn of_message(departure: &Departure<'_>, name: &str) -> bool {
    departure.days >= DAYS_MIN
        && !is_answer(name)
        && (is_zone_transfer(name)
            || matches!(
                Does::of(name),
                Does::Write
                    | Does::Program
                    | Does::Restart
                    | Does::Record
                    | Does::Query
                    | Does::Object
                    | Does::ChangeFile
            ))
}

/// A link that has shown so many values of a feature shows others now and then.
const VALUES_MAX: usize = 3;

/// Whether a message is one of those that two exchange, but for who it says that it is from, where it has images sent, or
/// whether it is of patients at all: somebody speaks in another's name, or a device is another one than it was. Or whether it
/// refuses as the other end never did: what was asked for is not done.
#[must_use]
pub fn of_operation(departure: &Departure<'_>, name: &str, known: &[&str]) -> bool {
    if departure.days < DAYS_MIN {
        return false;
    }
    let tells = |feature: &str| match feature {
        // DICOM PS3.8 section 9.3.2, PS3.4 section C.4.2; HL7 v2.5.1 section 2.14.9.3 (MSH-3).
        "calling_ae" | "move_destination" | "sending_application" => !is_answer(name),
        // The implementation class UID (PS3.7 annex D.3.3.2).
        "class" => kind_of(name) == "dicom associate-rq",
        // Modbus Application Protocol 1.1b3 section 6.21.
        "identity" => true,
        _ => false,
    };
    // Told of once there are several in an hour.
    if is_answer(name) && Does::of(name) == Does::Refuse {
        return true;
    }
    // Named where it is not P, production (HL7 v2.5.1 section 2.14.9.11, table 0103).
    let is_test = |name: &str| value_of(name, "processing_id").is_some();
    if is_test(name) && !is_answer(name) && !known.iter().any(|known| is_test(known)) {
        return true;
    }
    parts(name).skip(1).enumerate().any(|(place, part)| {
        let feature = part.split('=').next().unwrap_or(part);
        let is_like = |known: &&&str| differing_feature(name, known) == Some(place);
        let like = || known.iter().filter(is_like).take(VALUES_MAX + 1).count();
        tells(feature) && (1..=VALUES_MAX).contains(&like())
    })
}
