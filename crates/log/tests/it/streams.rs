//! Where the reply is a stream, the line is written at its end.

use std::time::Duration;

use tower::{Layer, Service, ServiceExt};
use towerkit_endpoint::{Code, Ending, Error, Request, Tail, endpoint_fn};
use towerkit_log::Logger;

use crate::support::{get, logfmt};

async fn call(log: &Logger, result: Result<(), Error>) -> Tail {
    let result = std::sync::Mutex::new(Some(result));
    let mut service = log.requests("op").layer(endpoint_fn(move |()| {
        let result = result.lock().unwrap().take().unwrap();
        async move { result }
    }));
    let tail = Tail::new();
    let mut request = Request::new(());
    request.context_mut().set_tail(tail.clone());
    let _ = service.ready().await.unwrap().call(request).await;
    tail
}

#[tokio::test(start_paused = true)]
async fn it_says_how_the_stream_ended_and_how_long_it_took() {
    for (ending, code, level) in [
        (Some(Ending::Complete), "ok", "info"),
        (Some(Ending::Failed(Code::Internal)), "internal", "error"),
        (Some(Ending::Failed(Code::NotFound)), "not_found", "info"),
        (Some(Ending::Cancelled), "cancelled", "info"),
        (None, "cancelled", "info"),
    ] {
        let (log, written) = logfmt();
        let tail = call(&log, Ok(())).await;
        assert!(written.writes().is_empty());
        tokio::time::sleep(Duration::from_millis(250)).await;
        match ending {
            Some(ending) => tail.end(ending),
            None => drop(tail),
        }
        let lines = written.logfmt();
        assert_eq!(lines.len(), 1);
        assert_eq!((get(&lines[0], "code"), get(&lines[0], "level")), (Some(code), Some(level)));
        assert_eq!((get(&lines[0], "duration_ms"), get(&lines[0], "operation")), (Some("250.000"), Some("op")));
    }
}

#[tokio::test]
async fn a_failure_before_the_stream_began_is_written_at_once() {
    let (log, written) = logfmt();
    let tail = call(&log, Err(Error::from(Code::Internal))).await;
    assert_eq!(written.logfmt().len(), 1);
    tail.end(Ending::Cancelled);
    assert_eq!(written.logfmt().len(), 1);
}
