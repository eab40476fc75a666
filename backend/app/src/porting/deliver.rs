//! Numbers that were brought become the tenant's, exactly as bought ones do: stock, order, lease and the first month of the
//! ledger in one transaction.

use super::{
    PortingRequest,
    arrive::already_here,
    turn::{Found, Turn},
    view::NumberState,
};
use crate::{App, Error, numbers};
use domain::{
    access::Scope,
    country,
    ids::TenantId,
    money::{Currency, Money},
    numbering::{AssignmentType, Capabilities, Capability},
    phone::E164,
};
use store::{
    Tx,
    porting::Request,
    stock::{self, HELD, Stock, Wanted},
};

/// What a number costs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Price {
    pub(super) monthly_micros: i64,
    pub(super) setup_micros: i64,
    pub(super) currency: Currency,
}

/// What a request's numbers will cost: what the operator says, else what such numbers cost here.
pub(super) async fn price(
    app: &App,
    scope: &Scope,
    request: &PortingRequest,
    (monthly, setup): (Option<Money>, Option<Money>),
) -> Result<Price, Error> {
    let account = store::ledger::account(app.db().read(), scope, request.tenant).await?;
    let currency = account.map_or(Currency::USD, |account| account.currency);
    for (field, price) in [("monthly", monthly), ("setup", setup)] {
        if price.is_some_and(|price| price.micros < 0) {
            return Err(Error::invalid(field, "a price is zero or more"));
        }
        if let Some(price) = price.filter(|price| price.currency != currency) {
            let message = format!("the tenant's account is in {currency}, not in {}", price.currency);
            return Err(Error::invalid(field, message));
        }
    }
    let monthly_micros = match (monthly, request.monthly) {
        (Some(price), _) => price.micros,
        (None, Some(said)) if said.currency == currency => said.micros,
        (None, _) => usual(app, scope, request, currency).await?,
    };
    let said = request.setup.filter(|said| said.currency == currency);
    let setup_micros = setup.or(said).map_or(0, |price| price.micros);
    Ok(Price { monthly_micros, setup_micros, currency })
}

/// What such a number costs a month by the tenant's plan, else the cheapest one on sale.
async fn usual(app: &App, scope: &Scope, request: &PortingRequest, currency: Currency) -> Result<i64, Error> {
    let said = numbers::Tariff::of(app, Some(request.tenant))
        .says(&request.country, request.number_type.word())
        .filter(|(_, said)| *said == currency);
    if let Some((price, _)) = said {
        return Ok(price.monthly_micros);
    }
    let wanted = Wanted {
        country: Some(request.country.clone()),
        number_type: Some(request.number_type.word().to_owned()),
        ..Wanted::default()
    };
    let kinds = stock::kinds(app.db().read(), scope, &wanted).await?;
    let known = kinds.iter().find(|kind| kind.currency == currency.code());
    known.map(|kind| kind.monthly_micros).ok_or_else(|| {
        let message = "no such number is for sale here, so nothing says what one costs: say it";
        Error::invalid("monthly", message)
    })
}

/// Puts the accepted numbers into the stock, sells them to the tenant and debits its first month.
pub(super) async fn deliver(turn: &Turn<'_>, tx: &Tx, found: &mut Found) -> Result<(), Error> {
    let accepted = |row: &&mut store::porting::Number| row.state == NumberState::Accepted.word();
    let row = found.row.clone();
    let mut coming: Vec<_> = found.numbers.iter_mut().filter(accepted).collect();
    let stock: Vec<Stock> =
        coming.iter().map(|number| stock_row(turn.app, &row, &number.e164)).collect::<Result<_, _>>()?;
    for (index, number) in coming.iter().enumerate() {
        if stock::get(tx, &turn.scope, &number.e164).await?.is_some() {
            return Err(already_here(&format!("numbers.{index}"), &number.e164));
        }
    }
    stock::put(tx, &turn.scope, stock.clone()).await?;
    let tenant = TenantId(row.tenant_id);
    let asked = (
        Capabilities { calling: Capability::InboundOutbound, sms: Capability::None },
        AssignmentType::Application,
    );
    let buyer = (tenant, turn.actor.name.as_str());
    let leases = numbers::bring(turn.app, tx, buyer, row.id, (&stock, asked)).await.map_err(for_operator)?;
    for number in &mut coming {
        NumberState::Ported.word().clone_into(&mut number.state);
        number.lease_id = leases.get(&number.e164).copied();
    }
    Ok(())
}

/// The operator reads what a tenant would be told otherwise.
fn for_operator(error: Error) -> Error {
    match error {
        Error::PaymentRequired { missing, .. } => Error::PaymentRequired {
            message: format!(
                "{missing} is missing in the tenant's balance for the first month: have it topped up or credit it, then complete the request again"
            ),
            missing,
        },
        other => other,
    }
}

fn stock_row(app: &App, row: &Request, e164: &str) -> Result<Stock, Error> {
    let number: E164 = e164.parse().map_err(Error::internal)?;
    let carrier = row
        .carrier_id
        .ok_or_else(|| Error::conflict("carrier", "no carrier is said yet: accept it again"))?;
    Ok(Stock {
        e164: e164.to_owned(),
        number_type: row.number_type.clone(),
        country: row.country.clone(),
        locality: None,
        area_code: area_code(number, &row.country),
        calling: Capability::InboundOutbound.word().to_owned(),
        sms: Capability::None.word().to_owned(),
        carrier_id: carrier,
        monthly_micros: row.monthly_micros,
        currency: row.currency.clone(),
        state: HELD.to_owned(),
        held_by: Some(row.id),
        held_until: Some(app.now()),
        kind_id: 0,
        supplier_id: None,
        cost_micros: 0,
        setup_micros: row.setup_micros,
        last_tenant_id: None,
    })
}

/// The area code, where its length is the same in all of the country.
fn area_code(number: E164, country: &str) -> Option<String> {
    let digits = number.digits();
    (country::calling_code(country) == Some("1")).then(|| digits.get(1..4).map(str::to_owned)).flatten()
}
