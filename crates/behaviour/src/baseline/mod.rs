//! The baseline: what was learned of a site, what is normal there, and the file that holds both.

pub mod absence;
pub mod approval;
pub mod breadth;
pub mod by_time;
pub mod calibrate;
pub mod change;
mod check;
pub mod difference;
pub mod fellows;
pub mod file;
pub mod kept_out;
pub mod kin;
pub mod learner;
pub mod makes;
pub mod measure;
pub mod named;
pub mod normal;
pub mod novelty;
pub mod packed;
pub mod pauses;
pub mod points;
pub mod profile;
pub mod results;
pub mod shared;
pub mod store;
pub mod trust;
pub mod watched;
