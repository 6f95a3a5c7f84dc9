//! Our words for what numbers and names of the protocol mean: closed vocabularies, so that no name that people gave leaves.

/// The kind of a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// Pipes of remote procedure calls (MS-SMB2 section 2.2.10, SMB2_SHARE_TYPE_PIPE).
    Ipc,
    /// Files, by a name that ends with `$`: the disks of a computer (C$, ADMIN$), or what is hidden.
    Admin,
    /// Files.
    Disk,
    /// A printer.
    Print,
}

impl Share {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ipc => "ipc",
            Self::Admin => "admin",
            Self::Disk => "disk",
            Self::Print => "print",
        }
    }

    /// As a server says (MS-SMB2 section 2.2.10); whether it is hidden only the path says that was asked for.
    pub(super) fn of_type(kind: u8, asked: Option<Self>) -> Option<Self> {
        match kind {
            1 if asked == Some(Self::Admin) => asked,
            1 => Some(Self::Disk),
            2 => Some(Self::Ipc),
            3 => Some(Self::Print),
            _ => None,
        }
    }

    /// As its path says (`\\server\share`, UTF-16): nothing of one that does not end with `$`.
    pub(super) fn of_path(path: &[u8]) -> Option<Self> {
        let is_ipc = path.len() >= 8
            && path.rchunks_exact(2).zip(b"$CPI").all(|(unit, letter)| {
                unit.first().is_some_and(|unit| unit.eq_ignore_ascii_case(letter)) && unit.last() == Some(&0)
            });
        match path {
            _ if is_ipc => Some(Self::Ipc),
            [.., b'$', 0] => Some(Self::Admin),
            _ => None,
        }
    }
}

/// The dialects of SMB 2 and 3 (MS-SMB2 section 2.2.4).
pub(super) const fn dialect(revision: u16) -> Option<&'static str> {
    match revision {
        0x0202 => Some("2.0.2"),
        0x0210 => Some("2.1"),
        // Nothing is chosen yet: the server asks for a negotiation in SMB 2.
        0x02ff => Some("2.x"),
        0x0300 => Some("3.0"),
        0x0302 => Some("3.0.2"),
        0x0311 => Some("3.1.1"),
        _ => None,
    }
}

/// Pipes that the standards of remote procedure calls over SMB name: service control, registry, tasks, accounts, printers.
const PIPES: [&str; 20] = [
    "svcctl",
    "winreg",
    "atsvc",
    "samr",
    "lsarpc",
    "lsass",
    "srvsvc",
    "wkssvc",
    "netlogon",
    "spoolss",
    "efsrpc",
    "netdfs",
    "eventlog",
    "browser",
    "epmapper",
    "ntsvcs",
    "initshutdown",
    "mdssvc",
    "witness",
    "fssagentrpc",
];

/// A pipe by its name (UTF-16, with or without a backslash in front).
pub(super) fn pipe(name: &[u8]) -> &'static str {
    let name = name.strip_prefix(&[b'\\', 0]).unwrap_or(name);
    let is = |pipe: &&&str| {
        name.len() == pipe.len().saturating_mul(2)
            && name.chunks_exact(2).zip(pipe.bytes()).all(|(unit, letter)| {
                unit.first().is_some_and(|unit| unit.eq_ignore_ascii_case(&letter)) && unit.last() == Some(&0)
            })
    };
    PIPES.iter().find(is).copied().unwrap_or("other")
}

/// More than one message is needed to log in (MS-ERREF section 2.3.1): no failure.
const MORE_PROCESSING_REQUIRED: u32 = 0xc000_0016;

/// The answer follows (MS-SMB2 section 3.3.4.4).
pub(super) const PENDING: u32 = 0x0000_0103;

pub(super) const ACCESS_DENIED: &str = "access-denied";

/// A failure by its name (MS-ERREF section 2.3.1).
pub(super) const fn failure(status: u32) -> Option<&'static str> {
    // The two highest bits are the severity; 3 is an error (MS-ERREF section 2.3).
    if status >> 30 != 3 || status == MORE_PROCESSING_REQUIRED {
        return None;
    }
    Some(match status {
        0xc000_0022 => ACCESS_DENIED,
        0xc000_006d | 0xc000_006a | 0xc000_0064 => "logon-failure",
        0xc000_006e..=0xc000_0070 => "account-restriction",
        0xc000_0071 | 0xc000_0224 => "password-expired",
        0xc000_0072 => "account-disabled",
        0xc000_0193 => "account-expired",
        0xc000_0234 => "account-locked-out",
        0xc000_015b => "logon-type-not-granted",
        0xc000_005e => "no-logon-servers",
        0xc000_00cc => "bad-network-name",
        0xc000_00c9 => "network-name-deleted",
        0xc000_0203 => "user-session-deleted",
        0xc000_00bb => "not-supported",
        0xc000_000d => "invalid-parameter",
        _ => "other",
    })
}

/// A failure for which whoever asks is to blame, not the network.
pub(super) fn is_refusal(failure: &str) -> bool {
    failure == ACCESS_DENIED || failure == "logon-failure" || failure.starts_with("account-")
}
