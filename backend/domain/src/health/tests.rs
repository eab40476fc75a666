use super::*;

/// Once a minute; the third missed answer demotes.
const POLICY: OptionsPing = OptionsPing { enabled: true, interval_seconds: 60, demote_after: 3 };

/// A time in seconds after the start.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn fresh() -> Watch {
    Watch::new(at(0), POLICY)
}

fn seen(watch: &Watch) -> (Health, Reason) {
    (watch.state().health, watch.state().reason)
}

/// Feeds events a minute apart, and gives the states after each.
fn walk(events: &[Event]) -> Vec<(Health, Reason)> {
    let mut watch = fresh();
    let step = |(minute, event): (i64, &Event)| {
        watch.on(at(60 * minute), *event);
        seen(&watch)
    };
    (1..).zip(events).map(step).collect()
}

#[test]
fn the_table_of_states() {
    use Event::{Answered, Heard, Looked, Missed};
    use Health::{Offline, Online, Unknown, Warning};
    use Reason::{Answers, MissesPings, NeverHeard, NoRecentPings, Refuses, Sends, SendsOnly};
    for (events, expected) in [
        // Never heard from is unknown, however long it is silent.
        (vec![Missed, Missed, Missed, Missed], vec![(Unknown, NeverHeard); 4]),
        (vec![Answered(200)], vec![(Online, Answers)]),
        // A refusal below 500 shows a peer that is there.
        (vec![Answered(405), Answered(483)], vec![(Online, Answers); 2]),
        (vec![Answered(503), Answered(200)], vec![(Warning, Refuses), (Online, Answers)]),
        // Three in a row demote; the next answer brings it back.
        (
            vec![Answered(200), Missed, Missed, Missed, Missed, Answered(200)],
            vec![
                (Online, Answers),
                (Warning, MissesPings),
                (Warning, MissesPings),
                (Offline, NoRecentPings),
                (Offline, NoRecentPings),
                (Online, Answers),
            ],
        ),
        // Not three in a row.
        (
            vec![Answered(200), Missed, Missed, Answered(200), Missed],
            vec![
                (Online, Answers),
                (Warning, MissesPings),
                (Warning, MissesPings),
                (Online, Answers),
                (Warning, MissesPings),
            ],
        ),
        // Its own OPTIONS count.
        (vec![Heard, Looked], vec![(Online, Sends); 2]),
        (
            vec![Heard, Missed, Missed, Missed, Heard],
            vec![
                (Online, Sends),
                (Online, Sends),
                (Online, Sends),
                (Warning, SendsOnly),
                (Warning, SendsOnly),
            ],
        ),
        // They stop: after three intervals it is offline; the next one brings it back.
        (
            vec![Heard, Missed, Missed, Missed, Missed, Heard],
            vec![
                (Online, Sends),
                (Online, Sends),
                (Online, Sends),
                (Warning, SendsOnly),
                (Offline, NoRecentPings),
                (Warning, SendsOnly),
            ],
        ),
    ] {
        assert_eq!(walk(&events), expected, "{events:?}");
    }
}

#[test]
fn a_change_is_said_once_with_the_time_that_it_happened() {
    let mut watch = fresh();
    let change = watch.on(at(5), Event::Answered(200)).expect("it came up");
    assert_eq!(
        (change.from.health, change.to.health, change.to.since),
        (Health::Unknown, Health::Online, at(5))
    );
    assert_eq!(watch.on(at(65), Event::Answered(200)), None);
    assert_eq!(watch.state().since, at(5));
    assert_eq!((watch.answered(), watch.last_word()), (Some((at(65), 200)), Some(at(65))));
}

#[test]
fn a_state_keeps_its_time_where_only_the_reason_changes() {
    let mut watch = fresh();
    watch.on(at(5), Event::Answered(503));
    let change = watch.on(at(65), Event::Missed).expect("another reason");
    assert_eq!((change.to.reason, change.to.since), (Reason::MissesPings, at(5)));
}

#[test]
fn a_certificate_warns_at_30_14_and_3_days_and_never_demotes() {
    let end = at(0) + TimeDelta::days(60);
    let mut watch = fresh();
    watch.on(at(0), Event::Answered(200));
    assert_eq!(watch.on(at(0), Event::Certificate(end)), None);
    assert_eq!(watch.tls(at(0)), TlsStatus::Ok);
    for (days, reason, tls) in [
        (29, Reason::CertificateExpiring, TlsStatus::CertExpiring),
        (13, Reason::CertificateExpiringSoon, TlsStatus::CertExpiring),
        (2, Reason::CertificateExpiringNow, TlsStatus::CertExpiring),
        (0, Reason::CertificateExpired, TlsStatus::CertExpired),
    ] {
        let now = end - TimeDelta::days(days);
        let change = watch.on(now, Event::Looked).expect("a louder warning");
        assert_eq!((change.to.health, change.to.reason), (Health::Warning, reason));
        assert_eq!((watch.tls(now), watch.ping()), (tls, PingStatus::Ok));
    }
    let renewed = watch.on(end, Event::Certificate(end + TimeDelta::days(90))).expect("renewed");
    assert_eq!((renewed.to.health, renewed.to.reason), (Health::Online, Reason::Answers));
}

#[test]
fn a_restart_keeps_what_was_offline_offline_and_gives_the_rest_three_answers_to_miss() {
    let state = |health, reason| State { health, reason, since: at(-500) };
    let mut gone =
        Watch::restored(state(Health::Offline, Reason::NoRecentPings), POLICY, Some(at(-900)), None);
    assert_eq!((gone.on(at(1), Event::Looked), gone.on(at(60), Event::Missed)), (None, None));
    assert_eq!(gone.state().since, at(-500));
    assert_eq!(gone.on(at(120), Event::Answered(200)).expect("back").to.health, Health::Online);

    let mut well = Watch::restored(state(Health::Online, Reason::Answers), POLICY, None, None);
    assert_eq!(well.on(at(1), Event::Looked), None);
    let states: Vec<_> = (1..=3)
        .map(|minute| {
            watch_missed(&mut well, minute);
            well.state().health
        })
        .collect();
    assert_eq!(states, [Health::Warning, Health::Warning, Health::Offline]);
}

fn watch_missed(watch: &mut Watch, minute: i64) {
    watch.on(at(60 * minute), Event::Missed);
}

#[test]
fn the_ping_status_follows_the_table() {
    for (events, expected) in [
        (vec![], PingStatus::Unknown),
        (vec![Event::Answered(200)], PingStatus::Ok),
        (vec![Event::Answered(500)], PingStatus::Error),
        (vec![Event::Answered(200), Event::Missed, Event::Missed, Event::Missed], PingStatus::Expired),
        (vec![Event::Heard, Event::Missed, Event::Missed, Event::Missed], PingStatus::Error),
    ] {
        let mut watch = fresh();
        for (minute, event) in (1..).zip(&events) {
            watch.on(at(60 * minute), *event);
        }
        assert_eq!(watch.ping(), expected, "{events:?}");
    }
}
