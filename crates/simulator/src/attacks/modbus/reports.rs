//! Reports that are not what is so: answers changed on their way, or by somebody in the controller.

use std::time::Duration;

use super::{cast, channels};
use crate::attacks::Cast;
use crate::clock::{HOUR, MINUTE, secs};
use crate::sim::Sim;
use crate::ward::building::ChannelId;
use crate::ward::building::unit::{INPUT_REGISTERS, INPUTS, Image, Kind, Tamper};

/// Time between two recorded images, as between two polls of a gas panel.
const RECORDING: Duration = secs(25);

/// Images that are recorded to be told again.
const IMAGES: u32 = 50;

/// How long that takes.
pub(super) const RECORDED: Duration = RECORDING.saturating_mul(IMAGES - 1);

/// What a unit measured is replaced by what was recorded; what it was told stays.
pub(super) fn replay(image: &mut Image, recorded: &Image) {
    for (bank, recorded) in image.0.iter_mut().zip(&recorded.0) {
        if matches!(bank.table, INPUTS | INPUT_REGISTERS) {
            bank.values.copy_from_slice(&recorded.values);
        }
    }
}

/// Has a unit's reports changed from now on until `length` has gone by.
pub(super) fn tamper(
    sim: &mut Sim,
    id: ChannelId,
    unit: usize,
    length: Duration,
    recorded: Vec<Image>,
    change: fn(&mut Image, &Tamper, Duration),
) {
    let tamper = Tamper { mark: sim.net.mark, since: sim.now, recorded, change };
    sim.ward.building.server(id).units[unit].tamper = Some(tamper);
    sim.after(length, move |sim| sim.ward.building.server(id).units[unit].tamper = None);
}

/// Moves what a unit measures, a step every minute, and lets it go at the end.
pub(super) fn disturb(sim: &mut Sim, id: ChannelId, unit: usize, length: Duration, a_minute: f64) {
    let end = sim.now + length;
    sim.repeat(sim.now, move |sim| {
        let process = &mut sim.ward.building.server(id).units[unit].process;
        process.disturbance += a_minute;
        if sim.now >= end {
            process.disturbance = 0.0;
        }
        (sim.now < end).then(|| sim.now + MINUTE)
    });
}

pub(super) fn frozen(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Isolation, 2);
    let length = 3 * HOUR;
    for id in &channels {
        let recorded = vec![sim.ward.building.server(*id).units[0].image.clone()];
        tamper(sim, *id, 0, length, recorded, |image, tamper, _| replay(image, &tamper.recorded[0]));
        disturb(sim, *id, 0, length, 0.08);
    }
    cast(sim, &channels, Vec::new(), sim.now + length)
}

pub(super) fn looped(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Gas, 1);
    let Some(id) = channels.first().copied() else { return cast(sim, &channels, Vec::new(), sim.now) };
    let (length, mut recorded) = (3 * HOUR, Vec::new());
    sim.repeat(sim.now, move |sim| {
        recorded.push(sim.ward.building.server(id).units[0].image.clone());
        if recorded.len() < IMAGES as usize {
            return Some(sim.now + RECORDING);
        }
        let recorded = std::mem::take(&mut recorded);
        tamper(sim, id, 0, length, recorded, |image, tamper, elapsed| {
            let number = (elapsed.as_secs() / RECORDING.as_secs()) as usize % tamper.recorded.len();
            replay(image, &tamper.recorded[number]);
        });
        None
    });
    cast(sim, &channels, Vec::new(), sim.now + RECORDED + length)
}

pub(super) fn alarm_suppressed(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Gas, 1);
    let Some(id) = channels.first().copied() else { return cast(sim, &channels, Vec::new(), sim.now) };
    let length = 2 * HOUR;
    tamper(sim, id, 0, length, Vec::new(), |image, _, _| {
        if let Some(alarms) = image.slice(INPUTS, 0, 8) {
            alarms.fill(0);
        }
    });
    disturb(sim, id, 0, length, -1.1);
    cast(sim, &channels, Vec::new(), sim.now + length)
}
