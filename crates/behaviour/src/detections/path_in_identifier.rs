#![doc = include_str!("path_in_identifier.md")]

use wardtap_dissect::Finding;

use crate::alert::Severity;
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::observation::Content;
use crate::scoring::Judged;

/// What the detection is.
pub static ABOUT: About = About {
    name: "path-in-identifier",
    title: "An identifier is the path of a file",
    attack: &[technique("T0866"), technique("T0867"), technique("T1105")],
    impact: "Whoever writes files on the archive's server can stop imaging, and read, change or delete all images.",
    response: "Look on the receiver for files written at that time. Find out what runs on the sender.",
    page: include_str!("path_in_identifier.md"),
};

/// Keeps nothing: every such request is reported.
pub struct PathInIdentifier;

impl Detection for PathInIdentifier {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn content(&mut self, content: &Content, raise: &mut Raise<'_>) {
        let Finding::Path { place, .. } = content.finding else { return };
        let judged = Judged {
            severity: Severity::Critical,
            score: 90,
            explanation: format!(
                "{} sent an object to {} under an identifier that is the path of a file: it may be written there.",
                content.sender, content.receiver
            ),
            expected: "an identifier of digits and full stops".to_owned(),
            observed: format!("a path as {place}"),
        };
        raise.raise(content.deviation(&ABOUT, place, judged));
    }
}
