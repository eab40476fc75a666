//! Rows of `rehearsals`.

use sea_orm::entity::prelude::*;

/// A draft that is tried on past calls.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rehearsals")]
pub struct Model {
    /// Its identifier, ascending with time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose; `None` is the operator's.
    pub tenant_id: Option<Uuid>,
    /// What the draft is of.
    pub kind: String,
    /// The draft in a few words.
    pub title: String,
    /// The draft.
    pub draft: Json,
    /// With what it is compared: `recorded` or `today`.
    pub against: String,
    /// Attempts from here on.
    pub since: DateTimeUtc,
    /// And before this.
    pub until: DateTimeUtc,
    /// `queued`, `running`, `done`, `failed` or `cancelled`.
    pub state: String,
    /// Attempts that were looked at so far.
    pub looked_at: i64,
    /// The node that runs it; empty while none does.
    pub node: String,
    /// What was found.
    pub figures: Option<Json>,
    /// Why it failed.
    pub failure: Option<String>,
    /// Who began it.
    pub created_by: String,
    /// When.
    pub created_at: DateTimeUtc,
    /// When it began to run.
    pub started_at: Option<DateTimeUtc>,
    /// When it was over.
    pub ended_at: Option<DateTimeUtc>,
    /// What became of the draft: `draft`, `scheduled`, `applied`, `refused`, `withdrawn` or `rolledBack`.
    pub draft_state: String,
    /// The version of what it changes, where it must not have changed since.
    pub expected: String,
    /// How it was before the draft was applied.
    pub undo: Option<Json>,
    /// Whether somebody confirmed that it sells below cost.
    pub below_cost: bool,
    /// From when on the draft is in force.
    pub effective_at: Option<DateTimeUtc>,
    /// Who applied it, scheduled it or took it back.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<DateTimeUtc>,
    /// Why it was not applied at its time.
    pub refusal: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
