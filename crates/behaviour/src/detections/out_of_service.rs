#![doc = include_str!("out_of_service.md")]

use crate::alert::{Deviation, Severity};
use crate::assets::Status;
use crate::detection::{About, Detection, Raise};
use crate::observation::OutOfService;
use crate::scoring::Judged;

/// What the detection is.
pub static ABOUT: About = About {
    name: "out-of-service",
    title: "A device that is not in service is active",
    attack: &[],
    impact: "A device that is not checked may be in use on a patient, or somebody uses its address.",
    response: "Ask clinical engineering where the device is; where it is back in service, have the assets file say so.",
    page: include_str!("out_of_service.md"),
};

/// Keeps nothing: a device appears once, and has few addresses.
pub struct DeviceOutOfService;

impl Detection for DeviceOutOfService {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn out_of_service(&mut self, heard: &OutOfService, raise: &mut Raise<'_>) {
        let OutOfService { address, status, place } = *heard;
        let (severity, said) = match status {
            Status::InService => return,
            Status::OnLoan => (Severity::Low, "on loan"),
            Status::Workshop => (Severity::Low, "in the workshop"),
            Status::Retired => (Severity::Medium, "retired"),
        };
        let judged = Judged {
            severity,
            score: 70,
            explanation: format!("{address} is active, though the hospital says that it is {said}."),
            expected: format!("{said}, and not heard"),
            observed: "heard".to_owned(),
        };
        raise.raise(Deviation::new(&ABOUT, (address, None), "", place, judged));
    }
}
