//! The audit: every operation of the document that changes something writes a row, or stands on a short list with a
//! reason. A new operation belongs into [`Walk::all`] or on the list.

use crate::{BINARY, VERSION};
use serde_json::{Value, json};
use std::{collections::BTreeSet, net::Ipv4Addr, time::Duration};
use testkit::server::{Answer, Client, Options, Server};

/// What writes no row, and why.
const EXEMPT: [(&str, &str); 42] = [
    ("POST /api/v1/operator/topUps/{id}:settle", "it needs a top-up; it has its row"),
    ("POST /api/v1/calls/{id}/recordings", "it needs a live call; it has its row"),
    ("POST /api/v1/recordings/{id}:pause", "it needs a live call; it has its row"),
    ("POST /api/v1/recordings/{id}:resume", "it needs a live call; it has its row"),
    ("POST /api/v1/recordings/{id}:stop", "it needs a live call; it has its row"),
    ("DELETE /api/v1/recordings/{id}", "it needs a call that was recorded; it has its row"),
    ("POST /api/v1/rehearsals/{id}:cancel", "it needs one that waits or is at work; it has its row"),
    ("POST /api/v1/operator/rehearsals/{id}:cancel", "it needs one that waits or is at work; it has its row"),
    ("POST /api/v1/tokens", "a sign-in changes nothing"),
    ("POST /api/v1/accessTokens", "a token is its key's, and the key is written down"),
    ("POST /api/v1/domains/{name}:verify", "it needs a record in the DNS; what it verifies has its row"),
    ("POST /api/v1/webhooks/{id}:validate", "it asks the endpoint again; what is confirmed has its row"),
    ("POST /api/v1/webhooks/{id}:confirm", "it needs the code that only an endpoint is sent; it has its row"),
    ("POST /api/v1/webhooks/{id}:test", "it needs an endpoint that answers; it has its row"),
    ("POST /api/v1/webhooks/{id}:redeliver", "it needs deliveries that failed; it has its row"),
    ("POST /api/v1/webhooks/{id}/deliveries/{delivery}:redeliver", "it needs a delivery; it has its row"),
    ("POST /api/v1/calls:simulate", "a question"),
    ("POST /api/v1/operator/inventory:preview", "a question"),
    (
        "POST /api/v1/operator/quarantine/{e164}:end",
        "it needs a number whose month is over; what ends it writes the row",
    ),
    (
        "POST /api/v1/operator/quarantine/{e164}:reassign",
        "it needs a number whose month is over; what gives it back writes the row",
    ),
    ("POST /api/v1/operator/calls/{id}:rerate", "a question"),
    ("POST /api/v1/operator/tenants/{id}:rerate", "a question"),
    ("POST /api/v1/operator/carriers/{id}:reconcile", "a question"),
    ("POST /api/v1/operator/invoices/{id}:issue", "it needs a draft; it has its row"),
    ("POST /api/v1/operator/invoices/{id}:pay", "it needs an invoice that is open; it has its row"),
    ("POST /api/v1/operator/invoices/{id}:writeOff", "it needs an invoice that is open; it has its row"),
    ("POST /api/v1/stops/{id}:lift", "it needs a stop of spending; it has its row"),
    ("POST /api/v1/operator/stops/{id}:lift", "it needs a stop of spending; it has its row"),
    ("POST /api/v1/routes:test", "a question"),
    ("POST /sip:testRoutesWithNumber", "a question"),
    ("POST /operatorInformation/:search", "a question"),
    ("POST /api/v1/trunks/{fqdn}:examine", "an examination changes nothing"),
    ("POST /api/v1/trunks/{fqdn}:listen", "it looks on for a while"),
    ("POST /availablePhoneNumbers/countries/{countryCode}/:browse", "a question"),
    ("POST /availablePhoneNumbers/countries/{countryCode}/:search", "a hold that ends by itself"),
    ("DELETE /phoneNumbers/operations/{operationId}", "it ends a hold that would end by itself"),
    ("POST /identities/{id}/:issueAccessToken", "a token is its user's, and the user is written down"),
    ("POST /teamsUser/:exchangeAccessToken", "it is refused here"),
    ("POST /api/v1/sandbox/calls", "a call has a record of its own"),
    ("DELETE /api/v1/calls/{id}", "it needs a live call; what ends it writes the row"),
    ("DELETE /api/v1/operator/bans", "it needs somebody banned; each ban that is lifted has its row"),
    (
        "DELETE /api/v1/operator/bans/{address}",
        "it needs somebody banned; the ban that is lifted has its row",
    ),
];

/// A server of its own, with what the operations need.
struct Walk {
    server: Server,
    owner: Client,
    operator: Client,
    asked: BTreeSet<String>,
}

