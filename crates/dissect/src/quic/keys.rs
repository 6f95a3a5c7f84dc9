//! The keys of a client's Initial packets (RFC 9001 section 5.2): who sees the id in the first of them has them too. That they
//! open a packet shows that it is one, for they prove it whole.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::{Array, BlockCipherEncrypt};
use aes_gcm::{Aes128Gcm, Tag};
use hkdf::Hkdf;
use sha2::Sha256;

use super::wire::{INITIAL_LEAST, Id, Kind, Packet, Version};

/// Octets of what proves a packet whole (RFC 9001 section 5.3).
const TAG: usize = 16;

/// Where in a packet that is sampled stands, behind the start of its number (RFC 9001 section 5.4.2).
const SAMPLED: usize = 4;

/// The keys of one end.
pub(super) struct Keys {
    pub key: [u8; 16],
    /// What the number of a packet is added to.
    pub iv: [u8; 12],
    /// Of headers.
    pub header: [u8; 16],
}

impl Keys {
    /// Of the client that chose this id for the server.
    pub(super) fn of_client(version: &Version, id: &Id) -> Option<Self> {
        let mut secret = [0; 32];
        expand(&Hkdf::new(Some(&version.salt), id.bytes()), [b"client in", b""], &mut secret)?;
        let secret = Hkdf::from_prk(&secret).ok()?;
        let mut keys = Self { key: [0; 16], iv: [0; 12], header: [0; 16] };
        expand(&secret, [version.label, b"key"], &mut keys.key)?;
        expand(&secret, [version.label, b"iv"], &mut keys.iv)?;
        expand(&secret, [version.label, b"hp"], &mut keys.header)?;
        Some(keys)
    }

    /// What is in a packet that ends with `packet`, and whose number begins at `at`.
    pub(super) fn open(&self, packet: &[u8], at: usize) -> Option<Vec<u8>> {
        let sample = packet.get(at.checked_add(SAMPLED)?..)?.first_chunk::<16>()?;
        let mut mask = Array::from(*sample);
        Aes128::new(&self.header.into()).encrypt_block(&mut mask);
        let [of_first, of_number @ ..] = mask.0;
        let mut packet = packet.to_vec();
        let first = packet.first_mut()?;
        *first ^= of_first & 0x0f;
        let length = usize::from(*first & 3).checked_add(1)?;
        let mut nonce = self.iv;
        let number = packet.get_mut(at..)?.get_mut(..length)?;
        for ((octet, mask), nonce) in
            number.iter_mut().zip(of_number).zip(nonce.iter_mut().skip(12_usize.checked_sub(length)?))
        {
            *octet ^= mask;
            *nonce ^= *octet;
        }
        let mut payload = packet.split_off(at.checked_add(length)?);
        let tag = payload.split_off(payload.len().checked_sub(TAG)?);
        let tag = Tag::from(*tag.first_chunk::<TAG>()?);
        let cipher = Aes128Gcm::new(&self.key.into());
        cipher.decrypt_inout_detached(&nonce.into(), &packet, payload.as_mut_slice().into(), &tag).ok()?;
        Some(payload)
    }
}

/// HKDF-Expand-Label (RFC 8446 section 7.1), without a context; the label is in two parts.
fn expand(secret: &Hkdf<Sha256>, [one, two]: [&[u8]; 2], out: &mut [u8]) -> Option<()> {
    const PREFIX: &[u8] = b"tls13 ";
    let length = u16::try_from(out.len()).ok()?.to_be_bytes();
    let named = PREFIX.len().checked_add(one.len())?.checked_add(two.len())?;
    secret.expand_multi_info(&[&length, &[u8::try_from(named).ok()?], PREFIX, one, two, &[0]], out).ok()
}

/// Whether a datagram begins with the first Initial packet of a client.
pub(super) fn opens(packet: &Packet, bytes: &[u8]) -> bool {
    let Kind::Initial(version, at, end) = packet.kind else { return false };
    bytes.len() >= INITIAL_LEAST
        && bytes.get(..end).is_some_and(|bytes| {
            Keys::of_client(version, &packet.destination).and_then(|keys| keys.open(bytes, at)).is_some()
        })
}
