//! A frame being read, line by line: what is remembered of it while its bytes pass.
//!
//! Only MSH and MSA (and one line that may name the sender's equipment) are looked into; of every other line the name
//! is counted. So of a line that a chunk's end cuts, its first four bytes are kept, and up to [`LINE_MAX`] of those
//! few, whatever the size of the message.

use std::borrow::Cow;

use wardtap_net::flow::HashKey;
use wardtap_net::packet::Timestamp;

use super::dissector::Output;
use super::orders::{CONTROL_LINE_MAX, Orders};
use super::profile::{has_identity, may_identify};
use super::results::{ORDER_LINE_MAX, RESULT_LINE_MAX, Results};
use super::scan::{CR, Ends, FS, LF, VT};
use super::segments::{Counts, Name};
use super::wire::{LINE_MAX, is_field_separator};
use super::{COMMIT_NAK, MISSING_FRAME_END, NOT_HL7, SEVERAL_MESSAGES_IN_FRAME};
use crate::fingerprint::Digest;

/// Bytes of a line from which its kind is known: a name and the separator behind it.
const HEAD: usize = 4;

/// What a message leaves behind while its bytes pass; `'a` is the chunk's, for lines that no chunk's end cut.
#[derive(Debug, Default)]
pub(super) struct Open<'a> {
    /// The MSH line; empty when no message is being read.
    pub(super) header: Cow<'a, [u8]>,
    /// MSH was whole and ended properly.
    pub(super) header_ended: bool,
    /// The first MSA line; empty when there is none.
    pub(super) acknowledgement: Cow<'a, [u8]>,
    /// MSA was whole and ended properly.
    pub(super) acknowledgement_ended: bool,
    /// A line that may name the sender's equipment; empty when there is none, or none is wanted.
    pub(super) equipment: Cow<'a, [u8]>,
    /// The segments so far.
    pub(super) counts: Counts,
    /// The length, up to the current line.
    pub(super) bytes: u64,
    /// Bytes are missing.
    pub(super) incomplete: bool,
    /// Something else than CR ended a segment.
    pub(super) odd_ends: bool,
    /// A segment had a name that the standard does not know.
    pub(super) unknown: bool,
    /// The results that it carries, where fingerprints are wanted.
    pub(super) results: Results,
    /// What it does with orders, where fingerprints are wanted.
    pub(super) orders: Orders,
    /// What stands behind the header, once the frame has ended: of the last message of a frame, where it is whole and
    /// fingerprints are wanted.
    pub(super) content: Option<Digest>,
}

impl Open<'_> {
    const fn is_open(&self) -> bool {
        match &self.header {
            Cow::Borrowed(line) => !line.is_empty(),
            Cow::Owned(line) => !line.is_empty(),
        }
    }

    /// Forgets everything.
    fn close(&mut self) {
        self.header = Cow::Borrowed(&[]);
        self.acknowledgement = Cow::Borrowed(&[]);
        self.equipment = Cow::Borrowed(&[]);
        self.counts.clear();
        self.results.clear();
        self.orders = Orders::default();
        self.bytes = 0;
        (self.incomplete, self.odd_ends, self.unknown) = (false, false, false);
        self.content = None;
    }
}

/// Where in the frame the reading is.
#[derive(Debug, Default)]
struct Place {
    /// Bytes of the current line in earlier chunks.
    line: u64,
    /// The beginning of those.
    kept: Vec<u8>,
    /// Bytes of the current line are missing: it is no use.
    lost: bool,
    /// A VT stands in front of the current line, though the frame had begun before.
    restarted: bool,
    /// A batch or file header or trailer was seen.
    batch: bool,
    /// Bytes are missing outside a message, perhaps its header: what follows cannot be judged.
    blind: bool,
    /// Content that is not HL7 was seen, and counted.
    foreign: bool,
    /// A line that identifies the sender's device is wanted.
    profile: bool,
    /// A header was the current line.
    begun: bool,
    /// FS ended the content, and nothing is known yet of what stands behind it.
    ended: bool,
    /// When and in which frame the last bytes came.
    last: (Timestamp, u64),
}

/// The state of a frame.
#[derive(Debug, Default)]
pub(super) struct Frame<'a> {
    open: Open<'a>,
    place: Place,
    /// What stands behind the header so far, where fingerprints are wanted.
    digest: Option<Digest>,
}

impl<'a> Frame<'a> {
    /// Makes ready for the next frame; keeps the allocation. With `profile`, a line is kept that identifies the
    /// sender's device, where there is one.
    pub(super) fn begin(&mut self, profile: bool, fingerprints: Option<HashKey>) {
        self.open.close();
        let mut kept = std::mem::take(&mut self.place.kept);
        kept.clear();
        self.place = Place { kept, profile, ..Place::default() };
        self.digest = fingerprints.map(Digest::new);
    }

