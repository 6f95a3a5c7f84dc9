//! TLS handshakes as a listener sees them: 1.3 (RFC 8446), 1.2 (RFC 5246) and 1.0 (RFC 2246). What is encrypted is noise.

use crate::dice::Dice;
use crate::wire::der::{self, BITS, OCTETS, OID, SEQUENCE, SET, TEXT};
use crate::wire::noise;

/// A version, the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// TLS 1.0.
    V10,
    /// TLS 1.2.
    V12,
    /// TLS 1.3.
    V13,
}

/// Record types (RFC 8446 section 5.1).
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// The largest plaintext of a record.
pub const LARGEST: usize = 1 << 14;

impl Version {
    /// What stands in hello messages and records: 1.3 says that it is 1.2.
    fn legacy(self) -> [u8; 2] {
        if self == Self::V10 { [3, 1] } else { [3, 3] }
    }

    /// Octets that encryption adds to a record.
    fn overhead(self) -> usize {
        match self {
            Self::V10 => 20,
            Self::V12 => 24,
            Self::V13 => 17,
        }
    }
}

/// A program that opens TLS sessions: its hello differs from others' and stays the same.
#[derive(Debug)]
pub struct Client {
    /// The newest version that it speaks.
    pub newest: Version,
    /// Cipher suites in its order.
    pub ciphers: &'static [u16],
    /// Protocols for ALPN (RFC 7301); none leaves the extension out.
    pub protocols: &'static [&'static str],
}

/// A browser.
pub const BROWSER: Client = Client {
    newest: Version::V13,
    ciphers: &[
        0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f,
    ],
    protocols: &["h2", "http/1.1"],
};

/// A program of a server or of Windows.
pub const PROGRAM: Client = Client {
    newest: Version::V13,
    ciphers: &[0x1302, 0x1301, 0xc02c, 0xc02b, 0xc030, 0xc02f, 0xc024, 0xc023, 0xc028, 0xc027],
    protocols: &[],
};

/// A device that has not been updated for years.
pub const OLD_DEVICE: Client =
    Client { newest: Version::V12, ciphers: &[0xc02f, 0xc030, 0xc013, 0xc014, 0x9c, 0x2f, 0x35, 0x05], protocols: &[] };

fn extension(out: &mut Vec<u8>, kind: u16, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&(length as u16).to_be_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
}

fn short(number: usize) -> [u8; 2] {
    (number as u16).to_be_bytes()
}

fn handshake(out: &mut Vec<u8>, kind: u8, body: &[u8]) {
    out.extend_from_slice(&[kind, (body.len() >> 16) as u8, (body.len() >> 8) as u8, body.len() as u8]);
    out.extend_from_slice(body);
}

fn record(out: &mut Vec<u8>, kind: u8, version: [u8; 2], body: &[u8]) {
    out.push(kind);
    out.extend_from_slice(&version);
    out.extend_from_slice(&short(body.len()));
    out.extend_from_slice(body);
}

/// ClientHello (RFC 8446 section 4.1.2) for a server's name; `newest` is what the client offers, its own newest at most.
pub fn client_hello(client: &Client, newest: Version, name: &str, dice: &mut Dice) -> Vec<u8> {
    let mut body = newest.legacy().to_vec();
    body.extend_from_slice(&noise::fresh::<32>(dice));
    body.push(32);
    body.extend_from_slice(&noise::fresh::<32>(dice));
    let ciphers =
        || client.ciphers.iter().filter(|&&cipher| newest == Version::V13 || !(0x1301..0x1304).contains(&cipher));
    body.extend_from_slice(&short(2 * ciphers().count()));
    body.extend(ciphers().flat_map(|cipher| cipher.to_be_bytes()));
    body.extend_from_slice(&[1, 0]);
    let mut extensions = Vec::with_capacity(256);
    let length = name.len();
    extension(&mut extensions, 0, &[&short(length + 3), &[0], &short(length), name.as_bytes()]);
    extension(&mut extensions, 23, &[]);
    extension(&mut extensions, 0xff01, &[&[0]]);
    extension(&mut extensions, 10, &[&[0, 6, 0, 0x1d, 0, 0x17, 0, 0x18]]);
    extension(&mut extensions, 11, &[&[1, 0]]);
    if newest >= Version::V12 {
        let algorithms = [0, 16, 4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1];
        extension(&mut extensions, 13, &[&algorithms]);
    }
    if !client.protocols.is_empty() {
        let list: Vec<u8> =
            client.protocols.iter().flat_map(|name| [&[name.len() as u8], name.as_bytes()].concat()).collect();
        extension(&mut extensions, 16, &[&short(list.len()), &list]);
    }
    if newest == Version::V13 {
        extension(&mut extensions, 51, &[&[0, 36, 0, 0x1d, 0, 32], &noise::fresh::<32>(dice)]);
        extension(&mut extensions, 45, &[&[1, 1]]);
        extension(&mut extensions, 43, &[&[4, 3, 4, 3, 3]]);
    }
    body.extend_from_slice(&short(extensions.len()));
    body.extend_from_slice(&extensions);
    let mut message = Vec::with_capacity(body.len() + 4);
    handshake(&mut message, 1, &body);
    let mut out = Vec::with_capacity(message.len() + 5);
    record(&mut out, HANDSHAKE, [3, 1], &message);
    out
}

