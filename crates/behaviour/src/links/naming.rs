//! How operations are named, and what is read from their names.

use wardtap_dissect::{Direction, Envelope, Features, Learned, Message, NO_VALUE, PROTOCOLS};

/// `modbus write-single-register`, `(answer)` behind the kind of a response, and behind a tab each feature that names it:
/// `function=6`, `unit=1`, `address=100`.
pub(super) fn name(message: &dyn Message, envelope: &Envelope, features: &Features) -> String {
    let protocol = message.protocol();
    let kind = protocol.kinds.get(envelope.kind).copied().unwrap_or_default();
    let mut name = String::with_capacity(NAME_USUAL);
    [protocol.name, " ", kind].into_iter().for_each(|part| name.push_str(part));
    if envelope.direction == Direction::Response {
        name.push_str(ANSWER);
    }
    for (place, (feature, value)) in protocol.features.iter().zip(features).enumerate() {
        if !feature.learned.names_operations() || *value == NO_VALUE {
            continue;
        }
        ["\t", feature.name, "="].into_iter().for_each(|part| name.push_str(part));
        match message.feature_text(place) {
            Some(text) => name.push_str(text.as_str()),
            None => name.push_str(&value.to_string()),
        }
    }
    name
}

/// `payload`, what is not read, and behind a tab each which end sends it, and the least octets of its size class.
pub(super) fn opaque(from: u8, size: u64) -> String {
    let from = if from == 0 { "initiator" } else { "responder" };
    format!("{OPAQUE}from={from}\tsize={size}")
}

/// Room for most names.
const NAME_USUAL: usize = 96;

/// The kind of what is not read.
const OPAQUE: &str = "payload\t";

/// Stands behind the kind of a response.
const ANSWER: &str = " (answer)";

/// What kind of message an operation is: its name without features, the same for request and answer.
#[must_use]
pub fn kind_of(name: &str) -> &str {
    let kind = cut(name, b'\t').0;
    kind.strip_suffix(ANSWER).unwrap_or(kind)
}

/// The protocol of an operation.
#[must_use]
pub fn protocol_of(name: &str) -> &str {
    let end = name.bytes().position(|octet| octet == b' ' || octet == b'\t');
    &name[..end.unwrap_or(name.len())]
}

/// The value of a feature that names an operation, where it has one.
#[must_use]
pub fn value_of<'n>(name: &'n str, feature: &str) -> Option<&'n str> {
    parts(name).skip(1).map(|part| cut(part, b'=')).find(|(known, _)| *known == feature)?.1
}

/// Whether who sends an operation does so by itself: who answers does not, unless somebody talks to it all the time anyway and
/// it is not read which of it are answers.
#[must_use]
pub fn does_by_itself(name: &str, from: u8, is_stream: bool) -> bool {
    from == 0 || is_stream && is_opaque(name)
}

/// Whether the initiator does what has this name: only of what is not read the end that answers does something by itself.
#[must_use]
pub fn by_initiator(name: &str) -> bool {
    !is_opaque(name) || name.contains("from=initiator")
}

/// What is done, whoever behind the responder's address it is for: the kind of a message, or the whole name of what is not
/// read.
#[must_use]
pub fn done(name: &str) -> &str {
    if is_opaque(name) { name } else { kind_of(name) }
}

/// True where a name is another one with less in it: what a session has said before, such as a share or titles, was not heard.
#[must_use]
pub fn tells_less(name: &str, other: &str) -> bool {
    let is_in = |part: &str| parts(other).any(|known| known == part);
    name.len() < other.len() && parts(name).all(is_in)
}

/// True for an answer that names less of what it answers than another one does: its request was not heard.
#[must_use]
pub fn answers_less(name: &str, other: &str) -> bool {
    is_answer(name) && tells_less(name, other)
}

/// True for an answer.
#[must_use]
pub fn is_answer(name: &str) -> bool {
    cut(name, b'\t').0.ends_with(ANSWER)
}

/// True for what is not read: payloads of a size class.
#[must_use]
pub fn is_opaque(name: &str) -> bool {
    name.starts_with(OPAQUE)
}

/// Whether it begins or ends sessions, whatever is done in them.
#[must_use]
pub fn is_of_session(name: &str) -> bool {
    let (protocol, kind) = kind_of(name).split_once(' ').unwrap_or_default();
    PROTOCOLS.iter().any(|known| known.name == protocol && known.sessions.contains(&kind))
}

