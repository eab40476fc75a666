//! Mail: over SMTP where a server is set, else not at all (the caller keeps it in the outbox).

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart, SinglePart, header::ContentType},
};
use std::time::Duration;

/// How long one mail may take to be handed over.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);

/// A mail in plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom: one address.
    pub to: String,
    /// The subject, one line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// A file that comes with it.
    pub attachment: Option<Attachment>,
}

/// A file that comes with a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// How it is called.
    pub name: String,
    /// Its media type.
    pub content_type: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The URL of the server cannot be used.
    #[error("mail.url cannot be used: write it as smtp://user:password@host:port or smtps://…")]
    BadUrl(#[source] lettre::transport::smtp::Error),
    /// The address of the sender or the receiver is none.
    #[error("this is no mail address")]
    BadAddress(#[source] lettre::address::AddressError),
    /// The mail cannot be put together.
    #[error("the mail cannot be put together")]
    BadMail(#[source] lettre::error::Error),
    /// The server refused it, or did not answer.
    #[error("the mail server did not take the mail")]
    Refused(#[source] lettre::transport::smtp::Error),
    /// No server is set.
    #[error("no mail server is set: the mail stays in the outbox")]
    NoServer,
}

/// The way out for mail. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: Option<AsyncSmtpTransport<Tokio1Executor>>,
    from: Mailbox,
}

impl Mailer {
    /// Sends over the server of `url` as `dialtone@<host>`; without a URL every mail stays where it is.
    ///
    /// # Errors
    /// [`MailError::BadUrl`], [`MailError::BadAddress`].
    pub fn new(url: Option<&str>, host: &str) -> Result<Self, MailError> {
        let transport = url.map(connect).transpose()?;
        let domain = if host.parse::<std::net::IpAddr>().is_ok() { "localhost" } else { host };
        let from = format!("Dialtone <dialtone@{domain}>").parse().map_err(MailError::BadAddress)?;
        Ok(Self { transport, from })
    }

    /// Whether a server is set.
    #[must_use]
    pub const fn sends(&self) -> bool {
        self.transport.is_some()
    }

    /// Sends a mail.
    ///
    /// # Errors
    /// [`MailError`] says which part failed; [`MailError::NoServer`] where none is set.
    pub async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let Some(transport) = &self.transport else { return Err(MailError::NoServer) };
        let to = mail.to.parse().map_err(MailError::BadAddress)?;
        let builder = Message::builder().from(self.from.clone()).to(to).subject(&mail.subject);
        let message = match &mail.attachment {
            None => builder.header(ContentType::TEXT_PLAIN).body(mail.text.clone()),
            Some(file) => builder.multipart(with_file(&mail.text, file)),
        };
        let message = message.map_err(MailError::BadMail)?;
        transport.send(message).await.map(drop).map_err(MailError::Refused)
    }
}

/// A text and a file in one mail (RFC 2046 §5.1.3).
fn with_file(text: &str, file: &Attachment) -> MultiPart {
    let kind = ContentType::parse(file.content_type).unwrap_or(ContentType::TEXT_PLAIN);
    let body = lettre::message::Attachment::new(file.name.clone()).body(file.bytes.clone(), kind);
    MultiPart::mixed().singlepart(SinglePart::plain(text.to_owned())).singlepart(body)
}

fn connect(url: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailError> {
    let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(MailError::BadUrl)?;
    Ok(builder.timeout(Some(SEND_TIMEOUT)).build())
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer").field("sends", &self.sends()).finish_non_exhaustive()
    }
}
