use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, HeaderValue, LOCATION, USER_AGENT};
use http::{Method, Request, Response, response};
use http_body::Body as HttpBody;
use tokio::time::{Instant, timeout_at};
use tower_service::Service;
use towerkit_endpoint::{BoxError, Code, Context, Error, NotSent, Tail};

use super::draft::Draft;
use super::failure::transport_failure;
use super::finalizer::Finalizer;
use super::{Client, DecodeResponse, EncodeRequest, Settings, headers};
use crate::Body;
use crate::body::Tailed;

/// The most that is read of a failed reply.
const ERROR_LIMIT: usize = 64 << 10;

const THIS_AGENT: &str = concat!("towerkit/", env!("CARGO_PKG_VERSION"));

impl<S, N, D, T, R, M, B> Service<towerkit_endpoint::Request<T>> for Client<S, N, D, T, R, M>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    N: EncodeRequest<T>,
    D: DecodeResponse<R, M>,
    T: Send + 'static,
    R: Send + 'static,
    M: 'static,
{
    type Response = R;
    type Error = Error;
    type Future = ClientFuture<R>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        self.transport.poll_ready(cx).map_err(|error| transport_failure(error.into()).with_extension(NotSent))
    }

    fn call(&mut self, request: towerkit_endpoint::Request<T>) -> Self::Future {
        // The instance that was made ready is called; a clone need not be.
        let clone = self.transport.clone();
        let transport = mem::replace(&mut self.transport, clone);
        let settings = self.settings.clone();
        let mut finalizer = Finalizer::start(&settings.finalize, &settings.method);
        let (mut context, message) = request.into_parts();
        // A stream has no other end than the caller's; what is limited here is the time to its beginning.
        let end = if D::STREAMS { context.deadline() } else { None };
        let own = Instant::now().checked_add(settings.timeout);
        let deadline = [context.deadline(), own].into_iter().flatten().min();
        if !D::STREAMS {
            own.into_iter().for_each(|own| context.shorten_deadline_until(own));
        }
        ClientFuture(Box::pin(async move {
            let tail = D::STREAMS.then(|| context.tail().cloned().unwrap_or_default());
            let result = if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                Err(Error::from(Code::DeadlineExceeded).with_extension(NotSent))
            } else {
                let exchange = exchange(
                    transport,
                    &settings,
                    context,
                    message,
                    &mut finalizer,
                    tail.clone().map(|tail| (tail, end)),
                );
                match deadline {
                    Some(deadline) => timeout_at(deadline, exchange)
                        .await
                        .unwrap_or_else(|elapsed| Err(Error::from(Code::DeadlineExceeded).with_source(elapsed))),
                    None => exchange.await,
                }
            };
            match (tail, &result) {
                (Some(tail), Ok(_)) => tail.on_end(move |ending| finalizer.stream_ended(ending)),
                _ => finalizer.end(&result),
            }
            result
        }))
    }
}

/// The future of a [`Client`]. Dropping it cancels the call.
pub struct ClientFuture<R>(Pin<Box<dyn Future<Output = Result<R, Error>> + Send>>);

impl<R> Future for ClientFuture<R> {
    type Output = Result<R, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<R> fmt::Debug for ClientFuture<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientFuture")
    }
}

/// One request and its reply: the order of events.
async fn exchange<S, N, D, T, R, M, B>(
    mut transport: S,
    settings: &Settings<N, D, T>,
    context: Context,
    message: T,
    finalizer: &mut Finalizer,
    tail: Option<(Tail, Option<Instant>)>,
) -> Result<R, Error>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    N: EncodeRequest<T>,
    D: DecodeResponse<R, M>,
{
    let request = prepare::<N, D, T, R, M>(settings, context, message).map_err(|e| e.with_extension(NotSent))?;
    finalizer.sent(request.method(), request.uri());
    // Nothing was awaited since the transport was made ready.
    let response = transport.call(request).await.map_err(|error| transport_failure(error.into()))?;
    let (mut parts, body) = response.into_parts();
    finalizer.replied(parts.status);
    settings.after.iter().for_each(|hook| hook(&parts));
    let body = Body::new(body);
    let body = match tail {
        Some((tail, end)) if parts.status.is_success() => Body::new(Tailed::new(body, tail, end, Code::Unavailable)),
        _ => body,
    };
    if parts.status.is_success() {
        settings.decode.decode(&mut parts, body, settings.reply_limit).await
    } else {
        Err(refusal(settings, &parts, body).await)
    }
}

/// From the message to the request that is sent: *encode*, then *before*.
fn prepare<N, D, T, R, M>(
    settings: &Settings<N, D, T>,
    mut context: Context,
    message: T,
) -> Result<Request<Body>, Error>
where
    N: EncodeRequest<T>,
    D: DecodeResponse<R, M>,
{
    let mut headers = mem::take(context.metadata_mut()).into_headers();
    headers::strip_reserved(&mut headers);
    let mut draft = Draft::new(settings.template.clone(), headers);
    for (index, value) in &settings.params {
        draft.set_value(*index, value(&message));
    }
    let body = settings.encode.encode(message, &mut draft)?;
    let (uri, mut headers) = draft.finish(&settings.base)?;

    if let Some(accept) = settings.decode.accept() {
        headers.insert(ACCEPT, accept);
    }
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(THIS_AGENT));
    // An empty body is announced where one is usual (RFC 9110, section 8.6).
    let usual = matches!(settings.method, Method::POST | Method::PUT | Method::PATCH);
    if let Some(length) = body.size_hint().exact().filter(|length| *length > 0 || usual) {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    // It is written last, so that it says what is left, and into metadata that is otherwise empty.
    context.announce_timeout();
    headers.extend(mem::take(context.metadata_mut()).into_headers());

    let mut request = Request::new(body);
    *request.method_mut() = settings.method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    if settings.before.is_empty() {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    settings.before.iter().try_for_each(|hook| hook(&context, &mut parts))?;
    Ok(Request::from_parts(parts, body))
}

/// What a reply that is no success means.
async fn refusal<N, D, T>(settings: &Settings<N, D, T>, parts: &response::Parts, body: Body) -> Error {
    if parts.status.is_client_error() || parts.status.is_server_error() {
        // The status alone is an answer too: a body that can't be read takes nothing from it.
        let body = body.read(ERROR_LIMIT.min(settings.reply_limit)).await.unwrap_or_default();
        return (settings.error_decoder)(parts, &body);
    }
    // The status is not kept among the extensions: a server that passes this error on must not answer with it.
    let place = parts.headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("no location");
    Error::new(
        Code::from_http_status(parts.status.as_u16()),
        format!("the service answered {}, which is not followed", parts.status),
    )
    .with_source(place.to_owned())
}
