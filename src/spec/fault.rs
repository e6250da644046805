//! Why a schema could not be loaded. Always the fault of whoever wrote or placed it, never of a document.

/// A schema that cannot be taken. Loading stops at the first.
#[derive(Debug, thiserror::Error)]
pub enum SchemaFault {
    #[error("read the schema file {location}")]
    Read {
        location: String,
        #[source]
        cause: std::io::Error,
    },
    #[error("find the schema file {location} in the program's table")]
    Missing { location: String },
    #[error("read {location} as a schema: {message}")]
    NotXml { location: String, message: String },
    /// Something legal that this engine does not do. It is never skipped in silence.
    #[error("load {location}, line {line}: {construct} is not supported")]
    Unsupported { location: String, line: u32, construct: String },
    /// Something that no engine could load.
    #[error("load {location}, line {line}: {message}")]
    Broken { location: String, line: u32, message: String },
    #[error("load {location}: the namespace {namespace} already has a schema, {other}")]
    Twice { location: String, namespace: String, other: String },
}

impl SchemaFault {
    /// Is there no such file?
    pub(super) fn is_missing(&self) -> bool {
        match self {
            SchemaFault::Missing { .. } => true,
            SchemaFault::Read { cause, .. } => cause.kind() == std::io::ErrorKind::NotFound,
            _ => false,
        }
    }

    /// A stable word for the kind of fault: `unsupported` for what is legal and not done, `broken` for what no engine could
    /// load.
    pub fn kind(&self) -> &'static str {
        match self {
            SchemaFault::Read { .. } | SchemaFault::Missing { .. } => "unreadable",
            SchemaFault::NotXml { .. } => "not-xml",
            SchemaFault::Unsupported { .. } => "unsupported",
            SchemaFault::Broken { .. } => "broken",
            SchemaFault::Twice { .. } => "twice",
        }
    }
}
