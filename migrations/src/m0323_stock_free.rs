//! How many numbers of a kind are free stands with the kind, and between which numbers all of it lie: what is for sale is
//! said without a look at numbers. The database itself counts, in the transaction that changes a number. Holds are found by
//! their end alone: an index that begins with the state of a number drew statements to it that name numbers.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

/// See the file's head.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let is_sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        for column in columns() {
            manager.alter_table(Table::alter().table("stock_kinds").add_column(column).to_owned()).await?;
        }
        let on = manager.get_connection();
        let own: Vec<String> = if is_sqlite {
            SQLITE.map(str::to_owned).to_vec()
        } else {
            BYTEWISE.map(str::to_owned).into_iter().chain(postgres()).collect()
        };
        for statement in BOTH.map(str::to_owned).into_iter().chain(own) {
            on.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

fn columns() -> [ColumnDef; 3] {
    [
        big_integer("free").default(0).to_owned(),
        string_len("lowest", 16).default("").to_owned(),
        string_len("highest", 16).default("").to_owned(),
    ]
    .map(|mut column| column.take())
}

/// The index of what is for sale has every column that a search asks for.
const BOTH: [&str; 5] = [
    "UPDATE stock_kinds SET \
     free = (SELECT count(*) FROM stock WHERE stock.kind_id = stock_kinds.id AND stock.state = 'free'), \
     lowest = coalesce((SELECT min(e164) FROM stock WHERE stock.kind_id = stock_kinds.id), ''), \
     highest = coalesce((SELECT max(e164) FROM stock WHERE stock.kind_id = stock_kinds.id), '')",
    "CREATE INDEX stock_kinds_on_sale ON stock_kinds (country, number_type, monthly_micros, cost_micros, \
     area_code, locality, calling, sms, carrier_id, supplier_id) WHERE free > 0",
    "DROP INDEX stock_held_until",
    "CREATE INDEX stock_held_until ON stock (held_until, state) WHERE held_until IS NOT NULL",
    "CREATE INDEX stock_leased ON stock (e164) WHERE state = 'leased'",
];

const SQLITE: [&str; 3] = [
    "CREATE TRIGGER stock_free_insert AFTER INSERT ON stock WHEN new.state = 'free' BEGIN \
     UPDATE stock_kinds SET free = free + 1 WHERE id = new.kind_id; END",
    "CREATE TRIGGER stock_free_delete AFTER DELETE ON stock WHEN old.state = 'free' BEGIN \
     UPDATE stock_kinds SET free = free - 1 WHERE id = old.kind_id; END",
    "CREATE TRIGGER stock_free_update AFTER UPDATE OF state, kind_id ON stock \
     WHEN old.state <> new.state OR old.kind_id <> new.kind_id BEGIN \
     UPDATE stock_kinds SET free = free - 1 WHERE id = old.kind_id AND old.state = 'free'; \
     UPDATE stock_kinds SET free = free + 1 WHERE id = new.kind_id AND new.state = 'free'; END",
];

/// Numbers are compared byte by byte, whatever the language of the database: prefixes are ranges.
const BYTEWISE: [&str; 2] = [
    "ALTER TABLE stock ALTER COLUMN e164 TYPE varchar(16) COLLATE \"C\"",
    "ALTER TABLE stock_kinds ALTER COLUMN lowest TYPE varchar(16) COLLATE \"C\", \
     ALTER COLUMN highest TYPE varchar(16) COLLATE \"C\"",
];

/// Once a statement, and kinds always in the same order: two transactions that wait for one another are seldom.
fn postgres() -> Vec<String> {
    const OLD: &str = "SELECT kind_id, -1 AS n FROM old_rows WHERE state = 'free'";
    const NEW: &str = "SELECT kind_id, 1 AS n FROM new_rows WHERE state = 'free'";
    let both = format!("{OLD} UNION ALL {NEW}");
    let events = [
        ("insert", "NEW TABLE AS new_rows", NEW),
        ("delete", "OLD TABLE AS old_rows", OLD),
        ("update", "OLD TABLE AS old_rows NEW TABLE AS new_rows", &both),
    ];
    let each = |(event, tables, rows): (&str, &str, &str)| {
        let function = format!(
            "CREATE FUNCTION stock_free_{event}() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE moved record; BEGIN \
             FOR moved IN SELECT kind_id, sum(n) AS n FROM ({rows}) AS rows \
             GROUP BY kind_id HAVING sum(n) <> 0 ORDER BY kind_id LOOP \
             UPDATE stock_kinds SET free = free + moved.n WHERE id = moved.kind_id; END LOOP; RETURN NULL; END $$"
        );
        let trigger = format!(
            "CREATE TRIGGER stock_free_{event} AFTER {event} ON stock REFERENCING {tables} \
             FOR EACH STATEMENT EXECUTE FUNCTION stock_free_{event}()"
        );
        [function, trigger]
    };
    events.into_iter().flat_map(each).collect()
}
