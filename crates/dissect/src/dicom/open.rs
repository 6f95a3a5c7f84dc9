//! DIMSE messages under way in one direction: at most a few, by presentation context (PS3.8 annex E.2).
//!
//! Usually there is one at a time, and none while an association rests; so they are a list of boxes whose empty form is
//! one word.

use wardtap_net::packet::Timestamp;

use super::association::Association;
use super::command::Command;
use super::content::{Query, START_MAX, executable};
use super::names::kind;
use crate::fingerprint::{Digest, Fingerprint};

/// The most messages followed at once in one direction; the oldest is given up for a newer one.
pub(super) const OPEN_MAX: usize = 8;

/// How far a message's command has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Fragments that came before the last one.
    Gathering(Vec<u8>),
    /// It was read.
    Read,
    /// Some of it is missing or it was too long: the message is not told, its data set only passed over.
    Lost,
}

/// Digests of an object that is to be stored: of its UID and how it is encoded, and of its first octets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Print {
    pub(super) identity: Digest,
    pub(super) content: Digest,
}

/// A message under way.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) context: u8,
    pub(super) state: State,
    pub(super) command: Command,
    /// The last fragment of a lost command has passed.
    pub(super) command_ended: bool,
    /// Octets so far, headers included.
    pub(super) bytes: u64,
    /// When and in which frame the last octets of it came.
    pub(super) last: (Timestamp, u64),
    pub(super) dataset_bytes: u64,
    pub(super) incomplete: bool,
    /// The place in the stream was lost meanwhile: what seems to end it may be the end of another.
    pub(super) adrift: bool,
    pub(super) query: Query,
    /// What kind of program the data set is, and where, until it was told.
    pub(super) executable: Option<(&'static str, &'static str)>,
    /// Of an object that is to be stored, which it is and how it begins.
    pub(super) print: Option<Print>,
    start: Vec<u8>,
    judged: bool,
    next: OpenList,
}

impl Open {
    pub(super) fn new(context: u8) -> Box<Self> {
        Box::new(Self {
            context,
            state: State::Gathering(Vec::new()),
            command: Command::default(),
            command_ended: false,
            bytes: 0,
            last: <(Timestamp, u64)>::default(),
            dataset_bytes: 0,
            incomplete: false,
            adrift: false,
            query: Query::default(),
            executable: None,
            print: None,
            start: Vec::new(),
            judged: false,
            next: OpenList(None),
        })
    }

    /// So many octets of it came.
    #[inline]
    pub(super) fn grow(&mut self, octets: u64, now: (Timestamp, u64)) {
        self.bytes = self.bytes.saturating_add(octets);
        self.last = now;
    }

    /// What tells the object from others that are stored, where all of it came.
    pub(super) fn fingerprint(&self) -> Option<Fingerprint> {
        let mut content = self.print?.content;
        content.write(&self.dataset_bytes.to_le_bytes());
        let identity = self.print?.identity.finish();
        let is_whole = !self.incomplete && !self.adrift;
        is_whole.then(|| Fingerprint { identity, content: content.finish(), for_ever: true })
    }

    /// Its command will not be read.
    pub(super) fn lose(&mut self) {
        self.state = State::Lost;
    }

    /// Whether the start of its data set is still being looked at.
    #[inline]
    pub(super) fn watches(&self) -> bool {
        !self.judged
    }

    /// Takes the next octets of the data set's start; `whole` when they end it.
    ///
    /// Judged are always the first [`START_MAX`] octets, or all where there are fewer, however they came.
    pub(super) fn watch(
        &mut self,
        data: &[u8],
        whole: bool,
        association: Option<&Association>,
        copied: &mut dyn FnMut(usize),
    ) {
        if self.start.is_empty()
            && let Some(start) = data.get(..START_MAX).or(whole.then_some(data))
        {
            self.read_start(start, whole && start.len() == data.len(), association);
            return;
        }
        let room = START_MAX.saturating_sub(self.start.len());
        let kept = data.get(..room).unwrap_or(data);
        self.start.extend_from_slice(kept);
        copied(kept.len());
        if whole || self.start.len() >= START_MAX {
            let start = std::mem::take(&mut self.start);
            self.read_start(&start, whole && kept.len() == data.len(), association);
        }
    }

    /// Judges what is there, which may not be all.
    pub(super) fn judge(&mut self, association: Option<&Association>) {
        if !self.judged {
            let start = std::mem::take(&mut self.start);
            self.read_start(&start, false, association);
        }
    }

    /// Judges the first octets, which may be the whole data set.
    fn read_start(&mut self, start: &[u8], whole: bool, association: Option<&Association>) {
        self.judged = true;
        let encoding = association.and_then(|association| association.encoding(self.context));
        self.executable = executable(start, encoding);
        if let Some(print) = &mut self.print {
            print.content.write(start);
        }
        if matches!(self.command.field, Some(kind::C_FIND | kind::C_MOVE | kind::C_GET)) {
            self.query = Query::of(start, encoding, whole && !self.incomplete);
        }
    }
}

/// The messages under way, oldest first.
#[derive(Debug, Default)]
pub(super) struct OpenList(Option<Box<Open>>);

impl OpenList {
    /// The message on a context.
    #[inline]
    pub(super) fn find(&mut self, context: u8) -> Option<&mut Open> {
        let mut list = self;
        loop {
            let open = list.0.as_mut()?;
            if open.context == context {
                return Some(open);
            }
            list = &mut open.next;
        }
    }

    /// Removes the message on a context.
    pub(super) fn take(&mut self, context: u8) -> Option<Box<Open>> {
        let mut list = self;
        while list.0.as_ref()?.context != context {
            list = &mut list.0.as_mut()?.next;
        }
        list.oldest()
    }

    /// Removes the oldest.
    pub(super) fn oldest(&mut self) -> Option<Box<Open>> {
        let mut open = self.0.take()?;
        self.0 = open.next.0.take();
        Some(open)
    }

    /// Adds the newest.
    pub(super) fn push(&mut self, open: Box<Open>) {
        let mut list = self;
        while list.0.is_some() {
            let Some(last) = &mut list.0 else { return };
            list = &mut last.next;
        }
        list.0 = Some(open);
    }

    /// Removes the oldest where there is no room for one more.
    pub(super) fn make_room(&mut self) -> Option<Box<Open>> {
        let mut count = 0usize;
        self.for_each(|_| count = count.saturating_add(1));
        if count >= OPEN_MAX { self.oldest() } else { None }
    }

    pub(super) fn for_each(&mut self, mut apply: impl FnMut(&mut Open)) {
        let mut list = self;
        while let Some(open) = &mut list.0 {
            apply(open);
            list = &mut open.next;
        }
    }

    /// Octets of commands that are gathered, all together.
    pub(super) fn gathered(&mut self) -> usize {
        let mut gathered = 0usize;
        self.for_each(|open| {
            if let State::Gathering(earlier) = &open.state {
                gathered = gathered.saturating_add(earlier.len());
            }
        });
        gathered
    }

    /// Memory held.
    pub(super) fn held_bytes(&self) -> usize {
        let mut held = 0usize;
        let mut list = self;
        while let Some(open) = &list.0 {
            let gathered = if let State::Gathering(earlier) = &open.state { earlier.capacity() } else { 0 };
            held =
                held.saturating_add(size_of::<Open>()).saturating_add(gathered).saturating_add(open.start.capacity());
            list = &open.next;
        }
        held
    }
}
