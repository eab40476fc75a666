//! What a call writes, with fewer rows and indexes: its hold stands in its record, its legs and its decision are one text
//! each, and of the ledger's and the outbox's indexes those stay that a question needs.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let is_sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        let on = manager.get_connection();
        for statement in HOLDS.iter().chain(&LEDGER) {
            on.execute_unprepared(statement).await?;
        }
        let of_backend = if is_sqlite { SQLITE } else { POSTGRES };
        for statement in of_backend {
            on.execute_unprepared(statement).await?;
        }
        for statement in AFTER {
            on.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

/// What is held for a call stands in the payer's record while it is live. Nothing else was ever held for.
const HOLDS: [&str; 3] = [
    "ALTER TABLE calls ADD COLUMN held_micros BIGINT NOT NULL DEFAULT 0",
    "UPDATE calls SET held_micros = (SELECT h.amount_micros FROM holds h WHERE h.purpose = 'call' AND h.reference = calls.id) \
     WHERE state = 'live' AND EXISTS (SELECT 1 FROM holds h WHERE h.purpose = 'call' AND h.reference = calls.id)",
    "DROP TABLE holds",
];

/// The charges of many calls share a journal, so that it is the tenant's entry that is there once for a call.
const LEDGER: [&str; 5] = [
    "DROP INDEX entries_of_call",
    "DROP INDEX entries_of_journal",
    "DROP INDEX entries_of_tenant",
    "CREATE INDEX entries_of_tenant ON entries (tenant_id, id) WHERE tenant_id IS NOT NULL",
    "CREATE UNIQUE INDEX entries_usage_once ON entries (call_id) WHERE kind = 'usage' AND tenant_id IS NOT NULL",
];

/// A decision is one text, and bears the id of its call.
const DECISION: &str = "INSERT INTO new_decisions (call_id, body, foreign_number) SELECT call_id, \
    '{\"facts\":' || facts || ',\"funds\":' || funds || ',\"decision\":' || decision || '}', foreign_number FROM decisions";

const SQLITE: &[&str] = &[
    "CREATE TABLE new_legs (call_id uuid_text NOT NULL PRIMARY KEY, body text NOT NULL) WITHOUT ROWID",
    "INSERT INTO new_legs (call_id, body) SELECT call_id, json_group_array(json_object('side', side, 'peer', peer, \
     'transport', transport, 'sipCallId', sip_call_id, 'codec', codec, 'packets', packets, 'bytes', bytes, 'lost', lost, \
     'foreignPackets', foreign_packets, 'jitterUs', jitter_us, 'sentPackets', sent_packets, 'verdict', verdict, \
     'explanation', explanation)) FROM (SELECT * FROM legs ORDER BY call_id, side DESC) GROUP BY call_id",
    "CREATE TABLE new_decisions (call_id uuid_text NOT NULL PRIMARY KEY, body text NOT NULL, foreign_number varchar NULL)",
    DECISION,
    "CREATE TABLE new_outbox (id uuid_text NOT NULL PRIMARY KEY, tenant_id uuid_text NULL, kind varchar(60) NOT NULL, \
     payload json_text NOT NULL, state varchar(20) NOT NULL, attempts integer NOT NULL, \
     next_at timestamp_with_timezone_text NOT NULL, last_error text NULL, \
     created_at timestamp_with_timezone_text NOT NULL) WITHOUT ROWID",
    "INSERT INTO new_outbox SELECT id, tenant_id, kind, payload, state, attempts, next_at, last_error, created_at FROM outbox",
    "DROP TABLE outbox",
    "ALTER TABLE new_outbox RENAME TO outbox",
];

const POSTGRES: &[&str] = &[
    "CREATE TABLE new_legs (call_id uuid NOT NULL PRIMARY KEY, body text NOT NULL)",
    "INSERT INTO new_legs (call_id, body) SELECT call_id, json_agg(json_build_object('side', side, 'peer', peer, \
     'transport', transport, 'sipCallId', sip_call_id, 'codec', codec, 'packets', packets, 'bytes', bytes, 'lost', lost, \
     'foreignPackets', foreign_packets, 'jitterUs', jitter_us, 'sentPackets', sent_packets, 'verdict', verdict, \
     'explanation', explanation) ORDER BY side DESC)::text FROM legs GROUP BY call_id",
    "CREATE TABLE new_decisions (call_id uuid NOT NULL PRIMARY KEY, body text NOT NULL, foreign_number varchar NULL)",
    DECISION,
    "DROP INDEX outbox_due",
];

const AFTER: [&str; 5] = [
    "DROP TABLE legs",
    "ALTER TABLE new_legs RENAME TO legs",
    "DROP TABLE decisions",
    "ALTER TABLE new_decisions RENAME TO decisions",
    "CREATE INDEX outbox_pending ON outbox (next_at) WHERE state = 'pending'",
];
