//! What people and systems do again and again, at a rate that changes with the hour.

use crate::clock::{MINUTE, Time, seconds};
use crate::dice::Dice;
use crate::sim::Sim;

/// So many steps ahead somebody looks for the next time at most: ten days.
const STEPS: usize = 960;

/// Has something done from now on, in clumps, about `rate` times an hour: the rate of any time to come.
pub fn activity(
    sim: &mut Sim,
    who: &'static str,
    number: u64,
    rate: impl Fn(&Sim, Time) -> f64 + 'static,
    mut work: impl FnMut(&mut Sim, &mut Dice) + 'static,
) {
    let mut dice = sim.dice(who, number);
    let first = next(sim, &mut dice, &rate);
    sim.repeat(first, move |sim| {
        work(sim, &mut dice);
        Some(next(sim, &mut dice, &rate))
    });
}

/// When it happens next: as [`Dice::clumped`] draws it, yet a quarter of an hour at a time, or a wait drawn at night would
/// last into the day.
fn next(sim: &Sim, dice: &mut Dice, rate: &impl Fn(&Sim, Time) -> f64) -> Time {
    let mean = |at: Time| 3600.0 / rate(sim, at).max(1e-6);
    if dice.chance(1.0 / 3.0) {
        let [soon, _] = Dice::clumps(mean(sim.now));
        return sim.now + seconds(dice.exponential(soon));
    }
    let mut from = sim.now;
    for _ in 0..STEPS {
        let [_, late] = Dice::clumps(mean(from));
        let wait = dice.exponential(late);
        if wait < 900.0 {
            return from + seconds(wait);
        }
        from += 15 * MINUTE;
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{DAY, HOUR, OPENING};
    use std::cell::Cell;
    use std::rc::Rc;

    #[test]
    fn a_night_does_not_hide_the_morning() {
        let mut sim = Sim::new(1, OPENING);
        let counts = Rc::new(Cell::new([0_u32; 2]));
        let seen = Rc::clone(&counts);
        let rate = |sim: &Sim, at: Time| if sim.calendar.hour(at) < 8.0 { 0.001 } else { 30.0 };
        activity(&mut sim, "test", 0, rate, move |sim, _| {
            let mut counts = seen.get();
            counts[usize::from(sim.calendar.hour(sim.now) >= 8.0)] += 1;
            seen.set(counts);
        });
        let end = sim.start + DAY - HOUR;
        assert!(sim.run(end, |_| Ok::<(), ()>(())).is_ok());
        let [night, day] = counts.get();
        assert!(night < 3, "{night}");
        assert!((330..600).contains(&day), "{day} of about 450");
    }
}
