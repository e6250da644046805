//! The `gridpost` binary: everything it can do is in the library.

fn main() -> std::process::ExitCode {
    gridpost::cli::run()
}
