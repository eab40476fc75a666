//! Tenants are walls: each operation of the OpenAPI document that names something of a tenant is tried by another with
//! the first one's true ids, and says that there is no such thing; nothing that is the first one's has changed after.
//! A new operation with a parameter belongs into [`Owned::fill`].

use crate::{
    BINARY, VERSION,
    access::{Operation, operations},
    tenant,
};
use serde_json::{Value, json};
use std::{
    net::Ipv4Addr,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use testkit::server::{Answer, Client, Options, Server};

/// A server that lets webhooks lead to loopback, so that there can be one; nobody listens there.
static HERE: LazyLock<Server> = LazyLock::new(|| {
    let settings = vec![("DIALTONE_WEBHOOKS__ALLOW_PRIVATE".to_owned(), "true".to_owned())];
    Server::start_with(Options { binary: BINARY.into(), address: Ipv4Addr::new(127, 20, 10, 1), settings })
});

const PATIENCE: Duration = Duration::from_secs(20);
/// The last digits of the next number that comes from another provider.
static PORTED: AtomicU32 = AtomicU32::new(2_000);
/// An id of nothing.
const NOTHING: &str = "0190163d-8694-739b-aea5-966c26f8ad90";
/// What takes a parameter and belongs to nobody.
const NOBODYS: [&str; 5] = [
    "/availablePhoneNumbers/countries/{countryCode}/:browse",
    "/availablePhoneNumbers/countries/{countryCode}/:search",
    "/availablePhoneNumbers/countries/{countryCode}/areaCodes",
    "/availablePhoneNumbers/countries/{countryCode}/localities",
    "/availablePhoneNumbers/countries/{countryCode}/offerings",
];
/// Each tenant has its own of these, under names that all share: slots, and the ids of the operator's rules.
const SHARED_NAMES: [&str; 2] = ["/api/v1/accessKeys/{slot}", "/api/v1/regulatoryRequirements/{id}"];
/// Whoever asks chooses the id, and makes a reservation of its own under it.
const MAKES: &str = "PATCH /availablePhoneNumbers/reservations/{reservationId}";

/// What the first tenant has.
struct Owned {
    number: String,
    search: String,
    operation: String,
    reservation: String,
    identity: String,
    api_key: String,
    webhook: String,
    call: String,
    audit: String,
    sbc: String,
    domain: String,
    port_in: String,
    paper: String,
    port_out: String,
    invoice: String,
    rehearsal: String,
}

fn id(value: &Value) -> String {
    value.as_str().expect("an id").to_owned()
}

impl Owned {
    /// Everything that a tenant can have, under a domain of its own.
    fn of(owner: &Client, domain: &str) -> Self {
        let sbc = format!("sbc.{domain}");
        let number = owner.buy("US", "geographic");
        let trunk = json!({"trunks": {sbc.as_str(): {"sipSignalingPort": 5060}}});
        let _ = owner.patch("/sip?api-version=2023-03-01", &trunk).expect(200);
        let route = json!({"name": "walls", "numberPattern": "^\\+46", "targets": [{"fqdn": sbc}]});
        let _ = owner.post("/api/v1/routes", &route).expect(201);
        let _ = owner.post("/api/v1/domains", &json!({"name": format!("more-{domain}")})).expect(201);
        let _ = owner.post("/api/v1/sipUsers", &json!({"username": "walls"})).expect(201);
        let address = json!({"country": "US", "lines": ["1 Main Street"], "locality": "Seattle", "region": "WA", "postalCode": "98101"});
        let path = format!("/api/v1/emergency/addresses/{}", number.replace('+', "%2B"));
        assert!(owner.send("PUT", &path, Some(&address)).status < 300);
        let wanted = json!({"phoneNumberType": "geographic", "assignmentType": "application",
            "capabilities": {"calling": "inbound", "sms": "none"}});
        let searched = owner
            .post(&format!("/availablePhoneNumbers/countries/US/:search?{VERSION}"), &wanted)
            .expect(202);
        let header = |answer: &Answer, name: &str| answer.header(name).expect("a header").to_owned();
        let key = json!({"name": "walls", "scopes": ["calls.read"]});
        let webhook = json!({"name": "walls", "url": "http://127.20.10.2:9/hook"});
        let (port_in, paper) = Self::coming(owner);
        let from = json!({"from": "+12065550142", "to": number});
        let _ = owner.post("/api/v1/sandbox/calls", &from).expect(201);
        let calls = owner.wait("/api/v1/calls", PATIENCE, |calls| calls["value"][0]["state"] == "ended");
        Self {
            search: header(&searched, "search-id"),
            operation: header(&searched, "operation-id"),
            reservation: Self::reserve(owner),
            identity: id(
                &owner.post("/identities?api-version=2023-10-01", &json!({})).expect(201).body["identity"]["id"],
            ),
            api_key: id(&owner.post("/api/v1/apiKeys", &key).expect(201).body["id"]),
            webhook: id(&owner.post("/api/v1/webhooks", &webhook).expect(201).body["id"]),
            call: id(&calls["value"][0]["id"]),
            audit: id(&owner.get("/api/v1/audit").expect(200).body["value"][0]["id"]),
            port_in,
            paper,
            port_out: Self::leaving(owner),
            invoice: crate::invoices::close_at(&HERE, owner),
            rehearsal: Self::rehearsed(owner),
            number,
            sbc,
            domain: format!("more-{domain}"),
        }
    }

    fn reserve(owner: &Client) -> String {
        let wanted = json!({"countryCode": "GB", "phoneNumberType": "geographic", "assignmentType": "application",
            "capabilities": {"calling": "inbound", "sms": "none"}});
        let browse = format!("/availablePhoneNumbers/countries/GB/:browse?{VERSION}");
        let offers = owner.post(&browse, &wanted).expect(200).body;
        let reservation = uuid::Uuid::new_v4().to_string();
        let path = format!("/availablePhoneNumbers/reservations/{reservation}?{VERSION}");
        let body = json!({"phoneNumbers": {id(&offers["phoneNumbers"][0]["id"]): wanted}});
        assert!(owner.patch(&path, &body).status < 300);
        reservation
    }

    /// Routes that were tried on the calls of an hour.
    fn rehearsed(owner: &Client) -> String {
        let now = chrono::Utc::now();
        let new = json!({"since": now - chrono::TimeDelta::hours(1), "until": now, "routes": []});
        let rehearsal = id(&owner.post("/api/v1/rehearsals", &new).expect(202).body["id"]);
        let _ =
            owner.wait(&format!("/api/v1/rehearsals/{rehearsal}"), PATIENCE, |now| now["state"] == "done");
        rehearsal
    }

    /// A draft of numbers that come, with a paper.
    fn coming(owner: &Client) -> (String, String) {
        let number = format!("+1206555{}", PORTED.fetch_add(1, Ordering::Relaxed));
        let (path, paper) = crate::porting::prepared(owner, &[&number]);
        (path.rsplit('/').next().expect("an id").to_owned(), paper)
    }

    /// A number that came, and is to leave again.
    fn leaving(owner: &Client) -> String {
        let number = format!("+1206555{}", PORTED.fetch_add(1, Ordering::Relaxed));
        crate::porting::ported_to(owner, &HERE.operator(), &number);
        let wish = json!({"number": number, "provider": "New Telco"});
        id(&owner.post("/api/v1/portOuts", &wish).expect(201).body["id"])
    }

    /// What tells whose things these are, wherever it stands.
    fn marks(&self) -> [&str; 16] {
        let Self {
            number,
            search,
            operation,
            reservation,
            identity,
            api_key,
            webhook,
            call,
            audit,
            sbc,
            domain,
            port_in,
            paper,
            port_out,
            invoice,
            rehearsal,
        } = self;
        [
            number,
            search,
            operation,
            reservation,
            identity,
            api_key,
            webhook,
            call,
            audit,
            sbc,
            domain,
            port_in,
            paper,
            port_out,
            invoice,
            rehearsal,
        ]
    }

    /// The path with the true ids of the first tenant; `None` where the test does not know what it names.
    fn fill(&self, path: &str) -> Option<String> {
        let number = self.number.replace('+', "%2B");
        let of_the_path = [
            ("/identities/", &self.identity),
            ("/api/v1/apiKeys/", &self.api_key),
            ("/api/v1/webhooks/", &self.webhook),
            ("/api/v1/calls/", &self.call),
            ("/api/v1/audit/", &self.audit),
            ("/api/v1/portIns/", &self.port_in),
            ("/api/v1/portOuts/", &self.port_out),
            ("/api/v1/invoices/", &self.invoice),
            ("/api/v1/rehearsals/", &self.rehearsal),
        ];
        let filled = of_the_path
            .iter()
            .find(|(root, _)| path.starts_with(root))
            .map_or_else(|| path.to_owned(), |(_, id)| path.replace("{id}", &id.replace(':', "%3A")));
        let domain = format!("/api/v1/domains/{}", self.domain);
        let named = [
            ("{phoneNumber}", number.as_str()),
            ("{e164}", &number),
            ("{fqdn}", &self.sbc),
            ("{document}", &self.paper),
            ("{username}", "walls"),
            ("{searchId}", &self.search),
            ("{operationId}", &self.operation),
            ("{reservationId}", &self.reservation),
            ("/api/v1/routes/{name}", "/api/v1/routes/walls"),
            ("/api/v1/domains/{name}", &domain),
            // Under a webhook and a trunk, which are the first tenant's.
            ("{delivery}", NOTHING),
            // They need calls that are up: tests/calls/recorded.rs looks for a stranger to true ones.
            ("/api/v1/recordings/{id}", "/api/v1/recordings/0190163d-8694-739b-aea5-966c26f8ad90"),
            ("/api/v1/stops/{id}", "/api/v1/stops/0190163d-8694-739b-aea5-966c26f8ad90"),
            ("/reports/{id}", "/reports/0190163d-8694-739b-aea5-966c26f8ad90"),
        ];
        let filled = named.iter().fold(filled, |path, (name, value)| path.replace(name, value));
        (!filled.contains('{')).then_some(filled)
    }
}

/// A body that would do, so that nothing but the wall is in the way.
fn body(method: &str, path: &str) -> Option<Value> {
    let number = json!({"country": "US", "lines": ["2 Main Street"], "locality": "Seattle", "region": "WA", "postalCode": "98101"});
    let registrar = json!({"registrar": "registers.example", "username": "walls", "password": "a password"});
    match (method, path) {
        ("GET" | "DELETE", _) => None,
        (_, "/api/v1/numbers/{e164}") => Some(json!({"inbound": {"kind": "none"}})),
        (_, "/phoneNumbers/{phoneNumber}/capabilities") => Some(json!({"calling": "inbound"})),
        (_, "/api/v1/emergency/addresses/{e164}") => Some(number),
        (_, "/api/v1/trunks/{fqdn}/registration") => Some(registrar),
        (_, "/api/v1/domains/{name}") => Some(json!({"enabled": false})),
        (_, "/api/v1/routes/{name}") => Some(json!({"description": "taken over"})),
        (_, "/identities/{id}/:issueAccessToken") => Some(json!({"scopes": ["voip"]})),
        (_, "/api/v1/portIns/{id}/documents") => {
            Some(json!({"kind": "other", "contentType": "application/pdf", "content": "JVBERi0xLjcK"}))
        }
        (_, "/api/v1/portOuts/{id}:object") => Some(json!({"reason": "it is mine"})),
        (_, "/api/v1/webhooks/{id}:test") => Some(json!({"eventType": "Dialtone.BalanceLow"})),
        _ => Some(json!({})),
    }
}

fn versioned(path: &str) -> String {
    let version = if path.starts_with("/identities") { "api-version=2023-10-01" } else { VERSION };
    format!("{path}?{version}")
}

#[test]
fn a_stranger_finds_nothing_of_another_tenant_and_changes_nothing() {
    let (owner, stranger) = (HERE.tenant("Walls Owner"), HERE.tenant("Walls Stranger"));
    let owned = Owned::of(&owner, "walls.test");
    let with_parameters = operations().into_iter().filter(|operation| operation.path.contains('{'));
    let of_tenants: Vec<Operation> = with_parameters
        .filter(|operation| !operation.path.starts_with("/api/v1/operator/"))
        .filter(|operation| format!("{} {}", operation.method, operation.path) != MAKES)
        .filter(|operation| !NOBODYS.contains(&operation.path.as_str()))
        .filter(|operation| !SHARED_NAMES.iter().any(|shared| operation.path.starts_with(shared)))
        .collect();
    assert!(of_tenants.len() > 40, "only {} operations name something of a tenant", of_tenants.len());
    let read = |client: &Client| -> Vec<(String, u16, String)> {
        let reads = of_tenants.iter().filter(|operation| operation.method == "GET");
        let paths = reads.filter_map(|operation| owned.fill(&operation.path)).map(|path| versioned(&path));
        paths
            .map(|path| {
                let mut answer = client.get(&path);
                // What is heard of a trunk changes with time, whoever asks.
                let heard = answer.body.as_object_mut().and_then(|thing| thing.remove("health"));
                let text = if heard.is_some() { answer.body.to_string() } else { answer.text };
                (path, answer.status, text)
            })
            .collect()
    };
    let before = read(&owner);
    let found = before.iter().filter(|(_, status, _)| *status == 200).count();
    assert!(found > 12, "the owner itself finds only {found} of its things: {before:#?}");

    for Operation { method, path } in &of_tenants {
        let filled = owned.fill(path).unwrap_or_else(|| panic!("{path}: say in Owned::fill what it names"));
        let answer = stranger.send(method, &versioned(&filled), body(method, path).as_ref());
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text);
        let mut leaked = owned
            .marks()
            .into_iter()
            .filter(|mark| !filled.contains(&mark.replace('+', "%2B").replace(':', "%3A")));
        assert!(!leaked.any(|mark| answer.text.contains(mark)), "{method} {path}: {}", answer.text);
    }
    // Under the id of another's reservation a stranger makes one of its own, without what is in the other.
    let same = versioned(&format!("/availablePhoneNumbers/reservations/{}", owned.reservation));
    let made = stranger.patch(&same, &json!({})).expect(201);
    assert_eq!(made.body["phoneNumbers"], json!({}));
    assert_eq!(read(&owner), before, "what is the owner's has changed");
}

