//! TFTP packets (RFC 1350).

/// Octets of a block that others follow.
pub const BLOCK: usize = 512;

/// The port of requests.
pub const PORT: u16 = 69;

/// A request: `write` to store a file, else to fetch it.
pub fn request(write: bool, file: &str) -> Vec<u8> {
    [&[0, if write { 2 } else { 1 }][..], file.as_bytes(), b"\0octet\0"].concat()
}

/// A block.
pub fn data(number: u16, octets: &[u8]) -> Vec<u8> {
    [&[0, 3][..], &number.to_be_bytes(), octets].concat()
}

/// It arrived.
pub fn acknowledge(number: u16) -> Vec<u8> {
    [&[0, 4][..], &number.to_be_bytes()].concat()
}
