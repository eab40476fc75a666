//! A recording as the answer to a request: whole, or the part that it asks for (RFC 9110 §14), read from the disk as it is sent.

use crate::error::{ApiError, ApiResult};
use actix_web::{
    HttpRequest, HttpResponse,
    body::{BodySize, MessageBody},
    http::{
        StatusCode,
        header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, HeaderValue, RANGE},
    },
    web::Bytes,
};
use app::recordings::Audio;
use std::{
    future::Future,
    io,
    ops::Range,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Bytes that are read from the disk at a time.
const PART_BYTES: u64 = 256 * 1024;

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Part(Range<u64>),
    /// Nothing that is there.
    Beyond,
}

/// Answers with a recording; under a file's name where it is to be kept.
pub(crate) fn answer(audio: Audio, request: &HttpRequest, name: Option<&str>) -> ApiResult {
    let bytes = audio.bytes();
    let (range, status) = match asked(request.headers().get(RANGE), bytes) {
        Asked::Whole => (0..bytes, StatusCode::OK),
        Asked::Part(range) => (range, StatusCode::PARTIAL_CONTENT),
        Asked::Beyond => {
            let message = format!("Range: the file has {bytes} bytes");
            let status = StatusCode::RANGE_NOT_SATISFIABLE;
            return Err(ApiError::new(status, "RangeNotSatisfiable", message).at("Range"));
        }
    };
    let mut response = HttpResponse::build(status);
    response.content_type("audio/wav");
    response.insert_header((ACCEPT_RANGES, "bytes")).insert_header((CACHE_CONTROL, "no-store"));
    if status == StatusCode::PARTIAL_CONTENT {
        let said = format!("bytes {}-{}/{bytes}", range.start, range.end - 1);
        response.insert_header((CONTENT_RANGE, said));
    }
    if let Some(name) = name {
        response.insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    }
    Ok(response.body(Sent { range, state: State::Waiting(Some(Box::new(audio))) }))
}

/// One range is answered; of several, and of what can't be read, the whole is (RFC 9110 §14.2).
fn asked(header: Option<&HeaderValue>, bytes: u64) -> Asked {
    let range = header.and_then(|value| value.to_str().ok()?.trim().strip_prefix("bytes="));
    let Some((first, last)) = range.and_then(|range| range.split_once('-')) else { return Asked::Whole };
    let (first, last) = (first.trim(), last.trim());
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(bytes),
        (Ok(first), Err(_)) if last.is_empty() => first..bytes,
        (Err(_), Ok(count)) if first.is_empty() => bytes.saturating_sub(count)..bytes,
        _ => return Asked::Whole,
    };
    if range.start < range.end { Asked::Part(range) } else { Asked::Beyond }
}

/// A body that is read as it is sent.
struct Sent {
    /// What is not sent yet.
    range: Range<u64>,
    state: State,
}

type Reading = Pin<Box<dyn Future<Output = Result<(Audio, Vec<u8>), app::Error>>>>;

enum State {
    Waiting(Option<Box<Audio>>),
    Reading(Reading),
}

impl MessageBody for Sent {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.range.end - self.range.start)
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.range.is_empty() {
            return Poll::Ready(None);
        }
        let (from, left) = (self.range.start, self.range.end - self.range.start);
        if let State::Waiting(audio) = &mut self.state {
            let Some(audio) = audio.take() else { return Poll::Ready(None) };
            let count = usize::try_from(left.min(PART_BYTES)).unwrap_or(usize::MAX);
            self.state = State::Reading(Box::pin(audio.part(from, count)));
        }
        let State::Reading(reading) = &mut self.state else { return Poll::Ready(None) };
        match ready!(reading.as_mut().poll(cx)) {
            Ok((audio, part)) if !part.is_empty() => {
                self.state = State::Waiting(Some(Box::new(audio)));
                self.range.start += part.len() as u64;
                Poll::Ready(Some(Ok(part.into())))
            }
            Ok(_) => self.broken("the file ends too early"),
            Err(error) => {
                tracing::error!(%error, "a recording cannot be read any further");
                self.broken("the file cannot be read")
            }
        }
    }
}

impl Sent {
    /// What was promised does not come: the connection is cut, so that nobody takes the part for the whole.
    fn broken(&mut self, why: &'static str) -> Poll<Option<Result<Bytes, io::Error>>> {
        self.state = State::Waiting(None);
        Poll::Ready(Some(Err(io::Error::other(why))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_a_part_and_what_is_not_there_is_said_to_be_so() {
        let asked = |text: &'static str| asked(Some(&HeaderValue::from_static(text)), 100);
        assert_eq!(asked("bytes=0-0"), Asked::Part(0..1));
        assert_eq!(asked("bytes=10-"), Asked::Part(10..100));
        assert_eq!(asked("bytes=-10"), Asked::Part(90..100));
        assert_eq!(asked("bytes=-1000"), Asked::Part(0..100));
        assert_eq!(asked("bytes=90-1000"), Asked::Part(90..100));
        assert_eq!(asked("bytes=0-18446744073709551615"), Asked::Part(0..100));
        for beyond in ["bytes=100-", "bytes=100-200", "bytes=-0"] {
            assert_eq!(asked(beyond), Asked::Beyond, "{beyond}");
        }
        for other in ["bytes=5-4", "bytes=a-b", "bytes=0-1,5-6", "lines=0-1", "bytes=-", ""] {
            assert_eq!(asked(other), Asked::Whole, "{other}");
        }
        assert_eq!(super::asked(None, 100), Asked::Whole);
    }
}
