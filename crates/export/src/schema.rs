//! The JSON Schemas of the events and of the inventory, generated from their structs.

use serde_json::Value;

use crate::event::Event;
use crate::inventory::InventoryDevice;

/// The schema that every line of an events file validates against.
///
/// Closed: a member that it does not name is an error. What is not known is absent, never null.
#[must_use]
pub fn schema() -> Value {
    titled(schemars::schema_for!(Event).to_value(), "wardtap/1", "One line of a wardtap events file.")
}

/// The schema that a JSON inventory validates against: an array of devices. Closed as that of the events.
#[must_use]
pub fn inventory_schema() -> Value {
    let schema = schemars::schema_for!(Vec<InventoryDevice>).to_value();
    let mut schema = titled(schema, "wardtap inventory", "The devices of a wardtap inventory.");
    // A device flattens what events say of one, so that its struct cannot close itself.
    if let Some(device) = schema.pointer_mut("/$defs/InventoryDevice").and_then(Value::as_object_mut) {
        device.remove("additionalProperties");
        device.insert("unevaluatedProperties".into(), false.into());
    }
    schema
}

fn titled(mut schema: Value, title: &str, description: &str) -> Value {
    without_null(&mut schema);
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".into(), title.into());
        object.insert("description".into(), description.into());
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
