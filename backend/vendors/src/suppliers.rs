//! Suppliers of numbers over HTTP: one documented contract (`backend/vendors/SUPPLIERS.md`), which a small adapter in front of any
//! carrier's own interface can speak.
//!
//! Every request is a signed POST of JSON with a reference; asked again with the same one, a supplier answers as the first
//! time. So a request whose answer was lost is simply sent again, and what is still not known is given back.

use crate::https::{Exchange, FetchError, Https};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::Sha256;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// Bytes of an answer at most.
const ANSWER_MAX: usize = 1024 * 1024;
/// Sendings of one request, the first included.
const SENDINGS: u32 = 3;
/// Pause before the second sending; doubled before the third.
const PAUSE: Duration = Duration::from_millis(200);
/// Characters of a supplier's message that are kept.
const MESSAGE_MAX: usize = 300;

/// Where a supplier is, and how it knows us.
#[derive(Clone)]
pub struct SupplierAccount {
    /// The address before `/search`, `/holds`, `/orders` and `/releases`.
    pub url: String,
    /// The secret that both know.
    pub secret: Vec<u8>,
    /// How long one answer may take.
    pub timeout: Duration,
}

impl std::fmt::Debug for SupplierAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SupplierAccount").field("url", &self.url).finish_non_exhaustive()
    }
}

/// What is looked for.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SupplierSearch {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// `geographic`, `tollFree` or `mobile`.
    #[serde(rename = "type")]
    pub number_type: String,
    /// The area code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_code: Option<String>,
    /// The place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// With what the number begins, with the country's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Digits that it contains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// How many.
    pub quantity: u32,
}

/// An amount of money as the contract writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SupplierAmount {
    /// Millionths of the currency's unit.
    pub amount_micros: i64,
    /// ISO 4217.
    pub currency: String,
}

/// A number that a supplier has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SupplierNumber {
    /// E.164 with its `+`.
    pub number: String,
    /// What a month costs the platform.
    pub monthly_cost: SupplierAmount,
    /// The place.
    #[serde(default)]
    pub locality: Option<String>,
    /// The area code.
    #[serde(default)]
    pub area_code: Option<String>,
    /// What it can do with calls; both ways where it is not said.
    #[serde(default)]
    pub calling: Option<String>,
    /// What it can do with texts; nothing where it is not said.
    #[serde(default)]
    pub sms: Option<String>,
}

#[derive(Deserialize)]
struct Found {
    numbers: Vec<SupplierNumber>,
}

/// A step with numbers.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SupplierStep<'a> {
    /// The same for hold, purchase and release of the same numbers.
    pub reference: Uuid,
    /// The numbers.
    pub numbers: &'a [String],
    /// What a month of all of them may cost at most; more is refused as `priceChanged`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<SupplierAmount>,
    /// Until when they are held, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// What a supplier did not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SupplierFault {
    /// At least one number is not to be had any more.
    #[error("one of the numbers is not to be had any more")]
    Gone,
    /// It costs more than was said.
    #[error("the price has changed")]
    PriceChanged,
    /// It says no.
    #[error("it refused: {0}")]
    Refused(String),
    /// It did not answer, or not in the words of the contract: the step may be done, or not.
    #[error("{0}")]
    Unknown(String),
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalBody,
}

#[derive(Deserialize)]
struct RefusalBody {
    code: String,
    #[serde(default)]
    message: String,
}

/// Asks suppliers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SupplierHttp(Https);

impl SupplierHttp {
    /// Over a client, which says which hosts may be asked.
    #[must_use]
    pub const fn new(https: Https) -> Self {
        Self(https)
    }

    /// Whether an address may be asked at all.
    ///
    /// # Errors
    /// What is wrong with it, in words for the operator.
    pub fn check(&self, url: &str) -> Result<(), String> {
        self.0.check_open(url).map(drop).map_err(|error| error.to_string())
    }

    /// Numbers that would do.
    ///
    /// # Errors
    /// [`SupplierFault`].
    pub async fn search(
        &self,
        account: &SupplierAccount,
        wish: &SupplierSearch,
    ) -> Result<Vec<SupplierNumber>, SupplierFault> {
        let found: Found = read(&self.send(account, "search", None, wish, 1).await?)?;
        let most = wish.quantity as usize;
        Ok(found.numbers.into_iter().take(most).collect())
    }

    /// Holds numbers.
    ///
    /// # Errors
    /// [`SupplierFault`]; all or none are held.
    pub async fn hold(
        &self,
        account: &SupplierAccount,
        step: &SupplierStep<'_>,
    ) -> Result<(), SupplierFault> {
        self.send(account, "holds", Some(step.reference), step, SENDINGS).await.map(drop)
    }

    /// Buys numbers that are held.
    ///
    /// # Errors
    /// [`SupplierFault`]; all or none are bought.
    pub async fn buy(&self, account: &SupplierAccount, step: &SupplierStep<'_>) -> Result<(), SupplierFault> {
        self.send(account, "orders", Some(step.reference), step, SENDINGS).await.map(drop)
    }

