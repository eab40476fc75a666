//! A tenant's pages: numbers that come, and numbers that others ask for.

use super::{
    ListPage, OWN, Part, all,
    form::{DraftForm, MoveForm, OutForm},
    request::{DraftPart, NewPage, RequestPage},
};
use crate::portal::{
    error::{self, PageError},
    page::{Done, Place},
    posted::{Nothing, Posted},
    visit::{Member, PageResult},
};
use actix_web::{
    HttpResponse, get,
    http::StatusCode,
    post,
    web::{self, Data, Path, PayloadConfig, Query, ServiceConfig},
};
use app::{
    App, Error,
    porting::{self, DocumentKind},
    regulatory::Document,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::porting::Direction;
use serde::Deserialize;
use uuid::Uuid;

/// Largest form with a document, in bytes.
const FORM_MAX_BYTES: usize = 1024 * 1024;

pub(super) fn mount(pages: &mut ServiceConfig) {
    let upload = web::resource("/app/porting/in/{id}/documents").app_data(PayloadConfig::new(FORM_MAX_BYTES));
    pages.service(upload.route(web::post().to(add_document)));
    pages.service(index).service(list_in).service(list_out).service(new).service(create);
    pages.service(show_in).service(edit).service(move_in).service(download).service(drop_document);
    pages.service(ask).service(show_out).service(move_out);
}

#[get("/app/porting")]
async fn index(app: Data<App>, member: Member, part: Query<Part>) -> PageResult {
    list(&app, &member, Direction::In, part.into_inner()).await
}

#[get("/app/porting/in")]
async fn list_in(app: Data<App>, member: Member, part: Query<Part>) -> PageResult {
    list(&app, &member, Direction::In, part.into_inner()).await
}

#[get("/app/porting/out")]
async fn list_out(app: Data<App>, member: Member, part: Query<Part>) -> PageResult {
    list(&app, &member, Direction::Out, part.into_inner()).await
}

async fn list(app: &App, member: &Member, direction: Direction, part: Part) -> PageResult {
    let found = porting::list(app, &member.actor, all(direction), &part.request()).await?;
    member.page(&ListPage::of(member.shell(Place::Porting), OWN, direction, found))
}

#[get("/app/porting/new")]
async fn new(member: Member) -> PageResult {
    new_page(&member, StatusCode::OK, DraftForm::default(), None)
}

fn new_page(member: &Member, status: StatusCode, form: DraftForm, error: Option<String>) -> PageResult {
    let page = NewPage { shell: member.shell(Place::Porting), draft: DraftPart::of(form, false), error };
    member.page_with(status, &page)
}

#[post("/app/porting/new")]
async fn create(app: Data<App>, member: Member, form: Posted<DraftForm>) -> PageResult {
    let form = form.0;
    let made = match form.draft(None) {
        Ok(draft) => porting::create(&app, &member.actor, draft).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(request) => Ok(member.go_saying(&format!("{OWN}/in/{}", request.id), Done::PortingSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            new_page(&member, status, form, Some(text))
        }
    }
}

#[get("/app/porting/in/{id}")]
async fn show_in(app: Data<App>, member: Member, id: Path<Uuid>) -> PageResult {
    let page = request(&app, &member, Direction::In, *id).await?;
    member.page(&page)
}

#[get("/app/porting/out/{id}")]
async fn show_out(app: Data<App>, member: Member, id: Path<Uuid>) -> PageResult {
    let page = request(&app, &member, Direction::Out, *id).await?;
    member.page(&page)
}

async fn request(
    app: &App,
    member: &Member,
    direction: Direction,
    id: Uuid,
) -> Result<RequestPage, PageError> {
    let whole = porting::get(app, &member.actor, direction, id).await?;
    Ok(RequestPage::of(app, member.shell(Place::Porting), OWN, false, whole))
}

#[post("/app/porting/in/{id}")]
async fn edit(app: Data<App>, member: Member, id: Path<Uuid>, form: Posted<DraftForm>) -> PageResult {
    let (id, form) = (*id, form.0);
    let change = |known: porting::Draft| form.draft(known.details.pin);
    match porting::edit(&app, &member.actor, id, change).await {
        Ok(_) => Ok(member.go_saying(&format!("{OWN}/in/{id}"), Done::PortingSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let page = request(&app, &member, Direction::In, id).await?;
            let draft = DraftPart::of(form, page.draft.has_pin);
            member.page_with(status, &RequestPage { draft, error: Some(text), ..page })
        }
    }
}

/// After something was done with a request: its page again, or what is wrong.
async fn after(
    app: &App,
    member: &Member,
    (direction, id): (Direction, Uuid),
    done: Result<(), Error>,
) -> PageResult {
    match done {
        Ok(()) => Ok(member.go_saying(&format!("{OWN}/{}/{id}", direction.word()), Done::PortingSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let page = request(app, member, direction, id).await?;
            member.page_with(status, &RequestPage { error: Some(text), ..page })
        }
    }
}

#[post("/app/porting/in/{id}/move/{verb}")]
async fn move_in(
    app: Data<App>,
    member: Member,
    path: Path<(Uuid, String)>,
    _form: Posted<MoveForm>,
) -> PageResult {
    let (id, verb) = path.into_inner();
    let done = match verb.as_str() {
        "submit" => porting::submit(&app, &member.actor, id).await,
        "revise" => porting::revise(&app, &member.actor, id).await,
        "cancel" => porting::withdraw(&app, &member.actor, id).await,
        _ => return Err(PageError::NotFound),
    };
    after(&app, &member, (Direction::In, id), done).await
}

#[post("/app/porting/out/{id}/move/{verb}")]
async fn move_out(
    app: Data<App>,
    member: Member,
    path: Path<(Uuid, String)>,
    form: Posted<MoveForm>,
) -> PageResult {
    let (id, verb) = path.into_inner();
    let done = match verb.as_str() {
        "confirm" => porting::confirm(&app, &member.actor, id).await,
        "object" => porting::object(&app, &member.actor, id, &form.0.reason).await,
        _ => return Err(PageError::NotFound),
    };
    after(&app, &member, (Direction::Out, id), done).await
}

/// A paper. It comes as a `data:` address, as a browser reads a file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PaperForm {
    kind: String,
    document: String,
}

impl PaperForm {
    fn read(&self) -> Result<(DocumentKind, Document), Error> {
        let kind = DocumentKind::ALL.into_iter().find(|kind| kind.word() == self.kind);
        let kind = kind.ok_or_else(|| Error::invalid("kind", "choose what the document is"))?;
        let read = || {
            let (content_type, content) =
                self.document.trim().strip_prefix("data:")?.split_once(";base64,")?;
            let bytes = STANDARD.decode(content).ok()?;
            Some(Document { content_type: content_type.to_owned(), bytes })
        };
        let document = read().ok_or_else(|| {
            Error::invalid("document", "choose a file: a PDF, PNG or JPEG of 700 KiB at most")
        })?;
        Ok((kind, document))
    }
}

async fn add_document(app: Data<App>, member: Member, id: Path<Uuid>, form: Posted<PaperForm>) -> PageResult {
    let added = match form.0.read() {
        Ok((kind, document)) => {
            porting::add_document(&app, &member.actor, *id, kind, document).await.map(drop)
        }
        Err(error) => Err(error),
    };
    after(&app, &member, (Direction::In, *id), added).await
}

#[post("/app/porting/in/{id}/documents/{document}/delete")]
async fn drop_document(
    app: Data<App>,
    member: Member,
    path: Path<(Uuid, Uuid)>,
    _form: Posted<Nothing>,
) -> PageResult {
    let (id, document) = path.into_inner();
    let dropped = porting::drop_document(&app, &member.actor, id, document).await;
    after(&app, &member, (Direction::In, id), dropped).await
}

/// A paper, to be saved: it is never shown in our own pages.
#[get("/app/porting/in/{id}/documents/{document}")]
async fn download(app: Data<App>, member: Member, path: Path<(Uuid, Uuid)>) -> PageResult {
    let (id, document) = path.into_inner();
    let found = porting::document(&app, &member.actor, id, document).await?;
    let disposition = ("content-disposition", "attachment");
    Ok(HttpResponse::Ok().content_type(found.content_type).insert_header(disposition).body(found.bytes))
}

#[post("/app/porting/out")]
async fn ask(app: Data<App>, member: Member, form: Posted<OutForm>) -> PageResult {
    let form = form.0;
    let asked = match form.read() {
        Ok(wish) => porting::ask_in_own_name(&app, &member.actor, wish).await,
        Err(error) => Err(error),
    };
    match asked {
        Ok(id) => Ok(member.go_saying(&format!("{OWN}/out/{id}"), Done::PortingSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let found =
                porting::list(&app, &member.actor, all(Direction::Out), &Part::default().request()).await?;
            let page = ListPage::of(member.shell(Place::Porting), OWN, Direction::Out, found);
            member.page_with(status, &ListPage { form, error: Some(text), ..page })
        }
    }
}