impl Walk {
    fn newest(&self) -> String {
        let page = self.operator.get("/api/v1/operator/audit?maxPageSize=1").expect(200).body;
        page["value"][0]["id"].as_str().expect("a change").to_owned()
    }

    /// Does an operation, which must succeed and write a row that says who and what.
    fn does(&mut self, operation: &str, by: &Client, path: &str, body: Option<Value>) -> Answer {
        let before = self.newest();
        let method = operation.split(' ').next().expect("a method");
        let answer = by.send(method, path, body.as_ref());
        assert!((200..300).contains(&answer.status), "{operation}: {} {}", answer.status, answer.text);
        assert_ne!(self.newest(), before, "{operation} writes nothing into the audit");
        assert!(self.asked.insert(operation.to_owned()), "{operation} twice");
        answer
    }

    fn all(&mut self) {
        let (owner, operator) = (self.owner.clone(), self.operator.clone());
        self.keys(&owner, "/api/v1");
        self.keys(&operator, "/api/v1/operator");
        self.routing(&owner);
        self.rehearse(&owner, "/api/v1", json!({"routes": []}));
        let order = json!({"draft": {"carrierOrder": {"by": ["quality", "cost"]}}});
        self.rehearse(&operator, "/api/v1/operator", order);
        self.numbers(&owner);
        self.webhooks(&owner);
        self.people(&owner, &operator);
        self.platform(&operator);
        self.supply(&owner, &operator);
        self.port_ins(&owner, &operator);
        self.port_outs(&owner, &operator);
        self.prices(&operator);
        self.invoices(&owner, &operator);
    }

    fn invoices(&mut self, owner: &Client, operator: &Client) {
        let profile = json!({"name": "Walk AB", "country": "SE"});
        let path = "/api/v1/billingProfile";
        let _ = self.does("PUT /api/v1/billingProfile", owner, path, Some(profile));
        let path = "/api/v1/operator/spendingDefaults";
        let defaults = json!({"value": [{"currency": "USD", "velocity": {"tenant": {"perDay": {"amountMicros": 900_000_000, "currency": "USD"}}}}]});
        let _ = self.does("PUT /api/v1/operator/spendingDefaults", operator, path, Some(defaults));
        self.top_ups(owner, operator);
        let path = "/api/v1/operator/billing";
        let settings = json!({"seller": {"country": "SE"}});
        let _ = self.does("PUT /api/v1/operator/billing", operator, path, Some(settings));
        let tenant = owner.account["tenant"]["id"].as_str().expect("an id").to_owned();
        let path = format!("/api/v1/operator/tenants/{tenant}/taxExemption");
        let exempt = json!({"reason": "a walk"});
        let operation = "PUT /api/v1/operator/tenants/{id}/taxExemption";
        let _ = self.does(operation, operator, &path, Some(exempt));
        let before = self.newest();
        let invoice = crate::invoices::close_at(&self.server, owner);
        assert_ne!(self.newest(), before, "closing writes nothing into the audit");
        let _ = self.asked.insert("POST /api/v1/operator/tenants/{id}:closePeriod".to_owned());
        let credit = json!({"amount": {"amountMicros": 1, "currency": "USD"}, "reason": "a walk"});
        let path = format!("/api/v1/operator/invoices/{invoice}:credit");
        let _ = self.does("POST /api/v1/operator/invoices/{id}:credit", operator, &path, Some(credit));
        let entries = owner.get("/api/v1/ledger").expect(200).body;
        let lease = entries["value"].as_array().expect("entries").iter().find(|one| one["kind"] == "lease");
        let lease = lease.expect("a lease")["id"].as_str().expect("an id").to_owned();
        let path = format!("/api/v1/operator/ledger/{lease}:reverse");
        let why = json!({"reason": "a walk"});
        let _ = self.does("POST /api/v1/operator/ledger/{id}:reverse", operator, &path, Some(why));
    }

    fn top_ups(&mut self, owner: &Client, operator: &Client) {
        let (rule, hook) = ("/api/v1/topUpRule", "/api/v1/operator/topUpHook");
        let money = |units: i64| json!({"amountMicros": units * 1_000_000, "currency": "USD"});
        let new = json!({"enabled": false, "threshold": money(5), "amount": money(20), "dailyCount": 2});
        let _ = self.does("PUT /api/v1/topUpRule", owner, rule, Some(new));
        let change = json!({"url": "http://127.20.9.4:9/pay", "enabled": false});
        let _ = self.does("PATCH /api/v1/operator/topUpHook", operator, hook, Some(change));
        let operation = "POST /api/v1/operator/topUpHook:rotateSecret";
        let _ = self.does(operation, operator, &format!("{hook}:rotateSecret"), Some(json!({})));
    }

