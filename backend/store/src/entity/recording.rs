//! Rows of `recordings`.

use sea_orm::entity::prelude::*;

/// A recording of a call.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recordings")]
pub struct Model {
    /// Its identifier, and the name of its file.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub tenant_id: Uuid,
    /// The tenant's own record of the call.
    pub call_id: Uuid,
    /// The record under which the call runs: its payer's.
    pub carried_id: Uuid,
    /// The node that has the file.
    pub node: String,
    /// `recording`, `paused`, `ready` or `failed`.
    pub state: String,
    /// What the sides heard when it began: `none`, `tone` or `notPossible`.
    pub notice: String,
    /// Who began it, as the audit names them.
    pub begun_by: String,
    /// When it began.
    pub started_at: DateTimeUtc,
    /// When it ended.
    pub ended_at: Option<DateTimeUtc>,
    /// How long it is, milliseconds.
    pub duration_ms: i64,
    /// What its file takes, bytes.
    pub bytes: i64,
    /// Packets that did not fit, and are silence.
    pub lost: i64,
    /// Packets that could not be decoded, and are silence.
    pub unreadable: i64,
    /// Why it failed.
    pub failure: Option<String>,
    /// When it is deleted by itself.
    pub expires_at: DateTimeUtc,
    /// When it was deleted: there is no file then.
    pub deleted_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
