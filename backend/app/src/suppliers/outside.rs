//! A supplier from outside. What is asked of it is written down first, so that after a crash nothing stays held or bought
//! that nobody knows of: what is not known to have failed is given back.

use super::{NumberSupplier, Order, Query, SupplierError};
use crate::{
    App, Error,
    vault::{Place, Secret},
};
use chrono::{Duration, SecondsFormat};
use domain::{
    access::Scope,
    money::{Currency, divide_rounding_half_up},
    numbering::Capability,
    phone::E164,
};
use std::{collections::BTreeSet, time::Duration as Time};
use store::{
    Tx,
    stock::{self, HELD as HELD_STOCK, Stock},
    suppliers::{self, BOUGHT, BUYING, HELD, HOLDING, Order as Step, RELEASED, RELEASING, Supplier},
};
use uuid::Uuid;
use vendors::{SupplierAccount, SupplierAmount, SupplierFault, SupplierNumber, SupplierSearch, SupplierStep};

/// Ten-thousandths in a whole.
const WHOLE: i128 = 10_000;
/// Seconds until a number that was not given back is tried again; doubled after each try.
const RETRY_SECONDS: i64 = 15;
/// Doublings of that pause at most: a bit more than two hours.
const DOUBLINGS_MAX: i32 = 9;
/// Characters of an error that are kept.
const ERROR_MAX: usize = 300;

pub(super) const fn scope() -> Scope {
    Scope::system("suppliers and what was asked of them are the platform's")
}

/// A supplier from outside.
#[derive(Debug)]
pub(crate) struct Outside<'a> {
    app: &'a App,
    row: Supplier,
}

impl<'a> Outside<'a> {
    pub(crate) const fn new(app: &'a App, row: Supplier) -> Self {
        Self { app, row }
    }

    fn account(&self) -> Result<SupplierAccount, Error> {
        Ok(SupplierAccount {
            url: self.row.url.clone(),
            secret: open(self.app, &self.row)?.to_vec(),
            timeout: Time::from_millis(u64::try_from(self.row.timeout_ms).unwrap_or_default()),
        })
    }

    /// A number as the stock keeps it; `None` where it is not what was asked for.
    fn stock(&self, query: &Query, number: SupplierNumber) -> Option<Stock> {
        let wanted = &query.wanted;
        let e164: E164 = number.number.parse().ok()?;
        let currency: Currency = number.monthly_cost.currency.parse().ok()?;
        let able = |word: Option<String>, usual: Capability| match word {
            Some(word) => word.parse::<Capability>().ok(),
            None => Some(usual),
        };
        let (calling, sms) =
            (able(number.calling, Capability::InboundOutbound)?, able(number.sms, Capability::None)?);
        let (calling, sms) = (calling.word().to_owned(), sms.word().to_owned());
        let cost = Some(number.monthly_cost.amount_micros).filter(|cost| *cost >= 0)?;
        let fits = |words: &[String], word: &String| words.is_empty() || words.contains(word);
        let area_code = number.area_code.or_else(|| wanted.area_code.clone());
        let is_wanted = fits(&wanted.calling, &calling)
            && fits(&wanted.sms, &sms)
            && query.pattern.fits(&number.number)
            && (wanted.area_code.is_none() || wanted.area_code == area_code)
            && (wanted.locality.is_none() || number.locality.is_none() || wanted.locality == number.locality)
            && domain::country::calling_code(wanted.country.as_deref()?)
                .is_none_or(|code| number.number[1..].starts_with(&code.to_string()));
        is_wanted.then_some(())?;
        Some(Stock {
            e164: e164.to_string(),
            number_type: wanted.number_type.clone()?,
            country: wanted.country.clone()?,
            locality: number.locality.or_else(|| wanted.locality.clone()),
            area_code,
            calling,
            sms,
            carrier_id: self.row.carrier_id,
            monthly_micros: with_margin(cost, self.row.margin_basis_points),
            currency: currency.code().to_owned(),
            state: HELD_STOCK.to_owned(),
            held_by: None,
            held_until: None,
            kind_id: 0,
            supplier_id: Some(self.row.id),
            cost_micros: cost,
            setup_micros: 0,
            last_tenant_id: None,
        })
    }

