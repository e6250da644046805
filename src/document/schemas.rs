//! The schemas that come with the house: our own XSDs of `message-specs/`, built into the binary.

use std::sync::{LazyLock, OnceLock};

use crate::spec::{Schema, Sources, Specs};

/// The built-in schemas.
///
/// # Panics
///
/// Never, once the tests have passed: what is built in is loaded by one of them.
pub fn built_in() -> Specs {
    let files: Vec<_> =
        TABLES.iter().filter(|(folder, _)| *folder != EBIX).flat_map(|(_, table)| *table).copied().collect();
    Specs::load(&Sources::table(&files)).expect("the built-in schemas load")
}

/// The schema of a document whose root is of this namespace: one of `specs`, or that of an ebIX document.
pub fn schema_for<'s>(specs: &'s Specs, namespace: &str) -> Option<&'s Schema> {
    specs.schema_for(namespace).or_else(|| ebix(super::ebix::root_of_namespace(namespace)?))
}

/// The schema of an ebIX document, by the name of its root element. Each is compiled when its first document comes: there
/// are fifty, most participants use another form, and starting should not wait for them.
///
/// # Panics
///
/// Never, once the tests have passed: they load all of them.
pub fn ebix(root: &str) -> Option<&'static Schema> {
    static COMPILED: LazyLock<Vec<OnceLock<Schema>>> =
        LazyLock::new(|| ebix_table().iter().map(|_| OnceLock::new()).collect());
    let table = ebix_table();
    let at = table.iter().position(|(file, _)| file.strip_suffix(".xsd") == Some(root) && root.starts_with("DK_"))?;
    let compile = || Schema::load(&Sources::table(table), table[at].0).expect("the built-in schemas load");
    Some(COMPILED[at].get_or_init(compile))
}

/// The names of the root elements of all ebIX documents.
pub fn ebix_roots() -> impl Iterator<Item = &'static str> {
    ebix_table().iter().filter_map(|(file, _)| file.strip_suffix(".xsd")).filter(|name| name.starts_with("DK_"))
}

/// File names with their content.
type Table = [(&'static str, &'static str)];

/// Every folder of `message-specs/` with its schemas; `build.rs` makes the list.
const TABLES: &[(&str, &Table)] = include!(concat!(env!("OUT_DIR"), "/schemas.rs"));

/// The ebIX form of the Danish market's documents: the one folder that is no pack's.
const EBIX: &str = "ebix";

fn ebix_table() -> &'static Table {
    TABLES.iter().find(|(folder, _)| *folder == EBIX).expect("the ebIX schemas are built in").1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_in_message_specs_is_built_in_and_defines_a_document_unless_it_lists_codes() {
        let mut documents = 0;
        for (folder, table) in TABLES {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("message-specs").join(folder);
            let mut names: Vec<String> = std::fs::read_dir(path)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter(|name| name.ends_with(".xsd"))
                .collect();
            names.sort_unstable();
            let built_in_names: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, built_in_names);
            if *folder == EBIX {
                for name in names.iter().filter_map(|name| name.strip_suffix(".xsd")).filter(|name| *name != "ebix") {
                    let namespace = format!("un:unece:260:data:EEM-{name}:v3");
                    let none = Specs::default();
                    let schema = schema_for(&none, &namespace).unwrap();
                    assert!(schema.namespace() == namespace && schema.root_part(name).is_some(), "{name}");
                }
                assert!(schema_for(&Specs::default(), "un:unece:260:data:EEM-DK_RequestChangeOfSupplier:v2").is_none());
                continue;
            }
            documents += names.len() - 1;
        }
        assert!(TABLES.len() > 2);
        assert_eq!(built_in().iter().count(), documents, "all but each pack's code lists define a document");
    }
}
