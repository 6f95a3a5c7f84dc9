//! The hello messages of TLS (RFC 8446 section 4.1, RFC 5246 section 7.4.1): the last that can be read before all is
//! encrypted. What a program offers hardly changes from one session to the next, and tells it from others; what a server
//! chooses tells how well both are protected.

use std::fmt;

use wardtap_net::reader::Reader;

use crate::digest::digest;

/// Record and handshake types (RFC 8446 sections 5.1 and 4).
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// The extension that names the version since 1.3 (RFC 8446 section 4.2.1).
const SUPPORTED_VERSIONS: u16 = 43;

/// Cipher suites of an offer that are read, and extensions of a choice.
const LISTED_MAX: usize = 128;

/// A hello message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hello {
    /// What a client offers.
    Offer {
        /// The version, as the message has it: that of 1.3 is that of 1.2.
        version: u16,
        /// A digest of the cipher suites in their order.
        ciphers: u32,
    },
    /// What a server chooses.
    Choice {
        /// The version.
        version: u16,
        /// The cipher suite.
        cipher: u16,
    },
}

impl Hello {
    /// The message that begins what one end sends; None where there is none, or where it is cut.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut record = Reader::new(bytes);
        if record.u8()? != HANDSHAKE || record.u8()? != 3 {
            return None;
        }
        record.skip(3)?;
        let kind = record.u8()?;
        record.skip(3)?;
        match kind {
            CLIENT_HELLO => Self::offer(record),
            SERVER_HELLO => Self::choice(record),
            _ => None,
        }
    }

    /// Version, random, session and what may be chosen from.
    fn offer(mut hello: Reader<'_>) -> Option<Self> {
        let version = hello.be16()?;
        hello.skip(32)?;
        let session = hello.u8()?;
        hello.skip(session.into())?;
        let length = hello.be16()?;
        let (suites, _) = hello.take(length.into())?.as_chunks::<2>();
        let suites = suites.iter().take(LISTED_MAX).map(|suite| u16::from_be_bytes(*suite));
        Some(Self::Offer {
            version,
            ciphers: digest(suites.filter(|suite| !is_grease(*suite)).flat_map(u16::to_be_bytes)),
        })
    }

    /// Version, random, session, what was chosen, and extensions, the version of 1.3 among them.
    fn choice(mut hello: Reader<'_>) -> Option<Self> {
        let mut version = hello.be16()?;
        hello.skip(32)?;
        let session = hello.u8()?;
        hello.skip(session.into())?;
        let cipher = hello.be16()?;
        // The compression method, and how long all extensions are.
        if hello.skip(3).is_some() {
            for _ in 0..LISTED_MAX {
                let (Some(kind), Some(length)) = (hello.be16(), hello.be16()) else { break };
                let Some(value) = hello.take(length.into()) else { break };
                if kind == SUPPORTED_VERSIONS
                    && let [high, low] = value
                {
                    version = u16::from_be_bytes([*high, *low]);
                }
            }
        }
        Some(Self::Choice { version, cipher })
    }

    /// The same number for the same message, whatever machine it is read on.
    #[must_use]
    pub fn number(&self) -> u64 {
        let (kind, version, rest) = match *self {
            Self::Offer { version, ciphers } => (u64::from(CLIENT_HELLO), version, ciphers),
            Self::Choice { version, cipher } => (u64::from(SERVER_HELLO), version, cipher.into()),
        };
        kind << 48 | u64::from(version) << 32 | u64::from(rest)
    }
}

/// In the words of operations: a kind, and behind tabs what tells it from others.
impl fmt::Display for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Offer { version, ciphers } => {
                write!(f, "tls client-hello\tversion={}\tciphers={ciphers:08x}", Version(version))
            }
            Self::Choice { version, cipher } => {
                write!(f, "tls server-hello (answer)\tversion={}\tcipher={cipher:04x}", Version(version))
            }
        }
    }
}

/// A version by its name.
struct Version(u16);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0x0300 => f.write_str("ssl3"),
            0x0301 => f.write_str("1.0"),
            0x0302 => f.write_str("1.1"),
            0x0303 => f.write_str("1.2"),
            0x0304 => f.write_str("1.3"),
            other => write!(f, "{other:04x}"),
        }
    }
}

/// Values that mean nothing, and differ each time (RFC 8701 section 2).
const fn is_grease(suite: u16) -> bool {
    suite & 0x0f0f == 0x0a0a && suite >> 8 == suite & 0xff
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(kind: u8, version: [u8; 2], rest: &[u8]) -> Vec<u8> {
        let mut body = version.to_vec();
        body.extend([7; 32]);
        body.extend([2, 9, 9]);
        body.extend(rest);
        let length = u8::try_from(body.len()).unwrap();
        let mut bytes = vec![HANDSHAKE, 3, 1, 0, length + 4, kind, 0, 0, length];
        bytes.extend(body);
        bytes
    }

    #[test]
    fn a_choice_has_the_version_of_its_extension_where_it_has_one() {
        let old = hello(SERVER_HELLO, [3, 1], &[0, 0x2f, 0]);
        assert_eq!(Hello::read(&old).unwrap().to_string(), "tls server-hello (answer)\tversion=1.0\tcipher=002f");
        let new = hello(SERVER_HELLO, [3, 3], &[0x13, 1, 0, 0, 10, 0, 51, 0, 0, 0, 43, 0, 2, 3, 4]);
        assert_eq!(Hello::read(&new).unwrap().to_string(), "tls server-hello (answer)\tversion=1.3\tcipher=1301");
    }

    #[test]
    fn an_offer_is_its_suites_in_their_order_without_what_differs_each_time() {
        let offer = |suites: &[u8]| {
            let mut rest = vec![0, u8::try_from(suites.len()).unwrap()];
            rest.extend(suites);
            Hello::read(&hello(CLIENT_HELLO, [3, 3], &rest)).unwrap()
        };
        assert_eq!(offer(&[0x1a, 0x1a, 0x13, 1, 0, 0x2f]), offer(&[0x13, 1, 0, 0x2f, 0xfa, 0xfa]));
        assert_ne!(offer(&[0x13, 1, 0, 0x2f]), offer(&[0, 0x2f, 0x13, 1]));
        assert_ne!(offer(&[0x13, 1]).number(), offer(&[0x13, 2]).number());
    }

    #[test]
    fn what_is_cut_or_something_else_is_no_hello() {
        let whole = hello(CLIENT_HELLO, [3, 3], &[0, 2, 0x13, 1]);
        assert!(Hello::read(&whole).is_some());
        for end in 0..whole.len() {
            assert_eq!(Hello::read(&whole[..end]), None, "{end}");
        }
        assert_eq!(Hello::read(b"\x17\x03\x03\x00\x10 application data"), None);
    }
}
