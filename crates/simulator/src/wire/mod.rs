//! What protocols look like on the wire: encoders of our own, written from the standards.

pub mod dicom;
pub mod hl7;
pub mod modbus;
pub mod opaque;
