//! The spanning tree among switches (IEEE 802.1D-2004 clause 9): a bridge says which one it takes for the root.

use crate::frame::Mac;

/// All bridges.
const BRIDGES: Mac = [0x01, 0x80, 0xc2, 0, 0, 0];

/// A configuration message of a bridge that takes itself for the root, with the least number that there is; `changed` says that
/// the topology has. Times are in 256ths of a second: its age, its longest age, between two of them, until ports forward.
pub fn claim(out: &mut Vec<u8>, bridge: Mac, changed: bool) {
    let number = [&[0, 0][..], &bridge].concat();
    out.extend_from_slice(&BRIDGES);
    out.extend_from_slice(&bridge);
    out.extend_from_slice(&[0, 38, 0x42, 0x42, 3, 0, 0, 0, 0, u8::from(changed)]);
    out.extend_from_slice(&number);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&number);
    out.extend_from_slice(&[0x80, 1, 0, 0, 20, 0, 2, 0, 15, 0]);
    // Up to the shortest Ethernet frame.
    out.extend_from_slice(&[0; 8]);
}
