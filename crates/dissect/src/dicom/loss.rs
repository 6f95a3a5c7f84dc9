//! What is left of a stream when bytes are missing or make no sense.
//!
//! A gap inside a PDU whose length is known only shortens it: a data set still counts by its header, a lost command
//! loses its message but not the place in the stream. Only where the place is lost too, the next PDU is searched for.

use wardtap_net::stream::Side;

use super::dissector::{Dicom, Phase, announce, within};
use super::open::State;
use super::wire::{PDV_HEADER, PdvHeader, control, pdu, pdu_header};
use super::{Anomaly, PROTOCOL};
use crate::{MessageHandler, Progress};

impl Dicom {
    /// Nothing that follows can be told: searches. In a stream that was never understood that is no anomaly.
    pub(super) fn lost(&mut self, side: Side, anomaly: Anomaly, to: &mut dyn MessageHandler) {
        if side.of(&self.streams).synchronised {
            to.anomaly(&PROTOCOL, anomaly.index());
        }
        self.desynchronise(side, to);
    }

    /// Searches for the next PDU from here on.
    pub(super) fn desynchronise(&mut self, side: Side, to: &mut dyn MessageHandler) {
        self.hole(side, to);
        side.of_mut(&mut self.streams).phase = Phase::Search;
    }

    /// What was held because it could have begun a PDU, had more come, is searched on behind that place; gives back what
    /// is held then.
    pub(super) fn search_held<'a>(&mut self, side: Side, held: &'a [u8], to: &mut dyn MessageHandler) -> &'a [u8] {
        let mut rest = held;
        while side.of(&self.streams).phase == Phase::Search && !rest.is_empty() {
            rest = rest.get(1..).unwrap_or_default();
            rest = match self.read(side, rest, to) {
                Progress::All => &[],
                Progress::Need { took, .. } => rest.get(took..).unwrap_or_default(),
            };
        }
        rest
    }

    /// Whatever is under way may go on behind what is lost, but not whole: nobody knows whose bytes were there.
    fn hole(&mut self, side: Side, to: &mut dyn MessageHandler) {
        let (association, now) = (self.association.as_deref(), self.now);
        side.of_mut(&mut self.streams).open.for_each(|open| {
            open.incomplete = true;
            open.adrift = true;
            if matches!(open.state, State::Gathering(_)) {
                to.anomaly(&PROTOCOL, Anomaly::CommandLost.index());
                open.lose();
            }
            open.command_ended = true;
            open.judge(association);
            announce(side, open, now, to);
        });
    }

    /// The message on the current context, if `octets` more of it are known to be missing.
    fn fragment_hole(&mut self, side: Side, octets: u32, to: &mut dyn MessageHandler) {
        let stream = side.of_mut(&mut self.streams);
        let Some(open) = stream.open.find(stream.context) else { return };
        open.incomplete = true;
        open.bytes = open.bytes.saturating_add(u64::from(octets));
        if stream.control & control::COMMAND == 0 {
            open.dataset_bytes = open.dataset_bytes.saturating_add(u64::from(octets));
            open.judge(self.association.as_deref());
            announce(side, open, self.now, to);
        } else if open.state != State::Lost {
            to.anomaly(&PROTOCOL, Anomaly::CommandLost.index());
            open.lose();
        }
    }

    /// What a gap or the end of the flow leaves of an association PDU: its fixed fields, if they are there.
    pub(super) fn cut_association(&mut self, side: Side, held: &[u8], bytes: u64, to: &mut dyn MessageHandler) {
        let associates = matches!(held.first(), Some(&(pdu::ASSOCIATE_RQ | pdu::ASSOCIATE_AC)));
        if associates && side.of(&self.streams).phase == Phase::Pdu {
            self.associate(side, held, bytes, true, true, to);
        }
    }

    /// `missing` octets are gone (`None`: nobody knows how many) behind `held`, from where the stream stands.
    pub(super) fn gap_behind(&mut self, side: Side, held: &[u8], missing: Option<u64>, to: &mut dyn MessageHandler) {
        let stream = side.of_mut(&mut self.streams);
        match stream.phase {
            Phase::Pdu => self.gap_at_pdu(side, held, missing, to),
            Phase::Pdv => self.gap_at_pdv(side, held, missing, to),
            Phase::Fragment => self.gap_in_fragment(side, missing, to),
            Phase::Skip => {
                let left = after(stream.pdu_left, missing);
                self.go_on(side, left, to);
            }
            Phase::Search => {}
        }
    }

    /// `held` begins a PDU.
    fn gap_at_pdu(&mut self, side: Side, held: &[u8], missing: Option<u64>, to: &mut dyn MessageHandler) {
        let there = u64::try_from(held.len()).unwrap_or(u64::MAX);
        let whole = pdu_header(held).map(|(_, length)| u64::from(length).saturating_add(6));
        let left = whole.zip(missing).and_then(|(whole, missing)| whole.checked_sub(there)?.checked_sub(missing));
        let known = whole.filter(|_| left.is_some()).unwrap_or(there);
        self.cut_association(side, held, known, to);
        self.go_on(side, left.and_then(|left| u32::try_from(left).ok()), to);
    }

    /// `held` begins an item of a P-DATA-TF.
    fn gap_at_pdv(&mut self, side: Side, held: &[u8], missing: Option<u64>, to: &mut dyn MessageHandler) {
        let stream = side.of_mut(&mut self.streams);
        let there = u32::try_from(held.len()).unwrap_or(u32::MAX);
        let pdv = PdvHeader::read(held).and_then(|pdv| Some((pdv, pdv.fragment(stream.pdu_left)?)));
        let Some((pdv, fragment)) = pdv else {
            let left = stream.pdu_left.checked_sub(there).and_then(|left| after(left, missing));
            if left.is_some() {
                self.hole(side, to);
            }
            self.go_on(side, left, to);
            return;
        };
        // Only a command is waited for behind its header: it is lost, its place in the stream is not.
        let headers = stream.enter(pdv, fragment);
        let there = there.saturating_sub(u32::try_from(PDV_HEADER).unwrap_or(0));
        stream.pdv_left = fragment.saturating_sub(there);
        self.command_begins(side, headers.saturating_add(u64::from(there)), to);
        self.gap_in_fragment(side, missing, to);
    }

    /// The gap begins within a fragment.
    fn gap_in_fragment(&mut self, side: Side, missing: Option<u64>, to: &mut dyn MessageHandler) {
        let Some(missing) = missing else {
            self.fragment_hole(side, 0, to);
            self.desynchronise(side, to);
            return;
        };
        let stream = side.of_mut(&mut self.streams);
        let (_, gone) = within(usize::try_from(missing).unwrap_or(usize::MAX), stream.pdv_left);
        stream.pdv_left = stream.pdv_left.saturating_sub(gone);
        let ended = stream.pdv_left == 0;
        self.fragment_hole(side, gone, to);
        if ended {
            self.fragment_ends(side, to);
            let beyond = missing.saturating_sub(u64::from(gone));
            if beyond > 0 {
                // Items between are lost with what they were; where the next PDU begins may still be known.
                let left = after(side.of(&self.streams).pdu_left, Some(beyond));
                if left.is_some() {
                    self.hole(side, to);
                }
                self.go_on(side, left, to);
            }
        }
    }

    /// Passes over what is left of a PDU, or searches where that is not known.
    fn go_on(&mut self, side: Side, left: Option<u32>, to: &mut dyn MessageHandler) {
        match left {
            Some(left) => side.of_mut(&mut self.streams).skip(left),
            None => self.desynchronise(side, to),
        }
    }
}

/// What is left of `left` octets behind `missing` ones; `None` where those reach beyond.
fn after(left: u32, missing: Option<u64>) -> Option<u32> {
    u64::from(left).checked_sub(missing?).and_then(|left| u32::try_from(left).ok())
}
