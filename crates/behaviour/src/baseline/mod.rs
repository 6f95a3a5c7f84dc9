//! The baseline: what was learned of a site, what is normal there, and the file that holds both.

pub mod calibrate;
pub mod file;
pub mod learner;
pub mod measure;
pub mod novelty;
pub mod points;
pub mod profile;
pub mod store;
