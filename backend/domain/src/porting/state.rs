//! The states of a request to port numbers, as one table of moves.

use crate::numbering::words;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// Which way the numbers go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// To a tenant of this platform.
    In,
    /// Away from it.
    Out,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// In: the tenant writes it.
    Draft,
    /// In: it is with the operator and the losing provider.
    Submitted,
    /// It will not be done as it is; the way in can be mended and sent again.
    Rejected,
    /// In: the losing provider agreed, and there is a firm date.
    Accepted,
    /// Out: a provider asks, and the tenant is asked.
    Requested,
    /// Out: the tenant says that it is its wish.
    Confirmed,
    /// Out: the tenant says that it is not.
    Objected,
    /// Out: there is a firm date.
    Scheduled,
    /// The numbers have moved.
    Completed,
    /// It was given up.
    Cancelled,
}

/// What somebody does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Sends a draft.
    Submit,
    /// Makes a draft of what was rejected.
    Revise,
    /// Takes it, with a firm date; or says another one.
    Accept,
    /// Says that it will not do.
    Reject,
    /// Says that it is meant.
    Confirm,
    /// Says that it is not.
    Object,
    /// Says the firm date on which numbers leave, or another one.
    Schedule,
    /// Says that the numbers have moved.
    Complete,
    /// Gives it up.
    Cancel,
}

words! {
    Direction { In = "in", Out = "out" }
    State {
        Draft = "draft", Submitted = "submitted", Rejected = "rejected", Accepted = "accepted", Requested = "requested",
        Confirmed = "confirmed", Objected = "objected", Scheduled = "scheduled", Completed = "completed",
        Cancelled = "cancelled",
    }
    Party { Tenant = "tenant", Operator = "operator" }
}

/// Who does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Party {
    /// Whose numbers they are, or shall be.
    Tenant,
    /// Who runs the platform and talks to the other provider.
    Operator,
}

/// When a move is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At any time.
    Always,
    /// Before the day of the firm date.
    BeforeTheDay,
    /// From the day of the firm date on.
    FromTheDay,
    /// Once the tenant's time to answer is over.
    AnswerOverdue,
}

/// A move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Which way the numbers go.
    pub direction: Direction,
    /// Where it begins.
    pub from: State,
    /// What is done.
    pub action: Action,
    /// By whom.
    pub by: Party,
    /// Where it ends.
    pub to: State,
    /// When it is possible.
    pub when: When,
}

const fn row(direction: Direction, from: State, action: Action, by: Party, to: State, when: When) -> Row {
    Row { direction, from, action, by, to, when }
}

/// Every move there is; what is not in it cannot be done.
#[rustfmt::skip]
pub const TABLE: [Row; 30] = {
    use Direction::{In, Out};
    use Action::{Accept, Cancel, Complete, Confirm, Object, Reject, Revise, Schedule, Submit};
    use Party::{Operator, Tenant};
    use State::{Accepted, Cancelled, Completed, Confirmed, Draft, Objected, Rejected, Requested, Scheduled, Submitted};
    use When::{Always, AnswerOverdue, BeforeTheDay, FromTheDay};
    [
        row(In, Draft, Submit, Tenant, Submitted, Always),
        row(In, Draft, Cancel, Tenant, Cancelled, Always),
        row(In, Submitted, Accept, Operator, Accepted, Always),
        row(In, Submitted, Reject, Operator, Rejected, Always),
        row(In, Submitted, Cancel, Tenant, Cancelled, Always),
        row(In, Submitted, Cancel, Operator, Cancelled, Always),
        row(In, Rejected, Revise, Tenant, Draft, Always),
        row(In, Rejected, Cancel, Tenant, Cancelled, Always),
        row(In, Accepted, Accept, Operator, Accepted, Always),
        row(In, Accepted, Reject, Operator, Rejected, Always),
        row(In, Accepted, Complete, Operator, Completed, FromTheDay),
        row(In, Accepted, Cancel, Tenant, Cancelled, BeforeTheDay),
        row(In, Accepted, Cancel, Operator, Cancelled, Always),
        row(Out, Requested, Confirm, Tenant, Confirmed, Always),
        row(Out, Requested, Object, Tenant, Objected, Always),
        row(Out, Requested, Schedule, Operator, Scheduled, AnswerOverdue),
        row(Out, Requested, Reject, Operator, Rejected, Always),
        row(Out, Requested, Cancel, Operator, Cancelled, Always),
        row(Out, Confirmed, Object, Tenant, Objected, Always),
        row(Out, Confirmed, Schedule, Operator, Scheduled, Always),
        row(Out, Confirmed, Reject, Operator, Rejected, Always),
        row(Out, Confirmed, Cancel, Operator, Cancelled, Always),
        row(Out, Objected, Confirm, Tenant, Confirmed, Always),
        row(Out, Objected, Reject, Operator, Rejected, Always),
        row(Out, Objected, Cancel, Operator, Cancelled, Always),
        row(Out, Scheduled, Object, Tenant, Objected, BeforeTheDay),
        row(Out, Scheduled, Schedule, Operator, Scheduled, Always),
        row(Out, Scheduled, Complete, Operator, Completed, FromTheDay),
        row(Out, Scheduled, Reject, Operator, Rejected, Always),
        row(Out, Scheduled, Cancel, Operator, Cancelled, Always),
    ]
};