/// Ciphers from here on exchange keys on elliptic curves (RFC 8422); before, the client sends one (RFC 5246 section 7.4.7.1).
const ELLIPTIC: u16 = 0xc000;

/// Where the session id lies in a ClientHello's record.
const SESSION_ID: std::ops::Range<usize> = 44..76;

/// What the server sends after a ClientHello: up to its Finished in 1.3, up to ServerHelloDone before that.
pub fn server_flight(version: Version, hello: &[u8], cipher: u16, name: &str, dice: &mut Dice) -> Vec<u8> {
    flight(version, hello, cipher, name, None, dice)
}

/// The same of a server whose certificate stays.
pub fn server_flight_with(hello: &[u8], cipher: u16, certificate: &[u8], dice: &mut Dice) -> Vec<u8> {
    flight(Version::V12, hello, cipher, "", Some(certificate), dice)
}

fn flight(version: Version, hello: &[u8], cipher: u16, name: &str, shown: Option<&[u8]>, dice: &mut Dice) -> Vec<u8> {
    let mut body = version.legacy().to_vec();
    body.extend_from_slice(&noise::fresh::<32>(dice));
    body.push(32);
    // 1.3 repeats the client's session id; before that it would say that an old session goes on (RFC 5246 section 7.4.1.3).
    let fresh = noise::fresh::<32>(dice);
    let echoed = hello.get(SESSION_ID).filter(|_| version == Version::V13);
    body.extend_from_slice(echoed.unwrap_or(&fresh));
    body.extend_from_slice(&cipher.to_be_bytes());
    body.push(0);
    let mut extensions = Vec::new();
    if version == Version::V13 {
        extension(&mut extensions, 51, &[&[0, 0x1d, 0, 32], &noise::fresh::<32>(dice)]);
        extension(&mut extensions, 43, &[&[3, 4]]);
    } else {
        extension(&mut extensions, 0xff01, &[&[0]]);
        extension(&mut extensions, 23, &[]);
    }
    body.extend_from_slice(&short(extensions.len()));
    body.extend_from_slice(&extensions);
    let mut out = Vec::with_capacity(2600);
    let mut messages = Vec::with_capacity(1500);
    handshake(&mut messages, 2, &body);
    if version == Version::V13 {
        record(&mut out, HANDSHAKE, [3, 3], &messages);
        record(&mut out, CHANGE_CIPHER_SPEC, [3, 3], &[1]);
        // EncryptedExtensions, Certificate, CertificateVerify and Finished.
        let length = 1400 + name.len() * 4;
        record(&mut out, APPLICATION_DATA, [3, 3], noise::piece(dice, length));
        return out;
    }
    let certificate = match shown {
        Some(shown) => shown.to_vec(),
        None => certificate("Hospital CA", name, dice),
    };
    let length = |octets: usize| [(octets >> 16) as u8, (octets >> 8) as u8, octets as u8];
    let list = [&length(certificate.len() + 3)[..], &length(certificate.len()), &certificate].concat();
    handshake(&mut messages, 11, &list);
    if version == Version::V12 && cipher >= ELLIPTIC {
        // An x25519 key, signed with RSA and SHA-256 (RFC 8422 section 5.4).
        let (key, signature) = (noise::fresh::<32>(dice), noise::fresh::<256>(dice));
        handshake(&mut messages, 12, &[&[3, 0, 0x1d, 32][..], &key, &[4, 1, 1, 0], &signature].concat());
    }
    handshake(&mut messages, 14, &[]);
    record(&mut out, HANDSHAKE, version.legacy(), &messages);
    out
}

/// What the client answers to that: its keys and Finished.
pub fn client_flight(version: Version, dice: &mut Dice) -> Vec<u8> {
    let mut out = Vec::with_capacity(400);
    match version {
        Version::V13 => {
            record(&mut out, CHANGE_CIPHER_SPEC, [3, 3], &[1]);
            record(&mut out, APPLICATION_DATA, [3, 3], noise::piece(dice, 53));
            return out;
        }
        Version::V12 => {
            let mut message = Vec::new();
            handshake(&mut message, 16, &[&[32][..], &noise::fresh::<32>(dice)].concat());
            record(&mut out, HANDSHAKE, [3, 3], &message);
        }
        Version::V10 => {
            let mut message = Vec::new();
            handshake(&mut message, 16, &[&[1, 0][..], &noise::fresh::<256>(dice)].concat());
            record(&mut out, HANDSHAKE, [3, 1], &message);
        }
    }
    finish(&mut out, version, dice);
    out
}

