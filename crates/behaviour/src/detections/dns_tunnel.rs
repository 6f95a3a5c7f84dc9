#![doc = include_str!("dns_tunnel.md")]

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::beneath::AskedBelow;
use crate::detection::{About, Detection, Raise};
use crate::scoring::Judged;

/// What the detection is.
pub static ABOUT: About = About {
    name: "dns-tunnel",
    title: "Questions for names that may carry data out",
    attack: &[technique("T1071.004"), technique("T1572"), technique("T1048")],
    impact: "Patients' data may leave hidden in questions for names, or somebody outside may control the device that asks.",
    response: "Find which program asks. If nobody knows it, have clinical engineering take the device off the network, and block the name.",
    page: include_str!("dns_tunnel.md"),
};

/// Keeps nothing: workers count.
pub struct DnsTunnel;

impl Detection for DnsTunnel {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asked_below(&mut self, asked: &AskedBelow, raise: &mut Raise<'_>) {
        let AskedBelow { requester, responder, names, octets, first, last, .. } = *asked;
        let minutes = last.time.since(first.time).div_ceil(60_000_000_000);
        let judged = Judged {
            severity: Severity::High,
            score: 80,
            explanation: format!("{requester} asks {responder} for one long name after the other, all below one."),
            expected: "few long names below one that is registered".to_owned(),
            observed: format!("about {names} different names with {octets} characters in {minutes} minutes"),
        };
        let deviation = Deviation::new(&ABOUT, (responder, Some(requester)), "names", last, judged);
        raise.raise(Deviation { first: first.time, evidence: vec![first, last], ..deviation });
    }
}
