//! One level of a JSON document, as pieces of its text: what is in them is looked at when its turn comes, so nothing is built
//! that is as large or as deep as the document.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Names with values.
pub(super) type Members<'j> = Vec<(Cow<'j, str>, &'j RawValue)>;

/// The members of an object, in the order in which they stand; a name may come twice.
pub(super) fn members(value: &RawValue) -> Result<Members<'_>, serde_json::Error> {
    struct All;
    impl<'de> Visitor<'de> for All {
        type Value = Members<'de>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                members.push((member.0.0, member.1));
            }
            Ok(members)
        }
    }
    serde_json::Deserializer::from_str(value.get()).deserialize_map(All)
}

/// The items of an array.
pub(super) fn items(value: &RawValue) -> Result<Vec<&RawValue>, serde_json::Error> {
    struct All;
    impl<'de> Visitor<'de> for All {
        type Value = Vec<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = seq.next_element()? {
                items.push(item);
            }
            Ok(items)
        }
    }
    serde_json::Deserializer::from_str(value.get()).deserialize_seq(All)
}

/// A string that is borrowed where it holds no escapes.
#[derive(serde::Deserialize)]
pub(super) struct Text<'j>(#[serde(borrow)] pub Cow<'j, str>);
