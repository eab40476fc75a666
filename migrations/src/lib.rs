//! The migrations of the database, one change per file, the same on SQLite and PostgreSQL. They run in the order of
//! the list below; what is released is never edited, only followed by another file.

#![forbid(unsafe_code)]

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

mod m0001_accounts;
mod m0002_numbers;
mod m0003_routing;
mod m0004_platform;
mod m0100_ledger;
mod m0101_calls;
mod m0201_settings;
mod m0202_emergency;
mod m0210_health;
mod m0211_registrations;
mod m0230_call_traces;
mod m0240_lean_calls;
mod m0300_identities;
mod m0310_reservations;
mod m0311_orders;
mod m0320_stock_kinds;
mod m0321_suppliers;
mod m0322_regulatory;
mod m0323_stock_free;
mod m0330_porting;
mod m0340_webhooks;
mod m0350_access;
mod m0400_prices;
mod m0420_invoices;
mod m0421_periods_follow;
mod m0600_velocity;
mod m0601_top_ups;
mod m0610_rehearsals;
mod m0640_recordings;
mod m0641_recordings_of_both;

/// All migrations, in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_accounts::Migration),
            Box::new(m0002_numbers::Migration),
            Box::new(m0003_routing::Migration),
            Box::new(m0004_platform::Migration),
            Box::new(m0100_ledger::Migration),
            Box::new(m0101_calls::Migration),
            Box::new(m0201_settings::Migration),
            Box::new(m0202_emergency::Migration),
            Box::new(m0230_call_traces::Migration),
            Box::new(m0210_health::Migration),
            Box::new(m0211_registrations::Migration),
            Box::new(m0300_identities::Migration),
            Box::new(m0320_stock_kinds::Migration),
            Box::new(m0321_suppliers::Migration),
            Box::new(m0322_regulatory::Migration),
            Box::new(m0240_lean_calls::Migration),
            Box::new(m0340_webhooks::Migration),
            Box::new(m0310_reservations::Migration),
            Box::new(m0311_orders::Migration),
            Box::new(m0350_access::Migration),
            Box::new(m0400_prices::Migration),
            Box::new(m0330_porting::Migration),
            Box::new(m0323_stock_free::Migration),
            Box::new(m0420_invoices::Migration),
            Box::new(m0421_periods_follow::Migration),
            Box::new(m0600_velocity::Migration),
            Box::new(m0601_top_ups::Migration),
            Box::new(m0610_rehearsals::Migration),
            Box::new(m0640_recordings::Migration),
            Box::new(m0641_recordings_of_both::Migration),
        ]
    }
}
