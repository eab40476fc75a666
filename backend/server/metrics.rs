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
    let refreshes = app::snapshot::refreshes(app);
    let help = "Times that the configuration was read anew: the number of the snapshot that decides calls.";
    counter(&mut text, "dialtone_configuration_refreshes", help, refreshes.count);
    let help = "Seconds of the last such reading, with the wait for its turn.";
    head(&mut text, "dialtone_configuration_refresh_seconds", help, "gauge");
    line(
        &mut text,
        format_args!("dialtone_configuration_refresh_seconds {:.6}", refreshes.last.as_secs_f64()),
    );
    spending_rows(&mut text, app);
    if let Some(drift) = app::money::last_drift(app) {
        drift_rows(&mut text, &drift);
    }
    head(&mut text, "dialtone_peers", "Trunks and carriers, by how they are doing.", "gauge");
    for (health, count) in app::health::all_in_numbers(app) {
        let word = format!("{health:?}").to_ascii_lowercase();
        line(&mut text, format_args!("dialtone_peers{{health=\"{word}\"}} {count}"));
    }
    shards(&mut text, &app::node::read(app));
    recordings(&mut text, app::recordings::disk(app));
    let traces = app::calls::trace_counts(app);
    counter(&mut text, "dialtone_traces_kept", "Traces of calls written down.", traces.kept);
    let help = "Traces not kept, since there were more than the budget allows.";
    counter(&mut text, "dialtone_traces_over_budget", help, traces.over_budget);
    counter(&mut text, "dialtone_traces_lost", "Traces that the database did not take.", traces.lost);
    webhooks(&mut text, &app::webhooks::counts(app));
    if let Some(reading) = app::pool::last(app) {
        media(&mut text, reading);
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
        shard_rows(&mut text, &edge.delays());
        let (banned, remembered) = edge.ban_sizes();
        gauge(&mut text, "dialtone_sip_bans", "Addresses that are not heard at this moment.", banned as u64);
        gauge(
            &mut text,
            "dialtone_sip_offenders",
            "Addresses of which an offence is remembered.",
            remembered as u64,
        );
        head(&mut text, "dialtone_sip_requests_total", "Requests received, by method.", "counter");
        for (method, count) in counters.requests {
            line(&mut text, format_args!("dialtone_sip_requests_total{{method=\"{method}\"}} {count}"));
        }
    }
    text
}

/// How full the media relay is.
fn media(text: &mut String, reading: app::pool::Reading) {
    gauge(text, "dialtone_media_sessions", "Calls that have media ports.", reading.sessions);
    gauge(text, "dialtone_media_capacity", "Calls that the media ports allow at a time.", reading.capacity);
    let help = "1 while media ports are nearly used up: from 80 % on, until less than 70 % are.";
    gauge(text, "dialtone_media_ports_scarce", help, u64::from(reading.is_scarce));
    let help = "Times that a media worker died and was replaced.";
    counter(text, "dialtone_media_worker_deaths", help, reading.deaths);
}

/// What recordings of calls take of the disk.
fn recordings(text: &mut String, disk: app::recordings::DiskView) {
    gauge(text, "dialtone_recordings_bytes", "What recordings take of the disk.", disk.bytes);
    gauge(
        text,
        "dialtone_recordings_bytes_max",
        "What they may take; further ones fail then.",
        disk.bytes_max,
    );
    gauge(text, "dialtone_recordings_live", "Recordings that go on.", disk.live);
}

