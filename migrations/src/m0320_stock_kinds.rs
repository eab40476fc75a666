//! A stock of millions: what numbers of a kind have in common stands once, numbers are found by kind, state and number,
//! and free ones by digits that they contain. A number knows its supplier, what it costs the operator, what is charged
//! once, and whose it was last.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// What numbers of a kind have in common.
const DIMENSIONS: [&str; 12] = [
    "carrier_id",
    "supplier_id",
    "country",
    "number_type",
    "locality",
    "area_code",
    "calling",
    "sms",
    "monthly_micros",
    "cost_micros",
    "setup_micros",
    "currency",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in columns() {
            manager.alter_table(Table::alter().table("stock").add_column(column).to_owned()).await?;
        }
        manager.create_table(kinds()).await?;
        manager.create_index(dimensions()).await?;
        let on = manager.get_connection();
        fill(on).await?;
        on.execute_unprepared("DROP INDEX stock_offers").await?;
        for (name, table, columns) in [
            ("stock_of_kind", "stock", ["kind_id", "state", "e164"].as_slice()),
            ("stock_held_by", "stock", &["held_by"]),
            ("number_searches_of_tenant", "number_searches", &["tenant_id", "state"]),
            ("number_searches_by_end", "number_searches", &["state", "expires_at"]),
        ] {
            let mut index = Index::create();
            index.name(name).table(table);
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        let digits: &[&str] =
            if manager.get_database_backend() == DbBackend::Sqlite { &SQLITE } else { &POSTGRES };
        for statement in digits {
            on.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

fn columns() -> [ColumnDef; 5] {
    [
        big_integer("kind_id").default(0).to_owned(),
        uuid_null("supplier_id").to_owned(),
        big_integer("cost_micros").default(0).to_owned(),
        big_integer("setup_micros").default(0).to_owned(),
        uuid_null("last_tenant_id").to_owned(),
    ]
    .map(|mut column| column.take())
}

/// What a number lacks is an empty text here, and the platform's own supplier is the nil identifier: a unique index takes
/// two nulls for different.
fn kinds() -> TableCreateStatement {
    Table::create()
        .table("stock_kinds")
        .col(big_integer("id").auto_increment().primary_key())
        .col(uuid("carrier_id"))
        .col(uuid("supplier_id"))
        .col(string_len("country", 2))
        .col(string_len("number_type", 20))
        .col(string_len("locality", 100))
        .col(string_len("area_code", 10))
        .col(string_len("calling", 20))
        .col(string_len("sms", 20))
        .col(big_integer("monthly_micros"))
        .col(big_integer("cost_micros"))
        .col(big_integer("setup_micros"))
        .col(string_len("currency", 3))
        .to_owned()
}

/// Country and type first: searches name both.
fn dimensions() -> IndexCreateStatement {
    let mut index = Index::create();
    index.name("stock_kinds_dimensions").table("stock_kinds").unique();
    for column in ["country", "number_type", "area_code"] {
        index.col(column);
    }
    for column in
        DIMENSIONS.into_iter().filter(|name| !["country", "number_type", "area_code"].contains(name))
    {
        index.col(column);
    }
    index
}

/// The kinds of the numbers that are there.
async fn fill(on: &SchemaManagerConnection<'_>) -> Result<(), DbErr> {
    let nil = if on.get_database_backend() == DbBackend::Sqlite {
        "x'00000000000000000000000000000000'"
    } else {
        "'00000000-0000-0000-0000-000000000000'::uuid"
    };
    let own = |name: &str| match name {
        "supplier_id" => format!("coalesce(stock.supplier_id, {nil})"),
        "locality" | "area_code" => format!("coalesce(stock.{name}, '')"),
        other => format!("stock.{other}"),
    };
    let names = DIMENSIONS.join(", ");
    let values = DIMENSIONS.map(own).join(", ");
    let same = DIMENSIONS.map(|name| format!("k.{name} = {}", own(name))).join(" AND ");
    on.execute_unprepared(&format!("INSERT INTO stock_kinds ({names}) SELECT DISTINCT {values} FROM stock"))
        .await?;
    let update = format!("UPDATE stock SET kind_id = (SELECT k.id FROM stock_kinds k WHERE {same})");
    on.execute_unprepared(&update).await?;
    Ok(())
}

/// Free numbers by the digits that they contain. The row is the number itself; `kind` is country, first letter of the type
/// and area code in one word, so that one index narrows by all of them.
const SQLITE: [&str; 5] = [
    "CREATE VIRTUAL TABLE stock_digits USING fts5(kind, digits, tokenize = 'trigram', content = '', contentless_delete = 1)",
    "INSERT INTO stock_digits (rowid, kind, digits) \
     SELECT CAST(substr(e164, 2) AS INTEGER), country || substr(number_type, 1, 1) || coalesce(area_code, ''), substr(e164, 2) \
     FROM stock WHERE state = 'free'",
    "CREATE TRIGGER stock_digits_insert AFTER INSERT ON stock WHEN new.state = 'free' BEGIN \
     INSERT INTO stock_digits (rowid, kind, digits) VALUES (CAST(substr(new.e164, 2) AS INTEGER), \
     new.country || substr(new.number_type, 1, 1) || coalesce(new.area_code, ''), substr(new.e164, 2)); END",
    "CREATE TRIGGER stock_digits_delete AFTER DELETE ON stock WHEN old.state = 'free' BEGIN \
     DELETE FROM stock_digits WHERE rowid = CAST(substr(old.e164, 2) AS INTEGER); END",
    "CREATE TRIGGER stock_digits_update AFTER UPDATE OF state, kind_id ON stock \
     WHEN old.state <> new.state OR old.kind_id <> new.kind_id BEGIN \
     DELETE FROM stock_digits WHERE rowid = CAST(substr(old.e164, 2) AS INTEGER) AND old.state = 'free'; \
     INSERT INTO stock_digits (rowid, kind, digits) SELECT CAST(substr(new.e164, 2) AS INTEGER), \
     new.country || substr(new.number_type, 1, 1) || coalesce(new.area_code, ''), substr(new.e164, 2) \
     WHERE new.state = 'free'; END",
];

/// Trigrams where the server has them, or lets us have them; without, searches for digits look at so many numbers at most.
const POSTGRES: [&str; 1] = ["DO $$ DECLARE place text; BEGIN \
    BEGIN CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public; EXCEPTION WHEN OTHERS THEN NULL; END; \
    SELECT quote_ident(n.nspname) INTO place FROM pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace \
    WHERE c.opcname = 'gin_trgm_ops' LIMIT 1; \
    IF place IS NOT NULL THEN \
    EXECUTE format('CREATE INDEX stock_trigrams ON stock USING gin (e164 %s.gin_trgm_ops)', place); \
    END IF; END $$"];