    fn keys(&mut self, by: &Client, root: &str) {
        let scope = if root.ends_with("operator") { "operator.read" } else { "calls.read" };
        let new = json!({"name": "walk", "scopes": [scope]});
        let made = self.does(&format!("POST {root}/apiKeys"), by, &format!("{root}/apiKeys"), Some(new));
        let id = made.body["id"].as_str().expect("an id");
        let path = format!("{root}/apiKeys/{id}");
        let _ = self.does(&format!("DELETE {root}/apiKeys/{{id}}"), by, &path, None);
        if scope == "calls.read" {
            for verb in ["reveal", "regenerate"] {
                let operation = format!("POST /api/v1/accessKeys/{{slot}}:{verb}");
                let _ =
                    self.does(&operation, by, &format!("/api/v1/accessKeys/primary:{verb}"), Some(json!({})));
            }
        }
    }

    fn routing(&mut self, owner: &Client) {
        let trunks = json!({"trunks": {"sbc.walk.test": {"sipSignalingPort": 5060}}});
        let _ = self.does("PATCH /sip", owner, "/sip?api-version=2023-03-01", Some(trunks));
        let trunk = "/api/v1/trunks/sbc.walk.test";
        let _ =
            self.does("PATCH /api/v1/trunks/{fqdn}", owner, trunk, Some(json!({"limits": {"maxCalls": 9}})));
        let registrar =
            json!({"registrar": "registers.example", "username": "walk", "password": "a password"});
        let registration = format!("{trunk}/registration");
        let _ = self.does("PUT /api/v1/trunks/{fqdn}/registration", owner, &registration, Some(registrar));
        let _ = self.does("DELETE /api/v1/trunks/{fqdn}/registration", owner, &registration, None);
        let route = |name: &str| json!({"name": name, "numberPattern": "^\\+46", "targets": [{"fqdn": "sbc.walk.test"}]});
        let _ =
            self.does("PUT /api/v1/routes", owner, "/api/v1/routes", Some(json!({"value": [route("a")]})));
        let _ = self.does("POST /api/v1/routes", owner, "/api/v1/routes", Some(route("b")));
        let change = json!({"description": "walked"});
        let _ = self.does("PATCH /api/v1/routes/{name}", owner, "/api/v1/routes/b", Some(change));
        let _ = self.does("DELETE /api/v1/routes/{name}", owner, "/api/v1/routes/b", None);
        let domain = "/api/v1/domains/other.test";
        let _ =
            self.does("POST /api/v1/domains", owner, "/api/v1/domains", Some(json!({"name": "other.test"})));
        let _ = self.does("PATCH /api/v1/domains/{name}", owner, domain, Some(json!({"enabled": false})));
        let _ = self.does("DELETE /api/v1/domains/{name}", owner, domain, None);
        let closed = json!({"blockedPrefixes": ["881"]});
        let _ = self.does("PATCH /api/v1/protection", owner, "/api/v1/protection", Some(closed));
        let _ =
            self.does("POST /api/v1/sipUsers", owner, "/api/v1/sipUsers", Some(json!({"username": "walk"})));
        let _ = self.does("DELETE /api/v1/sipUsers/{username}", owner, "/api/v1/sipUsers/walk", None);
    }

    fn numbers(&mut self, owner: &Client) {
        let search = json!({"phoneNumberType": "geographic", "assignmentType": "application",
            "capabilities": {"calling": "inbound", "sms": "none"}, "quantity": 1});
        let found = owner
            .post(&format!("/availablePhoneNumbers/countries/US/:search?{VERSION}"), &search)
            .expect(202);
        let id = found.header("search-id").expect("a search").to_owned();
        let path = format!("/availablePhoneNumbers/:purchase?{VERSION}");
        let _ =
            self.does("POST /availablePhoneNumbers/:purchase", owner, &path, Some(json!({"searchId": id})));
        let owned = owner.get(&format!("/phoneNumbers?{VERSION}")).expect(200).body;
        let number = owned["phoneNumbers"][0]["phoneNumber"].as_str().expect("a number").replace('+', "%2B");
        let inbound = json!({"inbound": {"kind": "application", "target": "walk"}});
        let path = format!("/api/v1/numbers/{number}");
        let _ = self.does("PATCH /api/v1/numbers/{e164}", owner, &path, Some(inbound));
        let both = json!({"calling": "inbound+outbound"});
        let path = format!("/phoneNumbers/{number}/capabilities?{VERSION}");
        let _ = self.does("PATCH /phoneNumbers/{phoneNumber}/capabilities", owner, &path, Some(both));
        let address = json!({"country": "US", "lines": ["1 Main Street"], "locality": "Seattle", "region": "WA", "postalCode": "98101"});
        let path = format!("/api/v1/emergency/addresses/{number}");
        let _ = self.does("PUT /api/v1/emergency/addresses/{e164}", owner, &path, Some(address));
        let _ = self.does("DELETE /api/v1/emergency/addresses/{e164}", owner, &path, None);
        let _ =
            self.does("PATCH /api/v1/emergency", owner, "/api/v1/emergency", Some(json!({"country": "US"})));
        let path = format!("/phoneNumbers/{number}?{VERSION}");
        let _ = self.does("DELETE /phoneNumbers/{phoneNumber}", owner, &path, None);
        self.reservations(owner);
    }

