//! Views over the bytes of MSH and MSA, and the texts of theirs that may be shown.
//!
//! HL7 v2.5.1 chapter 2 clauses 2.5 (encoding), 2.15.9 (MSH) and 2.15.8 (MSA), with what 2.7 and 2.9 changed. Nothing
//! here depends on UTF-8: fields are split on bytes.
//!
//! # Why the texts are safe
//! A field is shown only when its header is *sound* ([`Header::new`]): the line was whole and ended properly, and what
//! stands where the standard puts the message code (MSH-9), processing id (MSH-11) and version (MSH-12) has exactly
//! their vocabulary. A line that lost or gained bytes in front of them has other text in those places, so text of
//! another segment that slid into the line is never taken for an application's name. Beyond that, every field has to
//! have its own shape, or it reads `(unreadable)`.

use wardtap_net::packet::Timestamp;

use crate::fingerprint::{Digest, Fingerprint};
use crate::public::{Public, UNREADABLE};

use super::dated::days_apart;
use super::scan::each;
use super::segments::{Name, kind};

/// The longest MSH or MSA line that is read; the standard's fields add up to about 2 KiB (2.5.1 clause 2.15.9.0).
pub(super) const LINE_MAX: usize = 4096;

/// The longest application or facility: HD.1 has 20 characters in 2.5.1 (clause 2.A.33), the whole field 227.
const NAMESPACE_MAX: usize = 64;

/// The longest control id: 20 characters in 2.5.1 (clause 2.15.9.10), 199 since 2.6.
const CONTROL_ID_MAX: usize = 199;

/// How many fields of a line are looked at: MSH-2 to MSH-16, MSA-1 to MSA-8.
const FIELDS: usize = 15;

/// The separators that a message declares in MSH-1 and MSH-2 (2.5.1 clause 2.5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Separators {
    field: u8,
    component: u8,
    repetition: u8,
    subcomponent: u8,
}

impl Separators {
    /// The recommended ones (2.5.1 clause 2.5.4), which nearly everybody uses.
    const RECOMMENDED: Self = Self { field: b'|', component: b'^', repetition: b'~', subcomponent: b'&' };

    /// From MSH-1 and MSH-2: three to five different punctuation marks, the last of them (escape, subcomponent,
    /// truncation) optional.
    fn new(field: u8, encoding: &[u8]) -> Option<Self> {
        if field == b'|' && encoding == br"^~\&" {
            return Some(Self::RECOMMENDED);
        }
        let [component, repetition, _, more @ ..] = encoding else { return None };
        let different = |(at, byte): (usize, &u8)| !encoding.iter().take(at).any(|before| before == byte);
        let fits = more.len() <= 2
            && !encoding.contains(&field)
            && encoding.iter().all(u8::is_ascii_punctuation)
            && encoding.iter().enumerate().all(different);
        // Without a fourth mark there are no subcomponents: a byte that ends a component anyway stands for it.
        let subcomponent = more.first().copied().unwrap_or(*component);
        fits.then_some(Self { field, component: *component, repetition: *repetition, subcomponent })
    }

    /// The first subcomponent of the first component of a field's first repetition, without spaces around it.
    fn first<'a>(&self, field: &'a [u8]) -> &'a [u8] {
        self.cut(field).0
    }

    /// That, and the components behind it (of the same repetition) unless they are none.
    fn cut<'a>(&self, field: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let Self { component, repetition, subcomponent, .. } = *self;
        let stop = |&byte: &u8| byte == component || byte == repetition || byte == subcomponent;
        let Some((text, [stop, rest @ ..])) = field.iter().position(stop).and_then(|end| field.split_at_checked(end))
        else {
            return (field.trim_ascii(), &[]);
        };
        (text.trim_ascii(), if *stop == component { rest } else { &[] })
    }
}

/// True for a byte that can be MSH-1: with `MSH` in front of it, it begins a message. TAB is no printable character, as
/// the standard demands, but senders that fill in tables use it.
pub(super) const fn is_field_separator(byte: u8) -> bool {
    byte.is_ascii_punctuation() || byte == b'\t'
}

