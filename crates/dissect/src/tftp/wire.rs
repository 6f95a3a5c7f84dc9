//! Packets of TFTP (RFC 1350 section 5) and their options (RFC 2347).

use wardtap_net::reader::Reader;

/// Characters of a file's name that is believed.
const FILE_MAX: usize = 512;

/// Options of a request (RFC 2347): there are some six.
const OPTIONS_MAX: usize = 16;

/// Octets of data in a block: with the option (RFC 2348) any datagram's.
const BLOCK_MAX: usize = 65_464;

/// What files of programs and of settings that are programs end with: firmware, boot loaders and kernels, packages.
const PROGRAMS: [&[u8]; 32] = [
    b"bin",
    b"fw",
    b"img",
    b"hex",
    b"upd",
    b"rom",
    b"elf",
    b"srec",
    b"s19",
    b"mot",
    b"efi",
    b"exe",
    b"dll",
    b"sys",
    b"com",
    b"0",
    b"kpxe",
    b"pxe",
    b"ipxe",
    b"ramdisk",
    b"initrd",
    b"squashfs",
    b"ubi",
    b"trx",
    b"chk",
    b"pkg",
    b"tar",
    b"gz",
    b"zip",
    b"dfu",
    b"swu",
    b"cab",
];

/// Kinds of packets, by their places.
pub(super) const DATA: usize = 2;
pub(super) const ACKNOWLEDGEMENT: usize = 3;
pub(super) const ERROR: usize = 4;
pub(super) const OPTION_ACKNOWLEDGEMENT: usize = 5;

/// A packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet {
    /// Its place among the protocol's kinds.
    pub kind: usize,
    /// Of a request, by the name in RFC 1350 section 1.
    pub mode: Option<&'static str>,
    /// The name of the file that is asked for ends as those of programs do.
    pub is_program: Option<bool>,
    /// The code of an error.
    pub error: Option<u16>,
    /// The number of a block that is sent or acknowledged.
    pub block: u16,
    /// Octets of data.
    pub data: usize,
    pub block_size: Option<u64>,
    /// Octets of the file, where who has it says so (RFC 2349).
    pub size: Option<u64>,
}

impl Packet {
    /// Reads a packet that fills the datagram.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let kind = usize::from(reader.be16()?.checked_sub(1)?);
        let mut packet = Self::of(kind);
        match kind {
            0 | 1 => {
                let file = text(&mut reader).filter(|file| !file.is_empty() && file.len() <= FILE_MAX)?;
                packet.mode = Some(mode(text(&mut reader)?)?);
                packet.is_program = Some(is_program(file));
                packet.options(&mut reader)?;
            }
            DATA => {
                packet.block = reader.be16()?;
                packet.data = reader.remaining();
                (packet.data <= BLOCK_MAX).then_some(())?;
            }
            ACKNOWLEDGEMENT => {
                packet.block = reader.be16()?;
                reader.is_empty().then_some(())?;
            }
            ERROR => {
                packet.error = Some(reader.be16()?);
                // Its message is for people.
                text(&mut reader)?;
                reader.is_empty().then_some(())?;
            }
            OPTION_ACKNOWLEDGEMENT => packet.options(&mut reader)?,
            _ => return None,
        }
        Some(packet)
    }

    const fn of(kind: usize) -> Self {
        Self { kind, mode: None, is_program: None, error: None, block: 0, data: 0, block_size: None, size: None }
    }

    /// It asks for a transfer.
    pub(super) const fn is_request(&self) -> bool {
        self.kind <= 1
    }

    fn options(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        for _ in 0..OPTIONS_MAX {
            if reader.is_empty() {
                return Some(());
            }
            let (name, value) = (text(reader)?, text(reader)?);
            let number = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
            if name.eq_ignore_ascii_case(b"blksize") {
                self.block_size = number;
            } else if name.eq_ignore_ascii_case(b"tsize") {
                self.size = number;
            }
        }
        reader.is_empty().then_some(())
    }
}

/// Printable text up to the octet 0 that ends it.
fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = reader.rest().iter().position(|byte| *byte == 0)?;
    let text = reader.take(length)?;
    reader.skip(1)?;
    text.iter().all(|byte| *byte >= b' ' && *byte != 0x7f).then_some(text)
}

fn mode(text: &[u8]) -> Option<&'static str> {
    ["netascii", "octet", "mail"].into_iter().find(|mode| text.eq_ignore_ascii_case(mode.as_bytes()))
}

fn is_program(file: &[u8]) -> bool {
    let Some(dot) = memchr::memrchr(b'.', file) else { return false };
    let end = file.get(dot.saturating_add(1)..).unwrap_or_default();
    PROGRAMS.iter().any(|program| program.eq_ignore_ascii_case(end))
}

/// What an error is (RFC 1350 section 5, RFC 2347).
pub(super) const fn error(code: u16) -> &'static str {
    match code {
        0 => "undefined",
        1 => "file-not-found",
        2 => ACCESS_VIOLATION,
        3 => "disk-full",
        4 => "illegal-operation",
        5 => "unknown-transfer",
        6 => "file-exists",
        7 => "no-such-user",
        8 => "options-refused",
        _ => "other",
    }
}

/// The error that refuses who asks.
pub(super) const ACCESS_VIOLATION: &str = "access-violation";
