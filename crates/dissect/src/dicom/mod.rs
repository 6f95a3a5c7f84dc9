//! dicom

use crate::{Dissector, Evidence, FlowFacts, Gap, MessageHandler, Probe, Progress, Protocol};
use wardtap_net::stream::{Chunk, Side};

/// dicom
pub static PROTOCOL: Protocol = Protocol {
    index: 1,
    name: "dicom",
    title: "dicom",
    responder_role: "",
    requester_role: "",
    ports: &[],
    kinds: &[],
    anomalies: &[],
    features: &[],
    target: None,
    probe,
    dissector: |_| Box::new(Stub),
};

struct Stub;

fn probe(_: &Evidence<'_>) -> Probe {
    Probe::No
}

impl Dissector for Stub {
    fn dissect(&mut self, _: &Chunk<'_>, _: &mut dyn MessageHandler) -> Progress {
        Progress::All
    }
    fn gap(&mut self, _: &Gap<'_>, _: &mut dyn MessageHandler) {}
    fn finish(&mut self, _: [&[u8]; 2], _: &mut dyn MessageHandler) {}
    fn requester(&self) -> Option<Side> {
        None
    }
}
