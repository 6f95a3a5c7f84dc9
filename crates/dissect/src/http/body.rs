//! Bodies are passed over by count (RFC 9112 sections 6 and 7).

/// Octets of what stands behind the length of a chunk, and of fields behind the last one.
const EXTENSION_MAX: u32 = 16 * 1024;

/// Digits of a chunk's length: no body has 2^60 octets.
const DIGITS_MAX: u8 = 15;

/// Where in a body an end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// So many octets are still to come.
    Octets(u64),
    /// All until the connection is closed.
    UntilClose,
    /// The line with a chunk's length.
    ChunkLength { length: u64, digits: u8, passed: u32 },
    /// A chunk, of which so many octets are still to come.
    Chunk(u64),
    /// The end of the line behind a chunk.
    ChunkEnd,
    /// Fields behind the last chunk (RFC 9112 section 7.1.2).
    Trailers { is_line_empty: bool, passed: u32 },
}

/// What became of octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The body goes on.
    More,
    /// It is complete.
    Complete,
    /// It is none.
    Wrong,
}

impl Body {
    pub(super) const CHUNKS: Self = Self::ChunkLength { length: 0, digits: 0, passed: 0 };

    /// Passes over octets, one or more: how many, of those how many are content, and what became of it.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> (usize, usize, Step) {
        match self {
            Self::UntilClose => (bytes.len(), bytes.len(), Step::More),
            Self::Octets(left) => {
                let passed = take(left, bytes);
                (passed, passed, if *left == 0 { Step::Complete } else { Step::More })
            }
            Self::Chunk(left) => {
                let passed = take(left, bytes);
                if *left == 0 {
                    *self = Self::ChunkEnd;
                }
                (passed, passed, Step::More)
            }
            _ => self.pass_line(bytes),
        }
    }

    /// Passes over what stands between chunks.
    fn pass_line(&mut self, bytes: &[u8]) -> (usize, usize, Step) {
        for (place, byte) in bytes.iter().enumerate() {
            let passed = place.saturating_add(1);
            match self.octet(*byte) {
                Step::More if matches!(self, Self::Chunk(_)) => return (passed, 0, Step::More),
                Step::More => {}
                step => return (passed, 0, step),
            }
        }
        (bytes.len(), 0, Step::More)
    }

    fn octet(&mut self, byte: u8) -> Step {
        match (&mut *self, byte) {
            (Self::ChunkLength { digits: 0, .. }, b'\n') => return Step::Wrong,
            (Self::ChunkLength { length: 0, .. }, b'\n') => *self = Self::Trailers { is_line_empty: true, passed: 0 },
            (Self::ChunkLength { length, .. }, b'\n') => *self = Self::Chunk(*length),
            (Self::ChunkLength { length, digits, passed: 0 }, byte) => {
                if let Some(digit) = char::from(byte).to_digit(16) {
                    *length = length.saturating_mul(16).saturating_add(digit.into());
                    *digits = digits.saturating_add(1);
                    return if *digits > DIGITS_MAX { Step::Wrong } else { Step::More };
                }
                // Extensions (RFC 9112 section 7.1.1), and the end of the line.
                if *digits == 0 || !matches!(byte, b';' | b' ' | b'\t' | b'\r') {
                    return Step::Wrong;
                }
                *self = Self::ChunkLength { length: *length, digits: *digits, passed: 1 };
            }
            (Self::ChunkLength { passed, .. }, _) => {
                *passed = passed.saturating_add(1);
                return if *passed > EXTENSION_MAX { Step::Wrong } else { Step::More };
            }
            (Self::ChunkEnd, b'\r') => {}
            (Self::ChunkEnd, b'\n') => *self = Self::CHUNKS,
            (Self::ChunkEnd, _) => return Step::Wrong,
            (Self::Trailers { is_line_empty: true, .. }, b'\n') => return Step::Complete,
            (Self::Trailers { is_line_empty, passed }, byte) => {
                *is_line_empty = byte == b'\n' || *is_line_empty && byte == b'\r';
                *passed = passed.saturating_add(1);
                return if *passed > EXTENSION_MAX { Step::Wrong } else { Step::More };
            }
            (Self::Octets(_) | Self::UntilClose | Self::Chunk(_), _) => {}
        }
        Step::More
    }

    /// Octets that never come; whether the body can be followed all the same.
    pub(super) fn lose(&mut self, missing: u64) -> bool {
        match self {
            Self::UntilClose => true,
            Self::Octets(left) | Self::Chunk(left) if missing < *left => {
                *left = left.saturating_sub(missing);
                true
            }
            _ => false,
        }
    }
}

fn take(left: &mut u64, bytes: &[u8]) -> usize {
    let passed = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
    *left = left.saturating_sub(passed as u64);
    passed
}
