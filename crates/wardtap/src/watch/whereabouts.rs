//! Whether a file that is written is still the one of its name: what nobody finds nobody reads.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// So many seconds in a row must the name be another file's: who rotates it may just be about to say so.
const ELSEWHERE_SECONDS: u64 = 2;

/// Where no other file can be begun, seconds until the next try.
const RETRY_SECONDS: u64 = 60;

/// What is known of it.
#[derive(Default)]
pub struct Whereabouts {
    /// For how many seconds its name has been another file's, or nobody's.
    elsewhere: u64,
}

impl Whereabouts {
    /// A second is over. True where somebody has renamed or removed the file, and another one is to be begun.
    pub fn second(&mut self, path: &Path, file: &File) -> bool {
        let Ok(written) = file.metadata() else { return false };
        let named = fs::metadata(path).ok();
        // A pipe is whoever reads it.
        let is_it = !written.is_file()
            || named.is_some_and(|named| (named.dev(), named.ino()) == (written.dev(), written.ino()));
        self.elsewhere = if is_it { 0 } else { self.elsewhere + 1 };
        self.elsewhere % RETRY_SECONDS == ELSEWHERE_SECONDS
    }

    /// Whether it is written where nobody finds it, and no other could be begun.
    pub const fn is_lost(&self) -> bool {
        self.elsewhere > ELSEWHERE_SECONDS
    }
}
