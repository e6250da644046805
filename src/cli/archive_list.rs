//! `gridpost archive list`: documents that meet all criteria, in the order and from the place that are asked for.

use anyhow::Result;
use clap::Args;

use super::archive::{Criteria, show};
use super::prove::one;
use crate::archive::{Cursor, SORTS, SortBy};
use crate::gateway::{Catalogue, Search, Start};

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    criteria: Criteria,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    most: usize,
    /// What they are sorted by; those that are alike in it, by time. What the hub sent or received comes before all numbers.
    #[arg(long, value_parser = SORTS, default_value = SORTS[0])]
    sort: String,
    /// The last of the order first: the newest, when they are sorted by time.
    #[arg(long)]
    descending: bool,
    /// Those that follow this document in the list: its message id, or the id that list shows.
    #[arg(long, value_name = "ID", conflicts_with = "before")]
    after: Option<String>,
    /// Those that come right before this document in the list.
    #[arg(long, value_name = "ID")]
    before: Option<String>,
}

impl ListArgs {
    /// What is searched for, for the audit trail.
    pub fn asked(&self) -> String {
        self.criteria.asked()
    }
}

/// Documents that are searched for at a time.
const PAGE_DOCUMENTS: usize = 1_000;

pub fn list(args: &ListArgs, catalogue: &Catalogue<'_>, json: bool) -> Result<()> {
    let by = SortBy::from_name(&args.sort).expect("the parser knows the names");
    let mut search = Search { by, descending: args.descending, ..args.criteria.search()? };
    let place = |id: &String| {
        let (position, entry) = one(catalogue, id)?;
        anyhow::Ok(Cursor::of(by, &position, &entry))
    };
    search.start = match (&args.after, &args.before) {
        (Some(id), _) => Some(Start::After(place(id)?)),
        (None, id) => id.as_ref().map(place).transpose()?.map(Start::Before),
    };
    // Pages that lie before a place come last page first.
    let mut before = Vec::new();
    let mut left = args.most;
    while left > 0 {
        let found = catalogue.search(&Search { take: left.min(PAGE_DOCUMENTS), ..search.clone() })?;
        left -= found.documents.len();
        let on = if args.before.is_some() {
            before.push(found.documents);
            found.previous.map(Start::Before)
        } else {
            found.documents.iter().try_for_each(|document| show(catalogue, document, json))?;
            found.next.map(Start::After)
        };
        match on {
            Some(on) => search.start = Some(on),
            None => break,
        }
    }
    before.iter().rev().flatten().try_for_each(|document| show(catalogue, document, json))
}
