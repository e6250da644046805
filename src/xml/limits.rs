//! How large a document may be, in every direction a stranger could make it large.

/// Bounds on one document. All are inclusive: a document at the bound is taken, one beyond it is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a whole document. Above the 50 MB bundles that the market's largest actors send.
    pub body_bytes_max: usize,
    /// Open elements at one time, the root included. The deepest official document has 9.
    pub depth_max: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes_max: usize,
    /// Namespace declarations in force at one time; keeps the search for a prefix short.
    pub namespaces_max: usize,
    /// Bytes of one element or attribute name with its prefix.
    pub name_bytes_max: usize,
    /// Bytes of the character data between two tags, or of one attribute value.
    pub text_bytes_max: usize,
    /// Elements of one name under one parent: what a reader of documents may have to hold in a list.
    pub records_max: usize,
    /// Flaws reported for one document; beyond it the verdict says that it was cut short.
    pub flaws_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body_bytes_max: 50 * 1024 * 1024,
            depth_max: 64,
            attributes_max: 64,
            namespaces_max: 64,
            name_bytes_max: 256,
            text_bytes_max: 1024 * 1024,
            records_max: 100_000,
            flaws_max: 100,
        }
    }
}
