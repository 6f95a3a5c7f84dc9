//! What the controllers measure and move: slow physics, stepped whenever somebody looks.

use std::time::Duration;

use super::unit::{
    FAN_LEAST, FRIDGE_SETPOINT, HOLDING, INPUT_REGISTERS, INPUTS, Image, Kind, PRESSURE_SETPOINT, TEMPERATURE_SETPOINT,
    signed,
};
use crate::clock::{Calendar, DAY, Time, seconds};
use crate::dice::Dice;

/// A value that is drawn to where it belongs, and never rests (an Ornstein-Uhlenbeck process).
#[derive(Clone, Copy, Debug)]
struct Wander {
    value: f64,
    /// Seconds in which most of a way is gone.
    pull: f64,
    /// How far it strays.
    spread: f64,
}

impl Wander {
    fn step(&mut self, target: f64, elapsed: f64, dice: &mut Dice) -> f64 {
        let kept = libm::exp(-elapsed / self.pull);
        let stray = self.spread * (1.0 - kept * kept).sqrt();
        self.value = target + (self.value - target) * kept + dice.normal(0.0, stray);
        self.value
    }
}

const fn wander(value: f64, pull: f64, spread: f64) -> Wander {
    Wander { value, pull, spread }
}

/// A vessel that a machine fills when it falls to a limit, and that is emptied by use.
#[derive(Clone, Copy, Debug)]
struct Vessel {
    level: f64,
    limits: (f64, f64),
    fills: bool,
}

impl Vessel {
    fn step(&mut self, filling: f64, use_up: f64, elapsed: f64) {
        self.level += elapsed * if self.fills { filling - use_up } else { -use_up };
        let (low, high) = self.limits;
        if self.level <= low {
            self.fills = true;
        } else if self.level >= high {
            self.fills = false;
        }
        let slack = (high - low) * 0.3;
        self.level = self.level.clamp(low - slack, high + slack);
    }
}

/// Something that happens now and then and lasts a while: an open door, a mains failure.
#[derive(Clone, Copy, Debug, Default)]
struct Spell {
    next: Time,
    until: Time,
}

impl Spell {
    fn lasts(
        &mut self,
        now: Time,
        dice: &mut Dice,
        wait: impl FnOnce(&mut Dice) -> Duration,
        length: impl FnOnce(&mut Dice) -> Duration,
    ) -> bool {
        if self.next == Time::default() {
            self.next = now + wait(dice);
        } else if now >= self.next {
            self.until = now + length(dice);
            self.next = self.until + wait(dice);
        }
        now < self.until
    }
}

/// The physics of a unit.
#[derive(Clone, Debug)]
pub struct Process {
    dice: Dice,
    stepped: Time,
    main: Wander,
    second: Wander,
    third: Wander,
    vessels: [Vessel; 2],
    door: Spell,
    /// What is added to the main value: kPa of oxygen, Pa of a room, a fridge's degrees. Scenarios and faults set it.
    pub disturbance: f64,
    /// The main value of this unit differs from others' by so much.
    own: f64,
    hours: f64,
}

impl Process {
    /// As it stands when somebody first looks.
    pub fn new(kind: Kind, mut dice: Dice) -> Self {
        let vessel = |low, high, dice: &mut Dice| Vessel {
            level: dice.between(low, high),
            limits: (low, high),
            fills: dice.chance(0.4),
        };
        let (main, second, third, vessels) = match kind {
            Kind::Gas => {
                let vessels = [vessel(720.0, 790.0, &mut dice), vessel(52.0, 68.0, &mut dice)];
                (wander(415.0, 400.0, 1.6), wander(408.0, 300.0, 1.5), wander(168.0, 20_000.0, 3.0), vessels)
            }
            Kind::Isolation => {
                let none = vessel(0.0, 1.0, &mut dice);
                (wander(-15.0, 25.0, 0.7), wander(22.0, 1500.0, 0.2), wander(45.0, 9000.0, 3.0), [none; 2])
            }
            Kind::Ups => {
                let none = vessel(0.0, 1.0, &mut dice);
                (wander(48.0, 900.0, 1.5), wander(230.0, 600.0, 1.2), wander(25.0, 7000.0, 0.4), [none; 2])
            }
            Kind::Fridge => {
                let air = vessel(3.2, 4.8, &mut dice);
                (wander(4.0, 1200.0, 0.05), wander(4.0, 60.0, 0.1), wander(21.0, 7000.0, 0.5), [air; 2])
            }
        };
        let (own, hours) = (dice.normal(0.0, 1.0), dice.between(500.0, 20_000.0));
        let (stepped, door) = (Time::default(), Spell::default());
        Self { dice, stepped, main, second, third, vessels, door, disturbance: 0.0, own, hours }
    }

