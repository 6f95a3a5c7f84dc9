//! How a reader that waits for packets is told to end, from another thread.

use std::io::{self, PipeReader, PipeWriter, Write};

/// Tells a live source to end. To drop it tells it as well.
#[derive(Debug)]
pub struct Stopper(PipeWriter);

impl Stopper {
    /// The two ends: who tells, and what is waited on.
    pub(super) fn pair() -> io::Result<(Self, PipeReader)> {
        let (reader, writer) = io::pipe()?;
        Ok((Self(writer), reader))
    }

    /// Has the source deliver what came before now, and end.
    pub fn stop(&self) {
        // Where nobody reads any more, it has ended already.
        drop((&self.0).write(&[1]));
    }
}