    /// Reads on in `rest`; true where that ended the frame, `rest` then being what follows FS.
    ///
    /// A block ends with FS and CR ("Transport Specification: MLLP, Release 1": `<SB> dddd <EB><CR>`). Where FS is the
    /// last byte at hand, the message waits for the CR, to be told with its frame and time: see [`Frame::has_ended`].
    pub(super) fn read(&mut self, rest: &mut &'a [u8], out: &mut Output<'_>) -> bool {
        let bytes = *rest;
        let mut from = 0usize;
        // Where the content goes on, or behind all where there is none.
        let mut content = if self.open.is_open() { 0 } else { bytes.len() };
        for (at, end) in Ends::of(bytes) {
            let piece = bytes.get(from..at).unwrap_or_default();
            from = at.saturating_add(1);
            if end == CR && self.is_ordinary(piece) {
                continue;
            }
            self.end_line(piece, end, out);
            if std::mem::take(&mut self.place.begun) {
                content = from;
            }
            if end == FS {
                self.digest(bytes.get(content..at).unwrap_or_default());
                self.open.content = self.digest.filter(|_| !self.open.incomplete);
                *rest = bytes.get(from..).unwrap_or_default();
                if rest.is_empty() && self.open.is_open() {
                    self.place.ended = true;
                } else {
                    self.close_message(0, out);
                }
                return true;
            }
        }
        *rest = bytes.get(from..).unwrap_or_default();
        self.digest(bytes.get(content..).unwrap_or_default());
        self.keep(rest, out);
        self.place.line = self.place.line.saturating_add(rest.len() as u64);
        *rest = &[];
        false
    }

    /// True where a message waits for the CR behind its FS.
    pub(super) const fn has_ended(&self) -> bool {
        self.place.ended
    }

    /// Gives out the message that waited.
    pub(super) fn let_go(&mut self, out: &mut Output<'_>) {
        self.place.ended = false;
        self.close_message(0, out);
    }

    /// When and in which frame the last bytes came.
    pub(super) const fn last(&self) -> (Timestamp, u64) {
        self.place.last
    }

    /// Bytes are missing here.
    ///
    /// The message goes on behind them, incomplete, at the next line. Of the line that they are in nothing is shown,
    /// whatever its beginning was; an MSH line counts as the header of a message of which nothing else is known.
    pub(super) fn gap(&mut self, missing: u64, out: &mut Output<'_>) {
        self.interrupt(out);
        self.open.bytes = self.open.bytes.saturating_add(missing);
        self.place.blind |= !self.open.is_open();
        self.place.lost = true;
    }

    /// The stream ended inside the frame.
    pub(super) fn finish(&mut self, out: &mut Output<'_>) {
        self.interrupt(out);
        self.close_message(0, out);
    }

    /// Puts the frame away until the next chunk; what still lay in the chunk is copied.
    pub(super) fn into_owned(self, out: &mut Output<'_>) -> Frame<'static> {
        let place = Place { last: out.now, ..self.place };
        let Open { header, header_ended, acknowledgement, acknowledgement_ended, equipment, .. } = self.open;
        let Open { counts, bytes, incomplete, odd_ends, unknown, results, orders, content, .. } = self.open;
        let mut own = |line: Cow<'_, [u8]>| {
            if let Cow::Borrowed(line) = line {
                out.to.copied(line.len());
            }
            Cow::Owned(line.into_owned())
        };
        Frame {
            open: Open {
                header: own(header),
                header_ended,
                acknowledgement: own(acknowledgement),
                acknowledgement_ended,
                equipment: own(equipment),
                counts,
                bytes,
                incomplete,
                odd_ends,
                unknown,
                results,
                orders,
                content,
            },
            place,
            digest: self.digest,
        }
    }

    /// Bytes on the heap.
    pub(super) fn held_bytes(&self) -> usize {
        let Open { header, acknowledgement, equipment, .. } = &self.open;
        let own = |line: &Cow<'_, [u8]>| if let Cow::Owned(line) = line { line.capacity() } else { 0 };
        [own(header), own(acknowledgement), own(equipment), self.place.kept.capacity(), self.open.results.held_bytes()]
            .into_iter()
            .fold(size_of::<Self>(), usize::saturating_add)
    }

    /// Ends the current line where its rest will not come.
    fn interrupt(&mut self, out: &mut Output<'_>) {
        if !self.place.lost && matches!(Line::of(&self.place.kept), Line::Header) {
            self.begin_message(&[], None, out);
        }
        self.open.bytes = self.open.bytes.saturating_add(self.place.line);
        self.open.incomplete = true;
        self.place.line = 0;
        self.place.kept.clear();
        self.place.restarted = false;
    }

