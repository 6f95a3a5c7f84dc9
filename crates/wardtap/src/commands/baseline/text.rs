//! What baselines hold, in words.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use wardtap_behaviour::baseline::store::LinkKey;
use wardtap_behaviour::links::{Service, readable};
use wardtap_export::event::hours;
use wardtap_export::summary::grouped;
use wardtap_net::packet::Timestamp;

use crate::output::unwritable;

/// Writes to standard output.
pub fn print(text: &str) -> anyhow::Result<()> {
    io::stdout().write_all(text.as_bytes()).map_err(|error| unwritable("the answer", "standard output", error))
}

/// A text as `write` makes it.
pub fn written(write: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut text = String::new();
    match write(&mut text) {
        Ok(()) => text,
        Err(fmt::Error) => unreachable!("writing to a string does not fail"),
    }
}

/// A text of a file for a terminal: without anything that would steer it.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) { text.replace(char::is_control, "?").into() } else { text.into() }
}

/// An operation's name.
pub fn operation(name: &str) -> String {
    plain(&readable(name)).into_owned()
}

/// What a link is for.
pub fn service(key: &LinkKey) -> Service {
    Service { transport: key.transport, port: key.port }
}

/// A day, counted from 1970.
pub fn day(day: u32) -> String {
    let text = Timestamp::from_seconds(u64::from(day) * 86_400).to_string();
    text.get(..10).unwrap_or(&text).to_owned()
}

/// A time without its fraction of a second.
pub fn time(nanos: u64) -> String {
    let text = Timestamp::from_nanos(nanos).to_string();
    text.get(..19).map_or_else(|| text.clone(), |short| format!("{}Z", short.replace('T', " ")))
}

/// `8-17, 20`.
pub fn hour_list(mask: u32) -> String {
    let mut text = String::new();
    let mut all = hours(mask).into_iter().peekable();
    while let Some(first) = all.next() {
        let mut last = first;
        while all.peek() == Some(&(last + 1)) {
            last += 1;
            all.next();
        }
        let comma = if text.is_empty() { "" } else { ", " };
        text += &if first == last { format!("{comma}{first}") } else { format!("{comma}{first}-{last}") };
    }
    if text.is_empty() { "none".to_owned() } else { text }
}

/// `1 day`, `2 days`.
pub fn counted(count: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(count as u64), if count == 1 { "" } else { "s" })
}

/// A quantity by its name: what is not limited is not judged.
pub fn amount(amount: u64) -> String {
    if amount == u64::MAX { "any".to_owned() } else { grouped(amount) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_that_follow_each_other_are_one() {
        assert_eq!(hour_list(0), "none");
        assert_eq!(hour_list(1 << 23 | 0b1011), "0-1, 3, 23");
    }

    #[test]
    fn nothing_steers_a_terminal() {
        assert_eq!(plain("a\x1b[2Jb\u{9b}1m"), "a?[2Jb?1m");
    }
}
