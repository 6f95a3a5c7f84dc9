//! What is read again at SIGHUP, and once learning is over: configuration, assets and baseline.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use anyhow::bail;

use super::behind::{Inbox, Mail};
use super::keeper::Pen;
use super::pulse::Pulse;
use crate::baselines;
use crate::cli::{Given, Judging, Watch};
use crate::config::Config;
use crate::knowledge::Knowledge;

/// Reads it again.
#[derive(Clone)]
pub struct Again {
    /// As it was typed: what the configuration says beside it may have changed.
    pub typed: Judging,
    pub given: Given,
    pub manner: Manner,
    pub inbox: Inbox,
    pub pulse: Arc<Pulse>,
    pub pen: Pen,
    /// Octets of a baseline's file for which there is room.
    pub room: u64,
}

/// How the baseline is gone by.
#[derive(Clone, Copy)]
pub struct Manner {
    frozen: bool,
    learns: bool,
}

impl Manner {
    /// As the options say.
    pub const fn of(watch: &Watch) -> Self {
        Self { frozen: watch.frozen, learns: watch.learn_for.is_some() }
    }

    /// What is compared with now: no baseline while it is being learned. What is normal widens unless it is frozen.
    pub fn now(self, mut judging: Judging) -> Judging {
        judging.baseline = judging.baseline.filter(|path| !self.learns || path.exists());
        judging.adapt = judging.baseline.is_some() && !self.frozen;
        judging
    }
}

impl Again {
    /// Reads it, and has the pipeline go by it; a mistake is told, and what was read before holds.
    pub fn read(&self) {
        // Somebody may be replacing the baseline.
        let _pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        match self.knowledge() {
            Ok(knowledge) => self.inbox.put(Mail::Knowledge(Box::new(knowledge))),
            Err(error) => {
                self.pulse.reloaded(false);
                eprintln!("wardtap: nothing was read again, what was read before holds: {error:#}");
            }
        }
    }

    /// As at the start. What else a configuration says holds from the next start on.
    fn knowledge(&self) -> anyhow::Result<Knowledge> {
        let mut judging = self.typed.clone();
        let config = judging.config.as_deref().map(Config::read).transpose()?.unwrap_or_default();
        config.options.judging.fill(&mut judging, &self.given);
        let judging = self.manner.now(judging);
        if let Some(path) = &judging.baseline {
            self.has_room(path)?;
        }
        Knowledge::read(&judging, config.site, config.suppressions, config.sha256)
    }

    /// Refuses a baseline that would go beyond what was set aside for it.
    fn has_room(&self, path: &Path) -> anyhow::Result<()> {
        let (length, room) = (baselines::length(path)?, self.room);
        if length > room {
            let path = path.display();
            bail!(
                "{path}: this baseline has {length} octets, and when this sensor began memory was set aside for one of {room} at most: start it again, which sets more aside"
            );
        }
        Ok(())
    }
}
