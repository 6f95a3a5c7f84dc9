//! Hours of the day at which a link, or something that it does, is quiet else.

use crate::baseline::novelty::{Facet, HOUR_DAYS_MIN, Novelty};
use crate::baseline::profile::{Hours, kind_index};
use crate::links::{OperationName, Use};
use crate::site::Local;

use super::What;

/// What a link does at this hour more surprisingly than the budget allows for: anything at all, or else one of its operations.
pub(super) fn unusual<'a, 'b>(
    local: &Local,
    of_link: &[Hours; 2],
    used: &'a Use,
    of_operation: impl Fn(&OperationName) -> Option<&'b [Hours; 2]>,
    novelty: &Novelty,
    ids: &[&str],
) -> Option<What<'a>> {
    let unlikely = |hours: &[Hours; 2]| {
        let hours = &hours[kind_index(local.kind)];
        Some(hours.unlikely(local.hour)).filter(|unlikely| *unlikely > 0 && hours.days >= HOUR_DAYS_MIN)
    };
    let judged = |facet: Facet, operation: Option<&'a str>, unlikely: u8| {
        let (surprise, rare) = novelty.surprise(facet, unlikely.into(), ids);
        rare.then_some(What::Hour { operation, hour: local.hour, surprise })
    };
    if let Some(unlikely) = unlikely(of_link) {
        return judged(Facet::Hour, None, unlikely);
    }
    used.operations.iter().find_map(|operation| {
        let normal = of_operation(&operation.name)?;
        judged(Facet::of_hour(&operation.name), Some(&operation.name), unlikely(normal)?)
    })
}
