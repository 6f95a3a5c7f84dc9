#![doc = include_str!("sensor_cannot_write.md")]

use crate::alert::{Deviation, Severity};
use crate::detection::{About, Detection, Raise};
use crate::scoring::Judged;
use crate::sensor::{Hindrance, Trouble};

/// What the detection is.
pub static ABOUT: About = About {
    name: "sensor-cannot-write",
    title: "The sensor cannot write its files",
    attack: &[],
    impact: "Alerts may reach nobody, and what is learned may be lost.",
    response: "Make room on the sensor's disk: what waits is written by itself then.",
    page: include_str!("sensor_cannot_write.md"),
};

/// Keeps nothing: the files know themselves whether they can be written.
pub struct SensorCannotWrite;

impl Detection for SensorCannotWrite {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn sensor(&mut self, trouble: &Trouble, raise: &mut Raise<'_>) {
        let Hindrance::Unwritten { what } = trouble.what else { return };
        let judged = Judged {
            severity: Severity::Medium,
            score: 75,
            explanation: "The sensor has no room for what it has to say, so that alerts may reach nobody.".to_owned(),
            expected: "all files are written".to_owned(),
            observed: format!("{} cannot be written", what.name()),
        };
        raise.raise(Deviation::of_sensor(&ABOUT, trouble, judged));
    }
}
