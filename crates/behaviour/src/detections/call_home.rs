#![doc = include_str!("call_home.md")]

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::observation::Called;
use crate::scoring::Judged;

/// What the detection is.
pub static ABOUT: About = About {
    name: "call-home",
    title: "A device calls an address that is built into it",
    attack: &[technique("T0862"), technique("T0891")],
    impact: "Whoever holds that address can change what the device shows and does, and gets what it knows of patients.",
    response: "Have the firewall refuse that address, and ask clinical engineering to replace the device.",
    page: include_str!("call_home.md"),
};

/// Keeps nothing: every conversation with such an address is reported.
#[derive(Default)]
pub struct CallHome;

impl Detection for CallHome {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn called(&mut self, called: &Called, raise: &mut Raise<'_>) {
        let Called { from, known, flow, place } = *called;
        let judged = Judged {
            severity: Severity::High,
            score: 90,
            explanation: format!(
                "{from} calls an address outside that its maker has built into it, and that is warned of."
            ),
            expected: "no packet to an address that devices have built in".to_owned(),
            observed: format!("a packet to {} ({}; {})", known.address, known.products, known.source),
        };
        raise.raise(Deviation {
            flow: Some(flow),
            ..Deviation::new(&ABOUT, (from, Some(known.address)), "built-in", place, judged)
        });
    }
}
