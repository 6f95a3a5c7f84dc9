//! The window of a zstd frame (RFC 8878 section 3.1.1.1): how much of what came out the unpacker has to keep.
//!
//! A frame says in its header how large a window it needs, up to terabytes, and its unpacker takes that much memory
//! before it has seen a byte more.

use wardtap_net::reader::Reader;

use crate::bounds::Bounds;

/// The largest window that is unpacked, whatever is allowed: zstd's own default limit, 128 MiB.
pub(crate) const MOST_WINDOW: u64 = 128 * 1024 * 1024;

/// The least limit that zstd can be given (ZSTD_WINDOWLOG_ABSOLUTEMIN).
const LEAST_WINDOW: u64 = 1024;

impl Bounds {
    /// The logarithm of the largest window.
    pub(crate) fn window_log(self) -> u32 {
        self.zstd_window.clamp(LEAST_WINDOW, MOST_WINDOW).ilog2()
    }
}

/// The start of a frame, as far as it has come: enough of it to tell its window.
#[derive(Debug, Default)]
pub(crate) struct Header {
    bytes: Vec<u8>,
}

impl Header {
    /// The longest header: magic number, descriptor, window or dictionary, content size (section 3.1.1.1).
    const LONGEST: usize = 18;

    /// Takes the next bytes of the frame.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        let room = Self::LONGEST.saturating_sub(self.bytes.len());
        self.bytes.extend(bytes.iter().take(room));
    }

    /// Another frame begins.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The window that the frame needs, in octets; `None` where its header is not whole, or is none.
    pub(crate) fn window(&self) -> Option<u64> {
        let mut reader = Reader::new(&self.bytes);
        let descriptor = (reader.le32()? == 0xfd2f_b528).then(|| reader.u8())??;
        // The reserved bit (3.1.1.1.1.4): whatever follows, it is no frame of this standard.
        if descriptor & 8 != 0 {
            return None;
        }
        if descriptor & 0x20 == 0 {
            // Window_Descriptor (3.1.1.1.2): an exponent, and eighths of the power.
            let window = reader.u8()?;
            let base = 1_u64.checked_shl(u32::from(window >> 3).saturating_add(10))?;
            return Some(base.saturating_add((base >> 3).saturating_mul(u64::from(window & 7))));
        }
        // A single segment (3.1.1.1.1.2): all of it is kept, so the content size (3.1.1.1.4) is the window.
        reader.skip(match descriptor & 3 {
            3 => 4,
            dictionary => usize::from(dictionary),
        })?;
        Some(match descriptor >> 6 {
            0 => u64::from(reader.u8()?),
            1 => u64::from(reader.le16()?).saturating_add(256),
            2 => u64::from(reader.le32()?),
            _ => u64::from(reader.le32()?) | u64::from(reader.le32()?) << 32,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(bytes: &[u8]) -> Option<u64> {
        let mut header = Header::default();
        // However they come.
        bytes.iter().for_each(|byte| header.take(&[*byte]));
        let mut whole = Header::default();
        whole.take(bytes);
        assert_eq!(header.window(), whole.window());
        header.window()
    }

    #[test]
    fn windows_by_descriptor() {
        for (descriptor, octets) in [(0, 1 << 10), (0x50, 1 << 20), (0x57, 15 << 17), (0x88, 1 << 27), (0xff, 15 << 38)]
        {
            assert_eq!(window(&[0x28, 0xb5, 0x2f, 0xfd, 0, descriptor]), Some(octets), "{descriptor:#x}");
        }
    }

    #[test]
    fn windows_of_single_segments() {
        let frame = |descriptor: u8, rest: &[u8]| window(&[&[0x28, 0xb5, 0x2f, 0xfd, descriptor], rest].concat());
        assert_eq!(frame(0x20, &[7]), Some(7));
        assert_eq!(frame(0x61, &[99, 1, 0]), Some(257));
        assert_eq!(frame(0xa2, &[9, 9, 0, 0, 0, 1]), Some(1 << 24));
        assert_eq!(frame(0xe3, &[9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0x80]), Some(1 << 63));
    }

    #[test]
    fn what_is_no_header_has_no_window() {
        for bytes in [&[][..], &[0x28, 0xb5, 0x2f, 0xfd], &[0x28, 0xb5, 0x2f, 0xfd, 0], &[0x50, 0x2a, 0x4d, 0x18, 0, 0]]
        {
            assert_eq!(window(bytes), None);
        }
    }

    #[test]
    fn a_limit_is_a_power_of_two_within_reason() {
        for (octets, log) in [(0, 10), (1 << 20, 20), ((1 << 21) - 1, 20), (1 << 27, 27), (u64::MAX, 27)] {
            assert_eq!(Bounds { zstd_window: octets, ..Bounds::default() }.window_log(), log);
        }
        assert_eq!(Bounds::default().window_log(), 27);
    }
}
