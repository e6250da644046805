//! `gridpost check`: files against their schemas, every flaw of every file.

use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;

use super::Outcome;
use super::excerpt::excerpt;
use super::output::{Progress, documents_below};
use crate::document;
use crate::spec::{self, Flaw, Schema, Sources, Specs, Verdict};
use crate::xml::Limits;

/// Checks documents against their schemas and lists every flaw.
///
/// A document's namespace decides which of the built-in schemas it is held against, unless --schema names others.
/// Ends with 0 when every file is valid, with 1 when a flaw was found, with 2 when a file or a schema could not be read.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// An XSD to check against instead of the built-in ones; may be given more than once.
    #[arg(long, value_name = "XSD")]
    schema: Vec<PathBuf>,
    /// One line of JSON for each file.
    #[arg(long)]
    json: bool,
    /// Documents, or folders of .xml files.
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
}

/// One line of `--json`.
#[derive(Serialize)]
struct FileReport<'a> {
    file: String,
    /// Name of the root element; null when there is none.
    document: Option<&'a str>,
    valid: bool,
    flaws: Vec<FlawReport<'a>>,
}

#[derive(Serialize)]
struct FlawReport<'a> {
    line: u32,
    column: u32,
    byte: usize,
    path: &'a str,
    code: &'a str,
    message: &'a str,
}

pub fn run(args: &CheckArgs, specs: &Specs, limits: &Limits) -> Result<Outcome> {
    let own = load_schemas(&args.schema)?;
    let files = documents_below(&args.paths)?;
    let progress = Progress::start(files.len(), "checking");
    let mut flawed = 0;
    let terminal = std::io::stdout().is_terminal();
    let colours = std::env::var_os("NO_COLOR").is_none();
    let mut out = std::io::stdout().lock();
    for file in &files {
        let reading = || format!("read {}", file.display());
        let verdict = judge(file, &own, specs, limits).with_context(reading)?;
        flawed += usize::from(!verdict.flaws.is_empty());
        if args.json {
            serde_json::to_writer(&mut out, &report(file, &verdict))?;
            writeln!(out)?;
        } else {
            // Only excerpts need the document once more.
            let excerpts = terminal && !verdict.flaws.is_empty();
            let document = if excerpts { Some(std::fs::read(file).with_context(reading)?) } else { None };
            progress.suspend(|| write_text(&mut out, file, document.as_deref(), &verdict, colours))?;
        }
        progress.step();
    }
    progress.finish();
    if !args.json {
        let valid = files.len() - flawed;
        writeln!(out, "{valid} of {} valid", files.len())?;
    }
    Ok(if flawed == 0 { Outcome::Fine } else { Outcome::Flawed })
}

/// Bytes in which the root of a document is looked for at first.
const HEAD_BYTES: u64 = 64 * 1024;

/// Holds a document against the schema of its namespace; against the only schema given when none has it. It is read by
/// pieces, but for one whose root comes late.
fn judge(file: &Path, own: &[Schema], specs: &Specs, limits: &Limits) -> std::io::Result<Verdict> {
    let mut source = File::open(file)?;
    let mut head = Vec::new();
    (&mut source).take(HEAD_BYTES).read_to_end(&mut head)?;
    let mut root = spec::root_of(&head, limits);
    if root.is_err() {
        (&mut source).take((limits.body_bytes_max as u64).saturating_add(1)).read_to_end(&mut head)?;
        root = spec::root_of(&head, limits);
    }
    let root = match root {
        Ok(root) => root,
        Err(flaw) => return Ok(Verdict { root: None, flaws: vec![flaw], truncated: false }),
    };
    let of_namespace = |schema: &&Schema| schema.namespace() == root.namespace;
    let schema = match own {
        [] => document::schema_for(specs, &root.namespace),
        [only] => Some(only),
        several => several.iter().find(of_namespace),
    };
    match schema {
        Some(schema) => spec::check_reader(schema, head.as_slice().chain(source), limits, &mut ()),
        None => {
            let message = format!(
                "no schema is loaded for namespace \"{}\"; `gridpost spec list` shows those that are, --schema adds one",
                root.namespace
            );
            let flaw = Flaw {
                line: 1,
                column: 1,
                byte: 0,
                path: format!("/{}", root.name),
                code: "document-unknown",
                message,
            };
            Ok(Verdict { root: Some(root), flaws: vec![flaw], truncated: false })
        }
    }
}

/// Loads each schema with all the others beside it: what one leaves open (a SOAP envelope's body) another may describe.
pub(super) fn load_schemas(paths: &[PathBuf]) -> Result<Vec<Schema>> {
    let files: Vec<PathBuf> = paths.iter().map(|path| whole(path)).collect::<Result<_>>()?;
    let Some(first) = files.first() else { return Ok(Vec::new()) };
    let above_all = |folder: &&Path| files.iter().all(|file| file.starts_with(folder));
    let folder = first.ancestors().skip(1).find(above_all).context("find a folder above the schemas")?;
    let below = |file: &PathBuf| file.strip_prefix(folder).unwrap_or(file).to_string_lossy().replace('\\', "/");
    let names: Vec<String> = files.iter().map(below).collect();
    let sources = Sources::Folder(folder.to_path_buf());
    (0..names.len())
        .map(|first| {
            let mut order: Vec<&str> = names.iter().map(String::as_str).collect();
            order.swap(0, first);
            Schema::load_all(&sources, &order).with_context(|| format!("load the schema {}", paths[first].display()))
        })
        .collect()
}

fn whole(path: &Path) -> Result<PathBuf> {
    if !path.is_file() {
        bail!("load the schema {}: it is not a file; --schema takes an XSD", path.display());
    }
    path.canonicalize().with_context(|| format!("find {}", path.display()))
}

fn report<'a>(file: &Path, verdict: &'a Verdict) -> FileReport<'a> {
    let flaw = |flaw: &'a Flaw| FlawReport {
        line: flaw.line,
        column: flaw.column,
        byte: flaw.byte,
        path: &flaw.path,
        code: flaw.code,
        message: &flaw.message,
    };
    FileReport {
        file: file.display().to_string(),
        document: verdict.root.as_ref().map(|root| root.name.as_str()),
        valid: verdict.flaws.is_empty(),
        flaws: verdict.flaws.iter().map(flaw).collect(),
    }
}

/// Flaws for people: with the lines they stand in where the document is at hand, else one by one.
fn write_text(
    out: &mut impl Write,
    file: &Path,
    document: Option<&[u8]>,
    verdict: &Verdict,
    colours: bool,
) -> std::io::Result<()> {
    for flaw in &verdict.flaws {
        if let Some(document) = document {
            writeln!(out, "{}", excerpt(&file.display().to_string(), document, flaw, colours))?;
            continue;
        }
        writeln!(out, "{}:{}:{}: {} [{}]", file.display(), flaw.line, flaw.column, flaw.message, flaw.code)?;
        writeln!(out, "    at {}", flaw.path)?;
    }
    if verdict.truncated {
        writeln!(out, "{}: more flaws than are listed", file.display())?;
    }
    if verdict.flaws.is_empty() {
        writeln!(out, "{}: valid", file.display())?;
    }
    Ok(())
}
