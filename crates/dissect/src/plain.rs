//! A message that is no more than its fields: what most protocols need to say of one.
//!
//! The fields that are habits stand first, in the order of the protocol's features; a message event shows them by the names
//! of the features, and the others behind them.

use crate::json::Object;
use crate::public::Public;
use crate::{Envelope, FEATURES_MAX, Features, Message, NO_VALUE, Protocol};

/// The value of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Value<'a> {
    /// The message has none.
    #[default]
    None,
    /// A number.
    Number(u64),
    /// Text that may leave.
    Text(Public<'a>),
    /// Yes or no.
    Flag(bool),
}

impl<'a> Value<'a> {
    /// A number, where there is one.
    #[must_use]
    pub fn number(number: Option<impl Into<u64>>) -> Self {
        number.map_or(Self::None, |number| Self::Number(number.into()))
    }

    /// Text, where there is some.
    #[must_use]
    pub fn text(text: Option<Public<'a>>) -> Self {
        text.map_or(Self::None, Self::Text)
    }

    /// One of our own words.
    #[must_use]
    pub const fn word(word: &'static str) -> Self {
        Self::Text(Public::word(word))
    }
}

/// A message that is no more than its fields.
pub struct Plain<'a> {
    /// What it is.
    pub protocol: &'static Protocol,
    /// Its common facts.
    pub envelope: Envelope,
    /// Habits, in the order of the protocol's features; behind the last that it has there may be fewer.
    pub features: &'a [Value<'a>],
    /// What is shown besides, by name.
    pub more: &'a [(&'static str, Value<'a>)],
}

impl Message for Plain<'_> {
    fn protocol(&self) -> &'static Protocol {
        self.protocol
    }

    fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    fn features(&self, digest: &dyn Fn(&[u8]) -> u64) -> Features {
        let mut features = [NO_VALUE; FEATURES_MAX];
        for (feature, value) in features.iter_mut().zip(self.features) {
            *feature = match *value {
                Value::None => NO_VALUE,
                Value::Number(number) => number,
                Value::Text(text) => digest(text.as_str().as_bytes()),
                Value::Flag(flag) => flag.into(),
            };
        }
        features
    }

    fn write_json(&self, out: &mut Vec<u8>) {
        let mut object = Object::begin(out);
        object.word("kind", self.protocol.kinds.get(self.envelope.kind).copied().unwrap_or_default());
        let habits = self.protocol.features.iter().map(|feature| feature.name).zip(self.features.iter());
        for (name, value) in habits.chain(self.more.iter().map(|(name, value)| (*name, value))) {
            match *value {
                Value::None => {}
                Value::Number(number) => object.number(name, number),
                Value::Text(text) => object.text(name, text),
                Value::Flag(flag) => object.boolean(name, flag),
            }
        }
        object.end();
    }

    fn feature_text(&self, feature: usize) -> Option<Public<'_>> {
        match self.features.get(feature)? {
            Value::Text(text) => Some(*text),
            Value::Flag(true) => Some(Public::word("yes")),
            Value::Flag(false) => Some(Public::word("no")),
            Value::None | Value::Number(_) => None,
        }
    }
}
