//! A browser as far as these tests need one: it keeps cookies, sends forms with the token of the page it last saw, and
//! follows nothing by itself.

use std::{cell::RefCell, collections::BTreeMap};

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "a long enough password";

/// One browser with its cookies.
pub(crate) struct Browser {
    http: reqwest::blocking::Client,
    base: String,
    cookies: RefCell<BTreeMap<String, String>>,
    /// The token in the forms of the page that was seen last.
    token: RefCell<String>,
    /// Every `Set-Cookie` so far, as it came.
    pub(crate) set_cookies: RefCell<Vec<String>>,
}

/// A page, or the way to one.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// HTTP status.
    pub(crate) status: u16,
    /// Where it leads; empty where it leads nowhere.
    pub(crate) location: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// The HTML.
    pub(crate) text: String,
}

impl Browser {
    pub(crate) fn new(base: String) -> Self {
        let builder = reqwest::blocking::Client::builder()
            .timeout(std::time::Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none());
        Self {
            http: builder.build().expect("an HTTP client"),
            base,
            cookies: RefCell::default(),
            token: RefCell::default(),
            set_cookies: RefCell::default(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Page {
        let request = self.http.get(format!("{}{path}", self.base)).header("Accept", "text/html,*/*;q=0.8");
        self.exchange(request)
    }

    /// Sends a form of the page that was seen last, with its token.
    pub(crate) fn send(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.token.borrow().clone();
        self.send_as(path, &token, fields, &[("Sec-Fetch-Site", "same-origin")])
    }

    /// Sends a form with any token and headers.
    pub(crate) fn send_as(
        &self,
        path: &str,
        token: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Page {
        let body = [&[("csrf", token)], fields].concat();
        let body = body.iter().map(|(name, value)| format!("{}={}", quote(name), quote(value)));
        let mut request = self
            .http
            .post(format!("{}{path}", self.base))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body.collect::<Vec<_>>().join("&"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.exchange(request)
    }

    /// Goes where an answer leads.
    pub(crate) fn follow(&self, page: Page) -> Page {
        let page = page.expect(303);
        self.get(&page.location).expect(200)
    }

    /// The token of the page that was seen last.
    pub(crate) fn token(&self) -> String {
        self.token.borrow().clone()
    }

    /// All cookies as a header says them.
    pub(crate) fn cookie_header(&self) -> String {
        let cookies = self.cookies.borrow();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn exchange(&self, request: reqwest::blocking::RequestBuilder) -> Page {
        let cookies = self.cookie_header();
        let request = if cookies.is_empty() { request } else { request.header("Cookie", cookies) };
        let answer = request.send().expect("the server answers");
        let text_of =
            |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        for cookie in answer.headers().get_all("set-cookie").iter().map(text_of) {
            self.keep(&cookie);
            self.set_cookies.borrow_mut().push(cookie);
        }
        let headers: BTreeMap<_, _> =
            answer.headers().iter().map(|(name, value)| (name.to_string(), text_of(value))).collect();
        let page = Page {
            status: answer.status().as_u16(),
            location: headers.get("location").cloned().unwrap_or_default(),
            headers,
            text: answer.text().expect("a body"),
        };
        if page.text.contains("name=\"csrf\"") {
            *self.token.borrow_mut() = page.value_of("csrf");
        }
        page
    }

    fn keep(&self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').expect("a cookie has a name");
        if attributes.contains("Max-Age=0") {
            self.cookies.borrow_mut().remove(name);
        } else {
            self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
        }
    }
}

impl Page {
    /// The page, which must have this status.
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.location, self.text);
        self
    }

    /// The answer, which must lead to this path.
    pub(crate) fn leads_to(self, path: &str) -> Self {
        let page = self.expect(303);
        assert_eq!(page.location, path);
        page
    }

    /// The page, which must say this.
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.text.contains(words), "it does not say {words:?}:\n{}", self.text);
        self
    }

    /// The page, which must not say this.
    pub(crate) fn says_not(self, words: &str) -> Self {
        assert!(!self.text.contains(words), "it says {words:?}:\n{}", self.text);
        self
    }

    /// The value of the first field of this name.
    pub(crate) fn value_of(&self, name: &str) -> String {
        self.between(&format!("name=\"{name}\" value=\""), "\"")
    }

    /// What stands between two texts.
    pub(crate) fn between(&self, before: &str, after: &str) -> String {
        let rest = self.text.split_once(before).map(|(_, rest)| rest);
        let found = rest.and_then(|rest| rest.split_once(after)).map(|(found, _)| found);
        found.unwrap_or_else(|| panic!("nothing after {before:?}:\n{}", self.text)).to_owned()
    }

    /// A header's value; empty where it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// Percent-encoding, of everything that is not plain.
pub(crate) fn quote(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let quoted = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(quoted).collect()
}
