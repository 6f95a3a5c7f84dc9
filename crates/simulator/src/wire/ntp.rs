//! NTP packets (RFC 5905 section 7.3).

use crate::clock::Time;

/// Seconds from 1900 to 1970.
const EPOCH: u64 = 2_208_988_800;

fn stamp(time: Time) -> [u8; 8] {
    let fraction = ((time.0 % 1_000_000_000) << 32) / 1_000_000_000;
    ((((time.secs() + EPOCH) & 0xffff_ffff) << 32) | fraction).to_be_bytes()
}

/// A client's packet: mode 3 of version 4, polling every two to the `poll` seconds.
pub fn request(poll: u8, sent: Time) -> [u8; 48] {
    let mut out = [0; 48];
    out[..4].copy_from_slice(&[0x23, 0, poll, 0xe9]);
    out[40..].copy_from_slice(&stamp(sent));
    out
}

/// A server's answer: mode 4, with its stratum, whom it follows, and when it was set, asked and answered.
pub fn response(request: &[u8; 48], stratum: u8, follows: [u8; 4], times: [Time; 3]) -> [u8; 48] {
    let mut out = [0; 48];
    out[..4].copy_from_slice(&[0x24, stratum, request[2], 0xe9]);
    // Root delay and dispersion, some milliseconds as 16.16 fixed point.
    out[4..12].copy_from_slice(&[0, 0, 0x03, 0x60, 0, 0, 0x07, 0x10]);
    out[12..16].copy_from_slice(&follows);
    let [set, received, sent] = times.map(stamp);
    out[16..24].copy_from_slice(&set);
    out[24..32].copy_from_slice(&request[40..48]);
    out[32..40].copy_from_slice(&received);
    out[40..].copy_from_slice(&sent);
    out
}

/// Makes it the answer of a server that has no time to give: an alarm, no stratum, and why (sections 7.3 and 7.4).
pub fn lose(reply: &mut [u8; 48]) {
    reply[0] |= 0xc0;
    reply[1] = 0;
    reply[12..16].copy_from_slice(b"INIT");
}
