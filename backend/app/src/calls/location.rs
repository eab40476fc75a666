//! Where the caller of an emergency call is, said in the INVITE (RFC 6442).

use crate::App;
use domain::{
    config::{PeerPolicy, Snapshot},
    decision::Decision,
    location::{CONTENT_TYPE, pidf_lo},
};
use edge::seam::{Attempt, BodyPart};
use uuid::Uuid;

/// Adds the registered address of the caller to a try, where it is an emergency call and the peer is set to want it.
pub(super) fn convey(
    app: &App,
    snapshot: &Snapshot,
    decision: &Decision,
    policy: &PeerPolicy,
    attempt: &mut Attempt,
) {
    let Some(number) = decision.emergency.as_ref().and_then(|call| call.registered) else { return };
    if !policy.emergency_location {
        return;
    }
    let tenant = decision.payer.and_then(|payer| snapshot.tenant(payer));
    let Some(address) = tenant.and_then(|tenant| tenant.piece.value.emergency.address(number)) else {
        return;
    };
    let host = &app.settings().public_host;
    let content_id = format!("{}@{host}", Uuid::new_v4().simple());
    attempt.headers.push(("Geolocation".to_owned(), format!("<cid:{content_id}>")));
    attempt.headers.push(("Geolocation-Routing".to_owned(), "no".to_owned()));
    let body = pidf_lo(address, host, app.now());
    attempt.part = Some(BodyPart { content_type: CONTENT_TYPE, content_id, body });
}