/// The name for people.
#[must_use]
pub fn readable(name: &str) -> String {
    name.replace('\t', " ")
}

/// The parts of a name without the features that say whom behind the responder's address it is for.
pub fn whoever_it_is_for(name: &str) -> impl Iterator<Item = &str> {
    let protocol = cut(name, b' ').0;
    let protocol = PROTOCOLS.iter().find(|known| known.name == protocol);
    let told_by = protocol.and_then(|protocol| protocol.target.as_ref().map(|target| (protocol, target.told_by)));
    let tells = move |part: &&str| {
        let Some((protocol, told_by)) = told_by else { return false };
        let feature = cut(part, b'=').0;
        told_by.iter().any(|&told| protocol.features.get(told).is_some_and(|told| told.name == feature))
    };
    parts(name).filter(move |part| !tells(part))
}

/// The kind of an operation, and each feature that names it.
pub fn parts(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(name);
    std::iter::from_fn(move || {
        let (part, behind) = cut(rest?, b'\t');
        rest = behind;
        Some(part)
    })
}

/// What stands before the first of an ASCII character, and behind it: names are short, and this is asked of all of a baseline.
fn cut(text: &str, at: u8) -> (&str, Option<&str>) {
    match text.bytes().position(|octet| octet == at) {
        Some(place) => (&text[..place], Some(&text[place + 1..])),
        None => (text, None),
    }
}

/// True where a name says what the sender is: its software, its certificate.
#[must_use]
pub fn tells_who(name: &str) -> bool {
    let protocol = cut(name, b' ').0;
    let Some(protocol) = PROTOCOLS.iter().find(|known| known.name == protocol) else { return false };
    let identities = || protocol.features.iter().filter(|feature| feature.learned == Learned::Identity);
    let is_one = |part: &str| identities().any(|feature| cut(part, b'=').0 == feature.name);
    identities().next().is_some() && parts(name).skip(1).any(is_one)
}

/// The one feature by whose value alone two names differ, if there is one: the place at which [`without_each`] has the same of
/// both.
#[must_use]
pub fn differing_feature(name: &str, other: &str) -> Option<usize> {
    let (mut features, mut others) = (parts(name), parts(other));
    let is_same_kind = features.next() == others.next();
    let mut differing = None;
    for place in 0.. {
        match (features.next(), others.next()) {
            // The kind says what the first feature does.
            (None, None) if is_same_kind => return differing,
            (None, None) => return Some(0).filter(|_| place > 0 && differing.unwrap_or(0) == 0),
            (Some(feature), Some(other)) if feature == other => {}
            (Some(feature), Some(other)) if differing.is_none() && cut(feature, b'=').0 == cut(other, b'=').0 => {
                differing = Some(place);
            }
            _ => return None,
        }
    }
    None
}

/// The names that an operation would have without each of its features, in their order.
pub fn without_each(name: &str) -> impl Iterator<Item = String> {
    let parts: Vec<&str> = name.split('\t').collect();
    (1..parts.len()).map(move |left_out| {
        let mut name = String::new();
        for (place, part) in parts.iter().enumerate() {
            let part = if place == left_out { part.split('=').next().unwrap_or(part) } else { part };
            if place > 0 {
                name.push('\t');
            }
            // The kind says what the first feature does.
            if !(place == 0 && left_out == 1) {
                name.push_str(part);
            }
        }
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_feature_differs_where_the_names_without_it_are_the_same() {
        let mut names = vec!["a b".to_owned(), "a c".to_owned()];
        for start in 0..26 {
            let more = ["x=1", "x=2", "y=1"].map(|feature| format!("{}\t{feature}", names[start]));
            names.extend(more);
        }
        let mut alike = 0;
        for name in &names {
            for other in names.iter().filter(|other| *other != name) {
                let without = without_each(name).zip(without_each(other));
                let same_length = parts(name).count() == parts(other).count();
                let expected = without.enumerate().find(|(_, (one, other))| same_length && one == other);
                let found = differing_feature(name, other);
                assert_eq!(found, expected.map(|(feature, _)| feature), "{name:?} {other:?}");
                alike += usize::from(found.is_some());
            }
        }
        assert!(alike > 100, "{alike}");
    }
}
