//! MACsec (IEEE 802.1AE) that protects integrity alone: what it covers is in clear.

use super::{Peeled, Peeler, Step, Undecoded, ethernet};

/// Octets of the integrity check value of the default cipher suites (clause 14.5).
const CHECK_VALUE: usize = 16;

/// Tag control information (clause 9.5).
const VERSION: u8 = 0x80;
const HAS_CHANNEL: u8 = 0x20;
const ENCRYPTED: u8 = 0x08;
const CHANGED: u8 = 0x04;

/// A SecTAG, from behind its EtherType.
pub(super) fn macsec(peeler: &mut Peeler<'_>) -> Step {
    let control = peeler.u8(0)?;
    if control & (VERSION | ENCRYPTED | CHANGED) != 0 {
        return Err(Peeled::Stopped(Undecoded::Macsec));
    }
    // The octets in front of the check value where those are below 48, else 0 (clause 9.7).
    let short = usize::from(peeler.u8(1)? & 0x3f);
    // Control, short length and packet number; the channel's identifier, where it is told (clause 9.3).
    peeler.advance(if control & HAS_CHANNEL != 0 { 14 } else { 6 })?;
    let end = match short {
        0 => peeler.end.saturating_sub(CHECK_VALUE),
        short => peeler.end.min(peeler.at.saturating_add(short)),
    };
    peeler.end = end.max(peeler.at);
    ethernet::behind_tag(peeler)
}
