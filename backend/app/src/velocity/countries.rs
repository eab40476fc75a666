//! The first call of a tenant to a country is told, once.

use super::stop::MAILED_MAX;
use crate::{App, Error, calls::Carried, events, mails};
use domain::{access::Scope, country, events::EventKind, ids::CallId, ids::TenantId, phone::E164};
use serde_json::json;

/// A call is put through: where it is the first one to its country, its tenant is told.
pub(crate) fn reached(app: &App, carried: &Carried) {
    let (Some(country), Some(to)) = (carried.paced.country, carried.paced.to) else { return };
    let tenant = carried.payer;
    if !app.velocity().is_new(tenant, country) {
        return;
    }
    let (app, call) = (app.clone(), carried.call);
    tokio::spawn(async move {
        if let Err(error) = tell(&app, tenant, country, call, to).await {
            app.velocity().forget(tenant, country);
            tracing::warn!(%error, country, "a first call to a country was not told: the next one is");
        }
    });
}

async fn tell(
    app: &App,
    tenant: TenantId,
    country: &'static str,
    call: CallId,
    to: E164,
) -> Result<(), Error> {
    let scope = Scope::system("a tenant is told when it calls a country for the first time");
    let now = app.now();
    let name = country::codes().find(|(code, _)| *code == country).map_or(country, |(code, _)| code);
    let data = json!({ "country": country, "to": to.to_string(), "callId": call, "at": now });
    let subject = format!("First call to {name}");
    let text = format!(
        "A call to {to} is the first one from your account to {name}.\n\nIf it is not yours, change the passwords of your \
         phones and trunks, and close what you do not call: {}/app/protection\n\nYou are told once for each country.\n",
        app.settings().public_url
    );
    // Not through `Db::write`: the compiler cannot prove that its future may change threads. What fails is told by the next call.
    let tx = app.db().begin().await?;
    if store::velocity::reach(&tx, &scope, tenant, country, call, now).await? {
        let said = (format!("country/{country}"), data);
        events::raise(app, &tx, &scope, tenant, EventKind::CountryFirstCalled, said).await?;
        for person in store::users::of_tenant(&tx, &scope, tenant.0, MAILED_MAX).await? {
            mails::plain(app, &tx, &scope, tenant, &person.email, (&subject, &text)).await?;
        }
    }
    Ok(tx.commit().await.map_err(store::Error::from)?)
}
