//! What is done behind each batch of a live run: recording, flushing, and once a second what others want to know.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use wardtap_export::statistics::Run;

use super::event_file::EventFile;
use super::notify::Notify;
use super::pulse::{News, Pulse};
use super::recorder::Recorder;
use crate::batch::Batch;
use crate::judgement::Judgement;
use crate::knowledge::Knowledge;
use crate::totals;
use crate::worker::Counted;

/// What SIGHUP has read, until the pipeline takes it.
#[derive(Clone, Default)]
pub struct Inbox(Arc<Mutex<Option<Knowledge>>>);

impl Inbox {
    /// In place of what was not taken yet.
    pub fn put(&self, knowledge: Knowledge) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(knowledge);
    }

    fn take(&self) -> Option<Knowledge> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What is done behind each batch.
pub struct Behind {
    pub run: Run,
    pub events: Option<EventFile>,
    pub recorder: Option<Recorder>,
    pub pulse: Arc<Pulse>,
    pub inbox: Inbox,
    pub notify: Notify,
}

impl Behind {
    /// Does it. An error is one of writing events to a pipe that nobody reads.
    pub fn batch(&mut self, judgement: &mut Judgement, batch: &Batch, counted: Vec<Counted>) -> io::Result<()> {
        if let Some(recorder) = &mut self.recorder {
            recorder.take(&batch.block);
        }
        if let Some(to) = &mut judgement.events.to {
            to.flush()?;
        }
        if batch.last.is_some()
            && let Some(recorder) = &mut self.recorder
        {
            recorder.flush();
        }
        let Some(read) = &batch.read else { return Ok(()) };
        if let Some(recorder) = &mut self.recorder {
            recorder.flush();
        }
        if let Some(events) = &self.events {
            events.second(read.now);
        }
        if let Some(knowledge) = self.inbox.take() {
            let keeps = knowledge.digests.get("baseline") == self.run.digests.get("baseline");
            self.run.digests = knowledge.digests.clone();
            judgement.inform(knowledge, keeps);
            self.pulse.reloaded(true);
            eprintln!("wardtap: configuration, assets and baseline were read again");
        }
        self.pulse.say(News {
            totals: totals::add_up(self.run.clone(), read, &counted, judgement),
            interfaces: read.interfaces.clone(),
            now: read.now,
            events_lost: self.events.as_ref().map_or(0, EventFile::lost),
            events_failing: self.events.as_ref().is_some_and(EventFile::is_failing),
            recording: self.recorder.as_ref().map(Recorder::is_going_on),
        });
        self.notify.alive();
        Ok(())
    }
}
