//! `wardtap baseline diff`: what came, what went, and what became wider.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use serde_json::{Value, json};
use wardtap_behaviour::baseline::difference::{Difference, How, Of, differences};
use wardtap_behaviour::baseline::store::LinkKey;
use wardtap_export::event::hours;

use super::text::{amount, hour_list, operation, plain, print, service, written};
use crate::baselines;
use crate::cli::DiffBaselines;

pub fn run(diff: &DiffBaselines) -> anyhow::Result<u8> {
    let (earlier, later) = (baselines::front(&diff.earlier)?, baselines::front(&diff.later)?);
    let found = differences(&earlier.profiles, &later.profiles);
    if diff.json {
        let all: Vec<Value> = found.iter().map(as_json).collect();
        print(&format!("{:#}\n", Value::Array(all)))?;
    } else {
        print(&as_text(&found))?;
    }
    Ok(0)
}

/// By device: of a link, by who opens it.
fn as_text(found: &[Difference]) -> String {
    let mut by_device: BTreeMap<&str, Vec<&Difference>> = BTreeMap::new();
    for difference in found {
        let device = match &difference.of {
            Of::Device(id) => id,
            Of::Link(key) | Of::Operation(key, _) => &key.initiator,
        };
        by_device.entry(device).or_default().push(difference);
    }
    let text = written(|out| by_device.iter().try_for_each(|(device, all)| of_device(out, device, all)));
    if text.is_empty() { "no difference\n".to_owned() } else { text }
}

fn of_device(out: &mut String, device: &str, all: &[&Difference]) -> fmt::Result {
    writeln!(out, "{}", plain(device))?;
    for Difference { of, how } in all {
        let whom = |key: &LinkKey| format!("{} of {}", service(key), plain(&key.responder));
        let what = match of {
            Of::Device(_) => "the device".to_owned(),
            Of::Link(key) => whom(key),
            Of::Operation(key, name) => format!("{}, {}", whom(key), operation(name)),
        };
        match how {
            How::New => writeln!(out, "  new     {what}"),
            How::Gone => writeln!(out, "  gone    {what}"),
            How::Wider { what: quantity, end, from, to } => {
                let end = ["", " of the answers"].get(end.unwrap_or(0)).copied().unwrap_or_default();
                writeln!(out, "  wider   {what}: {quantity}{end} {} -> {}", amount(*from), amount(*to))
            }
            How::Values { from, to } => {
                let from = from.map_or_else(|| "none".to_owned(), |(least, greatest)| format!("{least} to {greatest}"));
                writeln!(out, "  values  {what}: {from} -> {} to {}", to.0, to.1)
            }
            How::Hours([work, rest]) => {
                let (work, rest) = (hour_list(*work), hour_list(*rest));
                writeln!(out, "  hours   {what}: also {work} on working days, {rest} on days of rest")
            }
        }?;
    }
    Ok(())
}

fn as_json(difference: &Difference) -> Value {
    let link = |key: &LinkKey| {
        let LinkKey { initiator, responder, transport, port } = key;
        json!({ "initiator": initiator, "responder": responder, "transport": transport, "port": port })
    };
    let mut value = match &difference.of {
        Of::Device(id) => json!({ "device": id }),
        Of::Link(key) => link(key),
        Of::Operation(key, name) => {
            let mut value = link(key);
            value["operation"] = json!(name);
            value
        }
    };
    let more = match &difference.how {
        How::New => json!({ "change": "new" }),
        How::Gone => json!({ "change": "gone" }),
        How::Wider { what, end, from, to } => {
            let end = end.map(|end| if end == 0 { "initiator" } else { "responder" });
            json!({ "change": "wider", "quantity": what, "end": end, "from": from, "to": to })
        }
        How::Values { from, to } => json!({ "change": "values", "from": from, "to": to }),
        How::Hours([work, rest]) => {
            json!({ "change": "hours", "work_hours": hours(*work), "rest_hours": hours(*rest) })
        }
    };
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more.into_iter().filter(|(_, value)| !value.is_null()));
    }
    value
}
