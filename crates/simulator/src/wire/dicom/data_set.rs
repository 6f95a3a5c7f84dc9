//! Data sets (PS3.5 section 7), implicit or explicit VR, little endian.

/// A data set under construction; its caller gives elements in ascending order of their tags.
#[derive(Clone, Debug)]
pub struct DataSet {
    explicit: bool,
    /// Its octets.
    pub octets: Vec<u8>,
}

impl DataSet {
    /// An empty one.
    pub fn new(explicit: bool) -> Self {
        Self { explicit, octets: Vec::with_capacity(512) }
    }

    fn header(&mut self, tag: u32, vr: &[u8; 2], length: u32) {
        self.tag(tag);
        if !self.explicit {
            self.octets.extend_from_slice(&length.to_le_bytes());
        } else if matches!(vr, b"OB" | b"OW" | b"SQ" | b"UN" | b"UT") {
            self.octets.extend_from_slice(&[vr[0], vr[1], 0, 0]);
            self.octets.extend_from_slice(&length.to_le_bytes());
        } else {
            self.octets.extend_from_slice(vr);
            self.octets.extend_from_slice(&(length as u16).to_le_bytes());
        }
    }

    fn tag(&mut self, tag: u32) {
        self.octets.extend_from_slice(&((tag >> 16) as u16).to_le_bytes());
        self.octets.extend_from_slice(&(tag as u16).to_le_bytes());
    }

    /// An element of text; an empty one matches anything in a query (PS3.4 section C.2.2.2.3).
    pub fn text(&mut self, tag: u32, vr: &[u8; 2], value: &str) -> &mut Self {
        self.header(tag, vr, value.len().next_multiple_of(2) as u32);
        self.octets.extend_from_slice(value.as_bytes());
        if value.len() % 2 == 1 {
            // UIDs are padded with NUL, other text with a space (PS3.5 section 6.2).
            self.octets.push(if vr == b"UI" { 0 } else { b' ' });
        }
        self
    }

    /// An element of one unsigned short.
    pub fn short(&mut self, tag: u32, value: u16) -> &mut Self {
        self.header(tag, b"US", 2);
        self.octets.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// An element of octets.
    pub fn octets(&mut self, tag: u32, vr: &[u8; 2], value: &[u8]) -> &mut Self {
        self.header(tag, vr, value.len().next_multiple_of(2) as u32);
        self.octets.extend_from_slice(value);
        self.octets.resize(self.octets.len() + value.len() % 2, 0);
        self
    }

    /// The header of an element of octets that the caller sends behind this data set.
    pub fn octets_follow(&mut self, tag: u32, vr: &[u8; 2], length: usize) -> &mut Self {
        self.header(tag, vr, length as u32);
        self
    }

    /// A sequence of so many items, of undefined lengths (PS3.5 section 7.5.1).
    pub fn sequence(&mut self, tag: u32, items: usize, mut write: impl FnMut(&mut Self, usize)) -> &mut Self {
        self.header(tag, b"SQ", u32::MAX);
        for number in 0..items {
            self.delimiter(0xfffe_e000, u32::MAX);
            write(self, number);
            self.delimiter(0xfffe_e00d, 0);
        }
        self.delimiter(0xfffe_e0dd, 0);
        self
    }

    fn delimiter(&mut self, tag: u32, length: u32) {
        self.tag(tag);
        self.octets.extend_from_slice(&length.to_le_bytes());
    }
}
