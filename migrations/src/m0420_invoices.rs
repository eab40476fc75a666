//! Invoices: closed periods, documents with their lines, the counters of their numbers, to whom they are made out; and
//! entries of the ledger that take back another one.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [periods(), invoices(), lines(), series(), profiles()] {
            manager.create_table(table).await?;
        }
        let reversed = ColumnDef::new("reverses_id").uuid().null().to_owned();
        manager.alter_table(Table::alter().table("entries").add_column(reversed).to_owned()).await?;
        let on = manager.get_connection();
        for index in INDEXES {
            on.execute_unprepared(index).await?;
        }
        for guard in guards(manager.get_database_backend()) {
            on.execute_unprepared(&guard).await?;
        }
        Ok(())
    }
}

/// The same words on SQLite and PostgreSQL.
const INDEXES: [&str; 5] = [
    "CREATE UNIQUE INDEX entries_reversed_once ON entries (reverses_id) WHERE reverses_id IS NOT NULL AND tenant_id IS NOT NULL",
    "CREATE INDEX entries_of_invoice ON entries (invoice_id) WHERE invoice_id IS NOT NULL",
    "CREATE UNIQUE INDEX billing_periods_end ON billing_periods (tenant_id, ends_at)",
    "CREATE UNIQUE INDEX invoices_number ON invoices (series, number) WHERE number IS NOT NULL",
    "CREATE INDEX invoices_of_tenant ON invoices (tenant_id, id)",
];

/// A period of a tenant that is over and counted. Its entries are those before `upto` that happened before its end, and
/// after the period before: from `from_id` on, or not before its start.
fn periods() -> TableCreateStatement {
    Table::create()
        .table("billing_periods")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(timestamp_with_time_zone("starts_at"))
        .col(timestamp_with_time_zone("ends_at"))
        .col(uuid("scan_from"))
        .col(uuid("from_id"))
        .col(uuid("upto"))
        .col(string_len("currency", 3))
        .col(big_integer("charges_micros"))
        .col(uuid_null("invoice_id"))
        .col(timestamp_with_time_zone("closed_at"))
        .to_owned()
}

fn invoices() -> TableCreateStatement {
    Table::create()
        .table("invoices")
        .col(pk_uuid("id"))
        .col(uuid("tenant_id"))
        .col(string_len("kind", 20))
        .col(string_len("state", 20))
        .col(string_len("series", 20))
        .col(big_integer_null("number"))
        .col(timestamp_with_time_zone("starts_at"))
        .col(timestamp_with_time_zone("ends_at"))
        .col(string_len("currency", 3))
        .col(big_integer("charges_micros"))
        .col(big_integer("tax_micros"))
        .col(boolean("tax_included"))
        .col(big_integer("rounding_micros"))
        .col(big_integer("total_micros"))
        .col(big_integer("open_micros"))
        .col(text("tax"))
        .col(text("seller"))
        .col(text("buyer"))
        .col(text("note"))
        .col(uuid_null("credits_id"))
        .col(timestamp_with_time_zone_null("issued_at"))
        .col(timestamp_with_time_zone_null("due_at"))
        .col(timestamp_with_time_zone_null("settled_at"))
        .col(integer("reminders"))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned()
}

fn lines() -> TableCreateStatement {
    Table::create()
        .table("invoice_lines")
        .col(uuid("invoice_id"))
        .col(integer("place"))
        .col(string_len("subject", 20))
        .col(string_len("number", 60))
        .col(text("description"))
        .col(text("rate_version"))
        .col(big_integer("quantity"))
        .col(big_integer("billed_ms"))
        .col(big_integer("amount_micros"))
        .primary_key(Index::create().col("invoice_id").col("place"))
        .foreign_key(ForeignKey::create().from("invoice_lines", "invoice_id").to("invoices", "id"))
        .to_owned()
}

/// The last number of each series: it is taken in the transaction that issues, so that there are no gaps.
fn series() -> TableCreateStatement {
    Table::create()
        .table("invoice_series")
        .col(ColumnDef::new("name").string_len(20).not_null().primary_key())
        .col(big_integer("last"))
        .to_owned()
}

fn profiles() -> TableCreateStatement {
    Table::create()
        .table("billing_profiles")
        .col(pk_uuid("tenant_id"))
        .col(text("body"))
        .col(timestamp_with_time_zone("updated_at"))
        .to_owned()
}

/// What an issued document says: the database itself refuses to change it.
const FIXED: [&str; 17] = [
    "tenant_id",
    "kind",
    "series",
    "number",
    "starts_at",
    "ends_at",
    "currency",
    "charges_micros",
    "tax_micros",
    "tax_included",
    "rounding_micros",
    "total_micros",
    "tax",
    "seller",
    "buyer",
    "credits_id",
    "issued_at",
];

fn guards(backend: DbBackend) -> Vec<String> {
    let is_postgres = backend == DbBackend::Postgres;
    let mut statements = Vec::new();
    if is_postgres {
        statements.push(
            "CREATE FUNCTION what_is_billed_stays() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'what is billed stays as it is'; END $$"
                .to_owned(),
        );
    }
    let body = if is_postgres {
        "EXECUTE FUNCTION what_is_billed_stays()"
    } else {
        "BEGIN SELECT RAISE(ABORT, 'what is billed stays as it is'); END"
    };
    let every = [
        ("billing_periods", "UPDATE"),
        ("billing_periods", "DELETE"),
        ("invoice_lines", "UPDATE"),
        ("invoice_lines", "DELETE"),
        ("invoices", "DELETE"),
    ];
    for (table, change) in every {
        let name = format!("{table}_no_{}", change.to_lowercase());
        statements.push(format!("CREATE TRIGGER {name} BEFORE {change} ON {table} FOR EACH ROW {body}"));
    }
    let differs = FIXED.map(|column| format!("NEW.{column} IS DISTINCT FROM OLD.{column}")).join(" OR ");
    statements.push(format!(
        "CREATE TRIGGER invoices_stay BEFORE UPDATE ON invoices FOR EACH ROW \
         WHEN (OLD.number IS NOT NULL AND ({differs})) {body}"
    ));
    statements
}
