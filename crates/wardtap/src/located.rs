//! What is wrong with a file that a person wrote: which file, line and column, what, and how to mend it.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};
use wardtap_net::hexadecimal::hexadecimal;

/// A mistake in a file.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {place}{what}")]
pub struct Mistake {
    pub file: String,
    pub place: Place,
    pub what: String,
}

/// Where in a file; nowhere in particular where the line is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub line: u64,
    /// The character of that line, or the field of a table, counted from 1; 0 where all of it is meant.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => Ok(()),
            (line, 0) => write!(f, "line {line}: "),
            (line, column) => write!(f, "line {line}, column {column}: "),
        }
    }
}

impl Place {
    /// The place of an octet.
    pub fn of(text: &str, octet: usize) -> Self {
        let before = text.get(..octet.min(text.len())).unwrap_or(text);
        let line = before.bytes().filter(|&octet| octet == b'\n').count() as u64 + 1;
        let column = before.rsplit('\n').next().map_or(0, |start| start.chars().count()) as u64 + 1;
        Self { line, column }
    }
}

/// A file that people write, with its name in messages.
pub struct Written {
    pub file: String,
    pub text: String,
}

/// The largest file that a person writes or exports: a hundred thousand devices with all that is known of them.
const OCTETS_MAX: u64 = 64 << 20;

impl Written {
    /// Reads a file; `what` it is, for messages.
    pub fn read(path: &Path, what: &str) -> Result<Self, Mistake> {
        let file = path.display().to_string();
        let wrong = |what: String| Mistake { file: file.clone(), place: Place::default(), what };
        let mut octets = Vec::new();
        File::open(path).and_then(|file| file.take(OCTETS_MAX + 1).read_to_end(&mut octets)).map_err(|error| {
            wrong(format!("cannot read {what}: {error}: name a file that is there and may be read"))
        })?;
        if octets.len() as u64 > OCTETS_MAX {
            return Err(wrong(format!("{what} is larger than {} MiB: split it, or name another", OCTETS_MAX >> 20)));
        }
        match String::from_utf8(octets) {
            Ok(text) => Ok(Self { file, text }),
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                let line = error.as_bytes().iter().take(good).filter(|&&octet| octet == b'\n').count() as u64 + 1;
                let what = "the text is not UTF-8 here: save the file as UTF-8".to_owned();
                Err(Mistake { file, place: Place { line, column: 0 }, what })
            }
        }
    }

    /// Its SHA-256, in hexadecimal.
    pub fn sha256(&self) -> String {
        hexadecimal(&Sha256::digest(self.text.as_bytes()))
    }

    /// A mistake at an octet of it.
    pub fn mistake(&self, octet: usize, what: impl Into<String>) -> Mistake {
        self.mistake_at(Place::of(&self.text, octet), what)
    }

    /// A mistake at a place of it.
    pub fn mistake_at(&self, place: Place, what: impl Into<String>) -> Mistake {
        Mistake { file: self.file.clone(), place, what: what.into() }
    }

    /// Reads it as TOML.
    pub fn toml<T: serde::de::DeserializeOwned>(&self) -> Result<T, Mistake> {
        toml::from_str(&self.text).map_err(|error| {
            let what = error.message().trim_end().replace('\n', ": ");
            match error.span() {
                Some(span) => self.mistake(span.start, what),
                None => self.mistake_at(Place::default(), what),
            }
        })
    }
}

/// Words with commas and an "or".
pub fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}
