//! Verification of a call's Identity header (RFC 8224 §6.2, ATIS-1000074 §5.3).

use super::State;
use crate::App;
use chrono::{DateTime, Utc};
use domain::{
    decision::{self, Facts},
    stir::{Fault, Passport, Token, Verification},
};
use edge::seam::CallFacts;
use jsonwebtoken::{Algorithm, crypto};
use sip::header::Identity;
use std::{sync::atomic::Ordering, time::Duration};

/// How long a call waits for its verification, fetch included.
const WITHIN: Duration = Duration::from_secs(3);

/// What the Identity headers of a call are worth. `facts` are those of the same call, for its numbers.
pub(crate) async fn verify(app: &App, call: &CallFacts, facts: Option<&Facts>) -> Verification {
    let state = app.stir();
    let numbers = Numbers::of(app, call, facts);
    let found = match chosen(&call.identities) {
        Ok(token) => {
            let checked = check(app, &token, &numbers, call.at.into());
            let result = match tokio::time::timeout(WITHIN, checked).await {
                Ok(result) => result,
                Err(_) => Err(Fault::NoCertificate("it took too long".to_owned())),
            };
            match result {
                Ok(code) => Verification::passed(&token.passport, &code, &token.x5u),
                Err(fault) => Verification::faulty(&fault).claiming(&token.passport, &token.x5u),
            }
        }
        Err(fault) => Verification::faulty(&fault),
    };
    state.result(found.verstat).fetch_add(1, Ordering::Relaxed);
    found
}

/// What is found of a call that came while too many were being verified.
pub(crate) fn overloaded(state: &State) -> Verification {
    let found = Verification::faulty(&Fault::NoCertificate("too many calls wait for theirs".to_owned()));
    state.result(found.verstat).fetch_add(1, Ordering::Relaxed);
    found
}

/// The first header of a kind that is known here, else the fault of the first.
fn chosen(identities: &[String]) -> Result<Token<'_>, Fault> {
    let mut first = None;
    for value in identities {
        match read(value) {
            Ok(found) => return Ok(found),
            Err(fault) => {
                first.get_or_insert(fault);
            }
        }
    }
    Err(first.unwrap_or(Fault::Malformed("there is none")))
}

fn read(value: &str) -> Result<Token<'_>, Fault> {
    let identity = Identity::parse(value).map_err(|_| Fault::Malformed("its parameters cannot be read"))?;
    let named = [("alg", identity.alg, "ES256"), ("ppt", identity.ppt, "shaken")];
    if let Some((name, Some(value), _)) =
        named.iter().find(|(_, value, known)| value.is_some_and(|value| value != *known))
    {
        return Err(Fault::Unsupported(format!("{name} {value:?}")));
    }
    let token = Token::read(identity.token)?;
    if identity.info.is_some_and(|info| info != token.x5u) {
        return Err(Fault::Malformed("its info is not the x5u that is signed"));
    }
    Ok(token)
}

/// The numbers of a call, as they came and as they are read here after the carrier's number manipulation.
struct Numbers {
    from: [Option<String>; 2],
    to: [String; 2],
}

impl Numbers {
    fn of(app: &App, call: &CallFacts, facts: Option<&Facts>) -> Self {
        let from = call.asserted.clone().or_else(|| call.from.clone());
        let live = app.live();
        let read_from = facts.and_then(|facts| decision::caller(&live.config, facts));
        let read_to = facts.map(|facts| decision::called(&live.config, facts));
        Self {
            from: [from.clone(), read_from.map(|number| number.to_string()).or(from)],
            to: [call.to.clone(), read_to.map_or_else(|| call.to.clone(), |number| number.to_string())],
        }
    }

    /// Whether a token is about them, in either form.
    fn check(&self, passport: &Passport, now_unix_seconds: i64) -> Result<(), Fault> {
        let check =
            |place: usize| passport.check(self.from[place].as_deref(), &self.to[place], now_unix_seconds);
        check(0).or_else(|_| check(1))
    }
}

/// What costs nothing is asked first: a token about another call fetches no certificate.
async fn check(app: &App, token: &Token<'_>, numbers: &Numbers, at: DateTime<Utc>) -> Result<String, Fault> {
    numbers.check(&token.passport, at.timestamp())?;
    let state = app.stir();
    let roots = state.roots.load_full();
    let https = &app.deps().https;
    let signer = state.certificates.signer(https, &roots, &token.x5u, at.timestamp()).await?;
    let signed = token.signed.as_bytes();
    let holds = crypto::verify(token.signature, signed, &signer.key, Algorithm::ES256);
    if holds.unwrap_or(false) { Ok(signer.code.clone()) } else { Err(Fault::Signature) }
}