/// A line that begins with three letters and a separator, split into its fields.
#[derive(Clone, Copy, Debug)]
struct Fields<'a> {
    separator: u8,
    /// What stands behind the first separator.
    body: &'a [u8],
    /// Where each field ends in it.
    ends: [u16; FIELDS],
}

impl<'a> Fields<'a> {
    fn new(line: &'a [u8]) -> Self {
        let (separator, body) = match line {
            [_, _, _, separator, body @ ..] => (*separator, body),
            _ => (0, &[][..]),
        };
        // Longer lines are not read.
        let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
        let mut ends = [length; FIELDS];
        let mut free = ends.iter_mut();
        each(body, separator, |end| match (free.next(), u16::try_from(end)) {
            (Some(slot), Ok(end)) => {
                *slot = end;
                true
            }
            _ => false,
        });
        Self { separator, body, ends }
    }

    /// What stands behind the first `count` fields.
    fn behind(&self, count: usize) -> &'a [u8] {
        let end = count.checked_sub(1).and_then(|last| self.ends.get(last)).map_or(0, |&end| usize::from(end));
        self.body.get(end..).unwrap_or_default()
    }

    /// The field at `index`, 0 being the first behind the separator; empty where the line is shorter.
    #[inline]
    fn at(&self, index: usize) -> &'a [u8] {
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before).map_or(usize::MAX, |&end| usize::from(end).saturating_add(1)),
            None => 0,
        };
        let end = self.ends.get(index).map_or(0, |&end| usize::from(end));
        self.body.get(start..end).unwrap_or_default()
    }
}

/// The header of a message.
#[derive(Debug)]
pub(super) struct Header<'a> {
    fields: Fields<'a>,
    separators: Option<Separators>,
    /// MSH-9.1, 9.2 and 9.3.
    message_type: [&'a [u8]; 3],
    sound: bool,
    code: Option<Name>,
}

impl<'a> Header<'a> {
    /// Reads an MSH line; `ended` where the line is whole: nothing is missing in it, and CR, LF or FS ended it.
    pub(super) fn new(line: &'a [u8], ended: bool) -> Self {
        let fields = Fields::new(line);
        let separators = Separators::new(fields.separator, fields.at(0));
        let mut header = Self { fields, separators, message_type: Default::default(), sound: false, code: None };
        if let Some(separators) = &separators {
            let (code, rest) = separators.cut(header.field(9));
            let (trigger, rest) = separators.cut(rest);
            header.message_type = [code, trigger, separators.first(rest)];
            header.sound = ended && line.len() <= LINE_MAX && header.anchors_hold(separators);
            header.code = Name::first_of(code).filter(|_| header.sound);
        }
        header
    }

    /// True where everything that has a vocabulary has it, in its place.
    ///
    /// MSH-9.1 (table 0076) and MSH-12.1 (table 0104) have to be there. MSH-7, 11, 13, 15 and 16 are often empty or
    /// creatively used; a loose look at them still tells a line of numbers, codes and names from a header.
    fn anchors_hold(&self, separators: &Separators) -> bool {
        let [code, ..] = self.message_type;
        let digits = |number| self.field(number).iter().all(u8::is_ascii_digit);
        let time = |byte: &u8| byte.is_ascii_digit() || b".+-:/ TZ".contains(byte);
        let short_word = |number| {
            let text = self.field(number).trim_ascii();
            text.len() <= 2 && text.iter().all(u8::is_ascii_uppercase)
        };
        code.len() == 3
            && Name::first_of(code).is_some_and(Name::is_message_code)
            && is_version(separators.first(self.field(12)))
            && matches!(separators.first(self.field(11)), b"" | b"P" | b"T" | b"D" | b"N")
            && (digits(7) || separators.first(self.field(7)).iter().all(time))
            && digits(13)
            && short_word(15)
            && short_word(16)
    }

    /// True where its texts may be shown.
    pub(super) const fn is_sound(&self) -> bool {
        self.sound
    }