    /// Brings a unit's registers and inputs up to date.
    pub fn step(&mut self, kind: Kind, image: &mut Image, now: Time, calendar: Calendar) {
        let elapsed = if self.stepped == Time::default() { 1.0 } else { now.since(self.stepped).as_secs_f64() };
        self.stepped = now;
        self.hours += elapsed / 3600.0;
        match kind {
            Kind::Gas => self.gas(image, elapsed, calendar.clinical(now)),
            Kind::Isolation => self.isolation(image, elapsed, now, calendar),
            Kind::Ups => self.ups(image, elapsed, now, calendar.office(now)),
            Kind::Fridge => self.fridge(image, elapsed, now, calendar.clinical(now)),
        }
    }

    fn gas(&mut self, image: &mut Image, elapsed: f64, demand: f64) {
        let dice = &mut self.dice;
        let oxygen = self.main.step(419.0 + self.own - 9.0 * demand, elapsed, dice) + self.disturbance;
        let air = self.second.step(411.0 + self.own - 6.0 * demand, elapsed, dice);
        let bottles = self.third.step(168.0, elapsed, dice);
        let [surgical, vacuum] = &mut self.vessels;
        surgical.step(0.9, 0.05 + 0.3 * demand * dice.between(0.6, 1.4), elapsed);
        // The pump raises the vacuum, use lowers it.
        vacuum.step(0.35, 0.02 + 0.12 * demand * dice.between(0.6, 1.4), elapsed);
        let flow = 180.0 + 420.0 * demand + dice.normal(0.0, 12.0);
        let values =
            [oxygen, air, surgical.level, vacuum.level, bottles, bottles + 6.0, flow, flow * 1.4, self.hours / 10.0];
        store(image, INPUT_REGISTERS, 0, &values);
        store(image, INPUT_REGISTERS, 20, &[flow * 0.2, 6.0 + dice.normal(0.0, 0.3), 21.0 + self.own, -40.0]);
        let limit = |image: &mut Image, number: u16| f64::from(image.get(HOLDING, 100 + number));
        let alarms = [
            oxygen > limit(image, 0),
            oxygen < limit(image, 1),
            air > limit(image, 2),
            air < limit(image, 3),
            surgical.level > limit(image, 4),
            surgical.level < limit(image, 5),
            vacuum.level < limit(image, 6) - 12.0,
            bottles < 100.0,
        ];
        for (number, alarm) in (0..).zip(alarms) {
            image.set(INPUTS, number, u16::from(alarm));
        }
        image.set(INPUTS, 8, u16::from(surgical.fills));
        image.set(INPUTS, 9, u16::from(vacuum.fills));
        image.set(INPUTS, 15, 1);
    }

    fn isolation(&mut self, image: &mut Image, elapsed: f64, now: Time, calendar: Calendar) {
        let dice = &mut self.dice;
        let rate = 0.3 + 5.0 * calendar.clinical(now);
        let open = self.door.lasts(now, dice, |dice| dice.clumped(rate), |dice| dice.skewed(seconds(25.0), 0.5));
        let wanted = f64::from(image.get(HOLDING, PRESSURE_SETPOINT) as i16) / 10.0;
        let warm = f64::from(image.get(HOLDING, TEMPERATURE_SETPOINT)) / 10.0;
        let least = f64::from(image.get(HOLDING, FAN_LEAST)) / 10.0;
        let pressure = self.main.step(if open { -2.0 } else { wanted }, elapsed, dice) + self.disturbance;
        let warmth = self.second.step(warm + if open { 0.3 } else { 0.0 }, elapsed, dice);
        let humidity = self.third.step(45.0 + 4.0 * self.own, elapsed, dice);
        let fan =
            (48.0 - wanted * 1.1 + 2.0 * self.own + if open { 22.0 } else { 0.0 } + dice.normal(0.0, 0.6)).max(least);
        let supply = 6.2 * fan + dice.normal(0.0, 3.0);
        let values = [pressure * 10.0, fan * 10.0, supply, supply * 1.18, warmth * 10.0, humidity * 10.0, 120.0, 0.0];
        store(image, INPUT_REGISTERS, 0, &values);
        image.set(INPUT_REGISTERS, 6, (118.0 + self.hours / 800.0) as u16);
        store(image, INPUT_REGISTERS, 30, &[fan * 28.0, 12.0, fan * 4.1, warmth * 10.0 - 30.0, 0.0, self.hours / 10.0]);
        image.set(INPUTS, 0, u16::from(open));
        image.set(INPUTS, 2, u16::from(pressure > wanted / 2.0 && !open));
        image.set(INPUTS, 4, 1);
    }

