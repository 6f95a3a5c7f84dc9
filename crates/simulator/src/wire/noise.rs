//! Octets without meaning: what encrypted data and the contents of files look like.

use std::sync::LazyLock;

use crate::dice::Dice;

/// The longest piece.
pub const LONGEST: usize = 1 << 16;

/// Drawn once for all: pieces of it are told apart by where they begin.
static POOL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut dice = Dice::new(0, "noise", 0);
    (0..8 * LONGEST / 8).flat_map(|_| dice.bits().to_le_bytes()).collect()
});

/// So many octets of noise, [`LONGEST`] at most.
pub fn piece(dice: &mut Dice, length: usize) -> &'static [u8] {
    let length = length.min(LONGEST);
    let start = dice.range(0..(POOL.len() - length) as u64) as usize;
    &POOL[start..start + length]
}

/// The letters of Base64 (RFC 4648 section 4).
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// So many letters of Base64, of whatever.
pub fn base64(dice: &mut Dice, letters: usize) -> String {
    (0..letters).map(|_| char::from(BASE64[dice.range(0..64) as usize])).collect()
}

/// An array of fresh octets, as for keys and random values.
pub fn fresh<const N: usize>(dice: &mut Dice) -> [u8; N] {
    let mut bytes = [0; N];
    for part in bytes.chunks_mut(8) {
        part.copy_from_slice(&dice.bits().to_le_bytes()[..part.len()]);
    }
    bytes
}
