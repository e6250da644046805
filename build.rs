//! Builds the schemas of `message-specs/` into the binary: a table for each folder, so that a new file is not listed anywhere.
//! The fuzz targets, in a folder below, are built with it too.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the folder"));
    let specs = folder.ancestors().map(|folder| folder.join("message-specs")).find(|specs| specs.is_dir());
    let specs = specs.expect("the schemas are in message-specs");
    println!("cargo::rerun-if-changed={}", specs.display());
    println!("cargo::rerun-if-changed={}", specs.with_file_name("build.rs").display());
    let mut table = String::from("&[\n");
    for folder in sorted(&specs).into_iter().filter(|path| path.is_dir()) {
        let _ = writeln!(table, "({:?}, &[", name(&folder));
        for file in sorted(&folder).into_iter().filter(|path| path.extension().is_some_and(|it| it == "xsd")) {
            let _ = writeln!(table, "({:?}, include_str!({:?})),", name(&file), file.display().to_string());
        }
        table.push_str("]),\n");
    }
    table.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a folder to write to"));
    fs::write(out.join("schemas.rs"), table).expect("the table of schemas is written");
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("read {}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry is read").path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("a name is a text")
}