    /// Writes what was held down: the numbers into the stock, the step as done.
    async fn keep(&self, order: &Order<'_>, step: &Step) -> Result<(), SupplierError> {
        let rows: Vec<Stock> = order
            .numbers
            .iter()
            .map(|row| Stock {
                state: HELD_STOCK.to_owned(),
                held_by: Some(order.reference),
                held_until: Some(order.until),
                ..row.clone()
            })
            .collect();
        let kept = self
            .app
            .db()
            .write::<_, store::Error, _>(async |tx| {
                stock::put(tx, &scope(), rows.clone()).await?;
                self.step_on(tx, step, (HOLDING, HELD)).await
            })
            .await;
        match kept {
            Ok(()) => Ok(()),
            Err(store::Error::Taken(_) | store::Error::Changed) => {
                // The number is in the stock already, by another way; or the step was given up meanwhile.
                self.follow(self.at(step, RELEASING, None)).await?;
                Err(SupplierError::Gone)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn at(&self, step: &Step, state: &str, error: Option<String>) -> Step {
        let now = self.app.now();
        let last_error = error.map(|text| text.chars().take(ERROR_MAX).collect());
        Step { state: state.to_owned(), updated_at: now, next_at: now, last_error, ..step.clone() }
    }

    async fn follow(&self, step: Step) -> Result<(), Error> {
        self.app
            .db()
            .write::<_, Error, _>(async |tx| Ok(suppliers::follow(tx, &scope(), step.clone()).await?))
            .await
    }

    /// Moves a step on that is still where it was: what was let go of meanwhile is on its way back.
    async fn step_on(&self, tx: &Tx, step: &Step, states: (&str, &str)) -> Result<(), store::Error> {
        let moved = suppliers::advance_one(tx, &scope(), step.id, states, self.app.now()).await?;
        if moved { Ok(()) } else { Err(store::Error::Changed) }
    }

    async fn step_on_alone(&self, step: &Step, states: (&str, &str)) -> Result<(), SupplierError> {
        let moved = self.app.db().write(async |tx| self.step_on(tx, step, states).await).await;
        moved.map_err(|error| match error {
            store::Error::Changed => SupplierError::Gone,
            other => other.into(),
        })
    }

    async fn buy_step(&self, order: &Order<'_>, step: &Step) -> Result<(), SupplierError> {
        self.step_on_alone(step, (HELD, BUYING)).await?;
        let numbers: Vec<String> = serde_json::from_value(step.numbers.clone()).map_err(Error::internal)?;
        let ours: Vec<Stock> =
            order.numbers.iter().filter(|row| numbers.contains(&row.e164)).cloned().collect();
        let wish = SupplierStep { reference: step.id, numbers: &numbers, most: most(&ours), until: None };
        match self.app.deps().suppliers.buy(&self.account()?, &wish).await {
            Ok(()) => self.step_on_alone(step, (BUYING, BOUGHT)).await,
            Err(fault) => {
                self.let_go(order.reference, Some(fault.to_string())).await?;
                Err(fault.into())
            }
        }
    }

    /// Takes the numbers of a reference out of the stock, and has them given back.
    async fn let_go(&self, reference: Uuid, why: Option<String>) -> Result<(), Error> {
        let open = [HOLDING, HELD, BUYING, BOUGHT];
        let key = (self.row.id, reference);
        let error: Option<String> = why.map(|text| text.chars().take(ERROR_MAX).collect());
        self.app
            .db()
            .write::<_, Error, _>(async |tx| {
                stock::drop_held(tx, &scope(), key).await?;
                suppliers::advance(tx, &scope(), key, &open, RELEASING, error.clone(), self.app.now())
                    .await?;
                Ok(())
            })
            .await
    }
}

#[async_trait::async_trait(?Send)]
impl NumberSupplier for Outside<'_> {
    fn name(&self) -> &str {
        &self.row.name
    }

    async fn search(&self, query: &Query) -> Result<Vec<Stock>, SupplierError> {
        let prefixes = &query.pattern.prefixes;
        let each: Vec<Option<&String>> =
            if prefixes.is_empty() { vec![None] } else { prefixes.iter().map(Some).collect() };
        let mut found = Vec::new();
        for prefix in each {
            let wish = wish(query, prefix);
            let numbers = self.app.deps().suppliers.search(&self.account()?, &wish).await?;
            found.extend(numbers.into_iter().filter_map(|number| self.stock(query, number)));
        }
        found.sort_by(|one, other| (one.monthly_micros, &one.e164).cmp(&(other.monthly_micros, &other.e164)));
        let mut seen = BTreeSet::new();
        found.retain(|row| seen.insert(row.e164.clone()));
        found.truncate(query.quantity as usize);
        Ok(found)
    }

    async fn hold(&self, order: &Order<'_>) -> Result<(), SupplierError> {
        let numbers: Vec<String> = order.numbers.iter().map(|row| row.e164.clone()).collect();
        let now = self.app.now();
        let step = Step {
            id: Uuid::now_v7(),
            supplier_id: self.row.id,
            reference: order.reference,
            numbers: serde_json::to_value(&numbers).map_err(Error::internal)?,
            state: HOLDING.to_owned(),
            attempts: 0,
            next_at: now,
            last_error: None,
            created_at: now,
            updated_at: now,
        };
        let begin = async |tx: &Tx| suppliers::begin(tx, &scope(), step.clone()).await;
        self.app.db().write::<_, store::Error, _>(begin).await?;
        let until = order.at_most.to_rfc3339_opts(SecondsFormat::Secs, true);
        let wish = SupplierStep {
            reference: step.id,
            numbers: &numbers,
            most: most(order.numbers),
            until: Some(until),
        };
        match self.app.deps().suppliers.hold(&self.account()?, &wish).await {
            Ok(()) => self.keep(order, &step).await,
            Err(fault) => {
                // What was refused is not held; of the rest nobody knows, so it is given back.
                let after = if matches!(fault, SupplierFault::Unknown(_)) { RELEASING } else { RELEASED };
                self.follow(self.at(&step, after, Some(fault.to_string()))).await?;
                Err(fault.into())
            }
        }
    }

    async fn buy(&self, order: &Order<'_>) -> Result<(), SupplierError> {
        let steps = suppliers::of_reference(self.app.db().read(), &scope(), order.reference).await?;
        for step in steps.iter().filter(|step| step.supplier_id == self.row.id && step.state == HELD) {
            self.buy_step(order, step).await?;
        }
        Ok(())
    }

    async fn release(&self, order: &Order<'_>) -> Result<(), SupplierError> {
        Ok(self.let_go(order.reference, None).await?)
    }
}

fn wish(query: &Query, prefix: Option<&String>) -> SupplierSearch {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    SupplierSearch {
        country: text(&query.wanted.country),
        number_type: text(&query.wanted.number_type),
        area_code: query.wanted.area_code.clone(),
        locality: query.wanted.locality.clone(),
        prefix: prefix.cloned(),
        contains: Some(query.pattern.contains.clone()).filter(|digits| !digits.is_empty()),
        quantity: query.quantity,
    }
}

/// Tries to give numbers back, and writes down how that went.
pub(super) async fn give_back(app: &App, supplier: Supplier, step: &Step) -> Result<bool, Error> {
    let outside = Outside::new(app, supplier);
    let numbers: Vec<String> = serde_json::from_value(step.numbers.clone()).map_err(Error::internal)?;
    let wish = SupplierStep { reference: step.id, numbers: &numbers, most: None, until: None };
    let done = app.deps().suppliers.release(&outside.account()?, &wish).await;
    let after = match &done {
        Ok(()) => Step { last_error: step.last_error.clone(), ..outside.at(step, RELEASED, None) },
        Err(fault) => {
            let pause = RETRY_SECONDS << step.attempts.clamp(0, DOUBLINGS_MAX);
            let after = outside.at(step, RELEASING, Some(fault.to_string()));
            let next_at = after.next_at + Duration::seconds(pause);
            Step { attempts: step.attempts.saturating_add(1), next_at, ..after }
        }
    };
    outside.follow(after).await?;
    Ok(done.is_ok())
}

pub(super) fn place(id: &str) -> Place<'_> {
    Place { tenant: "platform", table: "suppliers", column: "secret", id }
}

fn open(app: &App, row: &Supplier) -> Result<Secret, Error> {
    Ok(app.vault().open(place(&row.id.to_string()), &row.secret)?)
}

/// What a month of all of them may cost at most.
fn most(numbers: &[Stock]) -> Option<SupplierAmount> {
    let currency = numbers.first()?.currency.clone();
    Some(SupplierAmount { amount_micros: numbers.iter().map(|row| row.cost_micros).sum(), currency })
}

fn with_margin(cost: i64, basis_points: i32) -> i64 {
    divide_rounding_half_up(i128::from(cost) * (WHOLE + i128::from(basis_points)), WHOLE)
}

impl From<SupplierFault> for SupplierError {
    fn from(fault: SupplierFault) -> Self {
        match fault {
            SupplierFault::Gone | SupplierFault::PriceChanged => Self::Gone,
            other => Self::Failed(other.to_string()),
        }
    }
}
