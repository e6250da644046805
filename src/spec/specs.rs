//! A set of schemas, found by the namespace of the document at hand.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::load::Library;
use super::simple_types::{Patterns, SimpleTypes};
use super::{Schema, SchemaFault, Sources, compile};

/// All schemas of a market pack.
#[derive(Debug, Default)]
pub struct Specs {
    schemas: BTreeMap<String, Schema>,
}

impl Specs {
    /// Loads every `.xsd` file of the sources that defines a document; files they share are read once.
    ///
    /// A file without global elements, or without a namespace of its own, is there to be imported by others. It is
    /// still read, and refused if it is none of ours to understand.
    pub fn load(sources: &Sources) -> Result<Specs, SchemaFault> {
        let mut library = Library::new(sources);
        let mut patterns = Patterns::new();
        let mut schemas: BTreeMap<String, (Schema, String)> = BTreeMap::new();
        for location in sources.locations()? {
            let register = library.register(&location)?;
            if register.roots.is_empty() || register.namespace.is_empty() {
                continue;
            }
            let schema = build(&library, &register, &mut patterns)?;
            if let Some((_, other)) = schemas.get(schema.namespace()) {
                let (namespace, other) = (schema.namespace().to_string(), other.clone());
                return Err(SchemaFault::Twice { location, namespace, other });
            }
            schemas.insert(schema.namespace().to_string(), (schema, location));
        }
        Ok(Specs { schemas: schemas.into_iter().map(|(namespace, (schema, _))| (namespace, schema)).collect() })
    }

    /// Loads all `.xsd` files of one folder.
    pub fn folder(folder: &Path) -> Result<Specs, SchemaFault> {
        Specs::load(&Sources::Folder(folder.to_path_buf()))
    }

    /// The schema of a document whose root is of this namespace.
    pub fn schema_for(&self, namespace: &str) -> Option<&Schema> {
        self.schemas.get(namespace)
    }

    /// All of them, by namespace.
    pub fn iter(&self) -> impl Iterator<Item = &Schema> {
        self.schemas.values()
    }
}

impl Schema {
    /// Loads the schema in the file at `location`, with all that it includes and imports.
    pub fn load(sources: &Sources, location: &str) -> Result<Schema, SchemaFault> {
        let mut library = Library::new(sources);
        let register = library.register(location)?;
        build(&library, &register, &mut HashMap::new())
    }
}

fn build(library: &Library, register: &super::load::Register, patterns: &mut Patterns) -> Result<Schema, SchemaFault> {
    let mut simple = SimpleTypes::new(std::mem::take(patterns));
    let schema = compile::compile(library, register, &mut simple)?;
    *patterns = std::mem::take(&mut simple.patterns);
    Ok(schema)
}
