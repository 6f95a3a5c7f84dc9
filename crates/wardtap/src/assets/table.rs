//! Rows from CSV and TOML.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::{Cell, Column, Row, names};
use crate::located::{Mistake, Place, Written, one_of};

/// Rows of a CSV file, and a sentence about columns that are not known here.
pub(super) fn csv(written: &Written) -> Result<(Vec<Row>, Option<String>), Mistake> {
    let text = written.text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .comment(Some(b'#'))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headings = reader.headers().map_err(|error| unreadable(written, &error))?.clone();
    let columns: Vec<Option<Column>> = headings.iter().map(Column::of).collect();
    let first = Place { line: headings.position().map_or(1, |position| line(text, position)), column: 0 };
    check_columns(written, first, &columns)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(written, &error))?;
        let line = record.position().map_or(0, |position| line(text, position));
        if record.iter().all(str::is_empty) {
            continue;
        }
        if record.len() > columns.len() {
            let what = format!(
                "{} values where the first line names {} columns: put a value that holds the separator in double quotes",
                record.len(),
                columns.len()
            );
            return Err(written.mistake_at(Place { line, column: columns.len() as u64 + 1 }, what));
        }
        let cells = (1..).zip(record.iter().zip(&columns)).filter_map(|(number, (text, column))| {
            let place = Place { line, column: number };
            Some(Cell { column: (*column)?, place, text: text.to_owned() })
        });
        rows.push(Row { place: Place { line, column: 0 }, cells: cells.collect() });
    }
    let unknown: Vec<&str> =
        headings.iter().zip(&columns).filter(|(_, column)| column.is_none()).map(|(heading, _)| heading).collect();
    let passed_over = (!unknown.is_empty()).then(|| {
        let quoted: Vec<String> = unknown.iter().map(|heading| format!("\"{}\"", heading.escape_debug())).collect();
        let (list, known) = (quoted.join(", "), names().collect::<Vec<_>>().join(", "));
        format!("{}: {first}not read, since not known here: {list}; known columns are {known}", written.file)
    });
    Ok((rows, passed_over))
}

/// The line of a record: its position is where reading went on, before lines that are empty or comments.
fn line(text: &str, position: &csv::Position) -> u64 {
    let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let lines = text.get(from..).unwrap_or_default().split_inclusive('\n');
    let passed_over = lines.take_while(|line| line.starts_with('#') || line.trim_end_matches(['\r', '\n']).is_empty());
    position.line() + passed_over.count() as u64
}

/// What stands between the values: of comma, semicolon and tab the one that the first line has most of.
fn delimiter(text: &str) -> u8 {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let first = lines.next().unwrap_or_default();
    let count = |wanted: u8| first.bytes().filter(|&octet| octet == wanted).count();
    [b'\t', b';', b','].into_iter().max_by_key(|&candidate| count(candidate)).unwrap_or(b',')
}

fn check_columns(written: &Written, first: Place, columns: &[Option<Column>]) -> Result<(), Mistake> {
    let has = |column| columns.contains(&Some(column));
    if !has(Column::Address) && !has(Column::Mac) {
        let what = "no column address or mac: the first line names the columns, for example address,mac,name,class";
        return Err(written.mistake_at(first, what));
    }
    for (number, column) in (1..).zip(columns) {
        let Some(column) = column else { continue };
        let several = matches!(column, Column::Address | Column::Mac | Column::Maintenance);
        let again = columns.iter().take(number).filter(|other| *other == &Some(*column)).count() > 1;
        if again && !several {
            let place = Place { column: number as u64, ..first };
            let what = format!("a second column for {}: take one of them out", column.name());
            return Err(written.mistake_at(place, what));
        }
    }
    Ok(())
}

fn unreadable(written: &Written, error: &csv::Error) -> Mistake {
    let line = error.position().map_or(0, csv::Position::line);
    written.mistake_at(Place { line, column: 0 }, format!("cannot read this line: {error}"))
}

/// A TOML file: one table `[[device]]` for each.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    device: Vec<Spanned<BTreeMap<Spanned<String>, Spanned<Value>>>>,
}

/// Rows of a TOML file.
pub(super) fn toml(written: &Written) -> Result<Vec<Row>, Mistake> {
    let document: Document = written.toml()?;
    let rows = document.device.into_iter().map(|table| {
        let place = Place { column: 0, ..Place::of(&written.text, table.span().start) };
        let cells = table.into_inner().into_iter().map(|(key, value)| {
            let column = Column::of(key.get_ref()).ok_or_else(|| {
                let what = format!("\"{}\" is not known here: write {}", key.get_ref().escape_debug(), one_of(names()));
                written.mistake(key.span().start, what)
            })?;
            let between = if column == Column::Maintenance { ";" } else { " " };
            let text = text(value.get_ref(), between).ok_or_else(|| {
                written.mistake(
                    value.span().start,
                    format!("{} is text, or a list of texts: put it in double quotes", column.name()),
                )
            })?;
            Ok(Cell { column, place: Place::of(&written.text, value.span().start), text })
        });
        Ok(Row { place, cells: cells.collect::<Result<_, _>>()? })
    });
    rows.collect()
}

/// A text, or the texts of a list with something between them.
fn text(value: &Value, between: &str) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(all) => {
            let texts: Option<Vec<&str>> = all.iter().map(Value::as_str).collect();
            texts.map(|texts| texts.join(between))
        }
        _ => None,
    }
}
