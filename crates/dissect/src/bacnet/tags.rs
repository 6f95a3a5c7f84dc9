//! Tags and the values behind them (ASHRAE 135 clause 20.2).

use wardtap_net::reader::Reader;

/// Application tags (clause 20.2.1.4).
pub(super) const NULL: u8 = 0;
const BOOLEAN: u8 = 1;
const UNSIGNED: u8 = 2;
const SIGNED: u8 = 3;
const REAL: u8 = 4;
const DOUBLE: u8 = 5;
const CHARACTER_STRING: u8 = 7;
const ENUMERATED: u8 = 9;
const OBJECT_IDENTIFIER: u8 = 12;

/// What a tag is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag<'a> {
    /// A value by its type.
    Application(u8, &'a [u8]),
    /// A value by its place in the service.
    Context(u8, &'a [u8]),
    /// A list or a structure begins.
    Opening(u8),
    /// It ends.
    Closing(u8),
}

/// Reads tags one by one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tags<'a>(pub Reader<'a>);

impl<'a> Tags<'a> {
    /// The next one, with its value; each takes an octet at least.
    pub(super) fn next(&mut self) -> Option<Tag<'a>> {
        let first = self.0.u8()?;
        let is_context = first & 8 != 0;
        let number = match first >> 4 {
            15 => self.0.u8()?,
            number => number,
        };
        let length = match first & 7 {
            6 if is_context => return Some(Tag::Opening(number)),
            7 if is_context => return Some(Tag::Closing(number)),
            // Clause 20.2.3: the value of a boolean stands in its tag.
            value if !is_context && number == BOOLEAN => {
                return Some(Tag::Application(number, if value == 0 { &[0] } else { &[1] }));
            }
            5 => match self.0.u8()? {
                254 => usize::from(self.0.be16()?),
                255 => usize::try_from(self.0.be32()?).ok()?,
                length => usize::from(length),
            },
            length => usize::from(length),
        };
        let value = self.0.take(length)?;
        Some(if is_context { Tag::Context(number, value) } else { Tag::Application(number, value) })
    }

    /// The next one without moving on.
    pub(super) fn peek(&self) -> Option<Tag<'a>> {
        Self(self.0).next()
    }

    /// The value of the next tag, where it is this place; else it stays where it is.
    pub(super) fn context(&mut self, number: u8) -> Option<&'a [u8]> {
        match self.peek()? {
            Tag::Context(found, value) if found == number => {
                self.next()?;
                Some(value)
            }
            _ => None,
        }
    }

    /// Goes into a structure, where one begins at this place.
    pub(super) fn open(&mut self, number: u8) -> Option<()> {
        self.pass(Tag::Opening(number))
    }

    /// Goes out of a structure, where it ends here.
    pub(super) fn close(&mut self, number: u8) -> Option<()> {
        self.pass(Tag::Closing(number))
    }

    fn pass(&mut self, tag: Tag<'_>) -> Option<()> {
        if self.peek()? != tag {
            return None;
        }
        self.next().map(|_| ())
    }

    /// Passes over the rest of a structure that has been opened, its end included.
    pub(super) fn leave(&mut self) -> Option<()> {
        let mut depth = 1usize;
        while depth > 0 {
            match self.next()? {
                Tag::Opening(_) => depth = depth.saturating_add(1),
                Tag::Closing(_) => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        Some(())
    }
}

/// An unsigned number or an enumeration (clauses 20.2.4 and 20.2.11): one to four octets here, eight at most.
pub(super) fn unsigned(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 8 {
        return None;
    }
    Some(value.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)))
}

/// An object: its type and which of that type (clause 20.2.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Object {
    pub kind: u16,
    pub instance: u32,
}

impl Object {
    pub(super) fn read(value: &[u8]) -> Option<Self> {
        let number = u32::from_be_bytes(value.try_into().ok()?);
        Some(Self { kind: u16::try_from(number >> 22).ok()?, instance: number & 0x3f_ffff })
    }

    /// As a value by its type.
    pub(super) fn application(tag: Tag<'_>) -> Option<Self> {
        match tag {
            Tag::Application(OBJECT_IDENTIFIER, value) => Self::read(value),
            _ => None,
        }
    }
}

/// A number as it is compared: rounded to whole ones, its sign apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amount {
    pub size: u64,
    pub is_negative: bool,
}

/// The number that a value by its type is; none of a text or a list.
pub(super) fn amount(tag: Tag<'_>) -> Option<Amount> {
    let Tag::Application(number, value) = tag else { return None };
    let positive = |size| Amount { size, is_negative: false };
    match number {
        BOOLEAN | UNSIGNED | ENUMERATED => unsigned(value).map(positive),
        SIGNED => {
            let number = unsigned(value)?;
            // Two's complement in as many octets as there are (clause 20.2.5).
            let unused = 64u32.saturating_sub(u32::try_from(value.len()).ok()?.saturating_mul(8));
            let number = (number << unused).cast_signed() >> unused;
            Some(Amount { size: number.unsigned_abs(), is_negative: number < 0 })
        }
        REAL => whole(f32::from_be_bytes(value.try_into().ok()?).into()),
        DOUBLE => whole(f64::from_be_bytes(value.try_into().ok()?)),
        _ => None,
    }
}

/// Rounded; none where it is no number.
fn whole(number: f64) -> Option<Amount> {
    let size = number.abs().round();
    // Where it does not fit, the greatest that does: it is out of all bounds either way.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    number
        .is_finite()
        .then(|| Amount { size: (size as u64).min(u64::MAX >> 1), is_negative: number < 0.0 && size > 0.0 })
}

/// An unsigned number by its type.
pub(super) fn application_unsigned(tag: Tag<'_>) -> Option<u64> {
    match tag {
        Tag::Application(UNSIGNED | ENUMERATED, value) => unsigned(value),
        _ => None,
    }
}

/// Text in the encoding that all devices write (clause 20.2.9: 0 is UTF-8, and ASCII before).
pub(super) fn characters(tag: Tag<'_>) -> Option<&[u8]> {
    match tag {
        Tag::Application(CHARACTER_STRING, [0, text @ ..]) => Some(text),
        _ => None,
    }
}
