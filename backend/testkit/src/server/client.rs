//! A client of the API for tests: anonymous, or with a token. It asserts nothing; tests do.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What an API call answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body; `Null` where it was empty or no JSON.
    pub body: Value,
    /// The body as it came, as text.
    pub text: String,
    /// The body as it came.
    pub bytes: Vec<u8>,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Answer {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The answer, which must have this status.
    ///
    /// # Panics
    /// Where it has another.
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

/// A client with or without a sign-in.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::blocking::Client,
    base: String,
    token: Option<String>,
    /// The answer of the sign-up, where it signed up: tenant, endpoint, connection string, keys.
    pub account: Value,
}

/// The password of every tenant of a test.
pub const PASSWORD: &str = "a long enough password";

impl Client {
    /// Nobody.
    ///
    /// # Panics
    /// Where no HTTP client can be made.
    #[must_use]
    pub fn anonymous(base: String) -> Self {
        let builder = reqwest::blocking::Client::builder()
            .timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none());
        Self { http: builder.build().expect("an HTTP client"), base, token: None, account: Value::Null }
    }

    /// Signs up a tenant and signs in as its owner.
    ///
    /// # Panics
    /// Where the sign-up is refused.
    #[must_use]
    pub fn sign_up(&self, organization: &str) -> Self {
        let email = format!("{}@tenant.test", organization.to_lowercase().replace(' ', "-"));
        let body = json!({"organization": organization, "email": email, "password": PASSWORD});
        let account = self.post("/api/v1/signup", &body).expect(201).body;
        Self { account, ..self.sign_in(&email, PASSWORD) }
    }

    /// Signs in.
    ///
    /// # Panics
    /// Where the sign-in is refused.
    #[must_use]
    pub fn sign_in(&self, email: &str, password: &str) -> Self {
        let answer = self.post("/api/v1/tokens", &json!({"email": email, "password": password})).expect(201);
        Self { token: Some(answer.body["token"].as_str().expect("a token").to_owned()), ..self.clone() }
    }

    /// The same client with another bearer token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// GET.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    /// POST with a JSON body.
    #[must_use]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(body))
    }

    /// PATCH with a JSON body.
    #[must_use]
    pub fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, Some(body))
    }

    /// DELETE.
    #[must_use]
    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None)
    }

    /// Any request.
    ///
    /// # Panics
    /// Where the server cannot be reached.
    #[must_use]
    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.send_with(method, path, body, &[])
    }

    /// Any request, with headers.
    ///
    /// # Panics
    /// Where the server cannot be reached.
    #[must_use]
    pub fn send_with(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Self::answered(request)
    }

    /// Posts a text of a type.
    ///
    /// # Panics
    /// Where the server cannot be reached.
    #[must_use]
    pub fn post_text(&self, path: &str, kind: &str, text: String) -> Answer {
        let mut request =
            self.http.post(format!("{}{path}", self.base)).header("Content-Type", kind).body(text);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        Self::answered(request)
    }

    /// Sends bytes of a type.
    ///
    /// # Panics
    /// Where the server cannot be reached.
    #[must_use]
    pub fn send_bytes(&self, method: &str, path: &str, kind: &str, bytes: Vec<u8>) -> Answer {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.header("Content-Type", kind).body(bytes);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        Self::answered(request)
    }

    fn answered(request: reqwest::blocking::RequestBuilder) -> Answer {
        let answer = request.send().expect("the server answers");
        let status = answer.status().as_u16();
        let text_of =
            |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers =
            answer.headers().iter().map(|(name, value)| (name.to_string(), text_of(value))).collect();
        let bytes = answer.bytes().expect("a body").to_vec();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null), text, bytes, headers }
    }

    /// Buys one number of a type and country over the Azure protocol, and returns it.
    ///
    /// # Panics
    /// Where a step is refused.
    #[must_use]
    pub fn buy(&self, country: &str, kind: &str) -> String {
        let search = json!({"phoneNumberType": kind, "assignmentType": "application",
            "capabilities": {"calling": "inbound+outbound", "sms": "none"}, "quantity": 1});
        let version = "api-version=2025-06-01";
        let found = self
            .post(&format!("/availablePhoneNumbers/countries/{country}/:search?{version}"), &search)
            .expect(202);
        let id = found.header("search-id").expect("a search id").to_owned();
        let result = self.get(&format!("/availablePhoneNumbers/searchResults/{id}?{version}")).expect(200);
        let number = result.body["phoneNumbers"][0].as_str().expect("a number").to_owned();
        let bought = self
            .post(&format!("/availablePhoneNumbers/:purchase?{version}"), &json!({"searchId": id}))
            .expect(202);
        assert!(bought.text.is_empty(), "a long-running operation starts with an empty body");
        let _ = self.get(&format!("/phoneNumbers/{}?{version}", number.replace('+', "%2B"))).expect(200);
        number
    }

    /// Asks again until the answer satisfies, 100 times a second for so long at most.
    ///
    /// # Panics
    /// With the last answer, where it never does.
    #[must_use]
    pub fn wait(&self, path: &str, patience: Duration, satisfied: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + patience;
        loop {
            let answer = self.get(path);
            if answer.status == 200 && satisfied(&answer.body) {
                return answer.body;
            }
            assert!(Instant::now() < end, "{path} never satisfied: {} {}", answer.status, answer.text);
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
