#![doc = include_str!("executable_in_image.md")]

use wardtap_dissect::Finding;

use crate::alert::Severity;
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::observation::Content;
use crate::scoring::Judged;

/// What the detection is.
pub static ABOUT: About = About {
    name: "executable-in-image",
    title: "A program is hidden in an image",
    attack: &[technique("T0867"), technique("T0863")],
    impact: "An infected archive or workstation stops imaging: studies cannot be taken, sent or read.",
    response: "Do not open the object. Quarantine it in the archive, and find out what runs on the sender.",
    page: include_str!("executable_in_image.md"),
};

/// Keeps nothing: every such transfer is reported.
#[derive(Default)]
pub struct ExecutableInImage;

impl Detection for ExecutableInImage {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn content(&mut self, content: &Content, raise: &mut Raise<'_>) {
        let Finding::Executable { format, place, .. } = content.finding else { return };
        let judged = Judged {
            severity: Severity::Critical,
            score: 95,
            explanation: format!(
                "{} sent an object to {} that carries a computer program where an image belongs.",
                content.sender, content.receiver
            ),
            expected: "a data set that begins with a data element".to_owned(),
            observed: format!("{format} {place}"),
        };
        raise.raise(content.deviation(&ABOUT, format, judged));
    }
}
