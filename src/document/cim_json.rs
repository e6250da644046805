//! The CIM JSON form (post-office 3.4): the same names, in an object named like the root.
//!
//! Nothing here knows a particular document: the schema says which element stands where, which repeats and is an array,
//! which has a coding scheme, and which is one of a list of codes. So a document that comes in is put into the order of
//! the schema and then checked like any other, and one that goes out says in JSON exactly what its XML says.
//!
//! | In XML | In JSON |
//! |---|---|
//! | an element that may repeat | an array, also of one |
//! | a code | `{"value": "E65"}` |
//! | a value with attributes | `{"codingScheme": "A10", "value": "5790001330552"}` |
//! | `position`, `price.amount` | `{"value": 1}` |
//! | `start` and `end` of a `timeInterval` | `{"value": "2023-06-30T22:00Z"}` |
//! | `product`, whatever its type | `"8716867000030"` |
//! | another number or boolean | bare; a number in any notation that JSON has |
//! | anything else | a string |

mod from_xml;
mod number;
mod pieces;
mod schema;
mod to_xml;

#[cfg(test)]
mod tests;

pub use from_xml::from_xml;
pub use schema::json_schema;
pub use to_xml::{Misformed, pointer, root_name, to_xml};

use crate::spec::{Inside, Part};

/// How the text of one element stands in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// An object of its elements.
    Group,
    /// Alone.
    Bare(Bare),
    /// In an object with its attributes, under `value`.
    Valued(Bare),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bare {
    Text,
    Number { whole: bool },
    Boolean,
}

impl Form {
    fn of(part: Part<'_>, parent: &str) -> Form {
        let name = part.name();
        let (bare, code) = match part.inside() {
            Inside::Elements => return Form::Group,
            Inside::Code => (Bare::Text, true),
            Inside::Boolean => (Bare::Boolean, false),
            Inside::Integer => (Bare::Number { whole: true }, false),
            Inside::Decimal => (Bare::Number { whole: false }, false),
            Inside::Text => (Bare::Text, false),
        };
        let valued = part.attributes().next().is_some()
            || code && name != "product"
            || matches!(name, "position" | "price.amount")
            || parent == "timeInterval" && matches!(name, "start" | "end");
        if valued { Form::Valued(bare) } else { Form::Bare(bare) }
    }
}
