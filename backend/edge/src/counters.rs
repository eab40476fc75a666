//! What the edge counts: one block of counters per thread, so that no two threads write to one line of the cache.

use sip::Method;
use std::sync::atomic::{AtomicU64, Ordering};

/// The methods that are counted by name; all others count as the last.
const METHODS: [&str; 9] =
    ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "UPDATE", "INFO", "other"];

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// A reading of all counters, summed over the threads. They count from the start and never fall.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Counters {
            $($(#[doc = $doc])+ pub $name: u64,)+
            /// Requests received, retransmissions included, by method; the last row is `other`.
            pub requests: [(&'static str, u64); METHODS.len()],
            /// Calls that are up or being set up at this moment: a gauge, not a counter.
            pub calls_live: u64,
        }

        /// The counters of one thread.
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub(crate) struct Tally {
            $(pub(crate) $name: AtomicU64,)+
            requests: [AtomicU64; METHODS.len()],
        }

        impl Counters {
            /// Sums the blocks of all threads.
            pub(crate) fn read(tallies: &[Tally], calls_live: u64) -> Self {
                Self {
                    $($name: tallies.iter().map(|tally| tally.$name.load(Ordering::Relaxed)).sum(),)+
                    requests: std::array::from_fn(|at| {
                        let count = tallies.iter().map(|tally| tally.requests[at].load(Ordering::Relaxed)).sum();
                        (METHODS[at], count)
                    }),
                    calls_live,
                }
            }

            /// Name and value of each counter, in order, without `requests` and `calls_live`: for the metrics page.
            #[must_use]
            pub fn rows(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)+]
            }
        }
    };
}

counters! {
    /// Messages received and understood.
    messages_in,
    /// Messages sent.
    messages_out,
    /// Messages refused by the parser, answered or not.
    parse_errors,
    /// Keep-alives: datagrams and lines without a message.
    keep_alives,
    /// Requests from strangers.
    strangers,
    /// Challenges sent (401 and 407).
    challenges,
    /// Wrong usernames and passwords.
    wrong_credentials,
    /// Answers to challenges that another request had used before.
    replays,
    /// Requests with the right tags of a call from where its far side never was, met with silence.
    spoofed,
    /// Requests of scanners, met with silence.
    scanners,
    /// Datagrams and connections dropped unread because their address is banned.
    dropped_banned,
    /// Datagrams and connections dropped unread because their address sends too much.
    dropped_flood,
    /// Registrations that were accepted, refreshes included.
    registrations,
    /// Calls accepted for a decision.
    calls,
    /// Calls that were answered.
    calls_answered,
    /// Calls refused with 503 for load, for the limit of calls, or while draining.
    overloaded,
    /// Calls whose decision did not come in time.
    undecided,
    /// Messages that the engine sent again because no answer came.
    retransmissions,
    /// Datagrams dropped because their shard's queue was full.
    dropped_in,
    /// Messages that could not be sent: a full socket buffer, an unreachable address, a connection that broke.
    dropped_out,
    /// Answers and orders to a shard that found its inbox full.
    dropped_commands,
    /// Responses that belong to no shard.
    stray_responses,
    /// Connections accepted, plain and TLS.
    connections,
    /// Connections refused because there are as many as are allowed, WebSockets included.
    connections_refused,
    /// WebSockets taken over from the HTTP port.
    websockets,
    /// TLS handshakes that ended well, in both directions.
    tls_handshakes,
    /// TLS handshakes that failed or did not end in time, in both directions.
    tls_failures,
    /// TLS connections whose peer showed a certificate that is not believed, and so counts as none.
    tls_unverified,
    /// Requests of more than 1,300 bytes that went over UDP, since their peer takes no TCP (RFC 3261 §18.1.1).
    large_over_udp,
}

impl Tally {
    /// Counts a request by its method.
    pub(crate) fn request(&self, method: &Method) {
        let last = METHODS.len() - 1;
        let at = METHODS.iter().take(last).position(|name| *name == method.as_str()).unwrap_or(last);
        add(&self.requests[at], 1);
    }
}

/// Adds to a counter.
pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
