//! Rows of `replays`.

use sea_orm::entity::prelude::*;

/// An answer that is kept for a repeated request.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "replays")]
pub struct Model {
    /// Caller and key, hashed.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The request, hashed.
    pub fingerprint: String,
    /// The status; `None` while it is being answered.
    pub status: Option<i16>,
    /// The body, sealed.
    pub answer: Option<Vec<u8>>,
    /// The headers of the answer: a name and a value a line.
    pub headers: Option<String>,
    /// Who asked.
    pub caller: String,
    /// When it was first asked.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
