//! The static files of the pages, embedded into the binary.
//!
//! A page links to a file with [`href`], which carries the hash of its content: such a link may be kept for ever, any
//! other is asked about again each time.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    web::Path,
};
use rust_embed::{EmbeddedFile, RustEmbed};

/// Hexadecimal digits of the hash in a link.
const HASH_DIGITS: usize = 16;
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "public, no-cache";

#[derive(RustEmbed)]
#[folder = "../../static"]
struct Files;

/// The link to a static file such as `css/dialtone.css`, with the hash of its content.
pub(crate) fn href(path: &str) -> String {
    match Files::get(path) {
        Some(found) => format!("/static/{path}?v={}", hash(&found)),
        None => format!("/static/{path}"),
    }
}

/// Serves one static file.
#[get("/static/{path:.*}")]
pub(crate) async fn file(request: HttpRequest, path: Path<String>) -> HttpResponse {
    let Some(found) = Files::get(&path) else { return HttpResponse::NotFound().finish() };
    let tag = format!("\"{}\"", hash(&found));
    let same = |name| request.headers().get(name).is_some_and(|sent| sent.as_bytes() == tag.as_bytes());
    let cache = if request.query_string().starts_with("v=") { FOR_EVER } else { ASK_AGAIN };
    if same(IF_NONE_MATCH) {
        return HttpResponse::NotModified()
            .insert_header((ETAG, tag))
            .insert_header((CACHE_CONTROL, cache))
            .finish();
    }
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, content_type(&path)))
        .insert_header((CACHE_CONTROL, cache))
        .insert_header((ETAG, tag))
        .body(found.data.into_owned())
}

fn hash(found: &EmbeddedFile) -> String {
    let mut text = hex::encode(found.metadata.sha256_hash());
    text.truncate(HASH_DIGITS);
    text
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "webmanifest" | "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
