//! A checked cursor over borrowed bytes: the way dissectors read.
//!
//! Every read either succeeds and moves on, or answers `None` and leaves the cursor where it was, so that a caller
//! can stop at the first missing byte without having consumed half a field.

/// Reads forward through `bytes`; never past the end.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// How many bytes were read so far.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// How many bytes are left.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.position)
    }

    /// True when nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// What has not been read, without reading it.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    /// The next `count` bytes, or `None` when fewer are left.
    #[inline]
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.position.checked_add(count)?;
        let taken = self.bytes.get(self.position..end)?;
        self.position = end;
        Some(taken)
    }

    /// Passes over `count` bytes.
    #[inline]
    pub fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(|_| ())
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let array = *self.rest().first_chunk::<N>()?;
        self.position = self.position.saturating_add(N);
        Some(array)
    }

    /// One octet.
    #[inline]
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two octets, most significant first.
    #[inline]
    pub fn be16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Four octets, most significant first.
    #[inline]
    pub fn be32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Two octets, least significant first.
    #[inline]
    pub fn le16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four octets, least significant first.
    #[inline]
    pub fn le32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }
}

/// The 16-bit big-endian field at `offset`.
#[inline]
#[must_use]
pub fn be16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..)?.first_chunk::<2>().map(|field| u16::from_be_bytes(*field))
}

/// The 32-bit big-endian field at `offset`.
#[inline]
#[must_use]
pub fn be32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk::<4>().map(|field| u32::from_be_bytes(*field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_read_leaves_the_cursor() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.be16(), Some(0x0102));
        assert_eq!(reader.be16(), None);
        assert_eq!(reader.position(), 2);
        assert_eq!(reader.take(usize::MAX), None);
        assert_eq!(reader.u8(), Some(3));
        assert!(reader.is_empty());
    }

    #[test]
    fn byte_orders() {
        let bytes = [1, 2, 3, 4];
        assert_eq!(Reader::new(&bytes).be32(), Some(0x0102_0304));
        assert_eq!(Reader::new(&bytes).le32(), Some(0x0403_0201));
        assert_eq!(Reader::new(&bytes).le16(), Some(0x0201));
        assert_eq!(be16_at(&bytes, 2), Some(0x0304));
        assert_eq!(be16_at(&bytes, 3), None);
        assert_eq!(be32_at(&bytes, usize::MAX), None);
    }
}
