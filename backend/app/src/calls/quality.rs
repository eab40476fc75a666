//! How a leg sounded: from what the media relay counted to what is kept and shown.

use edge::seam::DirectionStats;
use serde::Serialize;
use store::calls::{Quality, Reported};

/// What a peer said of the stream that it heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedView {
    /// Packets that it missed.
    pub lost: u64,
    /// Of so many.
    pub of: u64,
    /// Interarrival jitter there, microseconds.
    pub jitter_us: u64,
    /// The opinion score that follows from it, in hundredths.
    pub mos: Option<u16>,
    /// The score that the peer gave itself (RFC 3611), in hundredths.
    pub said_mos: Option<u16>,
}

/// How a leg sounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QualityView {
    /// Jitter of what came: its mean, microseconds.
    pub jitter_mean_us: u64,
    /// What 95 of 100 samples of it do not pass.
    pub jitter_p95_us: u64,
    /// Its most.
    pub jitter_max_us: u64,
    /// Packets of a codec that was not agreed on.
    pub wrong_codec: u64,
    /// To the peer and back: the mean, microseconds; `None` where it sent no reports.
    pub round_trip_us: Option<u64>,
    /// The most.
    pub round_trip_max_us: Option<u64>,
    /// The opinion score of what came, in hundredths; `None` for codecs without values.
    pub mos: Option<u16>,
    /// What the peer said of what it heard; `None` where it sent no reports.
    pub reported: Option<ReportedView>,
}

/// As it is kept.
pub(super) fn of(received: &DirectionStats) -> Quality {
    Quality {
        jitter_mean_us: received.jitter_mean_us.into(),
        jitter_p95_us: received.jitter_p95_us.into(),
        jitter_max_us: received.jitter_max_us.into(),
        wrong_codec: received.wrong_codec,
        round_trip_us: received.round_trip_us.map(u64::from),
        round_trip_max_us: received.round_trip_max_us.map(u64::from),
        mos: received.mos,
        reported: received.reported.map(|said| Reported {
            lost: said.lost,
            of: said.of,
            jitter_us: said.jitter_us.into(),
            mos: said.mos,
            said_mos: said.said_mos,
        }),
    }
}

impl From<Quality> for QualityView {
    fn from(kept: Quality) -> Self {
        let reported = |said: Reported| ReportedView {
            lost: said.lost,
            of: said.of,
            jitter_us: said.jitter_us,
            mos: said.mos,
            said_mos: said.said_mos,
        };
        Self {
            jitter_mean_us: kept.jitter_mean_us,
            jitter_p95_us: kept.jitter_p95_us,
            jitter_max_us: kept.jitter_max_us,
            wrong_codec: kept.wrong_codec,
            round_trip_us: kept.round_trip_us,
            round_trip_max_us: kept.round_trip_max_us,
            mos: kept.mos,
            reported: kept.reported.map(reported),
        }
    }
}
