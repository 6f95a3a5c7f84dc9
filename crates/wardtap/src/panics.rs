//! What is said when wardtap itself is wrong: the place in its source, and nothing of what it was looking at.
//!
//! The message of a panic can quote its input: that of a slice cut inside a character quotes the whole text. So the
//! message is left out, in ours and in others' code alike. A backtrace (`RUST_BACKTRACE=1`) names functions only.
//!
//! Within a fence ([`fenced`]) a panic is survived, and each place is told once: whoever can bring it about can do so with
//! every packet.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::Write;
use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::{Mutex, PoisonError};

thread_local! {
    /// Fences around what this thread is doing.
    static FENCES: Cell<u32> = const { Cell::new(0) };
}

/// The most places that are told of within fences; there are no more to be told of than mistakes.
const PLACES_MAX: usize = 64;

/// Places told of within fences.
static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Does something that is survived when it panics; None then. Whoever calls this mends or drops what was half done.
pub fn fenced<T>(act: impl FnOnce() -> T) -> Option<T> {
    FENCES.set(FENCES.get() + 1);
    let done = panic::catch_unwind(AssertUnwindSafe(act));
    FENCES.set(FENCES.get().saturating_sub(1));
    done.ok()
}

/// Whether a place within a fence was told of before, or too many were.
fn was_told(place: Option<&Location<'_>>) -> bool {
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    told.len() >= PLACES_MAX || !told.insert(place.map(ToString::to_string).unwrap_or_default())
}

/// From here on a panic is told by its place alone.
pub fn hide_messages() {
    panic::set_hook(Box::new(|panicked| {
        let is_fenced = FENCES.get() > 0;
        if is_fenced && was_told(panicked.location()) {
            return;
        }
        let mut text = told(panicked.location());
        if is_fenced {
            text.push_str("; the conversation on which it showed is read no further, all else goes on");
        }
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            text.push_str(&format!("\n{backtrace}"));
        }
        // Standard error may be closed: there is nobody left to tell.
        drop(writeln!(std::io::stderr(), "{text}"));
    }));
}

fn told(place: Option<&Location<'_>>) -> String {
    let place = place.map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    format!(
        "wardtap: a mistake in wardtap itself, at {place}: please report it with this line (what was being read is left \
         out, for it may be a patient's)"
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_fence_survives_a_panic_and_says_its_place_once() {
        let read = |bytes: &[u8]| bytes[3];
        assert_eq!(fenced(|| read(&[1, 2, 3, 4])), Some(4));
        assert_eq!(fenced(|| read(&[])), None);
        assert_eq!(fenced(|| fenced(|| read(&[])).is_none()), Some(true), "one within another");
        assert_eq!(FENCES.get(), 0);
        let place = Location::caller();
        assert!(!was_told(Some(place)));
        assert!(was_told(Some(place)));
    }

    #[test]
    fn a_panic_is_told_without_what_it_was_about() {
        static TOLD: Mutex<String> = Mutex::new(String::new());
        let before = panic::take_hook();
        panic::set_hook(Box::new(|panicked| *TOLD.lock().unwrap() = told(panicked.location())));
        let text = String::from("CANARYN\u{c4}ME");
        let caught = panic::catch_unwind(|| text[..8].len());
        panic::set_hook(before);
        let message = *caught.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("CANARY"), "the message quotes the text: {message}");
        let told = TOLD.lock().unwrap();
        assert!(!told.contains("CANARY") && told.contains("panics.rs:"), "{told}");
    }
}
