//! File handles: as many as the machine lets us have, and some of them for the store, whoever connects.

use super::config::Config;
use crate::http;

/// The settings' limits, as far as there are file handles for them.
pub fn limits(config: &Config) -> http::Limits {
    let limits = config.http_limits();
    http::Limits { connections_max: for_connections(limits.connections_max), ..limits }
}

/// Connections at a time, of so many that are wanted, that leave the store and all else their handles. Raises this process's own
/// limit as far as that goes.
fn for_connections(wanted: usize) -> usize {
    let limit = raised_to(wanted + FOR_ALL_ELSE);
    let connections = wanted.min(limit.saturating_sub(FOR_ALL_ELSE).max(limit / 2));
    if connections < wanted {
        tracing::warn!(
            wanted,
            connections,
            handles = limit,
            "fewer connections than [http] connections_max are taken at a time: raise the limit of open files (ulimit -n)"
        );
    }
    connections
}

/// The files that this process may have open, once it was asked for so many.
#[cfg(unix)]
fn raised_to(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let before = getrlimit(Resource::Nofile);
    let Some(current) = before.current else { return usize::MAX };
    let wanted = (wanted as u64).max(current).min(before.maximum.unwrap_or(u64::MAX));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: before.maximum });
    let limit = if raised.is_ok() { wanted } else { current };
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
fn raised_to(_wanted: usize) -> usize {
    usize::MAX
}

/// Segments of the journal, sled's files, hints, what issuers publish, and a margin.
const FOR_ALL_ELSE: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_the_stores_handles() {
        assert_eq!(for_connections(16), 16);
        let most = for_connections(usize::MAX / 2);
        assert!(most + FOR_ALL_ELSE <= raised_to(0) || most == usize::MAX / 2, "{most}");
    }
}
