//! The state of one flow: where each direction stands among its PDUs, the messages under way, the association.
//!
//! Association PDUs and command fragments are waited for as a whole; data sets are counted as they pass. What a step
//! decides depends on bytes alone and never on where a chunk ends.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use super::association::Association;
use super::command::Command;
use super::names::kind;
use super::open::{Open, OpenList, Print, State};
use super::wire::{
    ASSOCIATE_FIXED, Look, PDU_HEADER, PDV_HEADER, PdvHeader, SHORT_LENGTH, SHORT_LENGTH_MAX, application_context,
    control, pdu, pdu_header, plausible,
};
use super::{Anomaly, PORTS, PROTOCOL};
use crate::fingerprint::Digest;
use crate::identify::HELD_MAX;
use crate::{Dissector, Finding, FlowFacts, Gap, MessageHandler, Progress, Protocol};

/// The longest association PDU that is gathered: below what may be held of a direction. 128 contexts with a dozen
/// transfer syntaxes each take half of it.
const ASSOCIATE_MAX: u32 = 240 << 10;
/// What is waited for of a longer one: the fixed fields and the application context.
const ASSOCIATE_HEAD: usize = PDU_HEADER + ASSOCIATE_FIXED + 4 + 64;
/// The longest command set, all fragments together with those of other commands under way in the direction. Real ones
/// have a few hundred octets.
const COMMAND_MAX: usize = 64 << 10;

const _: () = assert!(ASSOCIATE_MAX as usize + PDU_HEADER < HELD_MAX && COMMAND_MAX + PDV_HEADER < HELD_MAX);

/// What the next bytes of a direction are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// A PDU's header.
    #[default]
    Pdu,
    /// An item of a P-DATA-TF, of which `pdu_left` octets are to come.
    Pdv,
    /// `pdv_left` octets of the item's fragment; behind it `pdu_left` more of the PDU.
    Fragment,
    /// `pdu_left` octets that are not read.
    Skip,
    /// Anything: the next PDU is searched for.
    Search,
}

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) open: OpenList,
    pub(super) pdu_left: u32,
    pub(super) pdv_left: u32,
    pub(super) phase: Phase,
    pub(super) context: u8,
    pub(super) control: u8,
    /// The PDU's header is not yet counted to a message: it goes to the one whose item comes first.
    pub(super) header_due: bool,
    /// A PDU was read: what follows should be one, too.
    pub(super) synchronised: bool,
    /// Gaps, counted round.
    pub(super) losses: u8,
}

impl Stream {
    pub(super) fn skip(&mut self, left: u32) {
        self.phase = if left == 0 { Phase::Pdu } else { Phase::Skip };
        self.pdu_left = left;
    }

    /// Counts `length` octets where all of them are inside a data set whose start has been seen, which is nearly always:
    /// pixels are passed over without a look at them.
    #[inline]
    fn pass(&mut self, length: usize, now: (Timestamp, u64)) -> bool {
        let Ok(length) = u32::try_from(length) else { return false };
        if self.phase != Phase::Fragment || length >= self.pdv_left || self.control & control::COMMAND != 0 {
            return false;
        }
        let Some(open) = self.open.find(self.context).filter(|open| !open.watches()) else { return false };
        self.pdv_left = self.pdv_left.saturating_sub(length);
        open.grow(u64::from(length), now);
        open.dataset_bytes = open.dataset_bytes.saturating_add(u64::from(length));
        true
    }

    /// Goes into the fragment of an item; what its headers have is counted to its message.
    pub(super) fn enter(&mut self, pdv: PdvHeader, fragment: u32) -> u64 {
        self.context = pdv.context;
        self.control = pdv.control;
        self.phase = Phase::Fragment;
        self.pdu_left = self.pdu_left.saturating_sub(fragment).saturating_sub(6);
        self.pdv_left = fragment;
        if std::mem::take(&mut self.header_due) { 12 } else { 6 }
    }
}

/// What a step did.
enum Step {
    /// Used this many octets, perhaps none.
    Took(usize),
    /// Needs this many more.
    Need(usize),
}

