//! A set of schemas, found by the namespace of the document at hand.

use std::collections::BTreeMap;
use std::path::Path;

use super::load::Library;
use super::simple_types::{Shared, SimpleTypes};
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
        let mut shared = Shared::default();
        let mut schemas: BTreeMap<String, (Schema, String)> = BTreeMap::new();
        for location in sources.locations()? {
            let register = library.register(&[&location])?;
            if register.roots.is_empty() || register.namespace.is_empty() {
                continue;
            }
            let schema = build(&library, &register, &mut shared)?;
            add(&mut schemas, schema, &location)?;
        }
        Ok(Specs { schemas: schemas.into_iter().map(|(namespace, (schema, _))| (namespace, schema)).collect() })
    }

    /// Loads the named files, each the schema of one kind of document; files they share are read once.
    pub fn files(sources: &Sources, locations: &[&str]) -> Result<Specs, SchemaFault> {
        let mut library = Library::new(sources);
        library.climbs = matches!(sources, Sources::Folder(_));
        let mut shared = Shared::default();
        let mut schemas: BTreeMap<String, (Schema, String)> = BTreeMap::new();
        for &location in locations {
            let register = library.register(&[location])?;
            let schema = build(&library, &register, &mut shared)?;
            add(&mut schemas, schema, location)?;
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

fn add(schemas: &mut BTreeMap<String, (Schema, String)>, schema: Schema, location: &str) -> Result<(), SchemaFault> {
    let namespace = schema.namespace().to_string();
    match schemas.get(&namespace) {
        Some((_, other)) => Err(SchemaFault::Twice { location: location.to_string(), namespace, other: other.clone() }),
        None => {
            schemas.insert(namespace, (schema, location.to_string()));
            Ok(())
        }
    }
}

impl Schema {
    /// Loads the schema in the file at `location`, with all that it includes and imports. In a folder, references may
    /// lead upwards and out of it: whoever names a file means what the file names. A file that is not there, or on the
    /// network, is done without unless something of it is needed, as the Recommendation says; [`Schema::missing`] names it.
    pub fn load(sources: &Sources, location: &str) -> Result<Schema, SchemaFault> {
        Schema::load_all(sources, &[location])
    }

    /// The same of several files together: the first says which documents are described, the others what may stand in
    /// them where a wildcard is. A SOAP envelope needs this: it does not import what it is to carry.
    pub fn load_all(sources: &Sources, locations: &[&str]) -> Result<Schema, SchemaFault> {
        if locations.is_empty() {
            return Err(SchemaFault::Missing { location: String::new() });
        }
        let mut library = Library::new(sources);
        library.climbs = matches!(sources, Sources::Folder(_));
        library.forgives = true;
        let register = library.register(locations)?;
        let mut schema = build(&library, &register, &mut Shared::default())?;
        schema.missing = library.missing;
        Ok(schema)
    }
}

fn build(library: &Library, register: &super::register::Register, shared: &mut Shared) -> Result<Schema, SchemaFault> {
    let mut simple = SimpleTypes::new(std::mem::take(shared));
    let schema = compile::compile(library, register, &mut simple)?;
    *shared = std::mem::take(&mut simple.shared);
    Ok(schema)
}
