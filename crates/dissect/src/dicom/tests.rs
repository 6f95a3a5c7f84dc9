//! Hazards, each with the conversation that shows it; [`wire`] writes the bytes.

mod associations;
mod contents;
mod fingerprints;
mod losses;
mod messages;
mod properties;
mod wire;
