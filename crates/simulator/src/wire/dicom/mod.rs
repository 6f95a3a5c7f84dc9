//! DICOM, after the standard's edition 2024d: upper layer (PS3.8), command sets (PS3.7), data sets (PS3.5).

pub mod command;
pub mod data_set;
pub mod pdu;

pub use self::command::Command;
pub use self::data_set::DataSet;

/// Names of the standard (PS3.6 annex A).
pub mod uid {
    /// DICOM application context.
    pub const APPLICATION: &str = "1.2.840.10008.3.1.1.1";
    /// Implicit VR little endian.
    pub const IMPLICIT: &str = "1.2.840.10008.1.2";
    /// Explicit VR little endian.
    pub const EXPLICIT: &str = "1.2.840.10008.1.2.1";
    /// JPEG lossless, first-order prediction.
    pub const JPEG_LOSSLESS: &str = "1.2.840.10008.1.2.4.70";
    /// Verification.
    pub const VERIFICATION: &str = "1.2.840.10008.1.1";
    /// Storage commitment push model, and its well-known instance.
    pub const COMMITMENT: &str = "1.2.840.10008.1.20.1";
    /// See above.
    pub const COMMITMENT_INSTANCE: &str = "1.2.840.10008.1.20.1.1";
    /// Modality performed procedure step.
    pub const PROCEDURE_STEP: &str = "1.2.840.10008.3.1.2.3.3";
    /// Modality worklist.
    pub const WORKLIST: &str = "1.2.840.10008.5.1.4.31";
    /// Study root query.
    pub const FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";
    /// Study root retrieval.
    pub const MOVE: &str = "1.2.840.10008.5.1.4.1.2.2.2";
    /// Study root retrieval in the same association.
    pub const GET: &str = "1.2.840.10008.5.1.4.1.2.2.3";
    /// CT image storage.
    pub const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
    /// MR image storage.
    pub const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
    /// Ultrasound image storage.
    pub const US: &str = "1.2.840.10008.5.1.4.1.1.6.1";
    /// Digital X-ray image storage, for presentation.
    pub const DX: &str = "1.2.840.10008.5.1.4.1.1.1.1";
    /// Secondary capture image storage.
    pub const SECONDARY: &str = "1.2.840.10008.5.1.4.1.1.7";
    /// Key object selection: which images are meant by something that is said of them.
    pub const KEY_OBJECTS: &str = "1.2.840.10008.5.1.4.1.1.88.59";
    /// Encapsulated PDF storage.
    pub const PDF: &str = "1.2.840.10008.5.1.4.1.1.104.1";
}
