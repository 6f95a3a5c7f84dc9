#![doc = include_str!("ransomware.md")]

use wardtap_dissect::Finding;

use crate::alert::Severity;
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::observation::Content;
use crate::scoring::Judged;

/// What the detection is.
pub static ABOUT: About = About {
    name: "ransomware",
    title: "One file after the other gets a longer name",
    attack: &[technique("T1486"), technique("T1485"), technique("T1080"), technique("T0809")],
    impact: "Files that care works with become unreadable within minutes, and what does it spreads to further devices.",
    response: "With clinical engineering, cut the sender off the network now, and take the shares offline. Leave the sender running.",
    page: include_str!("ransomware.md"),
};

/// Keeps nothing: dissectors count.
pub struct Ransomware;

impl Detection for Ransomware {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn content(&mut self, content: &Content, raise: &mut Raise<'_>) {
        let Finding::Renaming { files, .. } = content.finding else { return };
        let judged = Judged {
            severity: Severity::Critical,
            score: 95,
            explanation: format!(
                "{} gives one file of {} after the other a name with something behind it.",
                content.sender, content.receiver
            ),
            expected: "a few files that are renamed now and then".to_owned(),
            observed: format!("{files} files opened, and kept or written again under their names with an ending more"),
        };
        raise.raise(content.deviation(&ABOUT, "files", judged));
    }
}
