//! One stream: a request, its handler, and its answer.

use super::{
    Http2,
    answer::{self, Unsent},
    request::{InvalidHead, Rest, translated},
    room::Room,
};
use crate::{
    http::{
        connection::Serving,
        response::{Body, Response},
    },
    inbound::problem::{HEAD_TOO_LARGE, Problem},
};
use actix_http::body::{BodySize, MessageBody as _};
use actix_web::web::Bytes;
use h2::{Reason, RecvStream, server::SendResponse};
use std::{future::poll_fn, net::SocketAddr, pin::pin, rc::Rc, task::Poll, time::Duration};

/// A stream as the library returns it.
pub type Accepted = (http_1::Request<RecvStream>, SendResponse<Bytes>);

/// How a stream ended.
#[derive(Clone, Copy, Debug)]
pub enum Ending {
    /// The request was answered, or its connection is over.
    Answered,
    /// The client has reset the stream before its answer, or did not take the answer.
    Reset,
}

/// What one stream needs.
pub struct Exchange {
    pub(super) room: Rc<Room>,
    pub(super) peer: Option<SocketAddr>,
    pub(super) server: Rc<Http2>,
    /// The connection counts the stream until its end.
    pub(super) _stream: Serving,
}

impl Exchange {
    /// Answers the request of a stream. The handler ends when the client resets the stream.
    pub async fn run(
        self,
        request: http_1::Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
    ) -> Ending {
        let is_head = request.method() == http_1::Method::HEAD;
        let handled = self.handled(request);
        let Some(answer) = unless_reset(&mut respond, handled).await else {
            return Ending::Reset;
        };
        let (answer, rest) = match answer {
            Ok(answered) => answered,
            Err(reason) => {
                respond.send_reset(reason);
                return Ending::Reset;
            }
        };
        let _part = match answer.body().size() {
            BodySize::Sized(bytes) => self.room.take(usize::try_from(bytes).unwrap_or_default()),
            _ => self.room.take(0),
        };
        let within = Duration::from_millis(self.server.limits.write_timeout_ms);
        match answer::send(&mut respond, answer, is_head, within).await {
            Ok(()) => {
                if let Some(rest) = rest {
                    rest.discard().await;
                }
                Ending::Answered
            }
            Err(Unsent::Gone) => Ending::Answered,
            Err(Unsent::NotTaken) => Ending::Reset,
        }
    }

    /// The answer of the handler, once the client has taken enough of the others.
    async fn handled(
        &self,
        request: http_1::Request<RecvStream>,
    ) -> Result<(actix_http::Response<Body>, Option<Rest>), Reason> {
        self.room.free().await;
        let path = request.uri().path().to_owned();
        let within = Duration::from_millis(self.server.limits.body_timeout_ms);
        match translated(request, self.peer, within) {
            Ok((request, rest)) => Ok((self.server.handler.serve(request).await, Some(rest))),
            Err(InvalidHead::TooManyHeaders) => {
                let problem = Problem::new(HEAD_TOO_LARGE, "the request has more than 96 headers");
                Ok((Response::problem(&problem, &path, None).send(None, None, None), None))
            }
            Err(InvalidHead::Malformed) => Err(Reason::PROTOCOL_ERROR),
        }
    }
}

/// The result, or `None` when the client resets the stream before.
async fn unless_reset<T>(
    respond: &mut SendResponse<Bytes>,
    handled: impl Future<Output = T>,
) -> Option<T> {
    let mut handled = pin!(handled);
    poll_fn(|context| match handled.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending => respond.poll_reset(context).map(|_| None),
    })
    .await
}
