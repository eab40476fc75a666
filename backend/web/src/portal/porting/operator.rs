//! The operator's pages: what tenants bring, and what other providers ask for.

use super::{
    ALL, ListPage, Part, all,
    form::{MoveForm, OutForm},
    request::RequestPage,
};
use crate::portal::{
    error::{self, PageError},
    page::{Done, Place},
    posted::Posted,
    visit::{Operator, PageResult},
};
use actix_web::{
    HttpResponse, get, post,
    web::{Data, Path, Query, ServiceConfig},
};
use app::{App, Error, porting};
use domain::{money::Currency, porting::Direction};
use uuid::Uuid;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(index).service(list_in).service(list_out).service(show_in).service(show_out);
    pages.service(record).service(move_in).service(move_out).service(download);
}

#[get("/operator/porting")]
async fn index(app: Data<App>, operator: Operator, part: Query<Part>) -> PageResult {
    list(&app, &operator, Direction::In, part.into_inner()).await
}

#[get("/operator/porting/in")]
async fn list_in(app: Data<App>, operator: Operator, part: Query<Part>) -> PageResult {
    list(&app, &operator, Direction::In, part.into_inner()).await
}

#[get("/operator/porting/out")]
async fn list_out(app: Data<App>, operator: Operator, part: Query<Part>) -> PageResult {
    list(&app, &operator, Direction::Out, part.into_inner()).await
}

async fn list(app: &App, operator: &Operator, direction: Direction, part: Part) -> PageResult {
    let found = porting::list_as_operator(app, &operator.actor, all(direction), &part.request()).await?;
    operator.page(&ListPage::of(operator.shell(Place::PortingOfAll), ALL, direction, found))
}

#[get("/operator/porting/in/{id}")]
async fn show_in(app: Data<App>, operator: Operator, id: Path<Uuid>) -> PageResult {
    let page = request(&app, &operator, Direction::In, *id).await?;
    operator.page(&page)
}

#[get("/operator/porting/out/{id}")]
async fn show_out(app: Data<App>, operator: Operator, id: Path<Uuid>) -> PageResult {
    let page = request(&app, &operator, Direction::Out, *id).await?;
    operator.page(&page)
}

async fn request(
    app: &App,
    operator: &Operator,
    direction: Direction,
    id: Uuid,
) -> Result<RequestPage, PageError> {
    let whole = porting::get_as_operator(app, &operator.actor, direction, id).await?;
    let currency = currency(app, operator, direction, id).await?;
    let page = RequestPage::of(app, operator.shell(Place::PortingOfAll), ALL, true, whole);
    Ok(RequestPage { currency: currency.code().to_owned(), ..page })
}

/// The currency of the tenant's account.
async fn currency(app: &App, operator: &Operator, direction: Direction, id: Uuid) -> Result<Currency, Error> {
    let whole = porting::get_as_operator(app, &operator.actor, direction, id).await?;
    Ok(app::protection::get_of(app, &operator.actor, whole.request.tenant).await?.currency)
}

/// After something was done with a request: its page again, or what is wrong, with what was typed.
async fn after(
    app: &App,
    operator: &Operator,
    (direction, id): (Direction, Uuid),
    (moves, done): (MoveForm, Result<(), Error>),
) -> PageResult {
    match done {
        Ok(()) => Ok(operator.go_saying(&format!("{ALL}/{}/{id}", direction.word()), Done::PortingSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let page = request(app, operator, direction, id).await?;
            operator.page_with(status, &RequestPage { moves, error: Some(text), ..page })
        }
    }
}

#[post("/operator/porting/in/{id}/move/{verb}")]
async fn move_in(
    app: Data<App>,
    operator: Operator,
    path: Path<(Uuid, String)>,
    form: Posted<MoveForm>,
) -> PageResult {
    let ((id, verb), form, actor) = (path.into_inner(), form.0, &operator.actor);
    let done = match verb.as_str() {
        "accept" => match form.acceptance(currency(&app, &operator, Direction::In, id).await?) {
            Ok(said) => porting::accept(&app, actor, id, said).await,
            Err(error) => Err(error),
        },
        "reject" => porting::reject_in(&app, actor, id, &form.reason, &form.rejected()).await,
        "complete" => porting::complete_in(&app, actor, id).await,
        "cancel" => porting::cancel_in(&app, actor, id, &form.reason).await,
        _ => return Err(PageError::NotFound),
    };
    after(&app, &operator, (Direction::In, id), (form, done)).await
}

#[post("/operator/porting/out/{id}/move/{verb}")]
async fn move_out(
    app: Data<App>,
    operator: Operator,
    path: Path<(Uuid, String)>,
    form: Posted<MoveForm>,
) -> PageResult {
    let ((id, verb), form, actor) = (path.into_inner(), form.0, &operator.actor);
    let done = match verb.as_str() {
        "schedule" => match form.day() {
            Ok(day) => porting::schedule(&app, actor, id, day).await,
            Err(error) => Err(error),
        },
        "reject" => porting::reject_out(&app, actor, id, &form.reason).await,
        "complete" => porting::complete_out(&app, actor, id).await,
        "cancel" => porting::cancel_out(&app, actor, id, &form.reason).await,
        _ => return Err(PageError::NotFound),
    };
    after(&app, &operator, (Direction::Out, id), (form, done)).await
}

/// A paper, to be saved: it is never shown in our own pages.
#[get("/operator/porting/in/{id}/documents/{document}")]
async fn download(app: Data<App>, operator: Operator, path: Path<(Uuid, Uuid)>) -> PageResult {
    let (id, document) = path.into_inner();
    let found = porting::document(&app, &operator.actor, id, document).await?;
    let disposition = ("content-disposition", "attachment");
    Ok(HttpResponse::Ok().content_type(found.content_type).insert_header(disposition).body(found.bytes))
}

#[post("/operator/porting/out")]
async fn record(app: Data<App>, operator: Operator, form: Posted<OutForm>) -> PageResult {
    let form = form.0;
    let recorded = match form.read() {
        Ok(new) => porting::record(&app, &operator.actor, new).await,
        Err(error) => Err(error),
    };
    match recorded {
        Ok(id) => Ok(operator.go_saying(&format!("{ALL}/out/{id}"), Done::PortingSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let page = Part::default().request();
            let found = porting::list_as_operator(&app, &operator.actor, all(Direction::Out), &page).await?;
            let page = ListPage::of(operator.shell(Place::PortingOfAll), ALL, Direction::Out, found);
            operator.page_with(status, &ListPage { form, error: Some(text), ..page })
        }
    }
}
