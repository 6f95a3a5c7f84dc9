//! Observations in, devices and alerts out.
//!
//! Single-threaded judgement over small owned facts: workers fold what they read into [`tally::Pairs`] and send
//! [`observation::Observation`]s; [`judge::Judge`] keeps the devices, asks the [`detections::DETECTIONS`], and folds
//! repeated deviations into one [`alert::Alert`], and joins those that belong together into an [`incident::Incident`].
//!
//! Pure: no files, no clock, no threads, no serialised formats. Names no protocol outside `detections/`.
#![forbid(unsafe_code)]

pub mod alert;
pub mod assets;
pub mod attack;
pub mod baseline;
pub mod beneath;
pub mod call_home;
pub mod class;
pub mod detection;
pub mod detections;
pub mod device;
pub mod incident;
pub mod inventory;
pub mod judge;
pub mod links;
pub mod observation;
pub mod parties;
pub mod repeats;
pub mod scoring;
pub mod sensor;
pub mod site;
pub mod slots;
pub mod suppression;
pub mod tally;

#[cfg(test)]
mod tests;
