//! Names that makers give to their machines. On a hospital's network people name their telephones after themselves, so a name is
//! shown only where all of it has the shape of one that a machine came with; `names.tsv` has these, for review.

use std::sync::LazyLock;

use crate::public::Public;

/// The data file.
const DATA: &str = include_str!("names.tsv");

/// What stands for a name that may be a person's.
pub const WITHHELD: &str = "(withheld)";

/// Octets of a name that is looked at (RFC 1123 section 2.1: a label has 63).
const NAME_MAX: usize = 63;

static SHAPES: LazyLock<Vec<Vec<Part>>> = LazyLock::new(|| {
    let lines = DATA.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| shape(line.split('\t').next()?)).collect()
});

/// A part of a name.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// These letters, whatever their case.
    Word(&'static str),
    /// Hexadecimal digits.
    Hex(usize),
    /// Decimal digits.
    Digit(usize),
    /// Letters and digits, one of each at least.
    Mixed(usize),
}

/// A host's name, where it is one that a maker gave; else [`WITHHELD`]. Of a name with a domain, its first label counts.
#[must_use]
pub fn shown(name: &[u8]) -> Public<'_> {
    // A client may end it with a null octet (RFC 2132 section 3.14 does without).
    let name = name.strip_suffix(b"\0").unwrap_or(name).trim_ascii_end();
    let is_made = name.len() <= NAME_MAX && SHAPES.iter().any(|shape| has(name, shape));
    let shown = Public::shaped(name, NAME_MAX, super::is_of_host);
    if is_made && !shown.is_unreadable() { shown } else { Public::word(WITHHELD) }
}

/// True where all of a name has a shape.
fn has(name: &[u8], shape: &[Part]) -> bool {
    let mut rest = name;
    for part in shape {
        let Some((begin, behind)) = rest.split_at_checked(part.length()) else { return false };
        let is_so = match part {
            Part::Word(word) => begin.eq_ignore_ascii_case(word.as_bytes()),
            Part::Hex(_) => begin.iter().all(u8::is_ascii_hexdigit),
            Part::Digit(_) => begin.iter().all(u8::is_ascii_digit),
            Part::Mixed(_) => {
                begin.iter().all(u8::is_ascii_alphanumeric)
                    && begin.iter().any(u8::is_ascii_digit)
                    && begin.iter().any(u8::is_ascii_alphabetic)
            }
        };
        if !is_so {
            return false;
        }
        rest = behind;
    }
    rest.is_empty()
}

impl Part {
    const fn length(&self) -> usize {
        match self {
            Self::Word(word) => word.len(),
            Self::Hex(length) | Self::Digit(length) | Self::Mixed(length) => *length,
        }
    }
}

/// A pattern taken apart; None where it is none.
fn shape(pattern: &'static str) -> Option<Vec<Part>> {
    let (mut rest, mut parts) = (pattern, Vec::new());
    while let Some((word, behind)) = rest.split_once('{') {
        let (run, behind) = behind.split_once('}')?;
        let (kind, length) = run.split_once(':')?;
        let length: usize = length.parse().ok()?;
        if !word.is_empty() {
            parts.push(Part::Word(word));
        }
        parts.push(match kind {
            "hex" => Part::Hex(length),
            "digit" => Part::Digit(length),
            "mixed" => Part::Mixed(length),
            _ => return None,
        });
        rest = behind;
    }
    // Letters alone would be somebody's name.
    (rest.is_empty() && !parts.is_empty()).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pattern_of_the_file_has_a_run_a_maker_and_a_source() {
        let lines: Vec<&str> = DATA.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(SHAPES.len(), lines.len());
        for line in lines {
            let [pattern, maker, source] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            assert!(!maker.is_empty() && source.len() > 10, "{line}");
            let shape = shape(pattern).unwrap_or_else(|| panic!("{pattern}"));
            assert!(shape.iter().any(|part| !matches!(part, Part::Word(_)) && part.length() >= 4), "{pattern}");
        }
    }

    #[test]
    fn a_name_that_a_maker_gave_is_shown_and_no_other() {
        for name in
            ["NPI3F02AB", "npi3f02ab", "DESKTOP-4K2QJ7A", "SEP001B54A1B2C3", "BRN008077A1B2C3", "EVO_PR1_0001234"]
        {
            assert_eq!(shown(name.as_bytes()).as_str(), name);
        }
        assert_eq!(shown(b"NPI3F02AB\0").as_str(), "NPI3F02AB");
        for name in [
            "Janes-iPhone",
            "DESKTOP-JANEDOE",
            "DESKTOP-1234567",
            "NPI3F02AB-Jane",
            "Jane-NPI3F02AB",
            "NPI",
            "NPI3F02A",
            "",
            "SEP001B54A1B2C",
            "\u{fc}NPI3F02AB",
            &"A".repeat(300),
        ] {
            assert_eq!(shown(name.as_bytes()).as_str(), WITHHELD, "{name}");
        }
    }
}
