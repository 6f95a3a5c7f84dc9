//! Closed vocabularies: kinds of messages, and what numbers of the standard mean.

/// Kinds of messages, as metrics count them: PDUs, then requests and responses of each DIMSE service.
pub(super) const KINDS: [&str; 30] = [
    "associate-rq",
    "associate-ac",
    "associate-rj",
    "release-rq",
    "release-rp",
    "abort",
    "c-store-rq",
    "c-store-rsp",
    "c-get-rq",
    "c-get-rsp",
    "c-find-rq",
    "c-find-rsp",
    "c-move-rq",
    "c-move-rsp",
    "c-echo-rq",
    "c-echo-rsp",
    "n-event-report-rq",
    "n-event-report-rsp",
    "n-get-rq",
    "n-get-rsp",
    "n-set-rq",
    "n-set-rsp",
    "n-action-rq",
    "n-action-rsp",
    "n-create-rq",
    "n-create-rsp",
    "n-delete-rq",
    "n-delete-rsp",
    "c-cancel-rq",
    "other-dimse",
];

/// The same kinds by the names that the standard gives PDUs and DIMSE messages.
const NAMES: [&str; KINDS.len()] = [
    "A-ASSOCIATE-RQ",
    "A-ASSOCIATE-AC",
    "A-ASSOCIATE-RJ",
    "A-RELEASE-RQ",
    "A-RELEASE-RP",
    "A-ABORT",
    "C-STORE-RQ",
    "C-STORE-RSP",
    "C-GET-RQ",
    "C-GET-RSP",
    "C-FIND-RQ",
    "C-FIND-RSP",
    "C-MOVE-RQ",
    "C-MOVE-RSP",
    "C-ECHO-RQ",
    "C-ECHO-RSP",
    "N-EVENT-REPORT-RQ",
    "N-EVENT-REPORT-RSP",
    "N-GET-RQ",
    "N-GET-RSP",
    "N-SET-RQ",
    "N-SET-RSP",
    "N-ACTION-RQ",
    "N-ACTION-RSP",
    "N-CREATE-RQ",
    "N-CREATE-RSP",
    "N-DELETE-RQ",
    "N-DELETE-RSP",
    "C-CANCEL-RQ",
    "OTHER",
];

/// Indices into [`KINDS`], and the command fields (PS3.7 annex E.1) that need a name.
pub(super) mod kind {
    pub(in super::super) const ASSOCIATE_RQ: usize = 0;
    pub(in super::super) const ASSOCIATE_AC: usize = 1;
    pub(in super::super) const ASSOCIATE_RJ: usize = 2;
    pub(in super::super) const RELEASE_RQ: usize = 3;
    pub(in super::super) const RELEASE_RP: usize = 4;
    pub(in super::super) const ABORT: usize = 5;
    const C_STORE_RQ: usize = 6;
    const C_CANCEL_RQ: usize = 28;
    const OTHER: usize = 29;

    pub(in super::super) const C_STORE: u16 = 0x0001;
    pub(in super::super) const C_GET: u16 = 0x0010;
    pub(in super::super) const C_FIND: u16 = 0x0020;
    pub(in super::super) const C_MOVE: u16 = 0x0021;
    pub(in super::super) const N_EVENT_REPORT: u16 = 0x0100;
    pub(in super::super) const C_CANCEL: u16 = 0x0fff;

    /// The kind of a DIMSE message, by its command field.
    pub(in super::super) const fn of_command(field: Option<u16>) -> usize {
        let Some(field) = field else { return OTHER };
        let pair: usize = match field & 0x7fff {
            C_STORE => 0,
            C_GET => 1,
            C_FIND => 2,
            C_MOVE => 3,
            0x0030 => 4,
            N_EVENT_REPORT => 5,
            0x0110 => 6,
            0x0120 => 7,
            0x0130 => 8,
            0x0140 => 9,
            0x0150 => 10,
            _ => return if field == C_CANCEL { C_CANCEL_RQ } else { OTHER },
        };
        C_STORE_RQ.saturating_add(pair.saturating_mul(2)).saturating_add((field >> 15) as usize)
    }
}

/// The standard's name of a kind.
pub(super) fn operation(kind: usize) -> &'static str {
    NAMES.get(kind).copied().unwrap_or("OTHER")
}

/// Result of an A-ASSOCIATE-RJ (PS3.8 9.3.4).
pub(super) const fn reject_result(result: u8) -> &'static str {
    match result {
        1 => "rejected-permanent",
        2 => "rejected-transient",
        _ => "unknown",
    }
}

/// Source of an A-ASSOCIATE-RJ (PS3.8 9.3.4).
pub(super) const fn reject_source(source: u8) -> &'static str {
    match source {
        1 => "service-user",
        2 => "service-provider-acse",
        3 => "service-provider-presentation",
        _ => "unknown",
    }
}

/// Reason of an A-ASSOCIATE-RJ, whose meaning depends on the source (PS3.8 9.3.4).
pub(super) const fn reject_reason(source: u8, reason: u8) -> &'static str {
    match (source, reason) {
        (1 | 2, 1) => "no-reason-given",
        (1, 2) => "application-context-name-not-supported",
        (1, 3) => "calling-ae-title-not-recognized",
        (1, 7) => "called-ae-title-not-recognized",
        (2, 2) => "protocol-version-not-supported",
        (3, 1) => "temporary-congestion",
        (3, 2) => "local-limit-exceeded",
        _ => "reserved",
    }
}

/// Source of an A-ABORT (PS3.8 9.3.8).
pub(super) const fn abort_source(source: u8) -> &'static str {
    match source {
        0 => "service-user",
        2 => "service-provider",
        _ => "reserved",
    }
}

/// Reason of an A-ABORT; without meaning when the user is its source (PS3.8 9.3.8).
pub(super) const fn abort_reason(source: u8, reason: u8) -> &'static str {
    match (source, reason) {
        (0, _) => "not-significant",
        (_, 0) => "reason-not-specified",
        (_, 1) => "unrecognized-pdu",
        (_, 2) => "unexpected-pdu",
        (_, 4) => "unrecognized-pdu-parameter",
        (_, 5) => "unexpected-pdu-parameter",
        (_, 6) => "invalid-pdu-parameter-value",
        _ => "reserved",
    }
}

/// Result of a presentation context (PS3.8 9.3.3.2).
pub(super) const fn context_result(result: u8) -> &'static str {
    match result {
        0 => "acceptance",
        1 => "user-rejection",
        2 => "no-reason",
        3 => "abstract-syntax-not-supported",
        4 => "transfer-syntaxes-not-supported",
        _ => "unknown",
    }
}

/// Type of a user identity (PS3.7 D.3.3.7.1); of the identity itself nothing is read.
pub(super) const fn user_identity(kind: u8) -> &'static str {
    match kind {
        1 => "username",
        2 => "username-and-passcode",
        3 => "kerberos",
        4 => "saml",
        5 => "jwt",
        _ => "unknown",
    }
}
