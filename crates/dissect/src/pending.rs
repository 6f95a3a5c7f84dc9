//! Requests that wait for their answers: few, in order, capped.
//!
//! One request is kept in place, since most peers ask one at a time and an idle flow must stay small; more go to a
//! queue on the heap that is given back when it empties.

use std::collections::VecDeque;

/// The most requests kept for one direction of a flow; the oldest is given up for a newer one.
pub const PENDING_MAX: usize = 1024;

/// Waiting requests, oldest first.
#[derive(Debug)]
pub struct Pending<T> {
    first: Option<T>,
    // Boxed: an idle flow pays eight bytes for it, not thirty-two.
    #[allow(clippy::box_collection)]
    rest: Option<Box<VecDeque<T>>>,
}

impl<T> Default for Pending<T> {
    fn default() -> Self {
        Self { first: None, rest: None }
    }
}

impl<T> Pending<T> {
    /// Adds the newest request; gives back the oldest one where the cap pushes it out.
    pub fn push(&mut self, request: T) -> Option<T> {
        if self.first.is_none() && self.rest.is_none() {
            self.first = Some(request);
            return None;
        }
        let rest = self.rest.get_or_insert_default();
        rest.push_back(request);
        if rest.len() >= PENDING_MAX { self.pop_oldest() } else { None }
    }

    /// Takes the oldest request for which `matches` holds.
    pub fn take(&mut self, mut matches: impl FnMut(&T) -> bool) -> Option<T> {
        if self.first.as_ref().is_some_and(&mut matches) {
            return self.pop_oldest();
        }
        let rest = self.rest.as_mut()?;
        let position = rest.iter().position(matches)?;
        let taken = rest.remove(position);
        self.shrink();
        taken
    }

    /// Takes the oldest request.
    pub fn pop_oldest(&mut self) -> Option<T> {
        let oldest = self.first.take();
        if let Some(rest) = self.rest.as_mut() {
            self.first = rest.pop_front();
        }
        self.shrink();
        oldest
    }

    /// Oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(self.rest.iter().flat_map(|rest| rest.iter()))
    }

    /// True when nothing waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.first.is_none() && self.rest.is_none()
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::from(self.first.is_some()).saturating_add(self.rest.as_ref().map_or(0, |rest| rest.len()))
    }

    /// Octets on the heap: the queue keeps its room until it empties.
    #[inline]
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.rest
            .as_ref()
            .map_or(0, |rest| rest.capacity().saturating_mul(size_of::<T>()).saturating_add(size_of::<VecDeque<T>>()))
    }

    fn shrink(&mut self) {
        if self.rest.as_ref().is_some_and(|rest| rest.is_empty()) {
            self.rest = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oldest_first_and_capped() {
        let mut pending = Pending::default();
        for number in 0..PENDING_MAX as u32 {
            assert_eq!(pending.push(number), None);
        }
        assert_eq!(pending.push(5000), Some(0));
        assert_eq!(pending.len(), PENDING_MAX);
        assert!(pending.held_bytes() >= (PENDING_MAX - 1) * size_of::<u32>());
        assert_eq!(pending.take(|&number| number == 7), Some(7));
        assert_eq!(pending.take(|&number| number == 7), None);
        assert_eq!(pending.pop_oldest(), Some(1));
        while pending.pop_oldest().is_some() {}
        assert!(pending.is_empty());
        assert_eq!(pending.held_bytes(), 0);
        assert_eq!(pending.push(1), None);
        assert_eq!(pending.iter().count(), 1);
    }
}
