//! What is said when wardtap itself is wrong: the place in its source, and nothing of what it was looking at.
//!
//! The message of a panic can quote its input: that of a slice cut inside a character quotes the whole text. So the
//! message is left out, in ours and in others' code alike. A backtrace (`RUST_BACKTRACE=1`) names functions only.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;
use std::panic::{self, Location};

/// From here on a panic is told by its place alone.
pub fn hide_messages() {
    panic::set_hook(Box::new(|panicked| {
        let mut text = told(panicked.location());
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
