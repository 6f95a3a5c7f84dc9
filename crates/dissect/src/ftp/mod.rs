#![doc = include_str!("README.md")]

mod dissector;
mod probe;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Feature, Learned, Protocol, Transport};

/// The port that IANA gave to FTP's control connection.
const PORT: u16 = 21;

/// The File Transfer Protocol.
pub static PROTOCOL: Protocol = Protocol {
    index: 11,
    name: "ftp",
    title: "FTP",
    responder_role: "FTP server",
    requester_role: Some("FTP client"),
    transports: &[Transport::Tcp],
    is_opaque: true,
    sessions: &[],
    ports: &[PORT],
    kinds: &[
        "user", "pass", "auth", "list", "retr", "stor", "dele", "rename", "pasv", "port", "epsv", "eprt", "quit",
        "other", "reply",
    ],
    anomalies: &["line-too-long", "not-ftp"],
    features: &[
        Feature { name: "command", learned: Learned::Set },
        Feature { name: "code", learned: Learned::Set },
        Feature { name: "login", learned: Learned::Set },
        Feature { name: "program", learned: Learned::Set },
    ],
    target: None,
    probe: probe::probe,
    dissector: |flow| Box::new(dissector::Ftp::new(flow)),
};

/// Kind: USER.
const USER: usize = 0;
/// Kind: PASS.
const PASS: usize = 1;
/// Kind: AUTH.
const AUTH: usize = 2;
/// Kind: LIST and its like.
const LIST: usize = 3;
/// Kind: RETR.
const RETR: usize = 4;
/// Kind: STOR and its like.
const STOR: usize = 5;
/// Kind: DELE and its like.
const DELE: usize = 6;
/// Kind: RNFR and RNTO.
const RENAME: usize = 7;
/// Kind: PASV.
const PASV: usize = 8;
/// Kind: PORT.
const ACTIVE: usize = 9;
/// Kind: EPSV.
const EPSV: usize = 10;
/// Kind: EPRT.
const EPRT: usize = 11;
/// Kind: QUIT.
const QUIT: usize = 12;
/// Kind: any other command.
const OTHER: usize = 13;
/// Kind: a server's answer.
const REPLY: usize = 14;

/// Anomaly: no end of line.
const TOO_LONG: usize = 0;
/// Anomaly: a line that is neither a command nor a reply.
const NOT_FTP: usize = 1;
