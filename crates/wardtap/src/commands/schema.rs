//! `wardtap schema`: prints the JSON Schema of the events.

use std::io::Write;

use anyhow::Context;

pub fn run() -> anyhow::Result<u8> {
    let mut text = serde_json::to_string_pretty(&wardtap_export::schema::schema())?;
    text.push('\n');
    std::io::stdout().write_all(text.as_bytes()).context("cannot write the schema to standard output")?;
    Ok(0)
}
