//! What `/metrics` says, in Prometheus' text format.

use app::App;
use std::fmt::Write as _;

/// Reads every counter at this moment.
pub(crate) fn text(app: &App, edge: Option<&edge::Handle>) -> String {
    let mut text = String::new();
    let load = app::calls::load(app);
    gauge(&mut text, "dialtone_calls_live", "Calls that are decided or up.", load.live_calls);
    gauge(
        &mut text,
        "dialtone_calls_waiting",
        "Calls whose hold or settlement waits to be written.",
        load.waiting,
    );
    counter(
        &mut text,
        "dialtone_jobs_lost",
        "Writes about calls that found their queue full.",
        load.lost_jobs,
    );
    let (is_stale, failures) = app::snapshot::stale_counts(app);
    gauge(
        &mut text,
        "dialtone_configuration_stale",
        "1 while calls are decided on older configuration than was committed, since that cannot be built.",
        u64::from(is_stale),
    );
    counter(
        &mut text,
        "dialtone_configuration_failures",
        "Times that the configuration could not be built.",
        failures,
    );
    if let Some(drift) = app::money::last_drift(app) {
        drift_rows(&mut text, &drift);
    }
    if let Some(edge) = edge {
        let counters = edge.counters();
        for (name, value) in counters.rows() {
            counter(
                &mut text,
                &format!("dialtone_sip_{name}"),
                "Counted by the SIP edge since its start.",
                value,
            );
        }
        head(&mut text, "dialtone_sip_requests_total", "Requests received, by method.", "counter");
        for (method, count) in counters.requests {
            line(&mut text, format_args!("dialtone_sip_requests_total{{method=\"{method}\"}} {count}"));
        }
    }
    text
}

fn drift_rows(text: &mut String, drift: &app::money::DriftView) {
    head(
        text,
        "dialtone_money_drift_micros",
        "What call records, ledger and accounts disagree about; zero.",
        "gauge",
    );
    line(text, format_args!("dialtone_money_drift_micros {}", drift.figure));
}

fn counter(text: &mut String, name: &str, help: &str, value: u64) {
    head(text, &format!("{name}_total"), help, "counter");
    line(text, format_args!("{name}_total {value}"));
}

fn gauge(text: &mut String, name: &str, help: &str, value: u64) {
    head(text, name, help, "gauge");
    line(text, format_args!("{name} {value}"));
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) {
    line(text, format_args!("# HELP {name} {help}"));
    line(text, format_args!("# TYPE {name} {kind}"));
}

fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{what}");
}
