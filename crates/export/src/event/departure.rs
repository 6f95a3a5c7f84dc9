//! What of an alert the baseline does not hold: written with the alert, and read again where somebody accepts it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wardtap_behaviour::baseline::approval::{Change, Changed, measure_name, measure_named};
use wardtap_behaviour::baseline::measure::Measure;
use wardtap_behaviour::baseline::store::LinkKey;

/// What the baseline does not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DepartureBody {
    /// The id of who opens conversations; `outside` for all that is outside of the site.
    pub initiator: String,
    /// The id of who answers; `group` for multicast and broadcast.
    pub responder: String,
    /// The IP protocol.
    pub transport: u8,
    /// The port of the responder; 0 for any dynamic one, and for protocols without ports.
    pub port: u16,
    /// `initiator`, `responder` (that device is new), `link`, `operation`, `hours`, `loop` (values that repeat themselves), or
    /// the name of a quantity.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z]+)*$"))]
    pub what: String,
    /// The operation that is new, or whose quantity it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// How much there was of the quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<u64>,
    /// How much was normal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normal: Option<u64>,
    /// The place that the operation reads or writes, where the quantity is one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<u32>,
    /// The value there, of a `setting` or a `reading`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_value: Option<i32>,
    /// The end of the range of values that were normal there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_normal: Option<i32>,
    /// Hours of working days, by the site's clocks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(range(max = 23)))]
    pub work_hours: Vec<u8>,
    /// Hours of days of rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(range(max = 23)))]
    pub rest_hours: Vec<u8>,
}

impl From<&Change> for DepartureBody {
    fn from(change: &Change) -> Self {
        let LinkKey { initiator, responder, transport, port } = change.link.clone();
        let body = Self { initiator, responder, transport, port, ..Self::default() };
        match &change.what {
            Changed::Device { initiates: true } => Self { what: "initiator".to_owned(), ..body },
            Changed::Device { initiates: false } => Self { what: "responder".to_owned(), ..body },
            Changed::Link => Self { what: "link".to_owned(), ..body },
            Changed::Operation(name) => Self { what: "operation".to_owned(), operation: Some(name.clone()), ..body },
            Changed::Hours([work, rest]) => {
                Self { what: "hours".to_owned(), work_hours: hours(*work), rest_hours: hours(*rest), ..body }
            }
            Changed::Beyond { measure, operation, now, normal } => Self {
                what: measure_name(*measure).to_owned(),
                operation: operation.clone(),
                value: Some(*now),
                normal: Some(*normal),
                ..body
            },
            Changed::Point { measure, operation, place, now, normal } => Self {
                what: measure_name(*measure).to_owned(),
                operation: Some(operation.clone()),
                place: Some(*place),
                place_value: Some(*now),
                place_normal: Some(*normal),
                ..body
            },
            Changed::Frozen { operation, place, now, normal } => Self {
                what: measure_name(Measure::Frozen).to_owned(),
                operation: Some(operation.clone()),
                place: Some(*place),
                value: Some((*now).into()),
                normal: Some((*normal).into()),
                ..body
            },
            Changed::Looped(operation) => Self { what: "loop".to_owned(), operation: Some(operation.clone()), ..body },
        }
    }
}

impl DepartureBody {
    /// What it was written from; None where it says nothing that there is.
    #[must_use]
    pub fn change(&self) -> Option<Change> {
        let what = match self.what.as_str() {
            "initiator" => Changed::Device { initiates: true },
            "responder" => Changed::Device { initiates: false },
            "link" => Changed::Link,
            "operation" => Changed::Operation(self.operation.clone()?),
            "hours" => Changed::Hours([mask(&self.work_hours), mask(&self.rest_hours)]),
            "loop" => Changed::Looped(self.operation.clone()?),
            quantity => self.quantity(measure_named(quantity)?)?,
        };
        let Self { initiator, responder, transport, port, .. } = self.clone();
        Some(Change { link: LinkKey { initiator, responder, transport, port }, what })
    }
}

impl DepartureBody {
    fn quantity(&self, measure: Measure) -> Option<Changed> {
        Some(match measure {
            Measure::Setting | Measure::Reading => Changed::Point {
                measure,
                operation: self.operation.clone()?,
                place: self.place?,
                now: self.place_value?,
                normal: self.place_normal?,
            },
            Measure::Frozen => Changed::Frozen {
                operation: self.operation.clone()?,
                place: self.place?,
                now: u32::try_from(self.value?).ok()?,
                normal: u32::try_from(self.normal?).ok()?,
            },
            _ => Changed::Beyond { measure, operation: self.operation.clone(), now: self.value?, normal: self.normal? },
        })
    }
}

/// The hours of a mask.
#[must_use]
pub fn hours(mask: u32) -> Vec<u8> {
    (0..24).filter(|hour| mask >> hour & 1 == 1).collect()
}

fn mask(hours: &[u8]) -> u32 {
    hours.iter().filter(|hour| **hour < 24).fold(0, |mask, hour| mask | 1 << hour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let link =
            LinkKey { initiator: "outside".to_owned(), responder: "ip:10.0.0.1".to_owned(), transport: 6, port: 104 };
        let beyond = |measure| Changed::Beyond { measure, operation: Some("say".to_owned()), now: 7, normal: 3 };
        let mut all = vec![
            Changed::Device { initiates: true },
            Changed::Device { initiates: false },
            Changed::Link,
            Changed::Operation("say\tdoor=1".to_owned()),
            Changed::Hours([1 << 23 | 1, 2]),
        ];
        let of_places = [Measure::Setting, Measure::Reading, Measure::Frozen];
        all.extend(Measure::ALL.into_iter().filter(|measure| !of_places.contains(measure)).map(beyond));
        let operation = || "say".to_owned();
        let point = |measure| Changed::Point { measure, operation: operation(), place: 40, now: -150, normal: -16 };
        all.extend([point(Measure::Setting), point(Measure::Reading), Changed::Looped(operation())]);
        all.push(Changed::Frozen { operation: operation(), place: 40, now: 90, normal: 2 });
        for what in all {
            let change = Change { link: link.clone(), what };
            let text = serde_json::to_string(&DepartureBody::from(&change)).unwrap();
            let read: DepartureBody = serde_json::from_str(&text).unwrap();
            assert_eq!(read.change(), Some(change), "{text}");
        }
    }
}
