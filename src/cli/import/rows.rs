//! Reading a file: rows become records, each with the lines that it comes from.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::files::{Files, Table};

/// A file, as far as it could be read.
pub struct File {
    pub path: PathBuf,
    pub records: Vec<Record>,
}

/// One entity of a file: what one activity record will say.
#[derive(Debug, Clone)]
pub struct Record {
    pub table: &'static Table,
    pub number: String,
    /// Its lines in the file, counted from 1.
    pub lines: Vec<u64>,
    /// Elements with their values, in the order of the document; those of a group in an entry of their own.
    pub elements: Vec<Element>,
    /// 32 hexadecimal digits, made from all that it says.
    pub transaction_id: String,
    /// Why it cannot be a record at all.
    pub refused: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    Value(&'static str, String),
    Group(&'static str, Vec<(&'static str, String)>),
}

/// Reads a file whole.
pub fn read(files: &Files, path: &Path) -> Result<File> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("read {name}"))?;
    let records =
        parse(files, text.strip_prefix('\u{feff}').unwrap_or(&text)).with_context(|| format!("understand {name}"))?;
    Ok(File { path: path.to_path_buf(), records })
}

pub fn parse(files: &Files, text: &str) -> Result<Vec<Record>> {
    let head = text.lines().next().unwrap_or_default();
    let delimiter = if head.contains(';') { b';' } else { b',' };
    if let Some(line) = stray_quote(text, delimiter) {
        bail!(
            "the quote that opens in line {line} is not closed where a value ends, so the rows behind it would be taken for a part of it; \
             a quote within a value is written twice"
        );
    }
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let head = reader.headers().context("read the first line")?.clone();
    let first = head.get(0).unwrap_or_default();
    let Some(table) = files.table(first) else {
        bail!("the first column is \"{first}\", which is the number of no entity: see gridpost import --help");
    };
    let mut columns: Vec<Option<usize>> = vec![None; table.columns.len()];
    for (place, name) in head.iter().enumerate() {
        let Some(column) = table.columns.iter().position(|(column, ..)| *column == name) else {
            bail!("there is no column \"{name}\" for a {}", table.entity);
        };
        if columns[column].replace(place).is_some() {
            bail!("the column \"{name}\" stands there twice");
        }
    }
    let mut records: Vec<Record> = Vec::new();
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => bail!("{error}"),
        };
        let line = row.position().map_or(0, csv::Position::line);
        let record = record(table, &columns, &row, line, head.len());
        match records.last_mut() {
            Some(last) if last.goes_on_with(&record) => last.take(record),
            _ => records.push(record),
        }
    }
    records.iter_mut().for_each(Record::identify);
    Ok(records)
}

/// The line in which a value opens with a quote that is not closed at the end of a value, if there is one.
fn stray_quote(text: &str, delimiter: u8) -> Option<u64> {
    let (mut line, mut opened, mut begins, mut bytes) = (1, None, true, text.bytes().peekable());
    while let Some(byte) = bytes.next() {
        line += u64::from(byte == b'\n');
        match opened {
            None if byte == b'"' && begins => opened = Some(line),
            None => begins = byte == delimiter || byte == b'\n',
            Some(_) if byte != b'"' || bytes.next_if_eq(&b'"').is_some() => {}
            Some(_) => {
                while bytes.next_if(|byte| matches!(byte, b' ' | b'\t')).is_some() {}
                let ends = bytes.peek().is_none_or(|next| *next == delimiter || matches!(next, b'\r' | b'\n'));
                if !ends {
                    return opened;
                }
                (opened, begins) = (None, false);
            }
        }
    }
    opened
}

fn record(
    table: &'static Table,
    columns: &[Option<usize>],
    row: &csv::StringRecord,
    line: u64,
    width: usize,
) -> Record {
    let mut elements: Vec<Element> = Vec::new();
    for ((_, group, element), place) in table.columns.iter().zip(columns) {
        let Some(value) = place.and_then(|place| row.get(place)).filter(|value| !value.is_empty()) else { continue };
        match elements.last_mut() {
            _ if group.is_empty() => elements.push(Element::Value(element, value.to_string())),
            Some(Element::Group(open, values)) if open == group => values.push((element, value.to_string())),
            _ => elements.push(Element::Group(group, vec![(element, value.to_string())])),
        }
    }
    let refused =
        (row.len() != width).then(|| format!("the row has {} columns, and the first line {width}", row.len()));
    let number = row.get(0).unwrap_or_default().to_string();
    Record { table, number, lines: vec![line], elements, transaction_id: String::new(), refused }
}

impl Record {
    /// Whether the next row says more of the same entity in the same version.
    fn goes_on_with(&self, next: &Record) -> bool {
        let base = |record: &Record| -> Vec<Element> {
            let values = record.elements.iter().filter(|element| matches!(element, Element::Value(..)));
            values.cloned().collect()
        };
        let Some(repeats) = self.table.repeats else { return false };
        let repeats =
            |record: &Record| matches!(record.elements.last(), Some(Element::Group(group, _)) if *group == repeats);
        self.table.entity == next.table.entity
            && self.refused.is_none()
            && next.refused.is_none()
            && repeats(next)
            && repeats(self)
            && base(self) == base(next)
    }