/// What a move is judged by, beside the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Now.
    pub now: DateTime<Utc>,
    /// The firm date, where there is one.
    pub firm_on: Option<NaiveDate>,
    /// Until when the tenant may answer before silence counts as a yes.
    pub answer_by: Option<DateTime<Utc>>,
}

/// Why a move is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request is somewhere else.
    #[error("this request is {}: that cannot be done with it any more, or not yet", .0.word())]
    NotNow(State),
    /// The other side does that.
    #[error("{} does that", match .0 { Party::Tenant => "the tenant", Party::Operator => "the operator" })]
    NotYours(Party),
    /// The firm date has come.
    #[error("the numbers move on {0}, and that day has come: ask the operator")]
    TooLate(NaiveDate),
    /// The firm date has not come.
    #[error("the firm date is {0}: wait for it, or say an earlier one first")]
    TooEarly(NaiveDate),
    /// The tenant may still answer.
    #[error("the tenant may answer until {}: wait for its word, or until then", .0.format("%Y-%m-%d %H:%M UTC"))]
    MayAnswer(DateTime<Utc>),
    /// There is no date to compare with.
    #[error("there is no firm date yet: say one first")]
    NoDate,
}

impl When {
    fn judge(self, at: &Moment) -> Result<(), Refusal> {
        let today = at.now.date_naive();
        match (self, at.firm_on, at.answer_by) {
            (Self::Always, ..) | (Self::AnswerOverdue, _, None) => Ok(()),
            (Self::BeforeTheDay | Self::FromTheDay, None, _) => Err(Refusal::NoDate),
            (Self::BeforeTheDay, Some(day), _) if today >= day => Err(Refusal::TooLate(day)),
            (Self::FromTheDay, Some(day), _) if today < day => Err(Refusal::TooEarly(day)),
            (Self::BeforeTheDay | Self::FromTheDay, Some(_), _) => Ok(()),
            (Self::AnswerOverdue, _, Some(until)) if at.now < until => Err(Refusal::MayAnswer(until)),
            (Self::AnswerOverdue, _, Some(_)) => Ok(()),
        }
    }
}

/// Where a request comes to by what somebody does with it.
///
/// # Errors
/// [`Refusal`] says who may, or when.
pub fn step(
    direction: Direction,
    from: State,
    action: Action,
    by: Party,
    at: &Moment,
) -> Result<State, Refusal> {
    let mut of_others = None;
    for row in TABLE.iter().filter(|row| (row.direction, row.from, row.action) == (direction, from, action)) {
        if row.by == by {
            return row.when.judge(at).map(|()| row.to);
        }
        of_others = Some(row.by);
    }
    Err(of_others.map_or(Refusal::NotNow(from), Refusal::NotYours))
}

/// What somebody may do with a request at a moment.
pub fn allowed(direction: Direction, from: State, by: Party, at: Moment) -> impl Iterator<Item = Action> {
    TABLE
        .iter()
        .filter(move |row| (row.direction, row.from, row.by) == (direction, from, by))
        .filter(move |row| row.when.judge(&at).is_ok())
        .map(|row| row.action)
}

/// Where a new request begins: the way out is the tenant's own wish, or somebody else's.
#[must_use]
pub const fn opening(direction: Direction, by: Party) -> State {
    match (direction, by) {
        (Direction::In, _) => State::Draft,
        (Direction::Out, Party::Operator) => State::Requested,
        (Direction::Out, Party::Tenant) => State::Confirmed,
    }
}