    /// Place of the message's code in the protocol's kinds.
    pub(super) fn kind(&self) -> usize {
        kind(self.code)
    }

    /// True for a general acknowledgement.
    pub(super) fn is_acknowledgement(&self) -> bool {
        self.code == Some(Name::ACK)
    }

    /// MSH-3.1, 4.1, 5.1 and 6.1, the namespaces of applications and facilities: tables 0361 and 0362, names that a
    /// site gives its systems. Letters, digits and the punctuation usual there.
    pub(super) fn namespace(&self, number: usize) -> Option<Public<'a>> {
        let text = self.first(number);
        self.fenced(text, || Public::shaped(text, NAMESPACE_MAX, is_namespace))
    }

    /// MSH-9.1, the message code: of table 0076 or a `Z` code (ensured by soundness).
    pub(super) fn message_code(&self) -> Option<Public<'a>> {
        let [text, ..] = self.message_type;
        self.fenced(text, || Public::shaped(text, 3, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()))
    }

    /// MSH-9.2, the trigger event: see [`Name::is_trigger`].
    pub(super) fn trigger_event(&self) -> Option<Public<'a>> {
        let [_, text, _] = self.message_type;
        self.fenced(text, || if is_trigger(text) { code(text) } else { Public::word(UNREADABLE) })
    }

    /// MSH-9.3, the message structure: table 0354 has a message code, or one with a trigger event behind `_`.
    pub(super) fn message_structure(&self) -> Option<Public<'a>> {
        let [.., text] = self.message_type;
        self.fenced(text, || if is_structure(text) { code(text) } else { Public::word(UNREADABLE) })
    }

    /// MSH-10, which identifies the message to its sending system: made by that system, counted or random.
    pub(super) fn control_id(&self) -> Option<Public<'a>> {
        let text = self.field(10).trim_ascii();
        let [_, trigger, structure] = self.message_type;
        // Where the message type goes wrong in its middle, other text may begin there.
        let trusted = (trigger.is_empty() || is_trigger(trigger)) && (structure.is_empty() || is_structure(structure));
        let show = || Public::shaped(text, CONTROL_ID_MAX, is_control_id);
        self.fenced(text, || if trusted { show() } else { Public::word(UNREADABLE) })
    }

    /// MSH-10 as it stands, to find the acknowledgement by.
    pub(super) fn control_id_bytes(&self) -> &'a [u8] {
        if self.sound { self.field(10).trim_ascii() } else { &[] }
    }

    /// What tells the message from others, `content` being the digest of all segments behind MSH.
    ///
    /// MSH-10 is unique to the sending application (2.5.1 clause 2.15.9.10), which MSH-3 and MSH-4 name: an interface
    /// engine that passes it on keeps the three, sets MSH-5 and MSH-6 to the next receiver, and may set MSH-7 anew. The
    /// content is therefore MSH-9 and what follows the header.
    pub(super) fn fingerprint(&self, content: Digest) -> Option<Fingerprint> {
        let control_id = self.control_id_bytes();
        if control_id.is_empty() {
            return None;
        }
        let (mut identity, mut all) = (content.anew(), content);
        for field in [self.field(3), self.field(4), control_id] {
            identity.write(field.trim_ascii());
            identity.write(b"|");
        }
        all.write(self.field(9).trim_ascii());
        Some(Fingerprint { identity: identity.finish(), content: all.finish(), for_ever: false })
    }

    /// MSH-11.1: `P`, `T`, `D` or `N` (table 0103; ensured by soundness).
    pub(super) fn processing_id(&self) -> Option<Public<'a>> {
        let text = self.first(11);
        self.fenced(text, || code(text))
    }

    /// MSH-12.1: table 0104, a version of the standard (ensured by soundness).
    pub(super) fn version(&self) -> Option<Public<'a>> {
        let text = self.first(12);
        self.fenced(text, || Public::shaped(text, 5, |byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'D')))
    }

    /// MSH-9.1 and 9.2 as `ADT^A01`, whatever the message's separators are.
    pub(super) fn event(&self) -> Event {
        let [code, trigger, _] = self.message_type;
        match (self.sound, code, trigger) {
            (false, ..) => Event { text: [0; 7], length: 0 },
            (true, &[a, b, c], &[d, e, f]) if is_trigger(trigger) => {
                Event { text: [a, b, c, b'^', d, e, f], length: 7 }
            }
            (true, &[a, b, c], _) => Event { text: [a, b, c, 0, 0, 0, 0], length: 3 },
            (true, ..) => Event { text: [0; 7], length: 0 },
        }
    }

    /// How many days MSH-7 is from the day on which the message was seen.
    pub(super) fn days_apart(&self, now: Timestamp) -> Option<u64> {
        if self.sound { days_apart(self.field(7).trim_ascii(), now) } else { None }
    }

    /// MSH-15, whether the sender asks the receiver to confirm that it has the message (table 0155).
    pub(super) fn asks_commit(&self) -> bool {
        self.sound && !matches!(self.field(15).trim_ascii(), b"" | b"NE")
    }

    /// MSH-16, the same for the answer of the application.
    pub(super) fn asks_application(&self) -> bool {
        self.sound && !matches!(self.field(16).trim_ascii(), b"" | b"NE")
    }

    /// True where an answer is due whatever becomes of the message.
    pub(super) fn asks_always(&self) -> bool {
        self.sound && (self.field(15).trim_ascii() == b"AL" || self.field(16).trim_ascii() == b"AL")
    }

    /// True where the sender wants no answer at all (table 0155).
    pub(super) fn asks_never(&self) -> bool {
        self.sound && self.field(15).trim_ascii() == b"NE" && self.field(16).trim_ascii() == b"NE"
    }

    fn field(&self, number: usize) -> &'a [u8] {
        self.fields.at(number.saturating_sub(2))
    }

    fn first(&self, number: usize) -> &'a [u8] {
        let field = self.field(number);
        self.separators.map_or(field, |separators| separators.first(field))
    }

    /// Nothing where the field is empty (or null, `""`: 2.5.1 clause 2.5.3); `(unreadable)` in a header that is not
    /// sound.
    fn fenced(&self, text: &[u8], show: impl FnOnce() -> Public<'a>) -> Option<Public<'a>> {
        if text.is_empty() || text == b"\"\"" {
            return None;
        }
        Some(if self.sound { show() } else { Public::word(UNREADABLE) })
    }
}

