//! What the benches of the road measure with: time on the clock, time on the processors, and how they print it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The gateway's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Time on the clock and on the processors.
pub struct Meter {
    began: Instant,
    cpu_before: BTreeMap<String, f64>,
}

impl Meter {
    pub fn start() -> Self {
        Self { began: Instant::now(), cpu_before: cpu_seconds() }
    }

    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// What each kind of thread has used since the start.
    pub fn cpu_seconds(&self) -> BTreeMap<String, f64> {
        let since = |(name, now): (String, f64)| {
            let before = self.cpu_before.get(&name).copied().unwrap_or(0.0);
            (name, now - before)
        };
        cpu_seconds().into_iter().map(since).collect()
    }
}

/// What the threads of this process have used of the processors so far, by name. Linux counts it in hundredths of a
/// second; threads that have ended are left out.
fn cpu_seconds() -> BTreeMap<String, f64> {
    let mut seconds = BTreeMap::new();
    for thread in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        let Some((name, rest)) = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')) else { continue };
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
        let kind = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-').to_string();
        *seconds.entry(kind).or_default() += (ticks(11) + ticks(12)) / 100.0;
    }
    seconds
}

/// The line above a table of reports.
pub fn heading() {
    println!("{:<44}{:>9}{:>9}{:>9}{:>9}{:>9}", "", "per s", "µs cpu", "p50 ms", "p99 ms", "max ms");
}

/// One line: how many a second, what one costs in processor time and in which threads, and how long each took.
pub fn report(name: &str, count: u64, elapsed: Duration, cpu_seconds: BTreeMap<String, f64>, mut took: Vec<Duration>) {
    took.sort_unstable();
    let per_second = count as f64 / elapsed.as_secs_f64();
    print!("{name:<44}{per_second:>9.0}");
    let micros = |seconds: f64| seconds * 1e6 / count as f64;
    match cpu_seconds.is_empty() {
        true => print!("{:>9}", ""),
        false => print!("{:>9.0}", micros(cpu_seconds.values().sum())),
    }
    for part in [0.5, 0.99, 1.0] {
        if let Some(last) = took.len().checked_sub(1) {
            print!("{:>9.2}", took[(last as f64 * part) as usize].as_secs_f64() * 1000.0);
        }
    }
    println!();
    let shares = cpu_seconds.iter().filter(|(_, seconds)| micros(**seconds) >= 1.0);
    let shares: Vec<_> = shares.map(|(kind, seconds)| format!("{kind} {:.0}", micros(*seconds))).collect();
    if !shares.is_empty() {
        println!("    of it: {}", shares.join(", "));
    }
}
