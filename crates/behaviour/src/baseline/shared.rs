//! What several hold, and whoever changes it first takes a copy: what a checkpoint writes stays as it was, and learning goes
//! on beside it.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Something that is copied once it is changed while another holds it as well. It is written as what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared<T>(Arc<T>);

impl<T: Clone> Shared<T> {
    /// What it holds; a copy where another holds it as well.
    #[must_use]
    pub fn into_inner(self) -> T {
        Arc::unwrap_or_clone(self.0)
    }
}

impl<T> From<T> for Shared<T> {
    fn from(it: T) -> Self {
        Self(Arc::new(it))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shared<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::deserialize(from).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_changes_it_first_takes_a_copy() {
        let mut one = Shared::from(vec![1]);
        let place = one.as_ptr();
        let before = one.clone();
        assert_eq!(before.as_ptr(), place, "nothing is copied");
        one.push(2);
        assert_eq!((one.into_inner(), &*before), (vec![1, 2], &vec![1]));
        let inner = before.into_inner();
        assert_eq!(inner.as_ptr(), place, "nobody else holds it");
    }

    #[test]
    fn it_is_written_as_what_it_holds() {
        let octets = postcard::to_stdvec(&Shared::from(vec![1_u8, 2])).unwrap();
        assert_eq!(octets, postcard::to_stdvec(&vec![1_u8, 2]).unwrap());
        assert_eq!(postcard::from_bytes::<Shared<Vec<u8>>>(&octets).unwrap(), Shared::from(vec![1, 2]));
    }
}