/// How events leave this node. What waits in the database stands at `/api/v1/operator/deliveries`.
fn webhooks(text: &mut String, counts: &app::webhooks::Counts) {
    let help = "Deliveries of events that arrived.";
    counter(text, "dialtone_webhook_deliveries", help, counts.delivered);
    counter(text, "dialtone_webhook_failed_attempts", "Tries of deliveries that failed.", counts.failed);
    counter(text, "dialtone_webhook_dead_letters", "Deliveries that were given up.", counts.dead);
    let help = "Events that found the queue of their webhook full.";
    counter(text, "dialtone_webhook_dropped", help, counts.dropped);
    gauge(
        text,
        "dialtone_webhook_waiting",
        "Deliveries that wait, when it was last counted.",
        counts.waiting,
    );
    let help = "Seconds since the oldest of them happened.";
    gauge(text, "dialtone_webhook_oldest_seconds", help, counts.oldest_seconds);
    gauge(text, "dialtone_webhook_under_way", "Deliveries that are under way.", counts.under_way);
    let help = "Endpoints that are left alone for a while, since they do not answer.";
    gauge(text, "dialtone_webhook_resting", help, counts.resting);
}

/// What each shard is at.
fn shards(text: &mut String, node: &app::node::NodeView) {
    gauge(text, "dialtone_node_draining", "1 while this node takes no new calls.", u64::from(node.draining));
    type Read = fn(&app::node::ShardView) -> u64;
    let gauges: [(&str, &str, &str, Read); 6] = [
        ("dialtone_shard_calls", "Calls of a shard.", "gauge", |shard| shard.calls),
        ("dialtone_shard_queue", "Messages that wait for a shard.", "gauge", |shard| shard.queue),
        ("dialtone_shard_lag_microseconds", "Longest turn of its loop of late.", "gauge", |shard| {
            shard.lag_us
        }),
        ("dialtone_shard_trace_bytes", "Bytes of traces that it holds.", "gauge", |shard| shard.trace_bytes),
        ("dialtone_shard_messages_in_total", "Messages taken in.", "counter", |shard| shard.messages_in),
        ("dialtone_shard_messages_out_total", "Messages sent.", "counter", |shard| shard.messages_out),
    ];
    for (name, help, kind, read) in gauges {
        head(text, name, help, kind);
        for (index, shard) in node.shards.iter().enumerate() {
            line(text, format_args!("{name}{{shard=\"{index}\"}} {}", read(shard)));
        }
    }
}

fn shard_rows(text: &mut String, delays: &[(std::time::Duration, bool)]) {
    head(text, "dialtone_sip_shard_delay_seconds", "How long a message that arrives now waits.", "gauge");
    for (shard, (delay, _)) in delays.iter().enumerate() {
        let seconds = delay.as_secs_f64();
        line(text, format_args!("dialtone_sip_shard_delay_seconds{{shard=\"{shard}\"}} {seconds}"));
    }
    head(text, "dialtone_sip_shard_shedding", "Whether new calls get 503 for load.", "gauge");
    for (shard, (_, is_shedding)) in delays.iter().enumerate() {
        let shed = u8::from(*is_shedding);
        line(text, format_args!("dialtone_sip_shard_shedding{{shard=\"{shard}\"}} {shed}"));
    }
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

/// What tenants may owe at worst, and what is stopped because it was spent too fast.
fn spending_rows(text: &mut String, app: &App) {
    let totals = app::exposure::totals(app);
    let mut rows = |name: &str, help: &str, read: &dyn Fn(&app::exposure::Total) -> f64| {
        head(text, name, help, "gauge");
        for (currency, total) in &totals {
            line(text, format_args!("{name}{{currency=\"{currency}\"}} {}", read(total)));
        }
    };
    rows("dialtone_exposure_micros", "What tenants hold and owe: the worst case.", &|of| {
        of.worst_micros as f64
    });
    rows("dialtone_exposure_lent_micros", "What of it no money of theirs stands for.", &|of| {
        of.lent_micros as f64
    });
    rows("dialtone_exposure_at_cap", "Tenants without room under their cap.", &|of| of.at_cap as f64);
    let stops = app::velocity::counts(app);
    gauge(text, "dialtone_spending_stops", "Stops of spending in force, of all nodes.", stops.in_force);
    counter(text, "dialtone_spending_stops_made", "Stops that this node made.", stops.made);
    counter(text, "dialtone_spending_uncounted", "Spending not counted by its caller.", stops.uncounted);
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
