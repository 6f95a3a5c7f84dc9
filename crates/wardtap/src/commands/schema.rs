//! `wardtap schema`: prints the JSON Schema of the events, or of the inventory.

use std::io::Write;

use anyhow::Context;
use wardtap_export::schema;

use crate::cli::SchemaOf;

pub fn run(of: SchemaOf) -> anyhow::Result<u8> {
    let schema = match of {
        SchemaOf::Events => schema::schema(),
        SchemaOf::Inventory => schema::inventory_schema(),
    };
    let mut text = serde_json::to_string_pretty(&schema)?;
    text.push('\n');
    std::io::stdout().write_all(text.as_bytes()).context("cannot write the schema to standard output")?;
    Ok(0)
}
