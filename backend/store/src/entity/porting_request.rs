//! Rows of `porting_requests`.

use sea_orm::entity::prelude::*;

/// A request to port numbers.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "porting_requests")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// `in` or `out`.
    pub direction: String,
    /// How far it is.
    pub state: String,
    /// The country of its numbers (ISO 3166-1 alpha-2).
    pub country: String,
    /// `geographic`, `tollFree` or `mobile`.
    pub number_type: String,
    /// The other provider.
    pub provider: String,
    /// Who the numbers belong to there, sealed.
    pub details: Vec<u8>,
    /// The day that is wished for, as `2026-12-01`.
    pub wanted_on: Option<String>,
    /// The day on which the numbers move, as `2026-12-01`.
    pub firm_on: Option<String>,
    /// Until when the tenant may answer.
    pub answer_by: Option<DateTimeUtc>,
    /// The operator's carrier that brings calls to the numbers.
    pub carrier_id: Option<Uuid>,
    /// What a month of each number costs, micro-units.
    pub monthly_micros: i64,
    /// What bringing each number costs once, micro-units.
    pub setup_micros: i64,
    /// ISO 4217; empty while no price is said.
    pub currency: String,
    /// Why it is where it is.
    pub reason: Option<String>,
    /// `tenant` or `operator`.
    pub opened_by: String,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it changed last.
    pub updated_at: DateTimeUtc,
    /// When it came to an end.
    pub closed_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
