//! The names of what BACnet numbers (ASHRAE 135 clause 21; of addendum numbers as far as the 2020 edition).

use crate::plain::Value;

/// A name by its number.
pub(super) fn name(of: &[&'static str], number: u64) -> Option<&'static str> {
    of.get(usize::try_from(number).ok()?).copied().filter(|name| !name.is_empty())
}

/// A name, or the number where it has none.
pub(super) fn named(of: &[&'static str], number: u64) -> Value<'static> {
    name(of, number).map_or(Value::Number(number), Value::word)
}

/// Of an object: its type. Those from 128 on are the makers' own.
pub(super) fn object_type(number: u16) -> &'static str {
    name(&OBJECT_TYPES, number.into()).unwrap_or(if number < 128 { "reserved" } else { "proprietary" })
}

/// The name of a property, where it has one here.
pub(super) fn property(number: u64) -> Option<&'static str> {
    name(&PROPERTIES, number)
}

/// Confirmed services (clause 21, BACnetConfirmedServiceChoice).
#[rustfmt::skip]
pub(super) const CONFIRMED: [&str; 34] = [
    "acknowledge-alarm", "cov-notification", "event-notification", "get-alarm-summary", "get-enrollment-summary",
    "subscribe-cov", "atomic-read-file", "atomic-write-file", "add-list-element", "remove-list-element",
    "create-object", "delete-object", "read-property", "read-property-conditional", "read-property-multiple",
    "write-property", "write-property-multiple", "device-communication-control", "private-transfer", "text-message",
    "reinitialize-device", "vt-open", "vt-close", "vt-data", "authenticate", "request-key", "read-range",
    "life-safety-operation", "subscribe-cov-property", "get-event-information", "subscribe-cov-property-multiple",
    "cov-notification-multiple", "audit-notification", "audit-log-query",
];

/// Unconfirmed services (clause 21, BACnetUnconfirmedServiceChoice).
#[rustfmt::skip]
pub(super) const UNCONFIRMED: [&str; 15] = [
    "i-am", "i-have", "cov-notification", "event-notification", "private-transfer", "text-message",
    "time-synchronization", "who-has", "who-is", "utc-time-synchronization", "write-group",
    "cov-notification-multiple", "audit-notification", "who-am-i", "you-are",
];

/// Messages of the network layer (clause 6.2.4).
#[rustfmt::skip]
pub(super) const NETWORK_MESSAGES: [&str; 20] = [
    "who-is-router-to-network", "i-am-router-to-network", "i-could-be-router-to-network",
    "reject-message-to-network", "router-busy-to-network", "router-available-to-network",
    "initialize-routing-table", "initialize-routing-table-ack", "establish-connection-to-network",
    "disconnect-connection-to-network", "challenge-request", "security-payload", "security-response",
    "request-key-update", "update-key-set", "update-distribution-key", "request-master-key", "set-master-key",
    "what-is-network-number", "network-number-is",
];

/// What a device is to become (clause 16.4, reinitializedStateOfDevice).
#[rustfmt::skip]
pub(super) const REINITIALIZED: [&str; 8] = [
    "coldstart", "warmstart", "startbackup", "endbackup", "startrestore", "endrestore", "abortrestore",
    "activate-changes",
];

/// Whether a device is to talk (clause 16.1).
pub(super) const COMMUNICATION: [&str; 3] = ["enable", "disable", "disable-initiation"];

/// What an error is about (clause 21, Error: error-class).
pub(super) const ERROR_CLASSES: [&str; 8] =
    ["device", "object", "property", "resources", "security", "services", "vt", "communication"];

/// Why a request was rejected (clause 21, BACnetRejectReason).
#[rustfmt::skip]
pub(super) const REJECT_REASONS: [&str; 10] = [
    "other", "buffer-overflow", "inconsistent-parameters", "invalid-parameter-data-type", "invalid-tag",
    "missing-required-parameter", "parameter-out-of-range", "too-many-arguments", "undefined-enumeration",
    "unrecognized-service",
];

/// Why a transaction was aborted (clause 21, BACnetAbortReason).
#[rustfmt::skip]
pub(super) const ABORT_REASONS: [&str; 12] = [
    "other", "buffer-overflow", "invalid-apdu-in-this-state", "preempted-by-higher-priority-task",
    "segmentation-not-supported", "security-error", "insufficient-security", "window-size-out-of-range",
    "application-exceeded-reply-time", "out-of-resources", "tsm-timeout", "apdu-too-long",
];

/// The types of objects (clause 21, BACnetObjectType).
#[rustfmt::skip]
const OBJECT_TYPES: [&str; 65] = [
    "analog-input", "analog-output", "analog-value", "binary-input", "binary-output", "binary-value", "calendar",
    "command", "device", "event-enrollment", "file", "group", "loop", "multi-state-input", "multi-state-output",
    "notification-class", "program", "schedule", "averaging", "multi-state-value", "trend-log", "life-safety-point",
    "life-safety-zone", "accumulator", "pulse-converter", "event-log", "global-group", "trend-log-multiple",
    "load-control", "structured-view", "access-door", "timer", "access-credential", "access-point", "access-rights",
    "access-user", "access-zone", "credential-data-input", "network-security", "bitstring-value",
    "characterstring-value", "date-pattern-value", "date-value", "datetime-pattern-value", "datetime-value",
    "integer-value", "large-analog-value", "octetstring-value", "positive-integer-value", "time-pattern-value",
    "time-value", "notification-forwarder", "alert-enrollment", "channel", "lighting-output",
    "binary-lighting-output", "network-port", "elevator-group", "escalator", "lift", "staging", "audit-log",
    "audit-reporter", "color", "color-temperature",
];

/// The numbers and names of properties (clause 21, BACnetPropertyIdentifier); an empty name is none.
#[rustfmt::skip]
const PROPERTIES: [&str; 141] = [
    "acked-transitions", "ack-required", "action", "action-text", "active-text", "active-vt-session", "alarm-value",
    "alarm-values", "all", "all-writes-successful", "apdu-segment-timeout", "apdu-timeout",
    "application-software-version", "archive", "bias", "change-of-state-count", "change-of-state-time",
    "notification-class", "", "controlled-variable-reference", "controlled-variable-units",
    "controlled-variable-value", "cov-increment", "date-list", "daylight-savings-status", "deadband",
    "derivative-constant", "derivative-constant-units", "description", "description-of-halt",
    "device-address-binding", "device-type", "effective-period", "elapsed-active-time", "error-limit", "event-enable",
    "event-state", "event-type", "exception-schedule", "fault-values", "feedback-value", "file-access-method",
    "file-size", "file-type", "firmware-revision", "high-limit", "inactive-text", "in-process", "instance-of",
    "integral-constant", "integral-constant-units", "issue-confirmed-notifications", "limit-enable",
    "list-of-group-members", "list-of-object-property-references", "list-of-session-keys", "local-date", "local-time",
    "location", "low-limit", "manipulated-variable-reference", "maximum-output", "max-apdu-length-accepted",
    "max-info-frames", "max-master", "max-pres-value", "minimum-off-time", "minimum-on-time", "minimum-output",
    "min-pres-value", "model-name", "modification-date", "notify-type", "number-of-apdu-retries", "number-of-states",
    "object-identifier", "object-list", "object-name", "object-property-reference", "object-type", "optional",
    "out-of-service", "output-units", "event-parameters", "polarity", "present-value", "priority", "priority-array",
    "priority-for-writing", "process-identifier", "program-change", "program-location", "program-state",
    "proportional-constant", "proportional-constant-units", "protocol-conformance-class",
    "protocol-object-types-supported", "protocol-services-supported", "protocol-version", "read-only",
    "reason-for-halt", "recipient", "recipient-list", "reliability", "relinquish-default", "required", "resolution",
    "segmentation-supported", "setpoint", "setpoint-reference", "state-text", "status-flags", "system-status",
    "time-delay", "time-of-active-time-reset", "time-of-state-count-reset", "time-synchronization-recipients",
    "units", "update-interval", "utc-offset", "vendor-identifier", "vendor-name", "vt-class-supported",
    "weekly-schedule", "attempted-samples", "average-value", "buffer-size", "client-cov-increment",
    "cov-resubscription-interval", "current-notify-time", "event-time-stamp", "log-buffer",
    "log-device-object-property", "enable", "log-interval", "maximum-value", "minimum-value",
    "notification-threshold", "previous-notify-time", "protocol-revision", "records-since-notification",
];

/// What went wrong (clause 21, Error: error-code).
#[rustfmt::skip]
pub(super) const ERRORS: [&str; 86] = [
    "other", "authentication-failed", "configuration-in-progress", "device-busy", "dynamic-creation-not-supported",
    "file-access-denied", "incompatible-security-levels", "inconsistent-parameters",
    "inconsistent-selection-criterion", "invalid-data-type", "invalid-file-access-method",
    "invalid-file-start-position", "invalid-operator-name", "invalid-parameter-data-type", "invalid-time-stamp",
    "key-generation-error", "missing-required-parameter", "no-objects-of-specified-type", "no-space-for-object",
    "no-space-to-add-list-element", "no-space-to-write-property", "no-vt-sessions-available",
    "property-is-not-a-list", "object-deletion-not-permitted", "object-identifier-already-exists",
    "operational-problem", "password-failure", "read-access-denied", "security-not-supported",
    "service-request-denied", "timeout", "unknown-object", "unknown-property", "", "unknown-vt-class",
    "unknown-vt-session", "unsupported-object-type", "value-out-of-range", "vt-session-already-closed",
    "vt-session-termination-failure", "write-access-denied", "character-set-not-supported", "invalid-array-index",
    "cov-subscription-failed", "not-cov-property", "optional-functionality-not-supported",
    "invalid-configuration-data", "datatype-not-supported", "duplicate-name", "duplicate-object-id",
    "property-is-not-an-array", "abort-buffer-overflow", "abort-invalid-apdu-in-this-state",
    "abort-preempted-by-higher-priority-task", "abort-segmentation-not-supported", "abort-proprietary", "abort-other",
    "invalid-tag", "network-down", "reject-buffer-overflow", "reject-inconsistent-parameters",
    "reject-invalid-parameter-data-type", "reject-invalid-tag", "reject-missing-required-parameter",
    "reject-parameter-out-of-range", "reject-too-many-arguments", "reject-undefined-enumeration",
    "reject-unrecognized-service", "reject-proprietary", "reject-other", "unknown-device", "unknown-route",
    "value-not-initialized", "invalid-event-state", "no-alarm-configured", "log-buffer-full", "logged-value-purged",
    "no-property-specified", "not-configured-for-triggered-logging", "unknown-subscription", "parameter-out-of-range",
    "list-element-not-found", "busy", "communication-disabled", "success", "access-denied",
];
