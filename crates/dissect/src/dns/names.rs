//! Types, classes and codes by their names in IANA's registry of DNS parameters.

/// What has no name here.
pub(crate) const OTHER: &str = "other";

/// Types of records and questions.
pub(crate) const fn kind(number: u16) -> &'static str {
    match number {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        10 => "NULL",
        11 => "WKS",
        12 => "PTR",
        13 => "HINFO",
        15 => "MX",
        16 => "TXT",
        24 => "SIG",
        25 => "KEY",
        28 => "AAAA",
        29 => "LOC",
        33 => "SRV",
        35 => "NAPTR",
        39 => "DNAME",
        43 => "DS",
        44 => "SSHFP",
        46 => "RRSIG",
        47 => "NSEC",
        48 => "DNSKEY",
        50 => "NSEC3",
        51 => "NSEC3PARAM",
        52 => "TLSA",
        59 => "CDS",
        60 => "CDNSKEY",
        64 => "SVCB",
        65 => "HTTPS",
        99 => "SPF",
        249 => "TKEY",
        250 => "TSIG",
        251 => "IXFR",
        252 => "AXFR",
        255 => "ANY",
        256 => "URI",
        257 => "CAA",
        _ => OTHER,
    }
}

/// Types that ask for a whole zone (RFC 5936, RFC 1995).
pub(crate) const fn is_transfer(number: u16) -> bool {
    matches!(number, 251 | 252)
}

/// Classes but that of the Internet, which goes without saying.
pub(crate) const fn class(number: u16) -> Option<&'static str> {
    match number {
        super::wire::IN => None,
        super::wire::CHAOS => Some("CH"),
        4 => Some("HS"),
        254 => Some("NONE"),
        super::wire::ANY => Some("ANY"),
        _ => Some(OTHER),
    }
}

/// Response codes.
pub(crate) const fn code(number: u16) -> &'static str {
    match number {
        0 => "NoError",
        1 => "FormErr",
        2 => "ServFail",
        3 => "NXDomain",
        4 => "NotImp",
        5 => "Refused",
        6 => "YXDomain",
        7 => "YXRRSet",
        8 => "NXRRSet",
        9 => "NotAuth",
        10 => "NotZone",
        11 => "DSOTYPENI",
        16 => "BADVERS",
        17 => "BADKEY",
        18 => "BADTIME",
        19 => "BADMODE",
        20 => "BADNAME",
        21 => "BADALG",
        22 => "BADTRUNC",
        23 => "BADCOOKIE",
        _ => OTHER,
    }
}

/// Codes by which a server refuses a transfer of a zone (RFC 5936 section 2.2.1).
pub(crate) const fn is_refusal(code: u16) -> bool {
    matches!(code, 5 | 9)
}
