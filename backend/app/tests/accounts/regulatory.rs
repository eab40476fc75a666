//! What regulators want of buyers of numbers.

use crate::house::{operator, start, tenant};
use dialtone_app::{
    App, Error,
    numbers::{self, Narrow, SearchRequest},
    regulatory::{self, Document, EvidenceState, NewRequirement, RequirementKind},
};
use domain::{
    access::{Actor, Scope},
    numbering::{AssignmentType, Capabilities, Capability, NumberType},
};
use testkit::database::TestDb;
use uuid::Uuid;

const STATEMENT: &str = "Acme AB, Kungsgatan 1, 111 43 Stockholm";

async fn searched(app: &App, actor: &Actor, country: &str) -> Uuid {
    let request = SearchRequest {
        country: country.to_owned(),
        phone_number_type: NumberType::Geographic,
        assignment_type: AssignmentType::Application,
        capabilities: Capabilities { calling: Capability::InboundOutbound, sms: Capability::None },
        area_code: None,
        quantity: 1,
        narrow: Narrow::default(),
    };
    numbers::search(app, actor, request).await.unwrap().subject().parse().unwrap()
}

fn pdf() -> Document {
    Document { content_type: "application/pdf".to_owned(), bytes: b"%PDF-1.7 a lease".to_vec() }
}

fn wanted(needs_document: bool) -> NewRequirement {
    NewRequirement {
        country: "se".to_owned(),
        number_type: NumberType::Geographic,
        kind: RequirementKind::Address,
        description: "an address in the area of the number".to_owned(),
        needs_document,
    }
}

fn is_refused(bought: &Result<numbers::Operation, Error>) -> bool {
    matches!(bought, Err(Error::Invalid { status: 403, code: "RegulatoryRequirementsNotMet", .. }))
}

#[tokio::test]
async fn a_number_is_sold_once_the_operator_approved_what_was_shown_and_not_before() {
    for test in TestDb::each().await.unwrap() {
        let app = start(&test).await;
        let (actor, signed_up) = tenant(&app, "Acme").await;
        let (other, _) = tenant(&app, "Other").await;
        let rule = regulatory::add_rule(&app, &operator(), wanted(true)).await.unwrap();
        let said = regulatory::requirements(&app, &actor, Some("se")).await.unwrap();
        assert_eq!((said.len(), said[0].state), (1, EvidenceState::Missing));
        assert!(regulatory::requirements(&app, &actor, Some("US")).await.unwrap().is_empty());
        let search = searched(&app, &actor, "SE").await;
        assert!(is_refused(&numbers::purchase(&app, &actor, search).await));
        let elsewhere = searched(&app, &actor, "US").await;
        numbers::purchase(&app, &actor, elsewhere).await.unwrap();
        for (statement, document) in [("", Some(pdf())), (STATEMENT, None)] {
            let refused = regulatory::show(&app, &actor, rule.id, statement, document).await;
            assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
        }
        regulatory::show(&app, &actor, rule.id, STATEMENT, Some(pdf())).await.unwrap();
        assert!(is_refused(&numbers::purchase(&app, &actor, search).await), "it waits");
        let waiting = regulatory::evidence(&app, &operator(), true).await.unwrap();
        assert_eq!((waiting.len(), waiting[0].tenant), (1, signed_up.tenant.id));
        assert_eq!(waiting[0].statement, STATEMENT);
        assert_eq!(regulatory::document(&app, &operator(), waiting[0].id).await.unwrap(), pdf());
        assert!(matches!(regulatory::evidence(&app, &actor, true).await, Err(Error::Denied { .. })));
        assert!(matches!(regulatory::document(&app, &actor, waiting[0].id).await, Err(Error::Denied { .. })));
        let scope = Scope::system("a test");
        let row = store::regulatory::evidence(test.db.read(), &scope, waiting[0].id).await.unwrap().unwrap();
        let kept = [row.statement, row.document.unwrap()].concat();
        let shows = |text: &[u8]| kept.windows(text.len()).any(|window| window == text);
        assert!(!shows(b"Kungsgatan") && !shows(b"%PDF"), "it is encrypted at rest");
        let silent = regulatory::judge(&app, &operator(), waiting[0].id, Some(" ")).await;
        assert!(matches!(silent, Err(Error::Invalid { .. })));
        regulatory::judge(&app, &operator(), waiting[0].id, Some("it cannot be read")).await.unwrap();
        let said = regulatory::requirements(&app, &actor, None).await.unwrap();
        assert_eq!(
            (said[0].state, said[0].reason.as_deref()),
            (EvidenceState::Rejected, Some("it cannot be read"))
        );
        regulatory::show(&app, &actor, rule.id, STATEMENT, Some(pdf())).await.unwrap();
        let waiting = regulatory::evidence(&app, &operator(), true).await.unwrap();
        regulatory::judge(&app, &operator(), waiting[0].id, None).await.unwrap();
        numbers::purchase(&app, &actor, search).await.unwrap();
        let search = searched(&app, &other, "SE").await;
        assert!(
            is_refused(&numbers::purchase(&app, &other, search).await),
            "what one showed is not another's"
        );
        regulatory::drop_rule(&app, &operator(), rule.id).await.unwrap();
        numbers::purchase(&app, &other, search).await.unwrap();
        assert!(regulatory::evidence(&app, &operator(), false).await.unwrap().is_empty());
    }
}