/// The dissector for one flow.
#[derive(Debug)]
pub(super) struct Dicom {
    pub(super) streams: [Stream; 2],
    pub(super) association: Option<Box<Association>>,
    /// When and in which frame that came which is being read.
    pub(super) now: (Timestamp, u64),
    /// A gap or the flow's end is being dealt with: what it completes was complete nobody knows when.
    pub(super) late: bool,
    pub(super) requester: Option<Side>,
    /// The end with a usual port.
    pub(super) listener: Option<Side>,
}

impl Dicom {
    pub(super) fn new(facts: &FlowFacts) -> Self {
        let begin = |from_start| {
            // Caught in the middle, it begins at a PDU only by chance.
            let phase = if from_start { Phase::Pdu } else { Phase::Search };
            Stream { phase, synchronised: from_start, ..Stream::default() }
        };
        Self {
            streams: facts.from_start.map(begin),
            association: None,
            now: <(Timestamp, u64)>::default(),
            late: false,
            requester: facts.requester,
            listener: facts.side_with_port(&PORTS),
        }
    }

    /// When that was complete which is being read, where that is known.
    pub(super) fn time(&self) -> Option<Timestamp> {
        (!self.late).then_some(self.now.0)
    }

    /// What is held is all that comes now.
    fn left(&mut self, held: &Chunk<'_>, to: &mut dyn MessageHandler) {
        self.late = true;
        if !held.bytes.is_empty() {
            self.now = (held.time, held.frame);
            to.at(held.time, held.frame);
        }
    }

    /// Reads on; also what was held, when nothing follows it.
    pub(super) fn read(&mut self, side: Side, bytes: &[u8], to: &mut dyn MessageHandler) -> Progress {
        let mut took = 0usize;
        loop {
            let rest = bytes.get(took..).unwrap_or_default();
            if rest.is_empty() {
                return Progress::All;
            }
            match self.step(side, rest, to) {
                Step::Took(more) => took = took.saturating_add(more),
                Step::Need(more) => return Progress::Need { took, more },
            }
        }
    }

    fn step(&mut self, side: Side, bytes: &[u8], to: &mut dyn MessageHandler) -> Step {
        let stream = side.of_mut(&mut self.streams);
        match stream.phase {
            Phase::Pdu => self.pdu(side, bytes, to),
            Phase::Pdv => self.pdv(side, bytes, to),
            Phase::Fragment => self.fragment(side, bytes, to),
            Phase::Skip => {
                let (took, short) = within(bytes.len(), stream.pdu_left);
                stream.skip(stream.pdu_left.saturating_sub(short));
                Step::Took(took)
            }
            Phase::Search => self.search(side, bytes),
        }
    }

    fn pdu(&mut self, side: Side, bytes: &[u8], to: &mut dyn MessageHandler) -> Step {
        let Some((pdu_type, length)) = pdu_header(bytes) else { return need(bytes, PDU_HEADER) };
        let whole = PDU_HEADER.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
        let stream = side.of_mut(&mut self.streams);
        match pdu_type {
            pdu::ASSOCIATE_RQ | pdu::ASSOCIATE_AC if length >= 68 => {
                let gathered = if length > ASSOCIATE_MAX { ASSOCIATE_HEAD } else { whole };
                let Some(taken) = bytes.get(..gathered) else { return need(bytes, gathered) };
                if gathered < whole && application_context(taken) == Look::No {
                    // Up to 4 GiB are not passed over on the word of six octets.
                    self.lost(side, Anomaly::UnknownPdu, to);
                    return Step::Took(0);
                }
                stream.synchronised = true;
                if gathered < whole {
                    to.anomaly(&PROTOCOL, Anomaly::AssociationTooLong.index());
                    let head = u32::try_from(ASSOCIATE_HEAD.saturating_sub(PDU_HEADER)).unwrap_or(0);
                    stream.skip(length.saturating_sub(head));
                }
                self.associate(side, taken, u64::from(length).saturating_add(6), gathered < whole, false, to);
                Step::Took(gathered)
            }
            pdu::ASSOCIATE_RJ | pdu::RELEASE_RQ | pdu::RELEASE_RP | pdu::ABORT
                if (SHORT_LENGTH..=SHORT_LENGTH_MAX).contains(&length) =>
            {
                let Some(taken) = bytes.get(..whole) else { return need(bytes, whole) };
                stream.synchronised = true;
                if length != SHORT_LENGTH {
                    to.anomaly(&PROTOCOL, Anomaly::PduLength.index());
                }
                self.short_pdu(side, taken, to);
                Step::Took(whole)
            }
            pdu::P_DATA => {
                if length < 6 {
                    // Room for no item at all, though there has to be one (PS3.8 9.3.5).
                    to.anomaly(&PROTOCOL, Anomaly::PduLength.index());
                    stream.skip(length);
                } else {
                    stream.phase = Phase::Pdv;
                    stream.pdu_left = length;
                    stream.header_due = true;
                }
                Step::Took(PDU_HEADER)
            }
            _ => {
                self.lost(side, Anomaly::UnknownPdu, to);
                Step::Took(0)
            }
        }
    }

