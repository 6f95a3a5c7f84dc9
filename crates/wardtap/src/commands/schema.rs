//! `wardtap schema`: prints the JSON Schema of the events.

use std::io::Write;

pub fn run() -> anyhow::Result<u8> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &wardtap_export::schema::schema())?;
    writeln!(out)?;
    Ok(0)
}
