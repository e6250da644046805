//! A pipe that is closed while a command writes into it, as `head` does: no fault, but the end.
//!
//! What is written with `println!` then panics, and what is written otherwise fails with an error of its own; both come to the same
//! here, so no command need think of it. Everything that the command has opened is closed on the way.

use std::any::Any;
use std::io;
use std::panic::{self, AssertUnwindSafe};

use anyhow::Result;

/// What a command was doing when it could not write what it shows.
pub const WRITING: &str = "write to standard output";

/// Runs a command; `None` when somebody has read enough of what it shows.
pub fn unless_it_closes<T>(command: impl FnOnce() -> Result<T>) -> Option<Result<T>> {
    let told = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !is_about_it(info.payload()) {
            told(info);
        }
    }));
    match panic::catch_unwind(AssertUnwindSafe(command)) {
        Ok(Err(error)) if is_it(&error) => None,
        Ok(done) => Some(done),
        Err(payload) if is_about_it(&*payload) => None,
        Err(payload) => panic::resume_unwind(payload),
    }
}

/// An error of writing to standard output has no other one around it, or [`WRITING`] alone: what goes wrong with a file or a
/// connection says which it was.
fn is_it(error: &anyhow::Error) -> bool {
    let [around @ .., cause] = &error.chain().collect::<Vec<_>>()[..] else { return false };
    let cause = cause.downcast_ref::<io::Error>().is_some_and(|it| it.kind() == io::ErrorKind::BrokenPipe);
    cause && around.iter().all(|it| it.to_string() == WRITING)
}

/// Whether it is the panic of a print that could not be written.
fn is_about_it(payload: &(dyn Any + Send)) -> bool {
    let text = payload.downcast_ref::<String>().map_or("", String::as_str);
    text.starts_with(PRINTING) && text.contains(&io::Error::from(rustix::io::Errno::PIPE).to_string())
}

/// What the standard library says first; tests/operator.rs holds it to that.
const PRINTING: &str = "failed printing to std";

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn only_a_pipe_that_its_reader_closed_ends_a_command_quietly() {
        let failed = |kind: io::ErrorKind| io::Error::from(kind);
        let broken = || failed(io::ErrorKind::BrokenPipe);
        for (error, quiet) in [
            (anyhow::Error::from(broken()), true),
            (Err::<(), _>(broken()).context(WRITING).unwrap_err(), true),
            (Err::<(), _>(broken()).context("talk to the hub").unwrap_err(), false),
            (Err::<(), _>(failed(io::ErrorKind::StorageFull)).context(WRITING).unwrap_err(), false),
            (anyhow::anyhow!("something else"), false),
        ] {
            assert_eq!(is_it(&error), quiet, "{error:#}");
        }
        let printed = |text: &str| is_about_it(&text.to_string());
        assert!(printed("failed printing to stdout: Broken pipe (os error 32)"));
        assert!(!printed("failed printing to stdout: No space left on device (os error 28)"));
        assert!(!printed("Broken pipe (os error 32)"));
    }
}
