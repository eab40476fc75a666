//! A call's trace as a ladder: a lane for each party, a line for each message, in order of time.

use app::calls::{EntryView, TraceView};

/// Lanes that a ladder has at most; the lines of further parties end in the last.
const LANES_MAX: usize = 6;
/// Messages whose text is on the page; of further ones the capture has it.
const TEXTS_MAX: usize = 400;

/// The ladder, ready to print.
pub(in crate::portal) struct Ladder {
    /// The class that says how many lanes there are.
    pub(in crate::portal) lanes: usize,
    pub(in crate::portal) parties: Vec<Lane>,
    pub(in crate::portal) rows: Vec<Row>,
    pub(in crate::portal) note: Option<String>,
}

/// A lane's head.
pub(in crate::portal) struct Lane {
    pub(in crate::portal) name: String,
    pub(in crate::portal) address: String,
}

/// One line.
pub(in crate::portal) struct Row {
    /// Seconds since the first, with three places.
    pub(in crate::portal) time: String,
    /// What it says.
    pub(in crate::portal) summary: String,
    /// A message with its arrow; else it is a milestone or a media event.
    pub(in crate::portal) arrow: Option<Arrow>,
    /// The tone of a line that is no message, or of a message by its status.
    pub(in crate::portal) tone: &'static str,
}

/// The arrow of a message.
pub(in crate::portal) struct Arrow {
    /// The first lane that it touches, from 1 on.
    pub(in crate::portal) start: usize,
    /// Lanes that it touches.
    pub(in crate::portal) span: usize,
    /// Whether it points to the right.
    pub(in crate::portal) rightward: bool,
    /// From whom to whom, in words.
    pub(in crate::portal) way: String,
    /// The transport, and whether it was there before.
    pub(in crate::portal) mark: String,
    /// The text; empty where it is not shown.
    pub(in crate::portal) text: String,
}

impl Ladder {
    pub(in crate::portal) fn new(trace: &TraceView) -> Self {
        let parties: Vec<Lane> = trace
            .parties
            .iter()
            .take(LANES_MAX)
            .map(|party| Lane { name: party.name.clone(), address: party.address.clone() })
            .collect();
        let mut texts = 0;
        let rows = trace.entries.iter().map(|entry| row(trace, entry, &mut texts)).collect();
        Self { lanes: parties.len().max(1), parties, rows, note: trace.note.clone() }
    }
}

fn row(trace: &TraceView, entry: &EntryView, texts: &mut usize) -> Row {
    let micros = entry.offset_us;
    let time = format!("{}.{:03}", micros / 1_000_000, micros / 1_000 % 1_000);
    let status = entry.message.as_ref().and_then(|message| message.status);
    let tone = match (status, entry.event) {
        (Some(200..=299), _) | (None, Some("answered" | "first-packet")) => "good",
        (Some(401 | 407), _) | (None, Some("hold")) => "warn",
        (Some(300..), _) | (None, Some("failed")) => "bad",
        _ => "",
    };
    Row { time, summary: entry.summary.clone(), arrow: arrow(trace, entry, texts), tone }
}

fn arrow(trace: &TraceView, entry: &EntryView, texts: &mut usize) -> Option<Arrow> {
    let message = entry.message.as_ref()?;
    let place = |id: &str| trace.parties.iter().position(|party| party.id == id);
    let edge = place("edge")?;
    let far = place(entry.party.as_deref()?)?;
    let (edge_lane, far_lane) = (edge.min(LANES_MAX - 1), far.min(LANES_MAX - 1));
    let (from, to) = if message.received { (far, edge) } else { (edge, far) };
    let (first, last) = (edge_lane.min(far_lane), edge_lane.max(far_lane));
    *texts += 1;
    let repeated = if message.retransmission { " · again" } else { "" };
    Some(Arrow {
        start: first + 1,
        span: last - first + 1,
        rightward: from < to,
        way: format!("{} → {}", trace.parties[from].name, trace.parties[to].name),
        mark: format!("{}{repeated}", message.transport.to_uppercase()),
        text: if *texts <= TEXTS_MAX { message.text.clone() } else { String::new() },
    })
}