/// What a message acknowledges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acknowledgement<'a> {
    code: &'a [u8],
    control_id: &'a [u8],
    sound: bool,
    vouched: bool,
}

impl<'a> Acknowledgement<'a> {
    /// Reads an MSA line of a message with `header`; `ended` as for [`Header::new`].
    ///
    /// The line is sound in a sound message when MSA-1 has its vocabulary and nothing stands behind where the standard
    /// ends (MSA-8), nor in MSA-4 and MSA-5 what cannot be there. MSA-3 and MSA-6 are free text and never shown.
    pub(super) fn new(line: &'a [u8], ended: bool, header: &Header<'_>) -> Self {
        let fields = Fields::new(line);
        let [code, control_id, sequence, kind, waiting, waited] = [0, 1, 3, 4, 6, 7].map(|at| fields.at(at));
        let digits = |text: &[u8]| text.trim_ascii().iter().all(u8::is_ascii_digit);
        let sound = ended
            && line.len() <= LINE_MAX
            && header.sound
            && header.separators.is_some_and(|separators| separators.field == fields.separator)
            && is_ack_code(code.trim_ascii())
            && digits(sequence)
            && matches!(kind.trim_ascii(), b"" | b"D" | b"F")
            && digits(waiting)
            && waited.len() <= 2
            && fields.behind(8).iter().all(|&byte| byte == fields.separator);
        Self { code: code.trim_ascii(), control_id: control_id.trim_ascii(), sound, vouched: false }
    }

    /// True where its texts may be shown.
    pub(super) const fn is_sound(&self) -> bool {
        self.sound
    }