    fn reservations(&mut self, owner: &Client) {
        let browse = json!({"phoneNumberType": "geographic", "assignmentType": "application",
            "capabilities": {"calling": "inbound", "sms": "none"}});
        let offers = owner
            .post(&format!("/availablePhoneNumbers/countries/AU/:browse?{VERSION}"), &browse)
            .expect(200)
            .body;
        let offer = |n: usize| {
            let number = offers["phoneNumbers"][n]["id"].as_str().expect("a number").to_owned();
            let wanted = json!({"countryCode": "AU", "phoneNumberType": "geographic", "assignmentType": "application",
                "capabilities": {"calling": "inbound", "sms": "none"}});
            json!({"phoneNumbers": {number: wanted}})
        };
        let path = |id: &str, verb: &str| format!("/availablePhoneNumbers/reservations/{id}{verb}?{VERSION}");
        let (first, second) =
            ("0190163d-8694-439b-aea5-966c26f8ad91", "0190163d-8694-439b-aea5-966c26f8ad92");
        let patch = "PATCH /availablePhoneNumbers/reservations/{reservationId}";
        let _ = self.does(patch, owner, &path(first, ""), Some(offer(0)));
        let delete = "DELETE /availablePhoneNumbers/reservations/{reservationId}";
        let _ = self.does(delete, owner, &path(first, ""), None);
        assert!(owner.patch(&path(second, ""), &offer(1)).status < 300);
        let purchase = "POST /availablePhoneNumbers/reservations/{reservationId}/:purchase";
        let _ = self.does(purchase, owner, &path(second, "/:purchase"), Some(json!({})));
    }

    fn webhooks(&mut self, owner: &Client) {
        let webhook = json!({"name": "walk", "url": "https://127.20.9.4:9/events"});
        let made = self.does("POST /api/v1/webhooks", owner, "/api/v1/webhooks", Some(webhook));
        let path = format!("/api/v1/webhooks/{}", made.body["id"].as_str().expect("an id"));
        let change = json!({"enabled": false});
        let _ = self.does("PATCH /api/v1/webhooks/{id}", owner, &path, Some(change));
        let rotate = format!("{path}:rotateSecret");
        let _ = self.does("POST /api/v1/webhooks/{id}:rotateSecret", owner, &rotate, Some(json!({})));
        let _ = self.does("DELETE /api/v1/webhooks/{id}", owner, &path, None);
        let policy = json!({"mode": "always", "retentionDays": 9, "notice": "tone"});
        let path = "/api/v1/recordingPolicy";
        let _ = self.does("PUT /api/v1/recordingPolicy", owner, path, Some(policy));
        let low = json!({"threshold": {"amountMicros": 5_000_000, "currency": "USD"}});
        let _ = self.does("PUT /api/v1/balanceAlert", owner, "/api/v1/balanceAlert", Some(low));
    }

