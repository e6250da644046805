//! What a reason code says to whoever is turned down: in Danish, which is what goes out, and in English beside it.
//!
//! Source: market-roles 3.5 for the codes that its rules lead to, 4.9 for what the others mean. The words are our own.

use crate::market::ReasonCode;

/// The text of a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    pub danish: &'static str,
    pub english: &'static str,
}

pub const fn text_of(code: ReasonCode) -> Text {
    let (danish, english) = TEXTS[code as usize];
    Text { danish, english }
}

/// In the order of [`ReasonCode::ALL`].
const TEXTS: [(&str, &str); ReasonCode::ALL.len()] = [
    // 999
    ("Fejlen er ikke nærmere angivet", "Error not specified"),
    // A01
    ("Godkendt", "Accepted"),
    // A02
    ("Afvist", "Rejected"),
    // D01
    ("Dokumentet er godkendt", "Document approved"),
    // D02
    (
        "Elleverandøren er ukendt eller er allerede leverandør på målepunktet",
        "Supplier unknown, or already supplier of the metering point",
    ),
    // D03
    ("Kundens navn eller adresse mangler", "Consumer name or address missing"),
    // D05
    ("Målepunktet er et andet end i den oprindelige anmodning", "Metering point differs from original"),
    // D06
    (
        "Transaktionsreferencen er en anden end i den oprindelige anmodning",
        "Transaction reference differs from original",
    ),
    // D07
    ("Der er en igangværende proces på samme dato", "There is an ongoing process on the same date"),
    // D08
    ("Elleverandøren er ikke den aktuelle leverandør på målepunktet", "Supplier is not the current supplier"),
    // D11
    ("Søgekriterierne kan ikke kombineres", "Search criteria cannot be combined"),
    // D12
    ("Kvaliteten af mængden er ugyldig", "Invalid quantity quality"),
    // D13
    ("Intern fejl i datahubben", "Internal error of the hub"),
    // D14
    ("Forkerte prisoplysninger", "Incorrect charge information"),
    // D15
    ("Forkert afregningsform", "Incorrect settlement"),
    // D16
    ("Målepunktet er nedlagt eller i forkert tilstand", "The metering point is closed down or in a wrong state"),
    // D17
    ("CPR/CVR er forkert, eller passer ikke til kunden", "CPR/CVR incorrect or not that of the customer"),
    // D18
    ("Forkert målepunktstype", "Incorrect metering point type"),
    // D19
    ("Funktionskoden er ikke tilladt", "Function code not allowed"),
    // D20
    ("Processen kan ikke gennemføres sammen med en anden proces", "Violated process"),
    // D21
    ("Måleraflæsningen er annulleret", "Cancel meter reading"),
    // D22
    ("Leverandørskift på et nyt målepunkt", "Change of supply on new metering point"),
    // D23
    ("Forkert tidsopløsning", "Incorrect resolution"),
    // D24
    ("Forkerte kontraktoplysninger", "Incorrect contract information"),
    // D25
    ("Balanceansvarlig er ikke den aktuelle", "BRP is not the current one"),
    // D26
    ("Systemoperatøren er ikke autoriseret", "Unauthorised TSO"),
    // D27
    ("Anmodningen er ikke tilladt", "Illegal request"),
    // D28
    ("Serviceydelsen er afvist", "Service request rejected"),
    // D29
    ("Der er ingen aftale om levering", "No existing contract"),
    // D30
    ("Oplysningen kan ikke ændres på denne måde", "Attribute cannot be updated here"),
    // D31
    ("Forkerte oplysninger om måleren", "Meter information incorrect"),
    // D32
    ("Undertypen kan ikke ændres", "Subtype cannot be changed"),
    // D33
    ("Målepunktet indgår i en beregningsstruktur", "Part of a calculation structure"),
    // D34
    ("Målepunktet har tilknyttede målepunkter", "Parent has children"),
    // D35
    ("Der er en elleverandør på målepunktet", "Supplier exists at metering point"),
    // D36
    ("Målepunktet kan ikke tilsluttes", "Cannot be connected"),
    // D37
    ("Undertypen er ikke tilladt", "Illegal subtype"),
    // D38
    ("Der er intet leveranceophør registreret", "No end of supply registered"),
    // D39
    ("Der er et igangværende leveranceophør", "Ongoing end of supply"),
    // D40
    ("Processen er ikke tilladt", "Illegal process"),
    // D41
    ("Kommunen skal medvirke ved afbrydelsen", "Municipality must take part in disconnection"),
    // D42
    ("Politiet skal medvirke ved afbrydelsen", "Police must take part in disconnection"),
    // D43
    ("Fogeden skal medvirke ved afbrydelsen", "Bailiff must take part in disconnection"),
    // D44
    ("Anden årsag til afvisning", "Other rejection reason"),
    // D46
    ("Forkert netområde", "Incorrect grid area"),
    // D47
    ("Ikke tilladt for nettoafregningsgruppe 6", "Not allowed for net settlement group 6"),
    // D48
    ("Aktøren er spærret i netområdet", "Actor blocked in grid area"),
    // D49
    ("En anden aktør er spærret i netområdet", "Other actor blocked in grid area"),
    // D50
    ("Der er ingen delegering", "No delegation"),
    // D51
    ("Ændringen af elvarme er ikke tilladt", "Electrical heating change not allowed"),
    // D52
    ("Processen kunne ikke gennemføres", "Process could not be carried out"),
    // D53
    ("Forkert aflæsningshyppighed", "Incorrect meter reading occurrence"),
    // D54
    ("Tilflytning ikke mulig efter leveranceophør", "Move-in not possible after end of supply"),
    // D55
    ("Forkert tilslutningstype", "Connection type incorrect"),
    // D56
    ("Forkert effekt", "Capacity incorrect"),
    // D57
    ("Forkert værk", "Power plant incorrect"),
    // D58
    ("Der er ikke adgang til måleren", "No access to the meter"),
    // D59
    ("Forkert teknologikode", "Technology code incorrect"),
    // D60
    ("Koden må ikke bruges her", "Illegal use of code"),
    // D61
    ("Den målepunktsansvarlige er ikke autoriseret", "Unauthorised metering point responsible"),
    // D62
    ("Forkert opløsning", "Incorrect resolution"),
    // D63
    ("Forkert markering af aktuel adresse", "Actual address indicator incorrect"),
    // D64
    ("Påkrævet felt mangler", "Mandatory field missing"),
    // D65
    ("Forkert afbrydelsesart", "Disconnection type incorrect"),
    // D66
    ("Forkert format eller tidspunkt", "Wrong format or time of day"),
    // D67
    ("Forkert markering af gennemfakturering", "Transparent invoicing incorrect"),
    // D68
    ("Forkert dokumenttype", "Document type incorrect"),
    // D69
    ("Forkert energiart", "Energy business incorrect"),
    // D70
    ("Forkerte adresseoplysninger", "Address information incorrect"),
    // D71
    ("Forkert adressetype", "Address type incorrect"),
    // D72
    ("Forkerte kundeoplysninger", "Incorrect customer information"),
    // E09
    ("Installationen kan ikke identificeres", "Installation not identifiable"),
    // E0H
    ("Data findes ikke", "Data not available"),
    // E0I
    ("Netvirksomheden er ikke autoriseret", "Unauthorised grid access provider"),
    // E10
    ("Målepunktet kan ikke identificeres", "Metering point not identifiable"),
    // E11
    ("Måleproblem", "Measuring problem"),
    // E14
    ("Anden årsag", "Other reason"),
    // E16
    ("Elleverandøren er ikke autoriseret", "Supplier not authorised"),
    // E17
    ("Skæringsdato uden for tidsfrist", "Effective date outside the time limits"),
    // E18
    ("Balanceansvarlig ikke autoriseret", "Balance responsible not authorised"),
    // E19
    ("Måleraflæsninger uden for grænserne", "Meter readings outside limits"),
    // E22
    ("Målepunktet er spærret for skift", "Metering point blocked for switching"),
    // E29
    ("Produktet er ukendt eller hører ikke til målepunktet", "Product unknown or unrelated"),
    // E47
    ("Der er intet igangværende skift", "No ongoing switch"),
    // E50
    ("Ugyldig periode", "Invalid period"),
    // E51
    ("Forkert antal decimaler", "Wrong number of decimals"),
    // E55
    ("Den måleansvarlige er ikke autoriseret", "Metered data responsible unauthorised"),
    // E59
    ("Relationen findes allerede", "The relation exists already"),
    // E61
    ("Måleren kan ikke identificeres", "Meter not identifiable"),
    // E73
    ("Forkert enhed", "Incorrect unit"),
    // E81
    ("Målepunktet er ikke tilsluttet", "The metering point is not connected"),
    // E86
    ("Forkert værdi", "Incorrect value"),
    // E87
    ("Antallet af observationer passer ikke til perioden", "Number of observations does not fit the period"),
    // E90
    ("Værdien er ikke sandsynlig", "Beyond the limits of plausibility"),
    // E91
    ("En estimeret værdi er ikke tilladt", "An estimate is not allowed here"),
    // E97
    ("Værdien nul er ikke tilladt", "Zero is not allowed here"),
    // E98
    ("Forkert fortegn", "Incorrect sign"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_says_something_in_both_languages_and_no_two_say_the_same() {
        let mut seen = std::collections::BTreeSet::new();
        for code in ReasonCode::ALL {
            let text = text_of(code);
            for said in [text.danish, text.english] {
                assert!(said.len() > 4 && said.trim() == said && !said.ends_with('.'), "{code:?}: {said:?}");
                assert!(said.starts_with(|first: char| first.is_uppercase()), "{code:?}: {said:?}");
            }
            assert!(seen.insert(text.danish), "{code:?} says what another code says: {}", text.danish);
        }
    }

    #[test]
    fn codes_say_what_they_stand_for() {
        assert_eq!(text_of(ReasonCode::E10).english, "Metering point not identifiable");
        assert_eq!(text_of(ReasonCode::Unspecified).danish, "Fejlen er ikke nærmere angivet");
        assert_eq!(text_of(ReasonCode::E98).danish, "Forkert fortegn");
        assert_eq!(text_of(ReasonCode::D38).english, "No end of supply registered");
    }
}
