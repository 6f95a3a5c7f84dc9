//! What of an alert the baseline does not hold: written with the alert, and read again where somebody accepts it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wardtap_behaviour::baseline::change::{Change, Changed, measure_name, measure_named};
use wardtap_behaviour::baseline::store::LinkKey;
use wardtap_dissect::results::Analyte;

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
    /// `initiator`, `responder` (that device is new), `stand-in` (the initiator plays the part of the responder), `link`, `operation`, `hours`, `point` (values at a place), `still` (a
    /// place that does not change), `loop` (values that come again and again), `results` (means of results), or the name of a quantity.
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
    /// The place of an operation, for `point` and `still`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<u32>,
    /// The least value at that place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<i32>,
    /// The greatest value at that place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<i32>,
    /// For `results`: what was measured, as LOINC numbers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analyte: Option<String>,
    /// For `results`: the least mean of twenty of them, in millionths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_millionths: Option<i64>,
    /// For `results`: the greatest mean of twenty of them, in millionths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_millionths: Option<i64>,
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
            Changed::StandIn => Self { what: "stand-in".to_owned(), ..body },
            Changed::Link => Self { what: "link".to_owned(), ..body },
            Changed::Operation(name) => Self { what: "operation".to_owned(), operation: Some(name.clone()), ..body },
            Changed::Hours { operation, hours: [work, rest] } => Self {
                what: "hours".to_owned(),
                operation: operation.clone(),
                work_hours: hours(*work),
                rest_hours: hours(*rest),
                ..body
            },
            Changed::Beyond { measure, operation, now, normal } => Self {
                what: measure_name(*measure).to_owned(),
                operation: operation.clone(),
                value: Some(*now),
                normal: Some(*normal),
                ..body
            },
            Changed::Point { operation, place, low, high } => {
                let (place, low, high) = (Some(*place), Some(*low), Some(*high));
                Self { what: "point".to_owned(), operation: Some(operation.clone()), place, low, high, ..body }
            }
            Changed::Still { operation, place, minutes } => {
                let (place, value) = (Some(*place), Some(u64::from(*minutes)));
                Self { what: "still".to_owned(), operation: Some(operation.clone()), place, value, ..body }
            }
            Changed::Results { operation, analyte, low, high } => Self {
                what: "results".to_owned(),
                operation: Some(operation.clone()),
                analyte: Some(analyte.to_string()),
                low_millionths: Some(*low),
                high_millionths: Some(*high),
                ..body
            },
            Changed::Loop { operation } => Self { what: "loop".to_owned(), operation: Some(operation.clone()), ..body },
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
            "stand-in" => Changed::StandIn,
            "link" => Changed::Link,
            "operation" => Changed::Operation(self.operation.clone()?),
            "hours" => Changed::Hours {
                operation: self.operation.clone(),
                hours: [mask(&self.work_hours), mask(&self.rest_hours)],
            },
            "point" => Changed::Point {
                operation: self.operation.clone()?,
                place: self.place?,
                low: self.low?,
                high: self.high?,
            },
            "still" => Changed::Still {
                operation: self.operation.clone()?,
                place: self.place?,
                minutes: u32::try_from(self.value?).ok()?,
            },
            "results" => Changed::Results {
                operation: self.operation.clone()?,
                analyte: Analyte::loinc(self.analyte.as_deref()?.as_bytes())?,
                low: self.low_millionths?,
                high: self.high_millionths?,
            },
            "loop" => Changed::Loop { operation: self.operation.clone()? },
            quantity => Changed::Beyond {
                measure: measure_named(quantity)?,
                operation: self.operation.clone(),
                now: self.value?,
                normal: self.normal?,
            },
        };
        let Self { initiator, responder, transport, port, .. } = self.clone();
        Some(Change { link: LinkKey { initiator, responder, transport, port }, what })
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
    use wardtap_behaviour::baseline::measure::Measure;

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let link =
            LinkKey { initiator: "outside".to_owned(), responder: "ip:10.0.0.1".to_owned(), transport: 6, port: 104 };
        let beyond = |measure| Changed::Beyond { measure, operation: Some("say".to_owned()), now: 7, normal: 3 };
        let mut all = vec![
            Changed::Device { initiates: true },
            Changed::Device { initiates: false },
            Changed::StandIn,
            Changed::Link,
            Changed::Operation("say\tdoor=1".to_owned()),
            Changed::Hours { operation: None, hours: [1 << 23 | 1, 2] },
            Changed::Hours { operation: Some("say".to_owned()), hours: [0, 4] },
            Changed::Point { operation: "say".to_owned(), place: 40_001, low: -5, high: 65_535 },
            Changed::Still { operation: "say".to_owned(), place: 7, minutes: 90 },
            Changed::Loop { operation: "say".to_owned() },
            Changed::Results {
                operation: "say".to_owned(),
                analyte: Analyte::numbered(28_233),
                low: -1_500_000,
                high: 4_200_000,
            },
        ];
        let quantities = Measure::ALL.into_iter().filter(|measure| *measure != Measure::Results);
        all.extend(quantities.map(beyond));
        for what in all {
            let change = Change { link: link.clone(), what };
            let text = serde_json::to_string(&DepartureBody::from(&change)).unwrap();
            let read: DepartureBody = serde_json::from_str(&text).unwrap();
            assert_eq!(read.change(), Some(change), "{text}");
        }
    }
}
