//! Lines of the control connection (RFC 959 sections 4.2 and 5.3).

use super::{ACTIVE, AUTH, DELE, EPRT, EPSV, LIST, OTHER, PASS, PASV, QUIT, RENAME, RETR, STOR, USER};
use crate::clues::CLUE_MAX;
use crate::public::Public;

/// Octets of a line that is read; RFC 959 has no limit, servers have 512 and more.
pub(super) const LINE_MAX: usize = 1024;

/// Commands, each with its kind: RFC 959 section 4.1, RFC 2228, RFC 2389, RFC 2428, RFC 3659, RFC 7151, and the old names of
/// RFC 775.
const COMMANDS: [(&[u8], usize); 54] = [
    (b"USER", USER),
    (b"PASS", PASS),
    (b"AUTH", AUTH),
    (b"LIST", LIST),
    (b"NLST", LIST),
    (b"MLSD", LIST),
    (b"MLST", LIST),
    (b"RETR", RETR),
    (b"STOR", STOR),
    (b"STOU", STOR),
    (b"APPE", STOR),
    (b"DELE", DELE),
    (b"RMD", DELE),
    (b"XRMD", DELE),
    (b"RNFR", RENAME),
    (b"RNTO", RENAME),
    (b"PASV", PASV),
    (b"PORT", ACTIVE),
    (b"EPSV", EPSV),
    (b"EPRT", EPRT),
    (b"QUIT", QUIT),
    (b"ACCT", OTHER),
    (b"CWD", OTHER),
    (b"CDUP", OTHER),
    (b"SMNT", OTHER),
    (b"REIN", OTHER),
    (b"TYPE", OTHER),
    (b"STRU", OTHER),
    (b"MODE", OTHER),
    (b"ALLO", OTHER),
    (b"REST", OTHER),
    (b"ABOR", OTHER),
    (b"MKD", OTHER),
    (b"PWD", OTHER),
    (b"SITE", OTHER),
    (b"SYST", OTHER),
    (b"STAT", OTHER),
    (b"HELP", OTHER),
    (b"NOOP", OTHER),
    (b"ADAT", OTHER),
    (b"PROT", OTHER),
    (b"PBSZ", OTHER),
    (b"CCC", OTHER),
    (b"MIC", OTHER),
    (b"CONF", OTHER),
    (b"ENC", OTHER),
    (b"FEAT", OTHER),
    (b"OPTS", OTHER),
    (b"MDTM", OTHER),
    (b"SIZE", OTHER),
    (b"LANG", OTHER),
    (b"HOST", OTHER),
    (b"XPWD", OTHER),
    (b"CLNT", OTHER),
];

/// Endings of names of what can be run.
const PROGRAMS: [&[u8]; 18] = [
    b"exe", b"dll", b"scr", b"com", b"bat", b"cmd", b"ps1", b"vbs", b"vbe", b"js", b"jse", b"wsf", b"hta", b"msi",
    b"jar", b"sh", b"elf", b"cpl",
];

/// Servers by the names in their greetings. Greetings are free text, with names of hosts and owners: nothing else of them
/// leaves but a version that follows.
const SERVERS: [&str; 16] = [
    "vsFTPd",
    "ProFTPD",
    "Pure-FTPd",
    "FileZilla Server",
    "Microsoft FTP Service",
    "pyftpdlib",
    "Serv-U FTP Server",
    "WS_FTP Server",
    "wu-ftpd",
    "bftpd",
    "VxWorks",
    "QNX",
    "Xlight FTP Server",
    "CrushFTP",
    "BusyBox",
    "NetWare",
];

/// Characters of a version behind a server's name.
const VERSION_MAX: usize = 16;

/// A line without its end, and without what Telnet puts in front of an ABOR (RFC 959 section 4.1.3).
pub(super) fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let start = line.iter().position(|octet| *octet < 0xf0).unwrap_or(line.len());
    line.get(start..).unwrap_or_default()
}

/// The word that a client's line begins with: letters, at most four (RFC 959 section 5.3).
fn word(line: &[u8]) -> &[u8] {
    let end = line.iter().position(|octet| !octet.is_ascii_alphabetic()).unwrap_or(line.len());
    line.get(..end).unwrap_or_default()
}

/// The kind of a command that the standards know.
pub(super) fn known(line: &[u8]) -> Option<usize> {
    let word = word(line);
    let is_apart = matches!(line.get(word.len()), None | Some(b' ' | b'\r' | b'\n'));
    let find = || COMMANDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind);
    if is_apart { find() } else { None }
}

/// A client's line.
pub(super) struct Command<'a> {
    pub kind: usize,
    argument: &'a [u8],
}

impl<'a> Command<'a> {
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        let name = word(line);
        let argument = match line.get(name.len()..)? {
            [] => &[][..],
            [b' ', argument @ ..] => argument,
            _ => return None,
        };
        if name.is_empty() {
            return None;
        }
        Some(Self { kind: known(line).unwrap_or(OTHER), argument })
    }

    /// A user that is nobody (RFC 1635 section 2).
    pub(super) fn is_anonymous(&self) -> bool {
        self.argument.eq_ignore_ascii_case(b"anonymous") || self.argument.eq_ignore_ascii_case(b"ftp")
    }

    /// The file that is named is one that can be run, as far as its name says.
    pub(super) fn is_of_program(&self) -> bool {
        let ending = self.argument.rsplit(|octet| *octet == b'.').next().unwrap_or_default();
        ending.len() < self.argument.len() && PROGRAMS.iter().any(|program| ending.eq_ignore_ascii_case(program))
    }
}

/// A reply's line.
pub(super) struct Reply<'a> {
    pub code: u16,
    /// More lines follow, up to one with this code and a space (RFC 959 section 4.2).
    pub goes_on: bool,
    pub text: &'a [u8],
}

impl<'a> Reply<'a> {
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        let (digits, rest) = line.split_first_chunk::<3>()?;
        let [b'1'..=b'6', b'0'..=b'9', b'0'..=b'9'] = digits else { return None };
        let (goes_on, text) = match rest {
            [b'-', text @ ..] => (true, text),
            [b' ', text @ ..] => (false, text),
            [] => (false, rest),
            _ => return None,
        };
        let code = digits
            .iter()
            .fold(0u16, |code, digit| code.saturating_mul(10).saturating_add(u16::from(digit.saturating_sub(b'0'))));
        Some(Self { code, goes_on, text })
    }
}

/// The server's software, where its greeting names one that is known, with the version behind it.
pub(super) fn server(greeting: &[u8]) -> Option<Public<'_>> {
    let lower = greeting.to_ascii_lowercase();
    for name in SERVERS {
        let Some(start) = memchr::memmem::find(&lower, name.to_ascii_lowercase().as_bytes()) else { continue };
        let end = start.saturating_add(name.len());
        let rest = greeting.get(end..)?;
        let behind = rest.strip_prefix(b" version").unwrap_or(rest);
        let behind = behind.strip_prefix(b" ").unwrap_or(behind);
        let digits = behind.iter().take_while(|octet| octet.is_ascii_digit() || **octet == b'.').count();
        let (word, has_version) = (greeting.get(start..end)?, (1..=VERSION_MAX).contains(&digits));
        if !has_version {
            return Some(Public::shaped(word, CLUE_MAX, crate::clues::is_of_product));
        }
        let gap = rest.len().saturating_sub(behind.len());
        let all = greeting.get(start..end.saturating_add(gap).saturating_add(digits))?;
        return Some(Public::shaped(all, CLUE_MAX, crate::clues::is_of_product));
    }
    None
}
