//! The JSON Schema of the events, generated from their structs.

use serde_json::Value;

use crate::event::Event;

/// The schema that every line of an events file validates against.
///
/// Closed: a member that it does not name is an error. What is not known is absent, never null.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Event).to_value();
    without_null(&mut schema);
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".into(), "wardtap/1".into());
        object.insert("description".into(), "One line of a wardtap events file.".into());
    }
    schema
}

/// Takes the null out of what an `Option` allows.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Object(members) => {
            members.values_mut().for_each(without_null);
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".into(), only);
                }
            }
            if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
                if let [Value::Object(only)] = choices.as_slice() {
                    let only = only.clone();
                    members.remove("anyOf");
                    members.extend(only);
                }
            }
        }
        _ => {}
    }
}
