//! The recording of a live capture: pcapng, such that its replay takes the same way as the live packets did.
//!
//! One section, an interface description (4.2) for each interface, with nanoseconds, an enhanced packet (4.3) for each packet in
//! sequence, and interface statistics (4.6) with a comment where the sensor's clock went on without a packet. All little-endian.

use std::io::{self, Write};

use crate::{
    pcapng::MARK_COMMENT,
    source::{Block, Input, Record},
};

/// Writes a recording.
pub struct Recording<W> {
    to: W,
    /// A block being made.
    made: Vec<u8>,
}

impl<W: Write> Recording<W> {
    /// Begins one of these interfaces. `program` is who records.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(to: W, program: &str, inputs: &[Input]) -> io::Result<Self> {
        let mut recording = Self { to, made: Vec::new() };
        // Byte order, version 1.0, a length that is not said; shb_userappl.
        recording.fixed(&[&0x1a2b_3c4d_u32.to_le_bytes(), &[1, 0, 0, 0], &[0xff; 8]]);
        recording.option(4, program.as_bytes());
        recording.end(0x0a0d_0d0a)?;
        for input in inputs {
            let link = input.link_types.first().map_or(0, |link| link.0);
            recording.fixed(&[&link.to_le_bytes(), &[0, 0], &input.snaplen.to_le_bytes()]);
            // if_name, if_tsresol: 10^-9.
            recording.option(2, input.capture.as_bytes());
            recording.option(9, &[9]);
            recording.end(1)?;
        }
        Ok(recording)
    }

    /// Where it is written to.
    pub const fn to(&self) -> &W {
        &self.to
    }

    /// The same, to be changed between blocks.
    pub const fn to_mut(&mut self) -> &mut W {
        &mut self.to
    }

    /// Ends it, whatever waits to be written.
    pub fn into_inner(self) -> W {
        self.to
    }

    /// Writes the records of a block.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&mut self, block: &Block) -> io::Result<()> {
        block.records.iter().try_for_each(|record| self.record(record, block.frame(record)))
    }

    /// Has what was written reach the file.
    ///
    /// # Errors
    /// When it does not.
    pub fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn record(&mut self, record: &Record, frame: &[u8]) -> io::Result<()> {
        let [l0, l1, l2, l3, high @ ..] = record.time.nanos().to_le_bytes();
        let low = [l0, l1, l2, l3];
        let interface = u32::from(record.input).to_le_bytes();
        if record.is_mark() {
            self.fixed(&[&interface, &high, &low]);
            self.option(1, MARK_COMMENT);
            return self.end(5);
        }
        self.fixed(&[&interface, &high, &low, &record.captured.to_le_bytes(), &record.sent.to_le_bytes(), frame]);
        self.pad();
        self.end(6)
    }

    /// Begins a block: eight octets for its type and length, and these.
    fn fixed(&mut self, parts: &[&[u8]]) {
        self.made.clear();
        self.made.extend_from_slice(&[0; 8]);
        parts.iter().for_each(|part| self.made.extend_from_slice(part));
    }

    fn option(&mut self, code: u16, value: &[u8]) {
        // A name of an interface has 15 octets at most, that of the program is ours.
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        self.made.extend_from_slice(&code.to_le_bytes());
        self.made.extend_from_slice(&length.to_le_bytes());
        self.made.extend_from_slice(value.get(..usize::from(length)).unwrap_or_default());
        self.pad();
    }

    fn pad(&mut self) {
        self.made.resize(self.made.len().next_multiple_of(4), 0);
    }

    fn end(&mut self, kind: u32) -> io::Result<()> {
        // A block of a frame of a ring: far below 32 bits.
        let length = u32::try_from(self.made.len().saturating_add(4)).unwrap_or(u32::MAX).to_le_bytes();
        self.made.extend_from_slice(&length);
        for (place, octet) in self.made.iter_mut().zip(kind.to_le_bytes().into_iter().chain(length)) {
            *place = octet;
        }
        self.to.write_all(&self.made)
    }
}
