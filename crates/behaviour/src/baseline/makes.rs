//! What is typical of devices of one make, so that one that was never seen is judged by those of its kind from its first
//! packet on.
//!
//! The make is who the first three octets of the MAC address were assigned to (IEEE Std 802-2014, 8.2.2: the OUI), where an
//! address was assigned at all. One maker's devices need not be alike: typical is what more than half of them do.

use std::hash::Hash;

use hashbrown::HashMap;

/// Who made a device: its OUI.
pub type Make = [u8; 3];

/// The make of a device, by its id.
#[must_use]
pub fn make(id: &str) -> Option<Make> {
    const LOCALLY_ADMINISTERED: u8 = 0x02;
    let mut octets = id.strip_prefix("mac:")?.split(':').map(|octet| u8::from_str_radix(octet, 16));
    let mut make = [0; 3];
    for octet in &mut make {
        *octet = octets.next()?.ok()?;
    }
    (make[0] & LOCALLY_ADMINISTERED == 0).then_some(make)
}

/// What devices do, by make. `Id` stands for a device.
pub struct Makes<Id> {
    devices: HashMap<Make, u32, foldhash::fast::RandomState>,
    habits: HashMap<(Make, Habit<Id>), Users, foldhash::fast::RandomState>,
}

/// Something that devices do with one other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Habit<Id> {
    /// With whom.
    pub other: Id,
    /// On which transport and port.
    pub service: (u8, u16),
    /// They begin.
    pub initiates: bool,
}

/// How many devices of a make have a habit.
#[derive(Default)]
struct Users {
    all: u32,
    /// Those that had it on one day alone, by day.
    once: Vec<(u32, u32)>,
}

impl<Id> Default for Makes<Id> {
    fn default() -> Self {
        Self { devices: HashMap::default(), habits: HashMap::default() }
    }
}

impl<Id: Hash + Eq> Makes<Id> {
    /// All is taken in: gives back the room that was made for more.
    pub(crate) fn shrink(&mut self) {
        self.habits.shrink_to_fit();
    }

    /// There is a device.
    pub fn device(&mut self, make: Option<Make>) {
        if let Some(make) = make {
            *self.devices.entry(make).or_default() += 1;
        }
    }

    /// A device has a habit, on these days.
    pub fn has(&mut self, make: Option<Make>, habit: Habit<Id>, days: &[u32]) {
        let Some(make) = make else { return };
        let users = self.habits.entry((make, habit)).or_default();
        users.all += 1;
        if let [day] = days {
            match users.once.iter_mut().find(|(once, _)| once == day) {
                Some((_, count)) => *count += 1,
                None => users.once.push((*day, 1)),
            }
        }
    }

    /// Whether more than half of all devices of a make have a habit, by what was seen on other days than this.
    #[must_use]
    pub fn is_typical(&self, make: Option<Make>, habit: Habit<Id>, but_on: Option<u32>) -> bool {
        let Some(make) = make else { return false };
        let devices = self.devices.get(&make).copied().unwrap_or(0);
        self.habits.get(&(make, habit)).is_some_and(|users| {
            let once = users.once.iter().find(|(day, _)| but_on == Some(*day)).map_or(0, |(_, count)| *count);
            (users.all - once) * 2 > devices
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typical_is_what_more_than_half_of_a_make_do() {
        let mut makes = Makes::default();
        let pumps =
            ["mac:00:09:fb:00:00:01", "mac:00:09:fb:00:00:02", "mac:00:09:fb:00:00:03", "mac:00:09:fb:00:00:04"];
        let pumps = pumps.map(make);
        pumps.iter().for_each(|pump| makes.device(*pump));
        let habit = |port| Habit { other: "gateway", service: (6, port), initiates: true };
        pumps[..3].iter().for_each(|pump| makes.has(*pump, habit(1), &[7, 8]));
        pumps[..2].iter().for_each(|pump| makes.has(*pump, habit(2), &[7, 8]));
        makes.has(pumps[3], habit(1), &[9]);
        for (day, pump) in (7..).zip(pumps) {
            makes.has(pump, habit(3), &[day]);
        }
        assert!(makes.is_typical(make("mac:00:09:fb:99:99:99"), habit(1), None));
        assert!(!makes.is_typical(make("mac:00:09:fb:99:99:99"), habit(2), None), "half of them");
        assert!(makes.is_typical(pumps[0], habit(3), Some(7)), "the other three on other days");
        assert!(!makes.is_typical(make("mac:00:09:fb:99:99:99"), Habit { initiates: false, ..habit(1) }, None));
        assert!(!makes.is_typical(make("mac:00:09:fc:00:00:01"), habit(1), None), "another make");
        assert!(!makes.is_typical(make("ip:10.0.0.1"), habit(1), None), "no make is known");
    }

    #[test]
    fn an_address_that_nobody_assigned_says_no_make() {
        assert_eq!(make("mac:00:09:fb:01:02:03"), Some([0, 9, 0xfb]));
        assert_eq!(make("mac:02:09:fb:01:02:03"), None, "a phone that hides who it is");
        assert_eq!(make("ip:10.1.2.3"), None);
        assert_eq!(make("outside"), None);
    }
}