impl State {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Draft,
        Self::Submitted,
        Self::Rejected,
        Self::Accepted,
        Self::Requested,
        Self::Confirmed,
        Self::Objected,
        Self::Scheduled,
        Self::Completed,
        Self::Cancelled,
    ];

    /// Whether a request in it keeps its numbers from other requests.
    #[must_use]
    pub const fn holds_numbers(self) -> bool {
        matches!(
            self,
            Self::Submitted
                | Self::Accepted
                | Self::Requested
                | Self::Confirmed
                | Self::Objected
                | Self::Scheduled
        )
    }

    /// Whether nothing leads out of it.
    #[must_use]
    pub fn is_final(self, direction: Direction) -> bool {
        !TABLE.iter().any(|row| row.direction == direction && row.from == self)
    }
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Submit,
        Self::Revise,
        Self::Accept,
        Self::Reject,
        Self::Confirm,
        Self::Object,
        Self::Schedule,
        Self::Complete,
        Self::Cancel,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Duration, TimeZone};

    const PARTIES: [Party; 2] = [Party::Tenant, Party::Operator];

    fn now() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).single().expect("a moment")
    }

    fn day(offset: i64) -> NaiveDate {
        now().date_naive() + Duration::days(offset)
    }

    /// A moment at which each `When` holds, and one at which it does not.
    fn moments(when: When) -> (Moment, Option<(Moment, Refusal)>) {
        let at = |firm: Option<i64>, answer: Option<i64>| Moment {
            now: now(),
            firm_on: firm.map(day),
            answer_by: answer.map(|hours| now() + Duration::hours(hours)),
        };
        match when {
            When::Always => (at(None, Some(1)), None),
            When::BeforeTheDay => (at(Some(1), None), Some((at(Some(0), None), Refusal::TooLate(day(0))))),
            When::FromTheDay => (at(Some(0), None), Some((at(Some(1), None), Refusal::TooEarly(day(1))))),
            When::AnswerOverdue => {
                let until = now() + Duration::hours(1);
                (at(None, Some(0)), Some((at(None, Some(1)), Refusal::MayAnswer(until))))
            }
        }
    }

    #[test]
    fn each_move_of_the_table_is_made_by_its_party_in_its_time_and_no_other_is() {
        for direction in [Direction::In, Direction::Out] {
            for from in State::ALL {
                for action in Action::ALL {
                    for by in PARTIES {
                        let is =
                            |row: &&Row| (row.direction, row.from, row.action) == (direction, from, action);
                        let mine = TABLE.iter().find(|row| is(row) && row.by == by);
                        let theirs = TABLE.iter().find(is);
                        let always = moments(When::Always).0;
                        match (mine, theirs) {
                            (Some(row), _) => {
                                let (good, bad) = moments(row.when);
                                assert_eq!(step(direction, from, action, by, &good), Ok(row.to), "{row:?}");
                                assert!(allowed(direction, from, by, good).any(|one| one == action));
                                if let Some((moment, refusal)) = bad {
                                    assert_eq!(step(direction, from, action, by, &moment), Err(refusal));
                                    assert!(!allowed(direction, from, by, moment).any(|one| one == action));
                                }
                            }
                            (None, Some(row)) => {
                                let refused = step(direction, from, action, by, &always);
                                assert_eq!(refused, Err(Refusal::NotYours(row.by)), "{row:?}");
                            }
                            (None, None) => {
                                let refused = step(direction, from, action, by, &always);
                                assert_eq!(refused, Err(Refusal::NotNow(from)), "{direction:?} {action:?}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn no_move_is_said_twice_and_every_state_but_the_last_ones_leads_somewhere() {
        for (place, row) in TABLE.iter().enumerate() {
            let key = |row: &Row| (row.direction, row.from, row.action, row.by);
            assert!(!TABLE[..place].iter().any(|other| key(other) == key(row)), "{row:?}");
        }
        let last = |direction| -> Vec<State> {
            let reached =
                |state: &State| TABLE.iter().any(|row| row.direction == direction && row.to == *state);
            State::ALL.into_iter().filter(|state| reached(state) && state.is_final(direction)).collect()
        };
        assert_eq!(last(Direction::In), [State::Completed, State::Cancelled]);
        assert_eq!(last(Direction::Out), [State::Rejected, State::Completed, State::Cancelled]);
        assert!([State::Completed, State::Cancelled, State::Rejected].iter().all(|one| !one.holds_numbers()));
    }

    #[test]
    fn only_an_operator_moves_numbers_and_only_from_the_firm_day_on() {
        for row in TABLE.iter().filter(|row| row.to == State::Completed) {
            assert_eq!((row.by, row.when), (Party::Operator, When::FromTheDay), "{row:?}");
        }
        let nothing = Moment { now: now(), firm_on: None, answer_by: None };
        let undated = step(Direction::In, State::Accepted, Action::Complete, Party::Operator, &nothing);
        assert_eq!(undated, Err(Refusal::NoDate));
    }

    #[test]
    fn a_tenants_no_stands_until_it_says_otherwise_itself() {
        let to = |row: &&Row| row.from == State::Objected && row.by == Party::Operator;
        assert!(TABLE.iter().filter(to).all(|row| matches!(row.to, State::Rejected | State::Cancelled)));
        assert_eq!(opening(Direction::Out, Party::Operator), State::Requested);
        assert_eq!(opening(Direction::Out, Party::Tenant), State::Confirmed);
    }

    #[test]
    fn states_are_found_by_their_words() {
        for state in State::ALL {
            assert_eq!(state.word().parse::<State>(), Ok(state));
            assert_eq!(serde_json::to_value(state).ok(), Some(serde_json::json!(state.word())));
        }
        assert!("moved".parse::<State>().is_err());
    }
}
