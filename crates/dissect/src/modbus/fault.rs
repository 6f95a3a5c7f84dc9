//! What is counted as wrong, by reason.

/// What can be wrong with an ADU or its place in the stream: the closed set of anomaly reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    ProtocolId,
    LengthOutOfRange,
    LengthMismatch,
    ByteCountMismatch,
    QuantityOutOfRange,
    CoilValue,
    UnknownFunction,
    UnknownSubfunction,
    FileRecord,
    DeviceIdentification,
    ExceptionCode,
    ExceptionInRequest,
    UnsolicitedResponse,
    ResponseMismatch,
    RolesReversed,
    Resynchronised,
    TooManyPending,
}

impl Fault {
    /// The names, in the order of the variants.
    pub(super) const NAMES: [&'static str; 17] = [
        "protocol-id",
        "length-out-of-range",
        "length-mismatch",
        "byte-count-mismatch",
        "quantity-out-of-range",
        "coil-value",
        "unknown-function",
        "unknown-subfunction",
        "file-record",
        "device-identification",
        "exception-code",
        "exception-in-request",
        "unsolicited-response",
        "response-mismatch",
        "roles-reversed",
        "resynchronised",
        "too-many-pending",
    ];
}
