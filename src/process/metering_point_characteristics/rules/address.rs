//! Where a metering point is: the form of each part of its address. Source: metering-points 7.4.

use super::Rule;
use super::fields::{Draft, at_most, take};
use crate::process::market_documents::metering_point::MeteringPointCharacteristics;

/// Lays the address of a record over what is known, part by part.
///
/// Country is DK or is not given, so the forms are those of Denmark.
pub fn take_address(draft: &mut Draft, record: &MeteringPointCharacteristics) {
    let Draft { master, values, .. } = draft;
    let known = &mut master.address;
    if let Some(said) = &record.address {
        take(&said.street_code, &mut known.street_code, street_code, values, Rule::StreetCodeForm);
        take(&said.street, &mut known.street, at_most(40), values, Rule::StreetNameLength);
        take(&said.number, &mut known.number, building_number, values, Rule::BuildingNumberForm);
        take(&said.floor, &mut known.floor, at_most(4), values, Rule::FloorLength);
        take(&said.room, &mut known.room, at_most(4), values, Rule::RoomLength);
        take(&said.municipality_code, &mut known.municipality_code, municipality, values, Rule::MunicipalityCodeForm);
        if known.municipality_code.as_deref() == Some(NOT_GIVEN) {
            known.municipality_code = None;
        }
        take(&said.city, &mut known.city, at_most(25), values, Rule::CityLength);
        take(&said.city_section, &mut known.city_section, at_most(34), values, Rule::CitySubdivisionLength);
        take(&said.country, &mut known.country, denmark, values, Rule::CountryMustBeDenmark);
        take(&said.post_code, &mut known.post_code, post_code, values, Rule::PostCodeForm);
    }
    let description = Rule::LocationDescriptionLength;
    take(&record.location_description, &mut master.location_description, at_most(60), values, description);
    let reference = Rule::AddressReferenceForm;
    take(&record.address_reference, &mut master.address_reference, address_reference, values, reference);
    let flag = |text: &str| Some(matches!(text, "true" | "1"));
    take(&record.is_actual_address, &mut master.is_actual_address, flag, values, Rule::ActualAddressIsRequired);
}

fn denmark(text: &str) -> Option<String> {
    (text == "DK").then(|| text.to_string())
}

fn street_code(text: &str) -> Option<String> {
    (is_digits(text, 4) && text != "0000").then(|| text.to_string())
}

fn post_code(text: &str) -> Option<String> {
    is_digits(text, 4).then(|| text.to_string())
}

/// As it goes out: four digits.
fn municipality(text: &str) -> Option<String> {
    let code: u16 = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()?;
    (code == 0 || (100..=999).contains(&code)).then(|| format!("{code:04}"))
}

/// A number from 1 to 999 with capital letters before or behind it, or one of the two: at most four characters.
fn building_number(text: &str) -> Option<String> {
    let is_letter = |c: char| c.is_ascii_uppercase() || matches!(c, 'Æ' | 'Ø' | 'Å');
    let digits = text.trim_matches(is_letter);
    let behind_or_before = text.starts_with(digits) || text.ends_with(digits);
    let number =
        digits.is_empty() || (digits.len() <= 3 && is_digits(digits, digits.len()) && !digits.starts_with('0'));
    (number && behind_or_before && text.chars().count() <= 4).then(|| text.to_string())
}

/// A UUID, but not the one of nothing but zeros.
fn address_reference(text: &str) -> Option<String> {
    let lengths = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = text.split('-').collect();
    let is_uuid = parts.iter().map(|part| part.len()).eq(lengths)
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    (is_uuid && text.bytes().any(|byte| byte != b'0' && byte != b'-')).then(|| text.to_string())
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A municipality's code that says that there is none.
const NOT_GIVEN: &str = "0000";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_building_has_one_form() {
        for (text, holds) in [
            ("1", true),
            ("999", true),
            ("12A", true),
            ("A1", true),
            ("A", true),
            ("999Å", true),
            ("AB12", true),
            ("1000", false),
            ("12a", false),
            ("012", false),
            ("0", false),
            ("1 A", false),
            ("A1B", false),
            ("12ABC", false),
            ("1A2", false),
        ] {
            assert_eq!(building_number(text).is_some(), holds, "{text:?}");
        }
    }

    #[test]
    fn parts_stand_on_both_sides_of_their_edges() {
        type Form = fn(&str) -> Option<String>;
        let rows: [(Form, &[&str], &[&str]); 4] = [
            (street_code, &["0001", "9999"], &["0000", "1", "00001", "ABCD"]),
            (post_code, &["8000", "0800"], &["800", "80000", "8O00"]),
            (municipality, &["101", "0101", "999", "0"], &["99", "1000", "x"]),
            (
                address_reference,
                &["0a3f50b8-0000-32b8-e044-0003ba298018"],
                &["00000000-0000-0000-0000-000000000000", "0a3f50b8", "0a3f50b8-0000-32b8-e044-0003ba29801g"],
            ),
        ];
        for (form, right, wrong) in rows {
            for text in right {
                assert!(form(text).is_some(), "{text}");
            }
            for text in wrong {
                assert_eq!(form(text), None, "{text}");
            }
        }
        assert_eq!(municipality("101").as_deref(), Some("0101"), "four digits on their way out");
    }
}