    fn ups(&mut self, image: &mut Image, elapsed: f64, now: Time, busy: f64) {
        let dice = &mut self.dice;
        let wait = |dice: &mut Dice| seconds(dice.exponential(25.0 * DAY.as_secs_f64()));
        let battery = self.door.lasts(now, dice, wait, |dice| dice.skewed(seconds(12.0), 1.0));
        let load = self.main.step(40.0 + 5.0 * self.own + 16.0 * busy, elapsed, dice);
        let mains = if battery { 0.0 } else { self.second.step(230.0, elapsed, dice) };
        let warmth = self.third.step(24.5 + 2.0 * busy, elapsed, dice);
        self.disturbance = (self.disturbance + if battery { 0.4 } else { -elapsed / 60.0 }).clamp(0.0, 60.0);
        let charge = 100.0 - self.disturbance;
        let status = if battery { 4.0 } else { 2.0 };
        let runtime = charge * 55.0 / load;
        let frequency = if battery { 0.0 } else { 500.0 + dice.normal(0.0, 0.25) };
        let values = [
            status,
            load * 10.0,
            charge * 10.0,
            runtime,
            mains * 10.0,
            2300.0 + dice.normal(0.0, 1.0),
            frequency,
            warmth * 10.0,
            load * 1.7,
            2700.0,
            0.0,
            self.hours / 24.0,
            0.0,
            1.0,
        ];
        store(image, HOLDING, 128, &values);
    }

    fn fridge(&mut self, image: &mut Image, elapsed: f64, now: Time, busy: f64) {
        let dice = &mut self.dice;
        let wanted = f64::from(image.get(HOLDING, FRIDGE_SETPOINT)) / 10.0;
        let wait = |dice: &mut Dice| dice.clumped(0.2 + 2.5 * busy);
        let open = self.door.lasts(now, dice, wait, |dice| dice.skewed(seconds(30.0), 0.6));
        let [air, _] = &mut self.vessels;
        air.limits = (wanted - 0.8, wanted + 0.8);
        // The compressor of this vessel takes warmth out: it runs from the upper limit down to the lower.
        let warming = 0.0013 + if open { 0.02 } else { 0.0 };
        air.level += elapsed.min(300.0) * if air.fills { warming - 0.004 } else { warming };
        if air.level >= air.limits.1 {
            air.fills = true;
        } else if air.level <= air.limits.0 {
            air.fills = false;
        }
        air.level = air.level.clamp(wanted - 1.5, wanted + 3.5);
        let product = self.main.step(air.level, elapsed, dice) + self.disturbance;
        let values = [
            product * 10.0,
            (air.level + self.disturbance) * 10.0 + dice.normal(0.0, 0.4),
            f64::from(u8::from(air.fills)),
            f64::from(u8::from(open)),
            self.third.step(21.5 + self.own, elapsed, dice) * 10.0,
            self.hours,
        ];
        store(image, INPUT_REGISTERS, 0, &values);
    }
}

fn store(image: &mut Image, table: u8, address: u16, values: &[f64]) {
    if let Some(place) = image.slice(table, address, values.len() as u16) {
        for (register, value) in place.iter_mut().zip(values) {
            *register = signed(libm::round(value.clamp(-32_768.0, 32_767.0)) as i16);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::unit::Unit;
    use super::*;
    use crate::clock::{OPENING, secs};

    /// What a week of a unit looks like: the least and the greatest of a value.
    fn week(kind: Kind, table: u8, address: u16) -> (i16, i16) {
        let mut unit = Unit::new(1, kind, Dice::new(1, "unit", 0));
        let calendar = Calendar { opened: OPENING, utc_offset_hours: 1 };
        let (mut now, mut seen) = (OPENING, Vec::new());
        for _ in 0..7 * 2880 {
            now += secs(30);
            unit.process.step(kind, &mut unit.image, now, calendar);
            seen.push(unit.image.get(table, address) as i16);
        }
        (seen.iter().copied().min().unwrap_or_default(), seen.iter().copied().max().unwrap_or_default())
    }

    #[test]
    fn values_stay_plausible_and_move() {
        let inside = |(low, high): (i16, i16), from: i16, to: i16| from <= low && low < high && high <= to;
        assert!(inside(week(Kind::Gas, INPUT_REGISTERS, 0), 395, 435), "oxygen");
        assert!(inside(week(Kind::Gas, INPUT_REGISTERS, 2), 690, 820), "surgical air");
        assert!(inside(week(Kind::Gas, INPUT_REGISTERS, 3), 45, 75), "vacuum");
        assert!(inside(week(Kind::Isolation, INPUT_REGISTERS, 0), -190, 0), "pressure");
        assert!(inside(week(Kind::Fridge, INPUT_REGISTERS, 0), 20, 80), "fridge");
        assert_eq!(week(Kind::Gas, INPUTS, 1), (0, 0), "no oxygen alarm in a quiet week");
    }
}
