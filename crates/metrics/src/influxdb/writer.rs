use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use tokio::time::sleep;
use towerkit_endpoint::BoxError;
use towerkit_http_client::HttpClient;

use crate::exchange::{Reply, Unanswered, call};
use crate::push::{Payload, SendError, Sink};

/// How long to wait before a write is repeated. It ends with the time that the pusher gives.
const WAITS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(500)];

/// Writes points to a server.
pub(super) struct Writer {
    client: HttpClient,
    target: String,
    ping: Uri,
    write: Uri,
    authorization: Option<HeaderValue>,
}

impl Writer {
    pub(super) const fn new(
        client: HttpClient,
        target: String,
        ping: Uri,
        write: Uri,
        authorization: Option<HeaderValue>,
    ) -> Self {
        Self { client, target, ping, write, authorization }
    }

    async fn call(&self, method: Method, uri: &Uri, body: Bytes) -> Result<Reply, Unanswered> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri.clone();
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(header::AUTHORIZATION, authorization.clone());
        }
        if !request.body().is_empty() {
            let text = HeaderValue::from_static("text/plain; charset=utf-8");
            request.headers_mut().insert(header::CONTENT_TYPE, text);
        }
        call(&self.client, request).await
    }
}

impl Sink for Writer {
    fn target(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.target)
    }

    async fn ready(&mut self) -> Result<(), BoxError> {
        let reply = self.call(Method::GET, &self.ping, Bytes::new()).await?;
        if reply.status.is_server_error() { Err(format!("GET {}: {reply}", self.ping).into()) } else { Ok(()) }
    }

    async fn send(&mut self, payload: &Payload) -> Result<(), SendError> {
        let body = Bytes::copy_from_slice(&payload.body);
        let mut waits = WAITS.into_iter();
        // Whether an attempt before may have written the points.
        let mut perhaps = false;
        loop {
            let reply = self.call(Method::POST, &self.write, body.clone()).await;
            let again = match &reply {
                Ok(reply) => is_passing(reply.status),
                Err(error) => !error.is_not_sent(),
            };
            match (waits.next().filter(|_| again), reply) {
                (Some(wait), _) => {
                    perhaps = true;
                    sleep(wait).await;
                }
                (None, Ok(reply)) => return judge(&self.write, &reply, perhaps),
                (None, Err(error)) if perhaps || again => return Err(SendError::unknown(error)),
                (None, Err(error)) => return Err(SendError::undelivered(error)),
            }
        }
    }
}

/// Whether the server failed at something that it may not fail at again, and perhaps after it has written some.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE
}

/// What a reply means for the points. Perhaps an attempt before has written them.
fn judge(uri: &Uri, reply: &Reply, perhaps: bool) -> Result<(), SendError> {
    let status = reply.status;
    if status.is_success() {
        return Ok(());
    }
    let said = format!("POST {uri}: {reply}");
    let untouched = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => true,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => true,
        status => !status.is_client_error() && !status.is_server_error(),
    };
    Err(match dropped(&reply.body) {
        _ if untouched && !perhaps => SendError::undelivered(said),
        _ if untouched || status.is_server_error() => SendError::unknown(said),
        Some(points) => SendError::refused(said).lost(points),
        None => SendError::refused(said),
    })
}

/// How many points of a partial write are lost: `partial write: ... dropped=3`. Lines that can't be read are not among those.
fn dropped(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    text.contains("partial write").then_some(())?;
    let (_, behind) = text.rsplit_once("dropped=")?;
    let digits = behind.split(|character: char| !character.is_ascii_digit()).next()?;
    let unread = text.matches("unable to parse").count() as u64;
    Some(digits.parse::<u64>().ok()?.saturating_add(unread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_how_many_points_it_dropped() {
        let partial =
            br#"{"error":"partial write: field type conflict: input field \"value\" is type float dropped=2"}"#;
        assert_eq!(dropped(partial), Some(2));
        let unread =
            br#"{"error":"partial write: unable to parse 'a b=': missing\nunable to parse 'c': missing dropped=0"}"#;
        assert_eq!(dropped(unread), Some(2));
        assert_eq!(dropped(b"unable to parse 'dropped=7'"), None);
        assert_eq!(dropped(b""), None);
    }
}
