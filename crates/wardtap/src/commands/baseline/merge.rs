//! `wardtap baseline merge`: baselines of one site in one.

use anyhow::{anyhow, bail};
use wardtap_net::packet::Timestamp;

use super::report;
use super::text::print;
use crate::baselines;
use crate::cli::MergeBaselines;
use crate::output::{Replacement, place};

pub fn run(merge: &MergeBaselines) -> anyhow::Result<u8> {
    let Some((first, others)) = merge.files.split_first() else { bail!("nothing to merge") };
    let mut merged = baselines::whole(first)?;
    for path in others {
        let other = baselines::whole(path)?;
        let twice = other.front.captures.iter().find(|new| merged.front.captures.iter().any(|old| old.overlaps(new)));
        if let Some(capture) = twice.filter(|_| !merge.again) {
            let (first, last) = (Timestamp::from_nanos(capture.first), Timestamp::from_nanos(capture.last));
            bail!(
                "{}: a capture from {first} to {last} was learned here and in a baseline before it, and would count twice: leave one of the baselines out, or give --again",
                path.display()
            );
        }
        merged.merge(other).map_err(|error| {
            anyhow!("{} and {}: {error}: learn one of them anew with the other's site", first.display(), path.display())
        })?;
    }
    let replacement = Replacement::of(&merge.out, "the baseline")?;
    merged.calibrate(merged.front.profiles.thresholds.budget)?;
    baselines::put(&merged, replacement)?;
    if merge.out.as_os_str() != "-" {
        print(&report::write(&merged, &place(Some(&merge.out))))?;
    }
    Ok(0)
}