    /// Takes what stands behind the header into the digest.
    fn digest(&mut self, content: &[u8]) {
        if let Some(digest) = &mut self.digest {
            digest.write(content);
        }
    }

    /// Counts a line of which nothing but its name matters, as almost all are; false, with nothing done, for all others.
    #[inline]
    fn is_ordinary(&mut self, piece: &[u8]) -> bool {
        let [a, b, c, separator, ..] = *piece else { return false };
        let ordinary = self.place.line == 0
            && !(self.place.lost || self.place.restarted)
            && !(self.place.profile && self.open.equipment.is_empty())
            && self.open.header.get(3) == Some(&separator)
            && self.open.counts.repeats([a, b, c]);
        if ordinary {
            if self.digest.is_some() {
                match &[a, b, c] {
                    b"OBX" => self.open.results.observation(piece, &self.open.header),
                    b"OBR" => self.open.results.order(piece, separator),
                    b"ORC" => self.open.orders.common(piece.get(..CONTROL_LINE_MAX).unwrap_or(piece), separator),
                    _ => {}
                }
            }
            self.open.bytes = self.open.bytes.saturating_add(piece.len() as u64).saturating_add(1);
        }
        ordinary
    }

    /// A line is complete: what earlier chunks had of it, and `piece`.
    fn end_line(&mut self, piece: &'a [u8], end: u8, out: &mut Output<'_>) {
        let length = self.place.line.saturating_add(piece.len() as u64);
        let line = if self.place.line == 0 {
            Line::of(piece)
        } else {
            self.keep(piece, out);
            Line::of(&self.place.kept)
        };
        let (lost, restarted) = (self.place.lost, self.place.restarted);
        match line {
            _ if lost => {}
            Line::Header => self.begin_message(piece, Some(end), out),
            Line::BatchHeader | Line::BatchTrailer => {
                self.leave_message(out);
                self.place.batch = true;
            }
            // A VT within a line: no more than an odd byte of it.
            _ if restarted && self.open.is_open() => {}
            Line::Blank => {}
            line if self.open.is_open() => self.segment(line, piece, end),
            _ => self.foreign(length, piece, end, out),
        }
        self.open.bytes = self.open.bytes.saturating_add(length);
        self.place.line = 0;
        self.place.kept.clear();
        self.place.lost = false;
        self.place.restarted = end == VT;
        if end == FS {
            self.open.odd_ends |= length > 0;
        } else {
            self.open.odd_ends |= end == LF;
            self.open.bytes = self.open.bytes.saturating_add(1);
        }
    }

    /// A line that begins with MSH and a separator.
    fn begin_message(&mut self, piece: &'a [u8], end: Option<u8>, out: &mut Output<'_>) {
        if self.open.is_open() && !self.place.restarted && !self.place.batch {
            out.anomaly(SEVERAL_MESSAGES_IN_FRAME);
        }
        self.leave_message(out);
        self.open.close();
        self.open.header = self.take_line(piece);
        self.open.header_ended = end.is_some_and(ends_a_line);
        self.open.counts.add(Name::MSH);
        self.digest = self.digest.map(|digest| digest.anew());
        self.place.begun = true;
    }

    /// The current line shows that the message before it is over, and with a VT in front of it the frame too.
    fn leave_message(&mut self, out: &mut Output<'_>) {
        let restarted = self.place.restarted;
        if restarted && self.open.is_open() && !self.open.incomplete {
            out.anomaly(MISSING_FRAME_END);
        }
        self.close_message(u64::from(restarted), out);
        self.place.batch &= !restarted;
    }

    /// Gives out the message, if there is one; `behind` of its bytes turned out not to be its own.
    fn close_message(&mut self, behind: u64, out: &mut Output<'_>) {
        if self.open.is_open() {
            self.open.bytes = self.open.bytes.saturating_sub(behind);
            out.message(&self.open);
            self.open.close();
        }
    }

    /// A line of a message other than its first.
    fn segment(&mut self, line: Line, piece: &'a [u8], end: u8) {
        let known = match line {
            Line::Segment(name, behind) if self.ends_well(name, behind) => {
                self.look_into(name, piece, end);
                self.open.counts.add(name)
            }
            _ => {
                self.open.counts.add_other();
                false
            }
        };
        self.open.unknown |= !known;
    }

    /// A name ends with the message's separator, or its line does. A site's own name must have fields: a line of three
    /// characters can be anything where a sender leaves line ends in free text, and `ZOE` is a name as well.
    fn ends_well(&self, name: Name, behind: Option<u8>) -> bool {
        match behind {
            Some(_) => behind == self.open.header.get(3).copied(),
            None => !name.is_local(),
        }
    }

