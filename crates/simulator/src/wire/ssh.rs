//! How an SSH connection begins (RFC 4253), before it is encrypted.

use crate::dice::Dice;
use crate::wire::noise;

/// What a client of today says first.
pub const CLIENT: &[u8] = b"SSH-2.0-OpenSSH_9.2p1\r\n";
/// What a server of today says first.
pub const SERVER: &[u8] = b"SSH-2.0-OpenSSH_8.7\r\n";
/// What a tool for guessing passwords says first.
pub const GUESSER: &[u8] = b"SSH-2.0-libssh2_1.9.0\r\n";

/// SSH_MSG_NEWKEYS.
pub fn new_keys() -> Vec<u8> {
    packet(&[21])
}

/// SSH_MSG_KEXINIT (section 7.1).
pub fn key_exchange_init(dice: &mut Dice) -> Vec<u8> {
    let mut payload = vec![20];
    payload.extend_from_slice(&noise::fresh::<16>(dice));
    let ciphers = "chacha20-poly1305@openssh.com,aes128-ctr,aes256-ctr,aes128-gcm@openssh.com";
    let macs = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512,hmac-sha2-256";
    for list in [
        "curve25519-sha256,ecdh-sha2-nistp256,diffie-hellman-group14-sha256",
        "ssh-ed25519,rsa-sha2-512,ecdsa-sha2-nistp256",
        ciphers,
        ciphers,
        macs,
        macs,
        "none,zlib@openssh.com",
        "none,zlib@openssh.com",
        "",
        "",
    ] {
        string(&mut payload, list.as_bytes());
    }
    payload.extend_from_slice(&[0; 5]);
    packet(&payload)
}

/// SSH_MSG_KEX_ECDH_INIT (RFC 5656 section 4).
pub fn ecdh_init(dice: &mut Dice) -> Vec<u8> {
    let mut payload = vec![30];
    string(&mut payload, &noise::fresh::<32>(dice));
    packet(&payload)
}

/// SSH_MSG_KEX_ECDH_REPLY with an Ed25519 host key (RFC 8709).
pub fn ecdh_reply(dice: &mut Dice) -> Vec<u8> {
    let typed = |octets: &[u8]| {
        let mut out = Vec::new();
        string(&mut out, b"ssh-ed25519");
        string(&mut out, octets);
        out
    };
    let mut payload = vec![31];
    string(&mut payload, &typed(&noise::fresh::<32>(dice)));
    string(&mut payload, &noise::fresh::<32>(dice));
    string(&mut payload, &typed(&noise::fresh::<64>(dice)));
    packet(&payload)
}

fn string(out: &mut Vec<u8>, octets: &[u8]) {
    out.extend_from_slice(&(octets.len() as u32).to_be_bytes());
    out.extend_from_slice(octets);
}

/// A packet (section 6): its length and padding make it a multiple of eight octets.
fn packet(payload: &[u8]) -> Vec<u8> {
    let mut padding = 8 - (5 + payload.len()) % 8;
    if padding < 4 {
        padding += 8;
    }
    let mut out = ((1 + payload.len() + padding) as u32).to_be_bytes().to_vec();
    out.push(padding as u8);
    out.extend_from_slice(payload);
    out.resize(out.len() + padding, 0);
    out
}
