//! Whether a forced change of supplier will come about, and what would come before it.
//!
//! Source: market-roles 2.9.

use super::state::{AccountingPoint, Process, ProcessKind, Status};

/// What keeps a supplier from supplying on the day on which another is to take over from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// It supplies then, as far as is known.
    Nothing,
    /// It would, but for a process that has yet to happen.
    Process(String),
    NoSupply,
}

impl AccountingPoint {
    /// What comes before a forced change, registered here or not, if all that is pending happens.
    ///
    /// # Panics
    ///
    /// When it is no forced change.
    pub fn coming_before(&self, forced: &Process) -> Before {
        let from = forced.takes_over.as_ref().expect("a forced change takes over from somebody");
        let date = forced.effective;
        let open: Vec<&Process> = self.open().into_iter().filter(|it| it.id != forced.id).collect();
        // What is to be undone may give the supply back, or take it away.
        if let Some(running) = open.iter().find(|it| it.kind == ProcessKind::Reallocation) {
            let former =
                running.requester.as_ref().and_then(|it| self.former_supplier(&running.reason, it, running.effective));
            let involved = self.supplier_at(date) == Some(from) || former == Some(from);
            return if involved { Before::Process(running.id.clone()) } else { Before::NoSupply };
        }
        let mut with_it = self.clone();
        let pending = Process { status: Status::Pending, suspended_by: None, ..forced.clone() };
        with_it.processes.insert(forced.id.clone(), pending);
        let expected = with_it.as_expected();
        if expected.processes[&forced.id].status == Status::Completed {
            return Before::Nothing;
        }
        let own = expected.supplies().into_iter().rfind(|it| it.supplier == *from && it.period.start <= date);
        let ended_by = own.and_then(|own| {
            let end = own.period.end;
            let next = expected.supply_at(end).map(|(process, _)| &process.id);
            let ends = |it: &&&Process| {
                it.status == Status::Pending
                    && it.effective == end
                    && (Some(&it.id) == next || next.is_none() && it.ends_supply)
            };
            open.iter().find(ends).map(|process| process.id.clone())
        });
        ended_by.or_else(|| kept_by(&open, forced)).map_or(Before::NoSupply, Before::Process)
    }

    /// A forced change waits for what comes before it.
    pub fn stand_by(&mut self, forced: &str, before: &str) {
        self.update(forced, |it| (it.status, it.suspended_by) = (Status::Suspended, Some(before.to_string())));
    }
}

/// What keeps the supplier from supplying again by the day, as long as it may itself be cancelled.
fn kept_by(open: &[&Process], forced: &Process) -> Option<String> {
    let returns = |it: &&&Process| {
        let supplier = it.supply.as_ref().map(|it| &it.supplier);
        it.status == Status::Suspended && supplier == forced.takes_over.as_ref() && it.effective <= forced.effective
    };
    let by = open.iter().filter(returns).filter_map(|it| it.suspended_by.as_ref());
    by.into_iter().find(|by| open.iter().any(|it| it.id == **by && it.status == Status::Pending)).cloned()
}
