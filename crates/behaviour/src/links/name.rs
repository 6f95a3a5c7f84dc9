//! The names of operations.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use super::is_opaque;

/// The name of an operation: the same for ever, in words of its protocol.
///
/// What is asked of it every minute is worked out when it is made, once for all minutes in which the operation is told of:
/// what looks it up compares numbers, and the text only of what is the same.
#[derive(Clone)]
pub struct OperationName {
    digest: u64,
    is_opaque: bool,
    text: Arc<str>,
}

impl<T: Into<Arc<str>>> From<T> for OperationName {
    fn from(text: T) -> Self {
        let text = text.into();
        Self { digest: digest(&text), is_opaque: is_opaque(&text), text }
    }
}

/// What the name of an operation is looked up by: the same in every run.
#[must_use]
pub fn digest(name: &str) -> u64 {
    foldhash::quality::FixedState::default().hash_one(name)
}

impl OperationName {
    /// What it is looked up by.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        self.digest
    }

    /// True for what is not read: payloads of a size class.
    #[must_use]
    pub const fn is_opaque(&self) -> bool {
        self.is_opaque
    }
}

impl Deref for OperationName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl PartialEq for OperationName {
    fn eq(&self, other: &Self) -> bool {
        // Who names operations chooses texts, and so digests: equal ones show nothing.
        self.digest == other.digest && (Arc::ptr_eq(&self.text, &other.text) || self.text == other.text)
    }
}

impl Eq for OperationName {}

impl Hash for OperationName {
    fn hash<H: Hasher>(&self, to: &mut H) {
        to.write_u64(self.digest);
    }
}

impl fmt::Debug for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}