    fn look_into(&mut self, name: Name, piece: &'a [u8], end: u8) {
        if self.digest.is_some()
            && matches!(name, Name::OBX | Name::OBR | Name::ORC | Name::SPM)
            && ends_a_line(end)
            && let Some(&field) = self.open.header.get(3)
        {
            let line = if self.place.line == 0 { piece } else { &self.place.kept };
            match name {
                Name::OBX => self.open.results.observation(line, &self.open.header),
                Name::OBR => self.open.results.order(line, field),
                Name::ORC => self.open.orders.common(line.get(..CONTROL_LINE_MAX).unwrap_or(line), field),
                _ => self.open.results.specimen(line, &self.open.header),
            }
        }
        if name == Name::MSA && self.open.acknowledgement.is_empty() {
            self.open.acknowledgement = self.take_line(piece);
            self.open.acknowledgement_ended = ends_a_line(end);
        } else if self.place.profile && may_identify(name) && self.open.equipment.is_empty() {
            let line = self.take_line(piece);
            if has_identity(&line) && ends_a_line(end) {
                self.open.equipment = line;
            }
        }
    }

    /// A line outside any message.
    fn foreign(&mut self, length: u64, piece: &[u8], end: u8, out: &mut Output<'_>) {
        // MLLP release 2: one byte answers a frame, acknowledged (0x06) or not (0x15).
        let first = self.place.kept.first().or_else(|| piece.first());
        match (first, end) {
            (Some(0x06), FS) if length == 1 => {}
            (Some(0x15), FS) if length == 1 => out.anomaly(COMMIT_NAK),
            _ if self.place.foreign || self.place.batch || self.place.blind => {}
            _ => {
                self.place.foreign = true;
                out.anomaly(NOT_HL7);
            }
        }
    }

    /// The whole line that ends with `piece`, as far as it is kept.
    fn take_line(&mut self, piece: &'a [u8]) -> Cow<'a, [u8]> {
        if self.place.line == 0 {
            // One byte more than is read, so that a line that is too long is known as such.
            Cow::Borrowed(piece.get(..=LINE_MAX).unwrap_or(piece))
        } else {
            Cow::Owned(std::mem::take(&mut self.place.kept))
        }
    }

    /// Keeps what may be needed of a part of a line.
    fn keep(&mut self, piece: &[u8], out: &mut Output<'_>) {
        if self.place.lost {
            return;
        }
        let kept = &mut self.place.kept;
        let missing = HEAD.saturating_sub(kept.len()).min(piece.len());
        let (head, rest) = piece.split_at(missing);
        kept.extend_from_slice(head);
        let most = match Line::of(kept) {
            Line::Header => LINE_MAX,
            Line::Segment(Name::MSA, _) if self.open.acknowledgement.is_empty() => LINE_MAX,
            Line::Segment(name, _) if self.place.profile && may_identify(name) && self.open.equipment.is_empty() => {
                LINE_MAX
            }
            Line::Segment(Name::OBX | Name::SPM, _) if self.digest.is_some() => RESULT_LINE_MAX,
            Line::Segment(Name::OBR, _) if self.digest.is_some() => ORDER_LINE_MAX,
            Line::Segment(Name::ORC, _) if self.digest.is_some() => CONTROL_LINE_MAX,
            _ => 0,
        };
        let room = if most > 0 { most.saturating_add(1).saturating_sub(kept.len()) } else { 0 };
        let body = rest.get(..room).unwrap_or(rest);
        kept.extend_from_slice(body);
        out.to.copied(head.len().saturating_add(body.len()));
    }
}

/// True where a line is whole: many senders leave out the last segment's CR, and FS ends it. A VT does not; in front of it
/// anything can be missing.
const fn ends_a_line(end: u8) -> bool {
    matches!(end, CR | LF | FS)
}

/// What a line is, by its first four bytes.
#[derive(Clone, Copy, Debug)]
enum Line {
    Blank,
    /// MSH and a separator.
    Header,
    BatchHeader,
    BatchTrailer,
    /// A name, and the byte behind it.
    Segment(Name, Option<u8>),
    Other,
}

impl Line {
    #[inline]
    fn of(line: &[u8]) -> Self {
        let Some(name) = Name::first_of(line) else {
            return if line.is_empty() { Self::Blank } else { Self::Other };
        };
        let behind = line.get(3).copied();
        let separated = behind.is_some_and(is_field_separator);
        match name {
            Name::MSH if separated => Self::Header,
            Name::FHS | Name::BHS if separated => Self::BatchHeader,
            Name::FTS | Name::BTS if separated || behind.is_none() => Self::BatchTrailer,
            _ => Self::Segment(name, behind),
        }
    }
}
