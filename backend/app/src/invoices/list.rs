//! A tenant looks at its invoices, the operator at all of them.

use super::{Format, InvoiceView, print, view};
use crate::{App, Error, Page, PageRequest};
use domain::{
    access::{Actor, Permission, Scope},
    billing::State,
    ids::TenantId,
};
use store::invoices::Wanted;
use uuid::Uuid;

/// Which invoices; an empty filter is all that the actor may see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this tenant; for the operator, who sees all of them.
    pub tenant: Option<TenantId>,
    /// In this state.
    pub state: Option<State>,
}

/// Invoices, newest first. A tenant sees its own, once they are issued; an operator all.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] where the page's key is not one of ours.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: Filter,
    page: &PageRequest,
) -> Result<Page<InvoiceView>, Error> {
    let scope = scope(actor)?;
    let wanted = Wanted {
        tenant: filter.tenant,
        states: filter.state.into_iter().collect(),
        without: if scope.tenant().is_some() { vec![State::Draft] } else { Vec::new() },
    };
    let after = page.key::<Uuid>()?;
    let rows = store::invoices::list(app.db().read(), &scope, &wanted, after, page.limit()).await?;
    let views = rows.into_iter().map(|row| InvoiceView::of(row, None)).collect::<Result<Vec<_>, _>>()?;
    Ok(page.cut(views, |invoice| invoice.id.to_string()))
}

/// An invoice with its lines.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, id: Uuid) -> Result<InvoiceView, Error> {
    find(app, &scope(actor)?, id).await
}

/// An invoice as a file.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn file(
    app: &App,
    actor: &Actor,
    id: Uuid,
    format: Format,
) -> Result<(InvoiceView, Vec<u8>), Error> {
    let invoice = find(app, &scope(actor)?, id).await?;
    let zone =
        super::profile::read(app.db().read(), &Scope::system("in which zone its days are"), invoice.tenant)
            .await?
            .zone;
    let bytes = print::print(&invoice, zone, format)?;
    Ok((invoice, bytes))
}

pub(super) async fn find(app: &App, scope: &Scope, id: Uuid) -> Result<InvoiceView, Error> {
    let on = app.db().read();
    let row = store::invoices::get(on, scope, id).await?.ok_or_else(view::no_invoice)?;
    if scope.tenant().is_some() && row.number.is_none() {
        return Err(view::no_invoice());
    }
    let lines = store::invoices::lines(on, scope, &row).await?;
    InvoiceView::of(row, Some(lines))
}

fn scope(actor: &Actor) -> Result<Scope, Error> {
    let wanted = if actor.operates() { Permission::Operate } else { Permission::ReadMoney };
    Ok(actor.scope(wanted)?)
}
