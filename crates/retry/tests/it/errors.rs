//! What becomes of the errors.

use std::error::Error as _;
use std::fmt;

use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use tower::{Layer, ServiceExt, service_fn};
use towerkit_endpoint::{BoxError, Classify, Code, Error, Failure, NotSent, Refusal, Request, Violation};
use towerkit_retry::{Backoff, Exhausted, RetryLayer, Stopped};

use crate::scripted::{error, failing, not_sent};

fn retry() -> RetryLayer {
    RetryLayer::new().idempotent().backoff(Backoff::none())
}

async fn call(errors: impl IntoIterator<Item = Error>) -> Error {
    retry().layer(failing(errors)).oneshot(Request::new(())).await.unwrap_err()
}

fn unavailable(message: &'static str) -> Error {
    Error::new(Code::Unavailable, message)
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_single_attempt_comes_back_unchanged() {
    let error = call([Error::new(Code::NotFound, "no profile 7").with_source(fmt::Error)]).await;
    assert_eq!((error.code(), error.message()), (Code::NotFound, "no profile 7"));
    assert!(error.find::<Exhausted>().is_none());
    assert!(error.source().unwrap().is::<fmt::Error>());
}

#[tokio::test(start_paused = true)]
async fn each_attempts_error_is_kept_in_order() {
    let error = call([unavailable("one"), error(Code::Unknown).with_source(fmt::Error), unavailable("three")]).await;
    let exhausted: &Exhausted = error.find().unwrap();
    let messages: Vec<_> = exhausted.errors().iter().map(Error::message).collect();
    assert_eq!(messages, ["one", "unknown error", "three"]);
    assert!(exhausted.errors()[1].find::<fmt::Error>().is_some());
    assert_eq!(exhausted.stopped(), Stopped::Attempts);
    assert_eq!(exhausted.source().unwrap().to_string(), "three");
}

#[tokio::test(start_paused = true)]
async fn operators_read_why_it_stopped_and_what_became_of_each_attempt() {
    let deep = error(Code::Unknown).with_source(std::io::Error::other("reset by peer"));
    let error = call([unavailable("moving house"), deep, error(Code::NotFound)]).await;
    assert_eq!(
        error.source().unwrap().to_string(),
        "failed after 3 attempts, no attempts left; 1: unavailable: moving house; 2: unknown: reset by peer; 3: not_found"
    );
}

#[tokio::test(start_paused = true)]
async fn the_caller_gets_what_the_last_error_has_for_it() {
    let last = Error::new(Code::InvalidArgument, "the name is too long")
        .with_violation(Violation::new("name", "too long"))
        .with_metadata(RETRY_AFTER, HeaderValue::from_static("7"))
        .with_extension(StatusCode::IM_A_TEAPOT);
    let error = call([unavailable("secret of the first"), last]).await;
    assert_eq!((error.code(), error.message()), (Code::InvalidArgument, "the name is too long"));
    assert_eq!(error.violations(), [Violation::new("name", "too long")]);
    assert_eq!(error.metadata().get("retry-after"), Some("7"));
    assert_eq!(error.get::<StatusCode>(), Some(&StatusCode::IM_A_TEAPOT));
    assert_eq!(error.find::<Exhausted>().unwrap().stopped(), Stopped::NotRepeatable);
}

#[tokio::test(start_paused = true)]
async fn no_text_of_an_attempt_reaches_the_caller_beyond_the_last_message() {
    let hidden = error(Code::Internal).with_source(std::io::Error::other("/dev/sdb is on fire"));
    let error = call([unavailable("secret of the first"), hidden]).await;
    assert_eq!(error.message(), "internal error");
}

#[derive(Clone, Copy, Debug)]
struct Leaf(&'static str);

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Leaf {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&Code::Unavailable)
    }
}

#[tokio::test(start_paused = true)]
async fn nor_does_it_through_boxes_of_leaf_errors() {
    let service = service_fn(|_: Request<()>| async { Err::<(), _>(BoxError::from(Leaf("moving house"))) });
    let boxed = retry().layer(service).oneshot(Request::new(())).await.unwrap_err();
    assert!(boxed.is::<Exhausted>());
    let error = Error::from(boxed);
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "moving house"));
    assert!(error.find::<Leaf>().is_some());
}

#[tokio::test(start_paused = true)]
async fn an_error_that_joins_by_its_code_alone_keeps_it() {
    #[derive(Debug)]
    struct Plain;
    impl fmt::Display for Plain {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("plain")
        }
    }
    impl std::error::Error for Plain {}

    #[derive(Debug)]
    enum Ours {
        Plain(Plain),
        Exhausted(Exhausted),
    }
    impl Failure for Ours {
        fn code(&self) -> Code {
            Code::Unavailable
        }
        fn is_not_sent(&self) -> bool {
            true
        }
    }
    impl From<Exhausted> for Ours {
        fn from(exhausted: Exhausted) -> Self {
            Self::Exhausted(exhausted)
        }
    }
    impl From<Ours> for BoxError {
        fn from(ours: Ours) -> Self {
            match ours {
                Ours::Plain(plain) => plain.into(),
                Ours::Exhausted(exhausted) => exhausted.into(),
            }
        }
    }

    let service = service_fn(|_: Request<()>| async { Err::<(), _>(Ours::Plain(Plain)) });
    let Ours::Exhausted(exhausted) = retry().layer(service).oneshot(Request::new(())).await.unwrap_err() else {
        panic!("three attempts failed");
    };
    assert_eq!(exhausted.errors().len(), 3);
    assert!(exhausted.errors().iter().all(|error| error.code() == Code::Unavailable && error.is_not_sent()));
    assert!(exhausted.errors()[0].find::<Plain>().is_some());
}

#[derive(Debug)]
struct Refused(Refusal);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused on the way")
    }
}

impl std::error::Error for Refused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl Classify for Refused {
    fn code(&self) -> Code {
        self.0.code()
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_one_of_whose_attempts_may_have_arrived_does_not_pass_for_one_that_was_not_sent() {
    let refused = || Error::from(Refused(Refusal::new(Code::Unavailable)));
    let error = call([unavailable("perhaps it was done"), refused(), refused()]).await;
    assert!(!error.is_not_sent() && error.get::<NotSent>().is_none());
    assert_eq!(error.message(), "perhaps it was done");
    assert!(!BoxError::from(error).is_not_sent());

    let error = call([refused(), not_sent(Code::Unavailable), refused()]).await;
    assert!(error.is_not_sent());
    assert_eq!(error.message(), "refused on the way");
}
