use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep, timeout_at};
use towerkit_endpoint::Report;
use towerkit_http_client::{HttpClient, NoReply, Whole, excerpt};

/// How a request is brought to a collector: tried again where that may help, within a time.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    client: HttpClient,
    pub(crate) within: Duration,
    /// Where it was made within a runtime: what polls an exporter may be a thread without one, as the SDK's is.
    runtime: Option<Handle>,
}

/// A reply.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    #[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "gRPC has its status there"))]
    pub(crate) trailers: Option<HeaderMap>,
    /// Why there are neither a body nor trailers, where they could not be read.
    #[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "to HTTP the head says all"))]
    pub(crate) broken: Option<String>,
}

/// A try that failed.
pub(crate) struct Failed {
    why: String,
    /// Whether it is worth another try, and what the collector says of when.
    again: Option<Option<Duration>>,
}

/// Why spans were not taken.
#[derive(Debug)]
pub(crate) enum Undelivered {
    /// What failed last.
    Failed(String),
    /// The time was over.
    Late(Duration),
}

/// The longest reply that is read, in bytes. A collector has little to say.
const LONGEST_REPLY: usize = 1024 * 1024;
/// Tries after the first one.
const RETRIES: u32 = 3;
/// The first wait; each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(100);

impl Delivery {
    pub(crate) fn new(client: HttpClient) -> Self {
        Self { client, within: Duration::from_secs(10), runtime: Handle::try_current().ok() }
    }

    /// Sends a request, judges the reply, and tries again where that says so.
    pub(crate) async fn deliver<R: Send + 'static>(
        &self,
        request: Request<Bytes>,
        judge: fn(Reply) -> Result<R, Failed>,
    ) -> Result<R, Undelivered> {
        let tries = tries(self.client.clone(), request, judge, self.within);
        if Handle::try_current().is_ok() {
            return tries.await;
        }
        let Some(runtime) = &self.runtime else {
            return Err(Undelivered::Failed(
                "there is no Tokio runtime, neither here nor where the exporter was made".into(),
            ));
        };
        let mut task = AbortOnDrop(runtime.spawn(tries));
        (&mut task.0).await.unwrap_or_else(|_| Err(Undelivered::Failed("the runtime is shut down".into())))
    }
}

async fn tries<R>(
    client: HttpClient,
    request: Request<Bytes>,
    judge: fn(Reply) -> Result<R, Failed>,
    within: Duration,
) -> Result<R, Undelivered> {
    let end = Instant::now() + within;
    let mut wait = FIRST_WAIT;
    let mut retries = RETRIES;
    loop {
        let result = match exchange(&client, request.clone(), end).await {
            Err(_) => return Err(Undelivered::Late(within)),
            Ok(Ok(reply)) => judge(reply),
            Ok(Err(error)) => Err(Failed::unreached(&Report::new(&error))),
        };
        let failed = match result {
            Ok(accepted) => return Ok(accepted),
            Err(failed) => failed,
        };
        // Each of many processes waits a time of its own.
        let pause = failed.again.map(|told| told.unwrap_or(wait).saturating_add(wait.mul_f64(fastrand::f64())));
        // A collector may tell to wait for longer than a clock can count.
        let left = end.saturating_duration_since(Instant::now());
        match pause {
            Some(pause) if retries > 0 && pause < left => sleep(pause).await,
            _ => return Err(Undelivered::Failed(failed.why)),
        }
        retries -= 1;
        wait *= 2;
    }
}

/// Sends a request and reads the reply, of which the head has come by the end, or it is late.
///
/// Once there is a head, it counts: a body that can't be read is no reason to send the spans again.
async fn exchange(
    client: &HttpClient,
    request: Request<Bytes>,
    end: Instant,
) -> Result<Result<Reply, NoReply>, Elapsed> {
    let (head, body) = match timeout_at(end, client.send(request)).await? {
        Ok(response) => response.into_parts(),
        Err(error) => return Ok(Err(error)),
    };
    let (body, broken) = match timeout_at(end, body.whole(LONGEST_REPLY)).await {
        Ok(Ok(body)) => (body, None),
        Ok(Err(error)) => (Whole::default(), Some(Report::new(&error).to_string())),
        Err(_) => (Whole::default(), Some("its end did not come in time".into())),
    };
    let Whole { data: body, trailers, .. } = body;
    Ok(Ok(Reply { status: head.status, headers: head.headers, body, trailers, broken }))
}

impl Failed {
    fn unreached(error: &Report<'_>) -> Self {
        Self { why: error.to_string(), again: Some(None) }
    }

    /// One that another try won't change.
    #[cfg(feature = "otlp")]
    pub(crate) fn for_good(why: String) -> Self {
        Self { why, again: None }
    }

    /// One that is worth another try.
    #[cfg(feature = "otlp")]
    pub(crate) fn for_now(why: String) -> Self {
        Self { why, again: Some(None) }
    }
}

impl Reply {
    /// The reply, where its status is one of success. The spans are taken then, whatever becomes of the body.
    ///
    /// Those that are worth another try are OTLP's (specification, "Retryable Response Codes"); Zipkin answers 503 as well.
    pub(crate) fn accepted(self) -> Result<Self, Failed> {
        if self.status.is_success() {
            return Ok(self);
        }
        let why = match excerpt(&self.body) {
            said if said.is_empty() => self.status.to_string(),
            said => format!("{}: {said}", self.status),
        };
        let again = matches!(
            self.status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        );
        let told = self.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        Err(Failed { why, again: again.then(|| told.map(Duration::from_secs)) })
    }
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(why) => f.write_str(why),
            Self::Late(within) => write!(f, "no answer within {within:?}"),
        }
    }
}

impl std::error::Error for Undelivered {}

struct AbortOnDrop<R>(JoinHandle<R>);

impl<R> Drop for AbortOnDrop<R> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