    /// Gives numbers back, held or bought. What the supplier does not know counts as given back.
    ///
    /// # Errors
    /// [`SupplierFault`].
    pub async fn release(
        &self,
        account: &SupplierAccount,
        step: &SupplierStep<'_>,
    ) -> Result<(), SupplierFault> {
        match self.send(account, "releases", Some(step.reference), step, SENDINGS).await {
            Err(SupplierFault::Gone) => Ok(()),
            done => done.map(drop),
        }
    }

    /// Sends a request until it is answered, a few times at most: with its reference it is the same request.
    async fn send(
        &self,
        account: &SupplierAccount,
        step: &str,
        reference: Option<Uuid>,
        body: &impl Serialize,
        sendings: u32,
    ) -> Result<Vec<u8>, SupplierFault> {
        let body = serde_json::to_vec(body).map_err(|error| SupplierFault::Unknown(error.to_string()))?;
        let url = format!("{}/{step}", account.url.trim_end_matches('/'));
        let mut last = SupplierFault::Unknown("it was not asked".to_owned());
        for turn in 0..sendings {
            if turn > 0 {
                tokio::time::sleep(PAUSE * (1 << (turn - 1))).await;
            }
            let mut headers = signed(&account.secret, &url, &body);
            if let Some(reference) = reference {
                headers.push(("idempotency-key", format!("{reference}-{step}")));
            }
            let exchange = Exchange {
                url: &url,
                headers: &headers,
                body: &body,
                most: ANSWER_MAX,
                within: account.timeout,
            };
            match self.0.exchange(exchange).await {
                Ok((200..=299, answer)) => return Ok(answer),
                Ok((status, answer)) if (400..500).contains(&status) && status != 429 => {
                    return Err(refused(status, &answer));
                }
                Ok((status, _)) => last = SupplierFault::Unknown(format!("it answered {status}")),
                Err(FetchError::Address(text)) => return Err(SupplierFault::Refused(text.to_owned())),
                Err(error) => last = SupplierFault::Unknown(error.to_string()),
            }
        }
        Err(last)
    }
}

/// The time, and `HMAC-SHA256(secret, time "." path "." body)` in hexadecimal.
fn signed(secret: &[u8], url: &str, body: &[u8]) -> Vec<(&'static str, String)> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string();
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = path.find('/').map_or("/", |at| &path[at..]);
    let signature = Hmac::<Sha256>::new_from_slice(secret).map(|mut mac| {
        for part in [now.as_bytes(), b".", path.as_bytes(), b".", body] {
            mac.update(part);
        }
        hex::encode(mac.finalize().into_bytes())
    });
    vec![
        ("content-type", "application/json".to_owned()),
        ("x-dialtone-timestamp", now),
        // A key of any length is one to this function.
        ("x-dialtone-signature", format!("v1={}", signature.unwrap_or_default())),
    ]
}

fn read<T: DeserializeOwned>(answer: &[u8]) -> Result<T, SupplierFault> {
    serde_json::from_slice(answer)
        .map_err(|error| SupplierFault::Unknown(format!("its answer cannot be read: {error}")))
}

fn refused(status: u16, answer: &[u8]) -> SupplierFault {
    let said = serde_json::from_slice::<Refusal>(answer).ok().map(|refusal| refusal.error);
    match said {
        Some(error) if error.code == "gone" => SupplierFault::Gone,
        Some(error) if error.code == "priceChanged" => SupplierFault::PriceChanged,
        Some(error) => {
            let text = format!("{status} {}: {}", error.code, error.message);
            SupplierFault::Refused(text.chars().take(MESSAGE_MAX).collect())
        }
        None if status == 404 || status == 410 => SupplierFault::Gone,
        None => SupplierFault::Refused(format!("it answered {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_time_path_and_body() {
        let value = |url: &str, body: &[u8], secret: &[u8]| {
            signed(secret, url, body).into_iter().map(|(_, value)| value).next_back()
        };
        let one = value("https://host/v1/holds", b"{}", b"secret");
        assert_eq!(one, value("https://other/v1/holds", b"{}", b"secret"), "the host may be a proxy's");
        assert_ne!(one, value("https://host/v1/orders", b"{}", b"secret"));
        assert_ne!(one, value("https://host/v1/holds", b"{ }", b"secret"));
        assert_ne!(one, value("https://host/v1/holds", b"{}", b"secret2"));
    }

    #[test]
    fn what_a_supplier_refuses_is_told_apart() {
        let said = |status, text: &str| refused(status, text.as_bytes());
        assert_eq!(said(409, r#"{"error":{"code":"gone"}}"#), SupplierFault::Gone);
        assert_eq!(said(409, r#"{"error":{"code":"priceChanged"}}"#), SupplierFault::PriceChanged);
        assert_eq!(said(404, ""), SupplierFault::Gone);
        assert!(matches!(said(403, r#"{"error":{"code":"no","message":"not you"}}"#),
            SupplierFault::Refused(text) if text.contains("not you")));
        assert!(matches!(said(400, "<html>"), SupplierFault::Refused(_)));
    }
}
