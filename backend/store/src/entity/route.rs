//! Rows of `routes`.

use sea_orm::entity::prelude::*;

/// A voice route.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "routes")]
pub struct Model {
    /// Its identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// Its place among the routes, from 0.
    pub position: i32,
    /// Its name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// The pattern.
    pub number_pattern: String,
    /// Its trunks: an array of names.
    pub trunks: Json,
    /// The caller id to show.
    pub caller_id_override: Option<String>,
    /// What else it was told.
    pub settings: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