    fn people(&mut self, owner: &Client, operator: &Client) {
        let made =
            self.does("POST /identities", owner, "/identities?api-version=2023-10-01", Some(json!({})));
        let id = made.body["identity"]["id"].as_str().expect("an id").to_owned();
        let path = |verb: &str| format!("/identities/{id}{verb}?api-version=2023-10-01");
        let revoke = "POST /identities/{id}/:revokeAccessTokens";
        let _ = self.does(revoke, owner, &path("/:revokeAccessTokens"), None);
        let _ = self.does("DELETE /identities/{id}", owner, &path(""), None);
        let somebody = |name: &str| json!({"organization": name, "email": format!("{name}@tenant.test"), "password": "a long enough password"});
        let anonymous = self.server.anonymous();
        let _ = self.does("POST /api/v1/signup", &anonymous, "/api/v1/signup", Some(somebody("walker")));
        let tenants = "/api/v1/operator/tenants";
        let made = self.does("POST /api/v1/operator/tenants", operator, tenants, Some(somebody("walked")));
        let tenant = format!("{tenants}/{}", made.body["tenant"]["id"].as_str().expect("an id"));
        let limits = json!({"limits": {"maxCalls": 9}});
        let _ = self.does("PATCH /api/v1/operator/tenants/{id}", operator, &tenant, Some(limits));
        let credit = json!({"amount": {"amountMicros": 1_000_000, "currency": "USD"}, "reason": "walk"});
        let path = format!("{tenant}:credit");
        let _ = self.does("POST /api/v1/operator/tenants/{id}:credit", operator, &path, Some(credit));
        let invitations = "/api/v1/operator/invitations";
        let made = self.does("POST /api/v1/operator/invitations", operator, invitations, Some(json!({})));
        let path = format!("{invitations}/{}", made.body["id"].as_str().expect("an id"));
        let _ = self.does("DELETE /api/v1/operator/invitations/{id}", operator, &path, None);
    }

    fn platform(&mut self, operator: &Client) {
        let cost = json!({"amountMicros": 1, "currency": "USD"});
        let carrier = json!({"name": "walked", "hosts": [{"address": "192.0.2.91"}], "enabled": false,
            "prefixes": [{"prefix": "9992", "costPerMinute": cost}]});
        let carriers = "/api/v1/operator/carriers";
        let made = self.does("POST /api/v1/operator/carriers", operator, carriers, Some(carrier));
        let path = made.header("location").expect("a location").to_owned();
        let weight = json!({"weight": 7});
        let _ = self.does("PATCH /api/v1/operator/carriers/{id}", operator, &path, Some(weight));
        let registrar =
            json!({"registrar": "registers.example", "username": "walk", "password": "a password"});
        let path = format!("{path}/registration");
        let _ =
            self.does("PUT /api/v1/operator/carriers/{id}/registration", operator, &path, Some(registrar));
        let _ = self.does("DELETE /api/v1/operator/carriers/{id}/registration", operator, &path, None);
        let order = json!({"carrierOrder": ["quality", "cost"]});
        let _ = self.does("PUT /api/v1/operator/routing", operator, "/api/v1/operator/routing", Some(order));
        let rules = json!({"rules": []});
        let _ = self.does(
            "PUT /api/v1/operator/eligibility",
            operator,
            "/api/v1/operator/eligibility",
            Some(rules),
        );
        let regions = "/api/v1/operator/eligibility/regions";
        let open = json!({"regions": []});
        let _ = self.does("PUT /api/v1/operator/eligibility/regions", operator, regions, Some(open));
        let country = "/api/v1/operator/emergency/FI";
        let numbers = json!({"numbers": ["112"]});
        let _ = self.does("PATCH /api/v1/operator/emergency/{country}", operator, country, Some(numbers));
        let _ = self.does("DELETE /api/v1/operator/emergency/{country}", operator, country, None);
        let number = json!({"e164": "+37061234501", "type": "mobile", "country": "LT", "carrier": "sandbox",
            "capabilities": {"calling": "inbound+outbound", "sms": "none"}, "monthly": {"amountMicros": 1, "currency": "USD"}});
        let stock = json!({"numbers": [number]});
        let _ =
            self.does("POST /api/v1/operator/inventory", operator, "/api/v1/operator/inventory", Some(stock));
        let rotate = "/api/v1/operator/signingKeys:rotate";
        let _ = self.does("POST /api/v1/operator/signingKeys:rotate", operator, rotate, Some(json!({})));
        let heard = "/api/v1/operator/announcements";
        let busy = json!({"announced": ["busy"]});
        let _ = self.does("PATCH /api/v1/operator/announcements", operator, heard, Some(busy));
        let (put, file) =
            ("PUT /api/v1/operator/announcements/{cause}/{language}", format!("{heard}/busy/en"));
        let before = self.newest();
        let wav = media::wav::write(1, 8_000, &[1_000; 800]);
        let _ = operator.send_bytes("PUT", &file, "audio/wav", wav).expect(200);
        assert_ne!(self.newest(), before, "an upload writes nothing into the audit");
        let _ = self.asked.insert(put.to_owned());
        let drop = "DELETE /api/v1/operator/announcements/{cause}/{language}";
        let _ = self.does(drop, operator, &file, None);
        let audio = "/api/v1/operator/audio";
        let numbers = json!({"echoNumbers": ["echo", "*43"]});
        let _ = self.does("PATCH /api/v1/operator/audio", operator, audio, Some(numbers));
        let stir = "/api/v1/operator/stir";
        let pem = std::fs::read_to_string(self.server.data().join("ca.pem")).expect("the local CA");
        let roots = format!("{stir}/roots");
        let body = json!({"certificates": pem});
        let made = self.does("POST /api/v1/operator/stir/roots", operator, &roots, Some(body));
        let _ = self.does("PATCH /api/v1/operator/stir", operator, stir, Some(json!({"failed": "refuse"})));
        let root = made.body["roots"][0]["fingerprint"].as_str().expect("a fingerprint");
        let path = format!("{roots}/{root}");
        let _ = self.does("DELETE /api/v1/operator/stir/roots/{fingerprint}", operator, &path, None);
        for verb in ["drain", "resume"] {
            let operation = format!("POST /api/v1/operator/node:{verb}");
            let _ =
                self.does(&operation, operator, &format!("/api/v1/operator/node:{verb}"), Some(json!({})));
        }
    }

