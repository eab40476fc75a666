//! What callers hear of calls that fail: announcements by cause, from files that the operator uploads or, without one, from tones.
//!
//! A cause that is switched on is heard as early media before the call is refused, or, of money that runs out, within the time
//! that is paid for. Nothing here speaks by itself: without a file there is the special information tone and the country's tones.

mod audio;
mod built_in;
mod settings;

pub use audio::{AUDIO_BYTES_MAX, AUDIO_SECONDS_MAX, FILES_MAX, audio, delete, upload};
pub use settings::{Announced, AudioFile, Edit, LANGUAGES_MAX, SECONDS, View, change, get, tone_countries};

use crate::{App, Error};
use arc_swap::{ArcSwap, ArcSwapOption};
use domain::{access::Scope, cause::Cause};
use edge::seam::{CallFacts, PartyKind, Plan, Prompt, Prompts, Refusal, Reply, Side, Verdict};
use media::clip::Clip;
use settings::Kept;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// The language in which a cause's tones are had in place of a file.
pub const TONES: &str = "tones";
/// Between two languages, milliseconds.
const PAUSE_MS: usize = 400;

/// The causes that can be heard.
pub const CAUSES: [Cause; 13] = [
    Cause::NumberNotFound,
    Cause::NumberUnbound,
    Cause::BadNumber,
    Cause::NoRoute,
    Cause::NotRegistered,
    Cause::Busy,
    Cause::BalanceTooLow,
    Cause::OutOfFunds,
    Cause::SpendCap,
    Cause::TenantSuspended,
    Cause::DestinationNotAllowed,
    Cause::CallLimit,
    Cause::RateLimit,
];

/// What is heard at this moment, by cause: made ready once, when it changes.
#[derive(Debug, Default)]
pub(crate) struct State {
    prompts: ArcSwap<HashMap<Cause, Prompt>>,
    /// What they were made of.
    made_of: ArcSwapOption<Kept>,
}

/// Makes ready again what is heard, where another node changed it. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails; what was heard is heard on.
pub async fn refresh(app: &App) -> Result<(), Error> {
    let kept = Kept::read(app.db().read()).await?;
    if app.announcements().made_of.load().as_deref() == Some(&kept) {
        return Ok(());
    }
    make(app, kept).await
}

/// Makes ready what is heard.
///
/// # Errors
/// [`Error`] where the database fails.
pub(crate) async fn load(app: &App) -> Result<(), Error> {
    make(app, Kept::read(app.db().read()).await?).await
}

async fn make(app: &App, kept: Kept) -> Result<(), Error> {
    let mut prompts = HashMap::new();
    for cause in kept.announced.iter().copied() {
        let clip = Clip::new(samples(app, &kept, cause).await?);
        let lasts = clip.duration().min(Duration::from_secs(u64::from(kept.seconds_max)));
        prompts.insert(cause, Prompt { audio: Arc::new(clip), lasts });
    }
    let state = app.announcements();
    state.prompts.store(Arc::new(prompts));
    state.made_of.store(Some(Arc::new(kept)));
    Ok(())
}

/// What is heard of a cause: its files, each language after the other, or its tones.
async fn samples(app: &App, kept: &Kept, cause: Cause) -> Result<Vec<i16>, Error> {
    let scope = Scope::system("announcements are the platform's");
    let mut all = Vec::new();
    for file in kept.heard(cause) {
        if let Some(bytes) = store::platform::value(app.db().read(), &scope, &file.name()).await? {
            if !all.is_empty() {
                all.resize(all.len() + PAUSE_MS * 8, 0);
            }
            media::g711::Law::Mu.decode_into(&bytes, &mut all);
        }
    }
    Ok(if all.is_empty() { built_in::samples(cause, &kept.country) } else { all })
}

/// The answer to a decision, with what is heard of it. Nothing else is changed by it.
pub(crate) fn announced(app: &App, call: &CallFacts, reply: Reply<Verdict>) -> Reply<Verdict> {
    let prompts = app.announcements().prompts.load_full();
    if prompts.is_empty() || call.party.kind == PartyKind::Tester {
        return reply;
    }
    // Whose money it is: that of the tenant whose phone or trunk calls, else that of who is called.
    let payer = if call.party.kind == PartyKind::Carrier { Side::B } else { Side::A };
    Reply::new(move |verdict: Option<Verdict>| {
        if let Some(verdict) = verdict {
            reply.send(with_prompts(&prompts, payer, verdict));
        }
    })
}

fn with_prompts(prompts: &HashMap<Cause, Prompt>, payer: Side, verdict: Verdict) -> Verdict {
    let of = |cause| prompts.get(&cause).cloned();
    match verdict {
        Verdict::Refuse(refusal) => match prompt_of(prompts, &refusal) {
            Some(prompt) => Verdict::Announce(refusal, prompt),
            None => Verdict::Refuse(refusal),
        },
        Verdict::Connect(plan) => {
            let out_of_funds = of(Cause::OutOfFunds).map(|prompt| (payer, prompt));
            Verdict::Connect(Plan { prompts: Prompts { busy: of(Cause::Busy), out_of_funds }, ..plan })
        }
        Verdict::Announce(..) => verdict,
    }
}

fn prompt_of(prompts: &HashMap<Cause, Prompt>, refusal: &Refusal) -> Option<Prompt> {
    prompts.get(&Cause::from_word(&refusal.cause)?).cloned()
}
