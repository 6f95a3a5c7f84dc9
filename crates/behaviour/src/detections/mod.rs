//! One file per detection. Each begins with its page: what it sees, why it matters to care, what looks alike and is
//! fine, what it needs learned, how to respond.

pub mod address_taken;
pub mod executable_in_image;
pub mod refusal_storm;
pub mod sweep;