    /// MSA-1: table 0008.
    pub(super) fn code(&self) -> Option<Public<'a>> {
        let show = || if self.sound { code(self.code) } else { Public::word(UNREADABLE) };
        (!self.code.is_empty()).then(show)
    }

    /// Says that MSA-2 is a control id, because a request had it, or as far as the message can tell: `alone` where it
    /// holds nothing but its answer, so that no other segment's text can have slid in.
    ///
    /// Without a request, an id must have a digit: whatever makes ids counts, and a word of MSA-3 (free text) that
    /// moved one place to the left mostly has none.
    pub(super) fn vouch(&mut self, requested: bool, alone: bool) {
        self.vouched = requested || (alone && self.control_id.iter().any(u8::is_ascii_digit));
    }

    /// MSA-2, the control id of the message that is answered: see [`Header::control_id`].
    pub(super) fn control_id(&self) -> Option<Public<'a>> {
        let shaped = || Public::shaped(self.control_id, CONTROL_ID_MAX, is_control_id);
        let show = || if self.sound && self.vouched { shaped() } else { Public::word(UNREADABLE) };
        (!self.control_id.is_empty()).then(show)
    }

    /// MSA-2 as it stands.
    pub(super) const fn control_id_bytes(&self) -> &'a [u8] {
        if self.sound { self.control_id } else { &[] }
    }

    /// The receiver has the message (`CA`), or refused it at once (`CE`, `CR`): enhanced mode, clause 2.9.3.
    pub(super) const fn is_commit(&self) -> bool {
        matches!(self.code, [b'C', ..])
    }

    /// Accepted, refused, or not known.
    pub(super) const fn accepted(&self) -> Option<bool> {
        match (self.sound, self.code) {
            (true, [_, b'A']) => Some(true),
            (true, _) => Some(false),
            (false, _) => None,
        }
    }
}

/// A message code and trigger event, joined.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    text: [u8; 7],
    length: usize,
}

impl Event {
    /// Made of public texts only; nothing in a header that is not sound.
    pub(super) fn text(&self) -> Option<Public<'_>> {
        let text = self.text.get(..self.length).filter(|text| !text.is_empty())?;
        let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'^';
        Some(Public::shaped(text, self.text.len(), allowed))
    }
}

/// Text whose vocabulary was checked before: upper-case letters, digits and `_`.
fn code(text: &[u8]) -> Public<'_> {
    Public::shaped(text, 7, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

const fn is_namespace(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'+' | b'&' | b'#' | b':' | b'(' | b')' | b' ')
}

/// Identifiers as systems make them: counters, times, GUIDs, Base64; no spaces, and no `@`: mail addresses are people's.
const fn is_control_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b':' | b'/' | b'+' | b'=' | b'#' | b'{' | b'}' | b'*')
}

/// Table 0104, not just its pattern: of a version that does not exist, a digit may be somebody's. A lone `2`, which some
/// editions list, stands in too many fields to tell a header by.
const fn is_version(text: &[u8]) -> bool {
    matches!(
        text,
        b"2.0"
            | b"2.0D"
            | b"2.1"
            | b"2.2"
            | b"2.3"
            | b"2.4"
            | b"2.5"
            | b"2.6"
            | b"2.7"
            | b"2.8"
            | b"2.9"
            | b"2.3.1"
            | b"2.3.2"
            | b"2.5.1"
            | b"2.7.1"
            | b"2.8.1"
            | b"2.8.2"
            | b"2.9.1"
    )
}

fn is_trigger(text: &[u8]) -> bool {
    text.len() == 3 && Name::first_of(text).is_some_and(Name::is_trigger)
}

fn is_structure(text: &[u8]) -> bool {
    let Some(code) = Name::first_of(text) else { return false };
    code.is_message_code()
        && match text.get(3..) {
            Some([]) => true,
            Some([b'_', trigger @ ..]) => is_trigger(trigger),
            _ => false,
        }
}

const fn is_ack_code(text: &[u8]) -> bool {
    matches!(text, [b'A' | b'C', b'A' | b'E' | b'R'])
}