    fn prices(&mut self, operator: &Client) {
        let plans = "/api/v1/operator/pricePlans";
        let new = json!({"name": "walked", "currency": "USD"});
        let made = self.does("POST /api/v1/operator/pricePlans", operator, plans, Some(new));
        let plan = format!("{plans}/{}", made.body["id"].as_str().expect("an id"));
        let hold = json!({"holdSeconds": 30});
        let _ = self.does("PATCH /api/v1/operator/pricePlans/{id}", operator, &plan, Some(hold));
        let later = format!("{plan}?effectiveAt=2999-01-01T00:00:00Z");
        let _ = operator.patch(&later, &json!({"holdSeconds": 40})).expect(200);
        let withdraw = "DELETE /api/v1/operator/pricePlans/{id}/versions/{number}";
        let _ = self.does(withdraw, operator, &format!("{plan}/versions/3"), None);
        let decks = "/api/v1/operator/rateDecks";
        let new = json!({"name": "walked", "kind": "price", "currency": "USD"});
        let made = self.does("POST /api/v1/operator/rateDecks", operator, decks, Some(new));
        let deck = format!("{decks}/{}", made.body["id"].as_str().expect("an id"));
        let upload = |text: &str| {
            let path = format!("{deck}/versions");
            operator.post_text(&path, "text/csv", format!("prefix,perMinute\n{text}\n")).expect(201)
        };
        let before = self.newest();
        let _ = upload("46,0.01");
        assert_ne!(self.newest(), before, "an upload writes nothing into the audit");
        let _ = self.asked.insert("POST /api/v1/operator/rateDecks/{id}/versions".to_owned());
        let confirm = "POST /api/v1/operator/rateDecks/{id}/versions/{number}:confirm";
        let _ = self.does(confirm, operator, &format!("{deck}/versions/1:confirm"), Some(json!({})));
        let _ = upload("46,0.02");
        let withdraw = "DELETE /api/v1/operator/rateDecks/{id}/versions/{number}";
        let _ = self.does(withdraw, operator, &format!("{deck}/versions/2"), None);
        let back = json!({"version": 1});
        let rollback = "POST /api/v1/operator/rateDecks/{id}:rollback";
        let _ = self.does(rollback, operator, &format!("{deck}:rollback"), Some(back));
    }

    /// A draft is tried on the calls of an hour, scheduled, taken back, applied, rolled back and forgotten.
    fn rehearse(&mut self, by: &Client, root: &str, mut new: Value) {
        let now = chrono::Utc::now();
        new["since"] = json!(now - chrono::TimeDelta::hours(1));
        new["until"] = json!(now);
        let all = format!("{root}/rehearsals");
        let made = self.does(&format!("POST {all}"), by, &all, Some(new));
        let one = format!("{all}/{}", made.body["id"].as_str().expect("an id"));
        let _ = by.wait(&one, Duration::from_secs(20), |now| now["state"] == "done");
        let apply = format!("POST {all}/{{id}}:apply");
        let later = format!("{one}:apply?effectiveAt=2999-01-01T00:00:00Z");
        let _ = self.does(&apply, by, &later, Some(json!({})));
        let withdraw = format!("POST {all}/{{id}}:withdraw");
        let _ = self.does(&withdraw, by, &format!("{one}:withdraw"), Some(json!({})));
        let _ = by.post(&format!("{one}:apply"), &json!({})).expect(200);
        let rollback = format!("POST {all}/{{id}}:rollback");
        let _ = self.does(&rollback, by, &format!("{one}:rollback"), Some(json!({})));
        let _ = self.does(&format!("DELETE {all}/{{id}}"), by, &one, None);
    }

