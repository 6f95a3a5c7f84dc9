#![doc = include_str!("sensor_overloaded.md")]

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::scoring::Judged;
use crate::sensor::{Hindrance, Trouble};

/// What the detection is.
pub static ABOUT: About = About {
    name: "sensor-overloaded",
    title: "The sensor cannot keep up and misses part of what is sent",
    attack: &[technique("T0814")],
    impact: "What is lost is not looked at, and what seems to be silent may not be.",
    response: "Have network operations look for a flood on the mirrored ports; mirror less, or give the sensor a faster machine.",
    page: include_str!("sensor_overloaded.md"),
};

/// Keeps nothing: what was lost is counted where it is lost.
pub struct SensorOverloaded;

impl Detection for SensorOverloaded {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn sensor(&mut self, trouble: &Trouble, raise: &mut Raise<'_>) {
        let Hindrance::Overload { lost, read } = trouble.what else { return };
        let judged = Judged {
            severity: Severity::Medium,
            score: 75,
            explanation: "More is sent than the sensor can take, so that it misses a part and may miss something."
                .to_owned(),
            expected: "no packet lost".to_owned(),
            observed: format!("{lost} packets lost beside {read} that were read, within about a second"),
        };
        raise.raise(Deviation { count: lost, ..Deviation::of_sensor(&ABOUT, trouble, judged) });
    }
}