/// The same in TLS 1.2 for a cipher: without elliptic curves the client's key is encrypted for the server (RFC 5246 section 7.4.7.1).
pub fn client_flight_for(cipher: u16, dice: &mut Dice) -> Vec<u8> {
    if cipher >= ELLIPTIC {
        return client_flight(Version::V12, dice);
    }
    let (mut out, mut message) = (Vec::with_capacity(400), Vec::new());
    handshake(&mut message, 16, &[&[1, 0][..], &noise::fresh::<256>(dice)].concat());
    record(&mut out, HANDSHAKE, Version::V12.legacy(), &message);
    finish(&mut out, Version::V12, dice);
    out
}

/// The server's last words before data: its Finished, or two tickets in 1.3.
pub fn server_finish(version: Version, dice: &mut Dice) -> Vec<u8> {
    let mut out = Vec::with_capacity(600);
    if version == Version::V13 {
        record(&mut out, APPLICATION_DATA, [3, 3], noise::piece(dice, 234));
        record(&mut out, APPLICATION_DATA, [3, 3], noise::piece(dice, 234));
    } else {
        finish(&mut out, version, dice);
    }
    out
}

fn finish(out: &mut Vec<u8>, version: Version, dice: &mut Dice) {
    record(out, CHANGE_CIPHER_SPEC, version.legacy(), &[1]);
    record(out, HANDSHAKE, version.legacy(), noise::piece(dice, 16 + version.overhead()));
}

/// Appends application data of so many octets, in records.
pub fn data(out: &mut Vec<u8>, version: Version, mut length: usize, dice: &mut Dice) {
    while length > 0 {
        let part = length.min(LARGEST);
        record(out, APPLICATION_DATA, version.legacy(), noise::piece(dice, part + version.overhead()));
        length -= part;
    }
}

/// The closing alert, encrypted.
pub fn goodbye(version: Version, dice: &mut Dice) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    let kind = if version == Version::V13 { APPLICATION_DATA } else { ALERT };
    record(&mut out, kind, version.legacy(), noise::piece(dice, 2 + version.overhead()));
    out
}

/// The years of a certificate that is valid, and of the one before it.
const VALID: [&str; 2] = ["250301000000Z", "280301000000Z"];
const EXPIRED: [&str; 2] = ["220301000000Z", "250301000000Z"];

/// The alert of a client that is shown a certificate which is not valid any more (RFC 5246 section 7.2: fatal, 45).
pub const CERTIFICATE_EXPIRED: &[u8] = &[ALERT, 3, 3, 0, 2, 2, 45];

/// A server's certificate (RFC 5280) with an RSA key of 2048 bits.
pub fn certificate(issuer: &str, name: &str, dice: &mut Dice) -> Vec<u8> {
    certificate_of(issuer, name, VALID, dice)
}

/// One whose time is over.
pub fn expired_certificate(issuer: &str, name: &str, dice: &mut Dice) -> Vec<u8> {
    certificate_of(issuer, name, EXPIRED, dice)
}

fn certificate_of(issuer: &str, name: &str, valid: [&str; 2], dice: &mut Dice) -> Vec<u8> {
    let rsa_sha256 = der::value(
        SEQUENCE,
        &[&der::value(OID, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b]]), &[0x05, 0x00]],
    );
    let named = |text: &str| {
        let attribute =
            der::value(SEQUENCE, &[&der::value(OID, &[&[0x55, 4, 3]]), &der::value(TEXT, &[text.as_bytes()])]);
        der::value(SEQUENCE, &[&der::value(SET, &[&attribute])])
    };
    let [from, until] = valid.map(|time| der::value(0x17, &[time.as_bytes()]));
    let mut modulus = noise::fresh::<256>(dice);
    (modulus[0], modulus[255]) = (modulus[0] | 0x80, modulus[255] | 1);
    let key = der::value(SEQUENCE, &[&der::positive(&modulus), &der::positive(&[1, 0, 1])]);
    let key_info = der::value(
        SEQUENCE,
        &[
            &der::value(
                SEQUENCE,
                &[&der::value(OID, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]]), &[0x05, 0x00]],
            ),
            &der::value(BITS, &[&[0], &key]),
        ],
    );
    let names = der::value(SEQUENCE, &[&der::value(0x82, &[name.as_bytes()])]);
    let names = der::value(SEQUENCE, &[&der::value(OID, &[&[0x55, 0x1d, 0x11]]), &der::value(OCTETS, &[&names])]);
    let signed = der::value(
        SEQUENCE,
        &[
            &der::value(0xa0, &[&der::positive(&[2])]),
            &der::positive(&noise::fresh::<8>(dice)),
            &rsa_sha256,
            &named(issuer),
            &der::value(SEQUENCE, &[&from, &until]),
            &named(name),
            &key_info,
            &der::value(0xa3, &[&der::value(SEQUENCE, &[&names])]),
        ],
    );
    der::value(SEQUENCE, &[&signed, &rsa_sha256, &der::value(BITS, &[&[0], &noise::fresh::<256>(dice)])])
}
