//! A collector that answers as it is told: HTTP/1.1 and HTTP/2, on a socket.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Request<Bytes>>>>,
    task: JoinHandle<()>,
}

/// A status, headers, a body and trailers.
#[derive(Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(&'static str, String)>,
}

impl Collector {
    /// One that gives an answer after the other, and then the last one for ever.
    pub(crate) async fn answering(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<_>>>::default();
        let (seen, answers) = (Arc::clone(&requests), Arc::new(answers));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (seen, answers) = (Arc::clone(&seen), Arc::clone(&answers));
                let service = service_fn(move |request| answer(request, Arc::clone(&seen), Arc::clone(&answers)));
                tokio::spawn(async move {
                    // A client may leave in the middle of it.
                    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, requests, task }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it was sent so far.
    pub(crate) fn requests(&self) -> Vec<Request<Bytes>> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    request: Request<Incoming>,
    seen: Arc<Mutex<Vec<Request<Bytes>>>>,
    answers: Arc<Vec<Answer>>,
) -> Result<Response<impl hyper::body::Body<Data = Bytes, Error = Infallible>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(Request::from_parts(head, body));
        seen.len() - 1
    };
    let answer = answers.get(number).or(answers.last()).unwrap().clone();
    let trailers = (!answer.trailers.is_empty()).then_some(Ok(map(&answer.trailers)));
    let body = Full::new(Bytes::from(answer.body)).with_trailers(std::future::ready(trailers));
    let mut response = Response::new(body);
    *response.status_mut() = answer.status.try_into().unwrap();
    response.headers_mut().extend(map(&answer.headers));
    Ok(response)
}

fn map(pairs: &[(&'static str, String)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

/// An answer of HTTP: a status and a text.
pub(crate) fn http(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer { status, body: body.into(), ..Answer::default() }
}

/// What listens, takes connections into the kernel's queue, and says nothing.
pub(crate) fn hung() -> (std::net::TcpListener, SocketAddr) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Runs a test once more in a process of its own that has these variables. Whether this is that process.
pub(crate) fn with_variables(test: &str, variables: &[(&str, &str)]) -> bool {
    const INSIDE: &str = "TOWERKIT_TRACING_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).envs(variables.iter().copied()).env(INSIDE, "1");
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    // A name that is wrong would run nothing, and that would be a success.
    let passed = output.status.success() && said.contains("test result: ok. 1 passed");
    // What counts results by the lines of the runner is not to count these.
    assert!(passed, "{}:\n{}", output.status, said.lines().map(|line| format!("| {line}\n")).collect::<String>());
    false
}

/// An executor that is none of Tokio's.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
