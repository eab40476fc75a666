//! What a rehearsal found, ready to print.

use crate::portal::words::{self, At, count};
use domain::{
    cause::Cause,
    money::Money,
    rehearsal::{Difference, Figures, Kind, MoneyFigures, Sample},
};

/// What a rehearsal found.
pub(super) struct Found {
    pub(super) attempts: String,
    pub(super) left_out: u64,
    pub(super) complete: bool,
    /// How many of each kind.
    pub(super) kinds: Vec<(&'static str, String)>,
    pub(super) money: Vec<MoneyRow>,
    pub(super) ways: Vec<[String; 3]>,
    pub(super) other_ways: u64,
    pub(super) causes: Vec<[String; 3]>,
    pub(super) rows: Vec<DifferenceRow>,
    pub(super) unknown: Vec<(String, &'static str)>,
    pub(super) unreplayed: Vec<(String, &'static str)>,
}

/// What is earned, asked and left, before and after.
pub(super) struct MoneyRow {
    pub(super) name: String,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) change: String,
    pub(super) tone: &'static str,
}

/// A call that is different.
pub(super) struct DifferenceRow {
    pub(super) at: At,
    /// Where it is shown.
    pub(super) link: String,
    pub(super) kind: &'static str,
    pub(super) to: String,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) money: String,
}

const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Same => "the same",
        Kind::Repriced => "at another price",
        Kind::Rewritten => "with other numbers",
        Kind::Rerouted => "another way",
        Kind::Refused => "newly refused",
        Kind::Admitted => "newly connected",
        Kind::RefusedOtherwise => "refused otherwise",
    }
}

fn cause(cause: Option<Cause>) -> String {
    cause.map_or_else(|| "connected".to_owned(), |cause| cause.word().to_owned())
}

fn money_rows(figures: &MoneyFigures, has_costs: bool) -> Vec<MoneyRow> {
    let amount = |micros| words::money(Money::new(micros, figures.currency));
    let row = |name: &str, before: i64, after: i64, is_good_more: bool| {
        let change = after.saturating_sub(before);
        let tone = match (change.signum(), is_good_more) {
            (0, _) => "",
            (1, true) | (-1, false) => "good",
            _ => "bad",
        };
        let sign = if change > 0 { "+" } else { "" };
        MoneyRow {
            name: name.to_owned(),
            before: amount(before),
            after: amount(after),
            change: format!("{sign}{}", amount(change)),
            tone,
        }
    };
    let (before, after) = (figures.revenue_before_micros, figures.revenue_after_micros);
    if !has_costs {
        return vec![row("Charges", before, after, false)];
    }
    let (margin_before, margin_after) = figures.margins();
    vec![
        row("Revenue", before, after, true),
        row("Cost", figures.cost_before_micros, figures.cost_after_micros, false),
        row("Margin", margin_before, margin_after, true),
    ]
}

fn side(sample: &Sample) -> String {
    match sample.cause {
        Some(cause) => format!("refused: {}", cause.word()),
        None => sample.way.clone(),
    }
}

fn row(of: &Difference, calls: &str) -> DifferenceRow {
    let money = |sample: &Sample| match sample.cost {
        Some(cost) => format!("{}, cost {}", words::money(sample.charge), words::money(cost)),
        None => words::money(sample.charge),
    };
    DifferenceRow {
        at: At::from(of.at),
        link: format!("{calls}/{}", of.call),
        kind: name(of.kind),
        to: of.to.clone(),
        before: side(&of.before),
        after: side(&of.after),
        money: format!("{} → {}", money(&of.before), money(&of.after)),
    }
}

impl Found {
    pub(super) fn of(figures: Figures, has_costs: bool, calls: &str) -> Self {
        let kinds = figures.kinds.iter().filter(|(kind, calls)| *calls > 0 || *kind == Kind::Same);
        let shortened = (figures.shortened > 0).then(|| ("ended earlier", count(figures.shortened)));
        Self {
            attempts: count(figures.attempts),
            left_out: figures.attempts.saturating_sub(figures.replayed),
            complete: figures.complete,
            kinds: kinds.map(|(kind, calls)| (name(*kind), count(*calls))).chain(shortened).collect(),
            money: figures.money.iter().flat_map(|money| money_rows(money, has_costs)).collect(),
            ways: figures.ways.into_iter().map(|way| [way.from, way.to, count(way.calls)]).collect(),
            other_ways: figures.other_ways,
            causes: figures
                .causes
                .iter()
                .map(|of| [cause(of.before), cause(of.after), count(of.calls)])
                .collect(),
            rows: figures.differences.iter().map(|of| row(of, calls)).collect(),
            unknown: figures.unknown.iter().map(|of| (count(of.calls), of.what.explain())).collect(),
            unreplayed: figures.unreplayed.iter().map(|of| (count(of.calls), of.why.explain())).collect(),
        }
    }
}