    fn supply(&mut self, owner: &Client, operator: &Client) {
        let suppliers = "/api/v1/operator/suppliers";
        let new = json!({"name": "walked", "url": "https://numbers.example.com/v1", "carrier": "walked", "enabled": false});
        let made = self.does("POST /api/v1/operator/suppliers", operator, suppliers, Some(new));
        let path = format!("{suppliers}/{}", made.body["id"].as_str().expect("an id"));
        let margin = json!({"marginBasisPoints": 2_000});
        let _ = self.does("PATCH /api/v1/operator/suppliers/{id}", operator, &path, Some(margin));
        let policy = "/api/v1/operator/quarantinePolicy";
        let days = json!({"defaultDays": 45});
        let _ = self.does("PUT /api/v1/operator/quarantinePolicy", operator, policy, Some(days));
        let rules = "/api/v1/operator/regulatoryRequirements";
        let rule = json!({"country": "LT", "type": "mobile", "kind": "address", "description": "an address"});
        let made = self.does("POST /api/v1/operator/regulatoryRequirements", operator, rules, Some(rule));
        let id = made.body["id"].as_str().expect("an id");
        let shown = json!({"statement": "1 Main Street"});
        let show = format!("/api/v1/regulatoryRequirements/{id}:show");
        let _ = self.does("POST /api/v1/regulatoryRequirements/{id}:show", owner, &show, Some(shown));
        let evidence = "/api/v1/operator/regulatoryEvidence";
        let found = operator.get(evidence).expect(200).body["value"][0]["id"].clone();
        let path = |verb: &str| format!("{evidence}/{}:{verb}", found.as_str().expect("an id"));
        let approve = "POST /api/v1/operator/regulatoryEvidence/{id}:approve";
        let _ = self.does(approve, operator, &path("approve"), Some(json!({})));
        let reject = "POST /api/v1/operator/regulatoryEvidence/{id}:reject";
        let _ = self.does(reject, operator, &path("reject"), Some(json!({"reason": "it is too short"})));
        let delete = "DELETE /api/v1/operator/regulatoryRequirements/{id}";
        let _ = self.does(delete, operator, &format!("{rules}/{id}"), None);
    }
}

impl Walk {
    fn port_ins(&mut self, owner: &Client, operator: &Client) {
        let draft = json!({"country": "US", "type": "geographic", "numbers": ["+12065551901"]});
        let made = self.does("POST /api/v1/portIns", owner, "/api/v1/portIns", Some(draft));
        let path = format!("/api/v1/portIns/{}", made.body["id"].as_str().expect("an id"));
        let change = json!({"provider": "Old Telco"});
        let _ = self.does("PATCH /api/v1/portIns/{id}", owner, &path, Some(change));
        let paper = json!({"kind": "other", "contentType": "application/pdf", "content": "JVBERi0xLjcK"});
        let papers = format!("{path}/documents");
        let made = self.does("POST /api/v1/portIns/{id}/documents", owner, &papers, Some(paper));
        let paper = format!("{papers}/{}", made.body["id"].as_str().expect("an id"));
        let _ = self.does("DELETE /api/v1/portIns/{id}/documents/{document}", owner, &paper, None);
        let (why, nothing) = (json!({"reason": "walk"}), json!({}));
        let cancel = format!("{path}:cancel");
        let _ = self.does("POST /api/v1/portIns/{id}:cancel", owner, &cancel, Some(nothing.clone()));
        let (path, _) = crate::porting::prepared(owner, &["+12065551902"]);
        let theirs = path.replace("/v1/", "/v1/operator/");
        let moved = |verb: &str| format!("{theirs}:{verb}");
        let of = |verb: &str| format!("POST /api/v1/operator/portIns/{{id}}:{verb}");
        let submit = format!("{path}:submit");
        let _ = self.does("POST /api/v1/portIns/{id}:submit", owner, &submit, Some(nothing.clone()));
        let _ = self.does(&of("reject"), operator, &moved("reject"), Some(why.clone()));
        let revise = format!("{path}:revise");
        let _ = self.does("POST /api/v1/portIns/{id}:revise", owner, &revise, Some(nothing.clone()));
        let _ = owner.post(&submit, &nothing).expect(200);
        let firm = json!({"firmOn": crate::porting::today(), "carrier": "sandbox"});
        let _ = self.does(&of("accept"), operator, &moved("accept"), Some(firm));
        let _ = self.does(&of("complete"), operator, &moved("complete"), Some(nothing.clone()));
        let (other, _) = crate::porting::prepared(owner, &["+12065551903"]);
        let _ = owner.post(&format!("{other}:submit"), &nothing).expect(200);
        let path = format!("{}:cancel", other.replace("/v1/", "/v1/operator/"));
        let _ = self.does(&of("cancel"), operator, &path, Some(why));
    }

