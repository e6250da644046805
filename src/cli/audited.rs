//! What operators change on the command line, for the audit trail (post-office 6.6): who is the operating system's user.

use std::os::unix::fs::MetadataExt;

use anyhow::Result;

use crate::archive::{AuditEntry, BY_COMMAND};
use crate::gateway::Clock;
use crate::market::{ActorNumber, ActorRole, Party};
use crate::record::Batch;
use crate::store::Store;

/// The entry for something that is done now, in the hub's role: the command, and what it was about. It goes into the batch of
/// what is done, where there is one.
pub fn entry(command: &str, target: impl Into<String>) -> AuditEntry {
    AuditEntry {
        at: Clock::machine().now(),
        party: Party {
            number: ActorNumber::new(format!("{BY_COMMAND}{}", user())),
            role: ActorRole::MeteringPointAdministrator,
        },
        activity: format!("gridpost {command}"),
        target: target.into(),
        status: DONE,
        correlation_id: String::new(),
    }
}

/// Writes the entry for what comes to more than one commit, before it is begun.
pub fn begins(store: &dyn Store, command: &str, target: impl Into<String>) -> Result<()> {
    let mut batch = Batch::default();
    batch.put_all([entry(command, target).put()]);
    store.commit(batch)?;
    Ok(())
}

/// A command that was not carried out leaves no entry, or no change behind it.
const DONE: u16 = 200;

/// The name of whoever runs this process, or their number where the machine has no name for them; an environment variable
/// could say anything.
fn user() -> String {
    let Ok(process) = std::fs::metadata("/proc/self") else { return "unknown".into() };
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_of(process.uid(), &users).unwrap_or_else(|| process.uid().to_string())
}

fn name_of(uid: u32, users: &str) -> Option<String> {
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let mut own = fields.filter(|fields| fields.get(2).is_some_and(|it| it.parse() == Ok(uid)));
    own.next().map(|fields| fields[0].to_string()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_known_by_name_where_the_machine_has_one() {
        let users = "root:x:0:0:root:/root:/bin/bash\noperator:x:1000:1000::/home/o:/bin/sh\n:x:7::::\nodd";
        assert_eq!(name_of(1_000, users).as_deref(), Some("operator"));
        assert_eq!([name_of(1_001, users), name_of(7, users)], [None, None]);
        assert!(!user().is_empty());
    }
}
