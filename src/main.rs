//! The `gridpost` binary: everything it can do is in the library.

/// A fifth of a document's processor time was spent in the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    gridpost::cli::run()
}
