//! The JSON Schema of the events, generated from their structs.

use crate::event::Event;

/// The schema that every line of an events file validates against.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Event).to_value();
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".into(), "wardtap/1".into());
        object.insert("description".into(), "One line of a wardtap events file.".into());
    }
    schema
}
