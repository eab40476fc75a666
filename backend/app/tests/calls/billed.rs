//! What calls cost, what the ledger says, and what stands on the invoice: the same to the micro-unit.

use crate::house::{House, hangup, operator, start};
use chrono::{TimeDelta, Utc};
use dialtone_app::{
    PageRequest,
    invoices::{self, Filter},
    money,
    proof::{self, Period},
};
use domain::{billing::Zone, ledger::EntryKind};
use std::time::Duration;
use testkit::database::TestDb;

const ECHO: &str = "+12065550100";
const CALLS: u64 = 25;

#[tokio::test(flavor = "multi_thread")]
async fn the_charges_of_calls_the_ledger_and_the_invoice_come_to_the_same() {
    for test in TestDb::each().await.unwrap() {
        let house = House::new(&start(&test).await, "acme").await;
        let mut charged = 0;
        for n in 0..CALLS {
            let (call, _) = house.connects(ECHO).await;
            // Durations whose charges are no whole micro-units, and none of them nothing.
            house.ends(call, Some(Duration::from_millis(1_001 + n * 7_919 % 58_000)), hangup());
            charged += house.settled(call).await.total.micros;
        }
        house.is_sound().await;
        let page = PageRequest { after: None, size: 1_000 };
        let ledger = money::ledger(&house.app, &house.actor, &page).await.unwrap().value;
        let usage: i64 = ledger
            .iter()
            .filter(|entry| entry.kind == EntryKind::Usage)
            .map(|entry| entry.amount.micros)
            .sum();
        assert_eq!(usage, -charged);

        let period = Period {
            tenant: house.tenant,
            since: Utc::now() - TimeDelta::days(1),
            until: Utc::now() + TimeDelta::days(1),
        };
        let rated = proof::rerate_period(&house.app, &operator(), period).await.unwrap();
        assert_eq!((rated.calls, rated.differing, rated.complete), (CALLS, 0, true));
        assert_eq!([rated.recorded, rated.posted, rated.rated].map(|sum| sum.micros), [charged; 3]);
        assert!(
            proof::rerate_period(&house.app, &house.actor, period).await.is_err(),
            "the operator's alone"
        );

        let next = Zone::default().month_end(Utc::now()) + TimeDelta::hours(1);
        assert_eq!(invoices::close_due(&house.app, next).await.unwrap().invoices, 1);
        let listed = invoices::list(&house.app, &house.actor, Filter::default(), &page).await.unwrap().value;
        let invoice = invoices::get(&house.app, &house.actor, listed[0].id).await.unwrap();
        let lines = invoice.lines.clone().unwrap();
        assert_eq!(invoice.charges.micros, charged + 1_000_000, "the calls, and a month of the number");
        assert_eq!(lines.iter().map(|line| line.amount_micros).sum::<i64>(), invoice.charges.micros);
        let calls = lines.iter().filter(|line| line.key.rate_version == "sandbox-1");
        assert_eq!(calls.map(|line| line.quantity).collect::<Vec<_>>(), [CALLS, CALLS]);
        let rounded = invoice.charges.micros + invoice.rounding.micros;
        assert_eq!(house.balance().await.balance.micros, 10_000_000 - rounded);
        house.is_sound().await;
    }
}