    fn take(&mut self, next: Record) {
        self.lines.extend(next.lines);
        self.elements.extend(next.elements.into_iter().filter(|element| matches!(element, Element::Group(..))));
    }

    fn identify(&mut self) {
        let mut hash = blake3::Hasher::new();
        let mut add = |text: &str| {
            hash.update(&(text.len() as u64).to_be_bytes()).update(text.as_bytes());
        };
        add(self.table.entity);
        for element in &self.elements {
            match element {
                Element::Value(name, value) => [*name, value.as_str()].into_iter().for_each(&mut add),
                Element::Group(name, values) => {
                    add(name);
                    values.iter().for_each(|(name, value)| [*name, value.as_str()].into_iter().for_each(&mut add));
                    add("");
                }
            }
        }
        self.transaction_id = hash.finalize().to_hex()[..32].to_string();
    }

    /// The same row under another id: that of the next attempt, after one was rejected.
    pub fn attempt_again(&mut self) {
        self.transaction_id = blake3::hash(self.transaction_id.as_bytes()).to_hex()[..32].to_string();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: Files = Files {
        help: "",
        tables: &[
            Table {
                entity: "House",
                document: &crate::process::charges::REQUEST_PRICE_LIST,
                document_type: "",
                columns: &[
                    ("version", "", "version"),
                    ("house_no", "", "number"),
                    ("street", "", "street"),
                    ("valid_from", "Tenant", "from"),
                    ("tenant", "Tenant", "name"),
                ],
                repeats: Some("Tenant"),
            },
            Table {
                entity: "Owner",
                document: &crate::process::charges::REQUEST_PRICE_LIST,
                document_type: "",
                columns: &[("version", "", "version"), ("owner_no", "", "number"), ("city", "Address", "city")],
                repeats: None,
            },
        ],
        business_reason: "",
        business_sector: "",
        role: crate::market::ActorRole::EnergySupplier,
        answers: &[],
        answer_reader: || unreachable!("nothing is sent"),
    };

    const TENANTS: &str = "house_no;version;street;valid_from;tenant
H1;1;High Street;2025-01-01;A
H1;1;High Street;2026-01-01;B
H1;2;High Street;2026-01-01;B
H2;1;Low Street;;
";

    #[test]
    fn rows_of_one_entity_in_one_version_are_one_record_where_its_table_says_so() {
        let records = parse(&FILES, TENANTS).unwrap();
        let lines: Vec<&[u64]> = records.iter().map(|record| &*record.lines).collect();
        assert_eq!(lines, [&[2, 3][..], &[4], &[5]]);
        let groups = |record: &Record| record.elements.iter().filter(|it| matches!(it, Element::Group(..))).count();
        assert_eq!(records.iter().map(groups).collect::<Vec<_>>(), [2, 1, 0]);
        assert_eq!(records[0].number, "H1");
        assert_eq!(parse(&FILES, "owner_no,version,city\nO1,1,A\nO1,1,B\n").unwrap().len(), 2);
    }

    #[test]
    fn an_id_follows_from_what_a_row_says() {
        let with = |text: &str| parse(&FILES, text).unwrap().remove(0).transaction_id;
        let row = with("house_no,version,street\nH1,1,High Street\n");
        assert_eq!(row, with("house_no,street,version,tenant\r\nH1,High Street,1,\r\n"));
        assert_ne!(row, with("house_no,version,street\nH1,2,High Street\n"));
        assert_eq!(row.len(), 32);
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_refused_with_a_reason() {
        for (text, told) in [
            ("", "number of no entity"),
            ("city,owner_no\n", "\"city\""),
            ("owner_no,ctiy\n", "\"ctiy\""),
            ("owner_no,city,city\n", "twice"),
            ("owner_no,version,city\nO1,1,\"Oslo\nO2,1,Bergen\n", "line 2"),
            ("owner_no,version,city\nO1,1,\"A\nB\"\nO2,1,\"Oslo\nO3,1,\"Bergen\"\n", "line 4"),
        ] {
            let fault = parse(&FILES, text).unwrap_err().to_string();
            assert!(fault.contains(told), "{text}: {fault}");
        }
        let quoted = "owner_no,version,city\n\"O1\",1,\"The \"\"New\"\"\ntown, \" \r\nO2,1,5\" Street\nO3,1,\"\"\n";
        assert_eq!(parse(&FILES, quoted).unwrap().len(), 3);
        let short = parse(&FILES, "owner_no,version,city\nO1,1\n").unwrap();
        assert_eq!(short[0].refused.as_deref(), Some("the row has 2 columns, and the first line 3"));
    }
}
