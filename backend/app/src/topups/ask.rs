//! Top-ups that are due are posted to the payment system.

use super::{
    ACTOR, ATTEMPTS_MAX, PENDING_HOURS,
    answer::{self, Answer},
    end::{End, end},
    hook::Kept,
    scope,
    view::amount,
};
use crate::{App, Error, vault::Secret, webhooks::signed};
use chrono::{DateTime, Duration as Span, Utc};
use domain::{
    events::{Failure, pause},
    ids::TenantId,
};
use serde_json::json;
use std::time::Duration;
use store::top_ups::{self, FAILED, PENDING, REQUESTED, TopUp};
use tokio::task::JoinSet;
use vendors::Order;

/// Top-ups that are posted at a time.
const PARALLEL: u64 = 8;
/// For how long a top-up is claimed: longer than a post may take.
const CLAIM: Span = Span::seconds(60);
/// How long the payment system may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read.
const ANSWER_MAX: usize = 8_192;

/// Posts what is due, and writes down what came of it; how many that is.
pub(super) async fn ask(app: &App, now: DateTime<Utc>) -> Result<u64, Error> {
    let due = top_ups::due(app.db().read(), &scope(), now, PARALLEL).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let kept = Kept::read(app.db().read()).await?;
    let secrets = kept.signing(app, app.now())?;
    let mut posts = JoinSet::new();
    for row in due {
        if let Some(row) = claim(app, row, now).await? {
            let (app, kept, secrets) = (app.clone(), kept.clone(), secrets.clone());
            posts.spawn(async move {
                let answer = post(&app, &kept, &secrets, &row).await;
                (row, answer)
            });
        }
    }
    let mut asked = 0;
    while let Some(done) = posts.join_next().await {
        let (row, answer) = done.map_err(Error::internal)?;
        asked += 1;
        write_down(app, row, answer, now).await?;
    }
    Ok(asked)
}

/// Takes a top-up that is to be posted. One of which nothing was heard for too long is given up instead.
async fn claim(app: &App, row: TopUp, now: DateTime<Utc>) -> Result<Option<TopUp>, Error> {
    let why = if row.state == PENDING {
        Some(format!("the payment system did not say within {PENDING_HOURS} hours how it ended"))
    } else if row.attempts > ATTEMPTS_MAX {
        // It was posted once more than allowed: a program died over the last answer, which may have said that it is paid.
        Some(row.problem.clone().unwrap_or_else(|| "the payment system did not answer".to_owned()))
    } else {
        None
    };
    if let Some(why) = why {
        let (from, end_as) =
            ([row.state.as_str()], End { state: FAILED, reference: None, problem: Some(why) });
        app.db()
            .write::<_, Error, _>(async |tx| end(app, tx, (ACTOR, now), &row, &from, end_as.clone()).await)
            .await?;
        return Ok(None);
    }
    let is_ours = app
        .db()
        .write::<_, Error, _>(async |tx| Ok(top_ups::claim(tx, &scope(), row.id, (now, now + CLAIM)).await?))
        .await?;
    Ok(is_ours.then(|| TopUp { attempts: row.attempts.saturating_add(1), ..row }))
}

/// One post. Its body is the same each time, but for the time of its signature.
async fn post(app: &App, kept: &Kept, secrets: &[Secret], row: &TopUp) -> Answer {
    if !kept.enabled || secrets.is_empty() {
        return Answer::Unclear("automatic top-ups are switched off".to_owned());
    }
    let Ok(amount) = amount(row) else { return Answer::Unclear("its currency cannot be read".to_owned()) };
    let slug = app.live().tenant(TenantId(row.tenant_id)).map(|tenant| tenant.slug().to_owned());
    let body = json!({
        "id": row.id,
        "tenantId": row.tenant_id,
        "tenant": slug,
        "amount": amount,
        "reason": "balance-low",
    });
    let (id, body) = (row.id.to_string(), body.to_string().into_bytes());
    let mut headers = signed(secrets, &id, app.now().timestamp(), &body);
    headers.push(("content-type", "application/json".to_owned()));
    headers.push(("idempotency-key", id));
    let order = Order { url: kept.url.clone(), body: Some(body), headers };
    match app.deps().poster.send(order, ANSWER_MAX, ANSWER_WITHIN).await {
        Ok(reply) => answer::read(reply.status, &reply.body),
        Err(error) => {
            // The tenant reads why; what the operator's network says is not for it.
            tracing::warn!(topup = %row.id, %error, "the payment system cannot be asked for a top-up");
            Answer::Unclear("the payment system could not be reached".to_owned())
        }
    }
}

/// Writes down what came of a post.
async fn write_down(app: &App, row: TopUp, answer: Answer, now: DateTime<Utc>) -> Result<(), Error> {
    // Somebody may have given up meanwhile what is paid all the same.
    let (from, end_as): (&[&str], End) = match answer {
        Answer::Paid(reference) => {
            (&[REQUESTED, PENDING, FAILED], End { state: top_ups::PAID, reference, problem: None })
        }
        Answer::Refused(reference, why) => {
            (&[REQUESTED, PENDING], End { state: top_ups::REFUSED, reference, problem: Some(why) })
        }
        Answer::Pending(reference) => {
            let next_at = now + Span::hours(PENDING_HOURS);
            let state = PENDING.to_owned();
            return wait(app, TopUp { state, reference, problem: None, next_at, ..row }).await;
        }
        Answer::Unclear(why) if row.attempts < ATTEMPTS_MAX => {
            let pause = pause(row.attempts.unsigned_abs(), Failure::Unreachable, rand::random());
            let next_at = now + Span::from_std(pause).unwrap_or_default();
            let problem = answer::tidy(&why, answer::REASON_MAX);
            return wait(app, TopUp { problem, next_at, ..row }).await;
        }
        Answer::Unclear(why) => (&[REQUESTED], End { state: FAILED, reference: None, problem: Some(why) }),
    };
    app.db()
        .write::<_, Error, _>(async |tx| end(app, tx, (ACTOR, now), &row, from, end_as.clone()).await)
        .await
        .map(drop)
}

async fn wait(app: &App, row: TopUp) -> Result<(), Error> {
    app.db()
        .write::<_, Error, _>(async |tx| {
            top_ups::change(tx, &scope(), &[REQUESTED], row.clone()).await?;
            Ok(())
        })
        .await
}
