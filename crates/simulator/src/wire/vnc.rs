//! RFB, as VNC speaks it (RFC 6143).

use crate::dice::Dice;
use crate::wire::noise;

/// The version that both ends say first.
pub const VERSION: &[u8] = b"RFB 003.008\n";
/// The server's security types: VNC authentication alone.
pub const SECURITY: &[u8] = &[1, 2];
/// The server's security types: none at all, and the client takes it (section 7.2.1).
pub const OPEN: &[u8] = &[1, 1];
/// The client takes that one.
pub const NO_PASSWORD: &[u8] = &[1];
/// The client takes it.
pub const CHOICE: &[u8] = &[2];
/// The login was right.
pub const WELCOME: &[u8] = &[0; 4];
/// ClientInit: others may stay.
pub const SHARED: &[u8] = &[1];

/// The challenge, or its response.
pub fn challenge(dice: &mut Dice) -> [u8; 16] {
    noise::fresh(dice)
}

/// ServerInit: a screen of 1280 by 1024 with 32 bits a pixel (section 7.3.2).
pub fn screen(name: &str) -> Vec<u8> {
    let mut out = vec![5, 0, 4, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0];
    out.extend_from_slice(&(name.len() as u32).to_be_bytes());
    out.extend_from_slice(name.as_bytes());
    out
}

/// SetEncodings: raw (section 7.5.2).
pub const ENCODINGS: &[u8] = &[2, 0, 0, 1, 0, 0, 0, 0];

/// PointerEvent and FramebufferUpdateRequest for what has changed.
pub fn look(dice: &mut Dice) -> Vec<u8> {
    let [x, y] = [dice.range(0..1200), dice.range(0..1000)].map(|at| (at as u16).to_be_bytes());
    let mut out = vec![5, 0, x[0], x[1], y[0], y[1]];
    out.extend_from_slice(&[3, 1, 0, 0, 0, 0, 5, 0, 4, 0]);
    out
}

/// FramebufferUpdate with one raw rectangle of so many lines of 64 pixels.
pub fn update(lines: u8, dice: &mut Dice) -> Vec<u8> {
    let mut out =
        vec![0, 0, 0, 1, 0, dice.range(0..200) as u8, 0, dice.range(0..200) as u8, 0, 64, 0, lines, 0, 0, 0, 0];
    out.extend_from_slice(noise::piece(dice, usize::from(lines) * 64 * 4));
    out
}
