//! The life of a request on one page. No route of `/v1/` is exempt from any
//! phase: a path that is not served and a list of models go the same way.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;

use crate::answer::{AnswerBody, Answered, OtherAnswer, Refusal};
use crate::client::Client;
use crate::phases::{accept, decide, forward, identify, relay, reserve, screen, settle};

/// Answers one request of `client`.
pub(crate) async fn answer(client: Arc<Client>, request: Request<Incoming>) -> Answered {
    client.gate.begin();
    if !accept::is_data_plane(request.uri().path()) {
        return Ok(pass_on(&client, request).await);
    }
    let family = accept::family(&request);
    let api = accept::api(&request);
    match serve(&client, request).await {
        Ok(answer) => Ok(answer),
        Err(refusal) => {
            client.gate.depart(None);
            if refusal.closes() {
                client.gate.linger();
            }
            client.shared().metrics.answered(api, refusal.status());
            Ok(refusal.answer(family))
        }
    }
}

/// The phases, in order.
async fn serve(client: &Arc<Client>, request: Request<Incoming>) -> Result<Response<AnswerBody>, Refusal> {
    let accepted = accept::accept(client, request)?;
    let identified = identify::identify(client, &accepted)?;
    let asked = accept::read(client, accepted).await?;
    let decided = decide::decide(client, &identified, &asked).await?;
    let mut settlement = settle::owe(client, &asked, decided);
    let references = decide::check_references(client.shared(), &asked, &settlement.decided);
    settlement.holds(references, |_, ()| {})?;
    let room = reserve::reserve(client, &settlement.decided, &settlement.most);
    settlement.holds(room, |held, room| *held = Some(room))?;
    settlement.holds(screen::screen(&asked), |_, ()| {})?;
    let answered = forward::forward(client, asked, settlement).await?;
    relay::relay(answered).await
}

async fn pass_on(client: &Arc<Client>, request: Request<Incoming>) -> Response<AnswerBody> {
    let answer = client.shared().other.call(request, client.peer).await;
    let gate = Arc::clone(&client.gate);
    answer.map(|body| AnswerBody::Other(OtherAnswer::new(body, gate)))
}
