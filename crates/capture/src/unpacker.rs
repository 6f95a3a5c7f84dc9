//! The unpackers of gzip and zstd, as one.
//!
//! They are driven directly, not through their `Read` adapters, because those lose what they unpacked in the very call
//! that met the damage. zstd itself does so too: it is given one part of a frame at a time.

use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use crate::{bounds::Bounds, compressed::Packing, damage::DamageReason, window::Header};

/// Logarithm of gzip's window, the only one there is.
const GZIP_WINDOW: u8 = 15;

/// Octets of a zstd frame that say how long its header is (RFC 8878 section 3.1.1).
const ZSTD_BEGINNING: usize = 5;

/// Octets of the header of a block (RFC 8878 section 3.1.1.2).
const ZSTD_BLOCK_HEADER: usize = 3;

/// What one call of an unpacker did.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) read: usize,
    pub(crate) written: usize,
    /// A member or frame ended here.
    pub(crate) ended: bool,
}

/// The two unpackers, as one.
pub(crate) struct Unpacker {
    engine: Engine,
    /// Nothing has come out of the present member or frame yet.
    pub(crate) fresh: bool,
}

enum Engine {
    Gzip(Decompress),
    Zstd { decoder: Decoder<'static>, window_log: u32, header: Header, part: usize },
}

impl Unpacker {
    pub(crate) fn new(packing: Packing, bounds: Bounds) -> Result<Self, String> {
        let engine = match packing {
            Packing::Gzip => Engine::Gzip(Decompress::new_gzip(GZIP_WINDOW)),
            Packing::Zstd => {
                let mut decoder = Decoder::new().map_err(|error| error.to_string())?;
                let window_log = bounds.window_log();
                decoder.set_parameter(DParameter::WindowLogMax(window_log)).map_err(|error| error.to_string())?;
                Engine::Zstd { decoder, window_log, header: Header::default(), part: ZSTD_BEGINNING }
            }
        };
        Ok(Self { engine, fresh: true })
    }

    /// Another member or frame begins.
    pub(crate) fn renew(&mut self) {
        self.fresh = true;
        match &mut self.engine {
            // `reset` would leave gzip's framing.
            Engine::Gzip(decompress) => *decompress = Decompress::new_gzip(GZIP_WINDOW),
            Engine::Zstd { header, part, .. } => {
                header.clear();
                *part = ZSTD_BEGINNING;
            }
        }
    }

    /// Unpacks some. What it did holds even with a fault.
    pub(crate) fn step(&mut self, from: &[u8], to: &mut [u8]) -> (Step, Option<DamageReason>) {
        let (step, end) = match &mut self.engine {
            Engine::Gzip(decompress) => {
                let (read, written) = (decompress.total_in(), decompress.total_out());
                let result = decompress.decompress(from, to, FlushDecompress::None);
                let step = Step {
                    read: narrow(decompress.total_in().saturating_sub(read)),
                    written: narrow(decompress.total_out().saturating_sub(written)),
                    ended: matches!(result, Ok(Status::StreamEnd)),
                };
                (step, result.err().map(|error| damaged("gzip", &error)))
            }
            Engine::Zstd { decoder, window_log, header, part } => {
                let from = from.get(..*part).unwrap_or(from);
                let (mut input, mut output) = (InBuffer::around(from), OutBuffer::around(to));
                let result = decoder.run(&mut input, &mut output);
                let step = Step { read: input.pos(), written: output.pos(), ended: matches!(result, Ok(0)) };
                let error = match result {
                    Ok(hint) => {
                        header.take(from.get(..step.read).unwrap_or_default());
                        // It asks for the rest of the part at hand and the header of the block behind it, or for such a header.
                        *part = match hint.saturating_sub(ZSTD_BLOCK_HEADER) {
                            0 => hint.max(1),
                            rest => rest,
                        };
                        return (self.stepped(step), None);
                    }
                    Err(error) => error,
                };
                // zstd stops at a header that it refuses, and says why in words alone.
                header.take(from);
                let limit = 1_u64.checked_shl(*window_log).unwrap_or(u64::MAX);
                let end = match header.window() {
                    Some(window) if window > limit => DamageReason::PackedWindow { window, limit },
                    _ => damaged("zstd", &error),
                };
                (step, Some(end))
            }
        };
        (self.stepped(step), end)
    }

    fn stepped(&mut self, step: Step) -> Step {
        self.fresh &= step.written == 0;
        step
    }
}

fn damaged(format: &'static str, error: &dyn std::error::Error) -> DamageReason {
    DamageReason::Packed { format, what: error.to_string() }
}

fn narrow(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
