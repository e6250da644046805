//! `gridpost process accounts`: the accounts, what waits for something, and the two timers by hand.

use serde::Serialize;
use serde_json::Value;

use super::record::Unreadable;
use super::{by_hand_needs, mark_now, update_now, view};
use crate::process::commands::{Commands, List, Only, Run, Show};

pub const COMMANDS: Commands = Commands {
    name: "accounts",
    about: "A supplier's installation accounts",
    lists: &[
        List {
            verb: "list",
            about: "All accounts, by sync id",
            range: view::accounts,
            row: |_, entry| row(view::account(entry).map(|account| view::account_row(&account))),
            only: Some(Only {
                flag: "marked",
                about: "Only those that are marked for recalculation",
                keeps: |row| !row["marked_since"].is_null(),
            }),
        },
        List {
            verb: "waiting",
            about: "Billing contracts without an account, and what each of them waits for",
            range: view::waiting,
            row: |key, entry| row(view::waiting_row(key, entry)),
            only: None,
        },
    ],
    shows: &[Show {
        verb: "show",
        about: "Everything that one account shows, each value with its source",
        what: "an account",
        argument: "SYNC ID",
        argument_about: "Such as EVIAK0000000003",
        key: |sync_id| view::sync_number(sync_id).map(view::account_key),
        rows: |entry| {
            let account = view::account(entry).map_err(|fault| fault.to_string())?;
            let values = view::value_rows(&account).into_iter().map(json);
            Ok([json(view::account_row(&account))].into_iter().chain(values).collect())
        },
    }],
    runs: &[
        Run {
            verb: "mark",
            about: "Marks every account that can no longer be right, without waiting for the interval to end",
            doing: "marking",
            needs: by_hand_needs,
            set: mark_now,
            due: |now, zone| vec![view::changed(), view::due(now, zone)],
            counted: ("marked", "accounts are marked"),
            count: view::marked,
        },
        Run {
            verb: "update",
            about: "Updates every marked account",
            doing: "updating",
            needs: by_hand_needs,
            set: update_now,
            due: |_, _| vec![view::marked()],
            counted: ("marked", "accounts are marked"),
            count: view::marked,
        },
    ],
};

fn row(row: Result<impl Serialize, Unreadable>) -> Result<Value, String> {
    row.map(json).map_err(|fault| fault.to_string())
}

fn json(row: impl Serialize) -> Value {
    serde_json::to_value(row).expect("a row is written as JSON")
}