    /// The number that came leaves again.
    fn port_outs(&mut self, owner: &Client, operator: &Client) {
        let number = "+12065551902";
        let guard = format!("/api/v1/numbers/{}/portOut", number.replace('+', "%2B"));
        let pin = json!({"pin": "493817"});
        let _ = self.does("PATCH /api/v1/numbers/{e164}/portOut", owner, &guard, Some(pin));
        let (why, nothing) = (json!({"reason": "walk"}), json!({}));
        let wish = json!({"number": number, "provider": "New Telco"});
        let made = self.does("POST /api/v1/portOuts", owner, "/api/v1/portOuts", Some(wish));
        let id = |answer: &Answer| answer.body["id"].as_str().expect("an id").to_owned();
        let theirs = |id: &str, verb: &str| format!("/api/v1/operator/portOuts/{id}:{verb}");
        let of = |verb: &str| format!("POST /api/v1/operator/portOuts/{{id}}:{verb}");
        let _ = self.does(&of("reject"), operator, &theirs(&id(&made), "reject"), Some(why.clone()));
        let asked = json!({"number": number, "provider": "New Telco", "pin": "493817"});
        let root = "/api/v1/operator/portOuts";
        let made = self.does("POST /api/v1/operator/portOuts", operator, root, Some(asked.clone()));
        let _ = self.does(&of("cancel"), operator, &theirs(&id(&made), "cancel"), Some(why.clone()));
        let made = id(&operator.post(root, &asked).expect(201));
        let own = format!("/api/v1/portOuts/{made}");
        let _ = self.does("POST /api/v1/portOuts/{id}:object", owner, &format!("{own}:object"), Some(why));
        let confirm = format!("{own}:confirm");
        let _ = self.does("POST /api/v1/portOuts/{id}:confirm", owner, &confirm, Some(nothing.clone()));
        let firm = json!({"firmOn": crate::porting::today()});
        let _ = self.does(&of("schedule"), operator, &theirs(&made, "schedule"), Some(firm));
        let _ = self.does(&of("complete"), operator, &theirs(&made, "complete"), Some(nothing));
    }
}

#[test]
fn every_operation_that_changes_something_is_written_down() {
    let server = Server::start_with(Options {
        binary: BINARY.into(),
        address: Ipv4Addr::new(127, 20, 9, 4),
        settings: vec![("DIALTONE_WEBHOOKS__ALLOW_PRIVATE".to_owned(), "true".to_owned())],
    });
    let (owner, operator) = (server.tenant("Walks The Audit"), server.operator());
    let document = server.anonymous().get("/openapi.json").expect(200).body;
    let mut walk = Walk { server, owner, operator, asked: BTreeSet::new() };
    walk.all();
    let mut missing = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in
            ["post", "put", "patch", "delete"].into_iter().filter(|method| item.get(*method).is_some())
        {
            let operation = format!("{} {path}", method.to_uppercase());
            let exempt = EXEMPT.iter().any(|(known, _)| *known == operation);
            assert!(!(exempt && walk.asked.contains(&operation)), "{operation} is exempt and walked");
            if !exempt && !walk.asked.contains(&operation) {
                missing.push(operation);
            }
        }
    }
    assert!(missing.is_empty(), "walk these, or say why they write nothing: {missing:#?}");
}

#[test]
fn the_audit_says_how_it_was_and_how_it_is() {
    let tenant = crate::tenant("Before And After");
    let change = |prefixes: &[&str]| {
        let _ = tenant.patch("/api/v1/protection", &json!({"blockedPrefixes": prefixes})).expect(200);
    };
    change(&["881"]);
    change(&["882"]);
    let row = tenant.get("/api/v1/audit?what=protection&maxPageSize=1").expect(200).body["value"][0].clone();
    assert_eq!(row["actor"], "before-and-after@tenant.test");
    assert!(row["before"].to_string().contains("881") && !row["before"].to_string().contains("882"), "{row}");
    assert!(row["after"].to_string().contains("882") && !row["after"].to_string().contains("881"), "{row}");
    let id = row["id"].as_str().expect("an id");
    assert_eq!(tenant.get(&format!("/api/v1/audit/{id}")).expect(200).body, row);
    let _ = crate::tenant("Not Mine To Read").get(&format!("/api/v1/audit/{id}")).expect(404);
    let next = tenant.get("/api/v1/audit?maxPageSize=1").expect(200).body["nextLink"].clone();
    let older = tenant.get(next.as_str().expect("a next page")).expect(200).body;
    assert!(older["value"][0]["id"].as_str() < Some(id), "pages go back in time");
    let _ = tenant.get("/api/v1/audit?what=%25").expect(400);
}