    fn search(&mut self, side: Side, bytes: &[u8]) -> Step {
        let mut at = 0usize;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(next) = rest.iter().position(|byte| (pdu::ASSOCIATE_RQ..=pdu::ABORT).contains(byte)) else {
                return Step::Took(bytes.len());
            };
            at = at.saturating_add(next);
            match plausible(bytes.get(at..).unwrap_or_default()) {
                Look::Yes => {
                    let stream = side.of_mut(&mut self.streams);
                    stream.phase = Phase::Pdu;
                    stream.synchronised = true;
                    return Step::Took(at);
                }
                Look::Short(more) if at == 0 => return Step::Need(more),
                Look::Short(_) => return Step::Took(at),
                Look::No => at = at.saturating_add(1),
            }
        }
    }

    fn pdv(&mut self, side: Side, bytes: &[u8], to: &mut dyn MessageHandler) -> Step {
        let stream = side.of_mut(&mut self.streams);
        if stream.pdu_left == 0 {
            stream.phase = Phase::Pdu;
            return Step::Took(0);
        }
        if stream.pdu_left < 6 {
            self.lost(side, Anomaly::PdvLength, to);
            return Step::Took(0);
        }
        let Some(pdv) = PdvHeader::read(bytes) else { return need(bytes, PDV_HEADER) };
        let Some(fragment) = pdv.fragment(stream.pdu_left) else {
            self.lost(side, Anomaly::PdvLength, to);
            return Step::Took(0);
        };
        let is_command = pdv.control & control::COMMAND != 0;
        let length = usize::try_from(fragment).unwrap_or(usize::MAX);
        let mut gathered = PDV_HEADER;
        if is_command && length.saturating_add(stream.open.gathered()) <= COMMAND_MAX {
            gathered = PDV_HEADER.saturating_add(length);
        }
        let Some(taken) = bytes.get(..gathered) else { return need(bytes, gathered) };

        stream.synchronised = true;
        if pdv.context & 1 == 0 {
            to.anomaly(&PROTOCOL, Anomaly::ContextId.index());
        }
        if pdv.control & !control::KNOWN != 0 {
            to.anomaly(&PROTOCOL, Anomaly::ControlHeader.index());
        }
        let headers = stream.enter(pdv, fragment);
        if is_command {
            self.command_begins(side, headers, to);
            let stream = side.of_mut(&mut self.streams);
            if gathered > PDV_HEADER || length == 0 {
                stream.pdv_left = 0;
                if let Some(open) = stream.open.find(pdv.context) {
                    open.grow(u64::from(fragment), self.now);
                }
                self.command(side, taken.get(PDV_HEADER..).unwrap_or_default(), to);
            } else {
                // Streamed past; no command is read of it.
                if let Some(open) = stream.open.find(pdv.context)
                    && open.state != State::Lost
                {
                    to.anomaly(&PROTOCOL, Anomaly::CommandTooLong.index());
                    open.lose();
                }
            }
        } else if let Some(open) = stream.open.find(pdv.context) {
            open.grow(headers, self.now);
            if matches!(open.state, State::Gathering(_)) {
                to.anomaly(&PROTOCOL, Anomaly::PdvOrder.index());
            }
        }
        if side.of(&self.streams).pdv_left == 0 {
            self.fragment_ends(side, to);
        }
        Step::Took(gathered)
    }

    /// A command fragment begins: it continues the open command of its context, or opens a message.
    pub(super) fn command_begins(&mut self, side: Side, headers: u64, to: &mut dyn MessageHandler) {
        let stream = side.of_mut(&mut self.streams);
        let context = stream.context;
        let goes_on = match stream.open.find(context).map(|open| &open.state) {
            Some(State::Gathering(_)) => true,
            // The rest of a command set of which something was lost, unless its data set has begun since.
            Some(State::Lost) => {
                stream.open.find(context).is_some_and(|open| open.dataset_bytes == 0 && !open.command_ended)
            }
            Some(State::Read) => {
                to.anomaly(&PROTOCOL, Anomaly::MessageUnfinished.index());
                false
            }
            None => false,
        };
        if !goes_on {
            if let Some(open) = stream.open.take(context) {
                self.give_up(side, open, to);
            }
            if let Some(oldest) = side.of_mut(&mut self.streams).open.make_room() {
                to.anomaly(&PROTOCOL, Anomaly::TooManyOpen.index());
                self.give_up(side, oldest, to);
            }
            side.of_mut(&mut self.streams).open.push(Open::new(context));
        }
        if let Some(open) = side.of_mut(&mut self.streams).open.find(context) {
            open.grow(headers, self.now);
        }
    }

    /// A whole command fragment is here.
    fn command(&mut self, side: Side, fragment: &[u8], to: &mut dyn MessageHandler) {
        let stream = side.of_mut(&mut self.streams);
        let last = stream.control & control::LAST != 0;
        let Some(open) = stream.open.find(stream.context) else { return };
        let State::Gathering(earlier) = &mut open.state else { return };
        if !last {
            earlier.extend_from_slice(fragment);
            to.copied(fragment.len());
            return;
        }
        let whole = if earlier.is_empty() {
            fragment
        } else {
            earlier.extend_from_slice(fragment);
            to.copied(fragment.len());
            earlier
        };
        let (command, anomaly) = Command::read(whole);
        if let Some(anomaly) = anomaly {
            to.anomaly(&PROTOCOL, anomaly.index());
        } else if !command.is_response()
            && let Some(place) = Command::path(whole)
        {
            to.finding(&PROTOCOL, Finding::Path { side, place });
        } else if command.field == Some(kind::C_STORE)
            && let Some(key) = to.fingerprints()
            && let Some(instance) = Command::instance(whole)
        {
            let (mut identity, association) = (Digest::new(key), self.association.as_deref());
            identity.write(instance);
            // The same object has other octets where it is encoded in another way.
            let syntax = association.and_then(|association| association.transfer_syntax(open.context));
            identity.write(syntax.map(|syntax| syntax.as_str().as_bytes()).unwrap_or_default());
            open.print = Some(Print { identity, content: Digest::new(key) });
        }
        open.command = command;
        open.state = State::Read;
    }

    fn fragment(&mut self, side: Side, bytes: &[u8], to: &mut dyn MessageHandler) -> Step {
        let stream = side.of_mut(&mut self.streams);
        let (took, short) = within(bytes.len(), stream.pdv_left);
        stream.pdv_left = stream.pdv_left.saturating_sub(short);
        let ended = stream.pdv_left == 0;
        if let Some(open) = stream.open.find(stream.context) {
            open.grow(u64::from(short), self.now);
            if stream.control & control::COMMAND == 0 {
                open.dataset_bytes = open.dataset_bytes.saturating_add(u64::from(short));
                if open.watches() {
                    let data = bytes.get(..took).unwrap_or_default();
                    let whole = ended && stream.control & control::LAST != 0;
                    open.watch(data, whole, self.association.as_deref(), &mut |copied| to.copied(copied));
                    announce(side, open, self.now, to);
                }
            }
        }
        if ended {
            self.fragment_ends(side, to);
        }
        Step::Took(took)
    }

    /// The last octet of a fragment has come or is known to be missing.
    pub(super) fn fragment_ends(&mut self, side: Side, to: &mut dyn MessageHandler) {
        let stream = side.of_mut(&mut self.streams);
        stream.phase = if stream.pdu_left == 0 { Phase::Pdu } else { Phase::Pdv };
        if stream.control & control::LAST == 0 {
            return;
        }
        let is_command = stream.control & control::COMMAND != 0;
        let Some(open) = stream.open.find(stream.context) else {
            if !is_command {
                to.anomaly(&PROTOCOL, Anomaly::DatasetWithoutCommand.index());
            }
            return;
        };
        let complete = match (is_command, &open.state) {
            (true, State::Read) => open.command.has_data_set() != Some(true),
            (true, _) => {
                open.command_ended = true;
                false
            }
            (false, State::Gathering(_)) => false,
            (false, State::Read | State::Lost) => true,
        };
        if complete && let Some(mut open) = stream.open.take(stream.context) {
            if open.dataset_bytes > 0 {
                open.judge(self.association.as_deref());
                announce(side, &mut open, self.now, to);
            }
            let unsure = is_command && open.command.has_data_set().is_none();
            let context = open.context;
            if matches!(open.state, State::Read) {
                self.emit(side, &open, self.time().filter(|_| !open.adrift), to);
            }
            if unsure {
                // The command did not say whether a data set follows; should one, it belongs to what was just told.
                let mut rest = Open::new(context);
                rest.lose();
                rest.command_ended = true;
                side.of_mut(&mut self.streams).open.push(rest);
            }
        }
    }
}

