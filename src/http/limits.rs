//! Every bound of the door, by name, with its default and its reason.

use std::time::Duration;

/// What a stranger may cost us. A limit that is hit is answered, and counted, never waited out.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest request body, inclusive, as sent and as decompressed: 50 MiB. Source: post-office 2.8.
    pub body_bytes_max: usize,
    /// Largest sum of header names and values. Tokens with many claims reach 4 KiB; 16 KiB is what proxies allow.
    pub header_bytes_max: usize,
    /// Most bytes that come out of one byte of gzip, once [`Limits::gzip_ratio_from_bytes`] came out. A series of
    /// equal values packs about 100 : 1; the format's own end is about 1,030 : 1.
    pub gzip_ratio_max: usize,
    /// Below this many decompressed bytes the ratio does not matter.
    pub gzip_ratio_from_bytes: usize,
    /// Time for the TLS handshake.
    pub handshake: Duration,
    /// Time until the head of a request is complete, from when the connection is ready for it; so an idle connection
    /// is closed after as long.
    pub head: Duration,
    /// Longest silence within a body.
    pub body_silence: Duration,
    /// Time that a body has in any case, besides what [`Limits::body_bytes_per_second_min`] gives it.
    pub body_grace: Duration,
    /// Slowest body that is waited for, in bytes per second. 8 KiB/s lets 50 MiB take two hours at most.
    pub body_bytes_per_second_min: usize,
    /// Longest time that a client may leave an answer unread.
    pub write_silence: Duration,
    /// How long, and how much, we go on reading from a client that was refused before it had sent everything. Without
    /// it, many clients would see a reset connection instead of the answer.
    pub linger: Duration,
    /// See [`Limits::linger`]; somewhat above the largest body, so that a slightly larger one hears of it.
    pub linger_bytes_max: usize,
    /// Most connections at a time; further ones wait in the kernel's backlog.
    pub connections_max: usize,
    /// Most connections from one address; further ones are closed at once.
    pub connections_per_address_max: usize,
    /// Most requests at a time on one HTTP/2 connection.
    pub streams_max: u32,
    /// Most requests of one participant at a time; answered with 429 beyond.
    pub party_requests_max: usize,
    /// Most documents, peeks and dequeues of one participant that are worked on at a time while nobody else comes; further ones
    /// take turns. What is checked while it arrives takes its turn at being taken in.
    pub party_documents_max: usize,
    /// The same while another participant is at the door that wants no more than so many at a time: whoever sends as
    /// fast as it can then stands before nobody.
    pub party_beside_max: usize,
    /// Most requests per second of one participant, on average over a second; answered with 429 beyond.
    pub party_requests_per_second_max: Option<u32>,
    /// Most memory for the bodies of one participant; answered with 429 beyond.
    pub party_bodies_bytes_max: usize,
    /// Most memory for the bodies of all; answered with 503 beyond.
    pub bodies_bytes_max: usize,
    /// Time that running requests have when the door closes.
    pub drain: Duration,
    /// How often certificate and key files are looked at for changes.
    pub reload: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1 << 20;
        Self {
            body_bytes_max: 50 * MIB,
            header_bytes_max: 16 * 1024,
            gzip_ratio_max: 250,
            gzip_ratio_from_bytes: MIB,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            body_silence: Duration::from_secs(15),
            body_grace: Duration::from_secs(30),
            body_bytes_per_second_min: 8 * 1024,
            write_silence: Duration::from_secs(30),
            linger: Duration::from_secs(10),
            linger_bytes_max: 64 * MIB,
            connections_max: 4_096,
            connections_per_address_max: 1_024,
            streams_max: 64,
            party_requests_max: 512,
            party_documents_max: 256,
            party_beside_max: 2,
            party_requests_per_second_max: None,
            party_bodies_bytes_max: 256 * MIB,
            bodies_bytes_max: 1_024 * MIB,
            drain: Duration::from_secs(30),
            reload: Duration::from_secs(30),
        }
    }
}