#[test]
fn no_list_shows_a_stranger_what_another_tenant_has_and_no_id_in_a_body_opens_it() {
    let (owner, stranger) = (HERE.tenant("Lists Owner"), HERE.tenant("Lists Stranger"));
    let owned = Owned::of(&owner, "lists.test");
    let lists = operations()
        .into_iter()
        .filter(|operation| operation.method == "GET" && !operation.path.contains('{'));
    let mut asked = 0;
    for Operation { path, .. } in lists.filter(|operation| operation.path != "/metrics") {
        let answer = stranger.get(&versioned(&path));
        for mark in owned.marks() {
            assert!(!answer.text.contains(mark), "{path} shows {mark}: {}", answer.text);
        }
        asked += usize::from(answer.status == 200);
    }
    assert!(asked > 15, "only {asked} lists were shown at all");
    let purchase = json!({"searchId": owned.search});
    let bought = stranger.post(&format!("/availablePhoneNumbers/:purchase?{VERSION}"), &purchase);
    assert_eq!(bought.status, 404, "{}", bought.text);
    let route = json!({"name": "over", "numberPattern": "^\\+46", "targets": [{"fqdn": owned.sbc}]});
    let routed = stranger.post("/api/v1/routes", &route);
    assert!((400..500).contains(&routed.status), "{}", routed.text);
    let own = stranger.buy("US", "geographic").replace('+', "%2B");
    for target in [json!({"kind": "trunk", "target": owned.sbc}), json!({"kind": "user", "target": "walls"})]
    {
        let bound = stranger.patch(&format!("/api/v1/numbers/{own}"), &json!({"inbound": target}));
        assert!((400..500).contains(&bound.status), "{target}: {}", bound.text);
    }
}

#[test]
fn what_is_the_operators_is_closed_to_tenants() {
    let somebody = tenant("Walls Tenant");
    let id = "0190163d-8694-739b-aea5-966c26f8ad90";
    let mut asked = 0;
    for Operation { method, path } in operations().iter().filter(|o| o.path.starts_with("/api/v1/operator/"))
    {
        let mut filled = path.clone();
        while let (Some(open), Some(close)) = (filled.find('{'), filled.find('}')) {
            filled.replace_range(open..=close, if path.contains("{country}") { "US" } else { id });
        }
        let answer = somebody.send(method, &filled, body(method, path).as_ref());
        assert!(
            matches!(answer.status, 400 | 403 | 404),
            "{method} {path}: {} {}",
            answer.status,
            answer.text
        );
        assert!(method != "GET" || answer.status != 400, "{method} {path}: {}", answer.text);
        asked += 1;
    }
    assert!(asked > 20, "only {asked} operations are the operator's");
    assert_eq!(crate::server().anonymous().get("/readyz").status, 200, "nobody drained the node");
}