impl Dissector for Dicom {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn dissect(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Progress {
        self.now = (chunk.time, chunk.frame);
        if chunk.side.of_mut(&mut self.streams).pass(chunk.bytes.len(), self.now) {
            return Progress::All;
        }
        to.held_changed();
        self.read(chunk.side, chunk.bytes, to)
    }

    fn gap(&mut self, gap: &Gap<'_>, to: &mut dyn MessageHandler) {
        self.left(&gap.held, to);
        let losses = &mut gap.side.of_mut(&mut self.streams).losses;
        *losses = losses.wrapping_add(1);
        let held = self.search_held(gap.side, gap.held.bytes, to);
        self.gap_behind(gap.side, held, gap.missing, to);
        self.late = false;
    }

    fn finish(&mut self, held: [Chunk<'_>; 2], to: &mut dyn MessageHandler) {
        for held in &held {
            let side = held.side;
            self.left(held, to);
            let held = self.search_held(side, held.bytes, to);
            self.cut_association(side, held, len(held), to);
            self.close_open(side, to);
        }
    }

    fn requester(&self) -> Option<Side> {
        self.requester
    }

    fn held_bytes(&self) -> usize {
        let open: usize = self.streams.iter().map(|stream| stream.open.held_bytes()).sum();
        let association = self.association.as_ref();
        let association = association.map_or(0, |kept| size_of::<Association>().saturating_add(kept.held_bytes()));
        open.saturating_add(association)
    }
}

/// Tells what the start of a data set gave away, once; `now` is what is being read.
pub(super) fn announce(side: Side, open: &mut Open, now: (Timestamp, u64), to: &mut dyn MessageHandler) {
    if let Some((format, place)) = open.executable.take() {
        to.at(open.last.0, open.last.1);
        to.finding(&PROTOCOL, Finding::Executable { side, format, place });
        to.at(now.0, now.1);
    }
}

fn need(bytes: &[u8], wanted: usize) -> Step {
    Step::Need(wanted.saturating_sub(bytes.len()).max(1))
}

/// The smaller of what is there and what is left, in both widths.
pub(super) fn within(there: usize, left: u32) -> (usize, u32) {
    let short = u32::try_from(there).map_or(left, |there| there.min(left));
    (usize::try_from(short).unwrap_or(there), short)
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
