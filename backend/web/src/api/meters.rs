//! What goes on with each trunk and carrier, in Prometheus' text format. Names of trunks are their tenants' business, so
//! they are said to whoever asks from this machine alone; an operator reads the same at `/api/v1/operator/node`.

use actix_web::HttpRequest;
use app::calls::{FAILURE_CLASSES, MeterName, MeterView, SETUP_BOUNDS_MS};
use std::fmt::Write as _;

/// Whether a request comes from this machine, and not through a proxy on it.
pub(super) fn is_local(request: &HttpRequest) -> bool {
    let is_passed_on =
        ["x-forwarded-for", "forwarded"].iter().any(|name| request.headers().contains_key(*name));
    !is_passed_on && request.peer_addr().is_some_and(|peer| peer.ip().is_loopback())
}

/// All series; there are [`METERS_MAX`](app::calls::METERS_MAX) names and one at most.
pub(super) fn text(meters: &[MeterView]) -> String {
    type Read = fn(&MeterView) -> u64;
    let rows: [(&str, &str, &str, Read); 6] = [
        ("dialtone_peer_calls_up", "gauge", "Calls from a trunk or carrier, and up ones to it.", |of| {
            of.calls_up
        }),
        ("dialtone_peer_calls_total", "counter", "Calls that came from it.", |of| of.calls_from),
        ("dialtone_peer_attempts_total", "counter", "Tries through it.", |of| of.attempts),
        ("dialtone_peer_answered_total", "counter", "Tries that were answered.", |of| of.answered),
        ("dialtone_peer_rated_total", "counter", "Calls whose audio from it was rated.", |of| of.rated),
        ("dialtone_peer_unheard_total", "counter", "Calls in which its audio was not to be heard.", |of| {
            of.unheard
        }),
    ];
    let mut text = String::new();
    for (name, kind, help, read) in rows {
        head(&mut text, name, kind, help);
        for meter in meters {
            line(&mut text, format_args!("{name}{{{}}} {}", labels(&meter.of), read(meter)));
        }
    }
    head(&mut text, "dialtone_peer_failures_total", "counter", "Tries that failed, by class.");
    for meter in meters {
        for (class, count) in FAILURE_CLASSES.iter().zip(meter.failures).filter(|(_, count)| *count > 0) {
            let labels = labels(&meter.of);
            line(
                &mut text,
                format_args!("dialtone_peer_failures_total{{{labels},class=\"{class}\"}} {count}"),
            );
        }
    }
    const SCORE: &str = "dialtone_peer_mos_average";
    head(&mut text, SCORE, "gauge", "Mean opinion score of the audio from it since the start.");
    for meter in meters {
        if let Some(score) = meter.scores.checked_div(meter.rated) {
            let labels = labels(&meter.of);
            line(&mut text, format_args!("{SCORE}{{{labels}}} {}.{:02}", score / 100, score % 100));
        }
    }
    setups(&mut text, meters);
    text
}

fn setups(text: &mut String, meters: &[MeterView]) {
    const NAME: &str = "dialtone_peer_setup_seconds";
    head(text, NAME, "histogram", "Time from the INVITE to the answer.");
    for meter in meters.iter().filter(|meter| meter.answered > 0) {
        let labels = labels(&meter.of);
        for (bound, count) in SETUP_BOUNDS_MS.iter().zip(meter.setups) {
            line(text, format_args!("{NAME}_bucket{{{labels},le=\"{}\"}} {count}", Seconds(*bound)));
        }
        let all = meter.setups[SETUP_BOUNDS_MS.len()];
        line(text, format_args!("{NAME}_bucket{{{labels},le=\"+Inf\"}} {all}"));
        line(text, format_args!("{NAME}_sum{{{labels}}} {}", Seconds(meter.setup_ms)));
        line(text, format_args!("{NAME}_count{{{labels}}} {all}"));
    }
}

/// Milliseconds, printed as seconds.
struct Seconds(u64);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

/// Names are hosts and what an operator called a carrier: quotes, backslashes and line ends are escaped.
fn labels(of: &MeterName) -> String {
    let name = of.name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("kind=\"{}\",name=\"{name}\"", of.kind)
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    line(text, format_args!("# HELP {name} {help}"));
    line(text, format_args!("# TYPE {name} {kind}"));
}

fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trunk_has_its_series_and_its_name_cannot_break_out_of_its_label() {
        let of = MeterName { kind: "trunk", name: "sbc\".test\\".to_owned() };
        let meter = MeterView {
            of,
            calls_up: 2,
            calls_from: 3,
            attempts: 9,
            answered: 4,
            failures: [0, 5, 0, 0, 0, 0, 0, 0],
            setups: [0, 0, 1, 3, 4, 4, 4, 4, 4],
            setup_ms: 3_250,
            rated: 2,
            scores: 812,
            unheard: 1,
        };
        let text = text(&[meter]);
        let labels = "kind=\"trunk\",name=\"sbc\\\".test\\\\\"";
        for line in [
            format!("dialtone_peer_calls_up{{{labels}}} 2"),
            format!("dialtone_peer_attempts_total{{{labels}}} 9"),
            format!("dialtone_peer_mos_average{{{labels}}} 4.06"),
            format!("dialtone_peer_unheard_total{{{labels}}} 1"),
            format!("dialtone_peer_failures_total{{{labels},class=\"4xx\"}} 5"),
            format!("dialtone_peer_setup_seconds_bucket{{{labels},le=\"0.500\"}} 1"),
            format!("dialtone_peer_setup_seconds_bucket{{{labels},le=\"+Inf\"}} 4"),
            format!("dialtone_peer_setup_seconds_sum{{{labels}}} 3.250"),
            format!("dialtone_peer_setup_seconds_count{{{labels}}} 4"),
        ] {
            assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("5xx"));
    }
}
