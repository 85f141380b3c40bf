use std::error::Error as _;
use std::fmt;
use std::io;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue, header};
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;
use towerkit_endpoint::{
    BoxError, Classify, Code, Endpoint, Error, Failure, NotSent, Refusal, Report, RetryAfter, Violation, endpoint_fn,
};

#[derive(Debug)]
struct Leaf(Code);

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text of the leaf")
    }
}

impl std::error::Error for Leaf {}

impl Classify for Leaf {
    fn code(&self) -> Code {
        self.0
    }
}

/// What a foreign layer makes of an error below it.
#[derive(Debug)]
struct Foreign(BoxError);

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a foreign layer failed")
    }
}

impl std::error::Error for Foreign {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

#[test]
fn a_domain_error_keeps_its_code_its_text_and_itself() {
    let error = Error::from(Leaf(Code::NotFound));
    assert_eq!((error.code(), error.message()), (Code::NotFound, "text of the leaf"));
    assert!(error.find::<Leaf>().is_some());
}

#[test]
fn only_internal_and_unknown_hide_the_text_of_a_domain_error() {
    for code in Code::ALL {
        let hidden = matches!(code, Code::Internal | Code::Unknown);
        assert_eq!(Error::from(Leaf(code)).message() == "text of the leaf", !hidden, "{code:?}");
    }
}

#[test]
fn a_message_set_on_purpose_is_sent_whatever_the_code() {
    assert_eq!(Error::new(Code::Internal, "try the other region").message(), "try the other region");
}

#[test]
fn the_source_is_in_debug_and_in_the_chain_but_not_in_display() {
    let error = Error::internal(io::Error::other("disk on fire"));
    assert_eq!(error.to_string(), "internal error");
    assert_eq!(error.source().unwrap().to_string(), "disk on fire");
    assert!(format!("{error:?}").contains("disk on fire"));
}

#[test]
fn metadata_values_are_not_in_debug() {
    let error = Error::from(Code::Unauthenticated)
        .with_metadata(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"vault\""));
    assert!(!format!("{error:?}").contains("vault"));
}

#[test]
fn our_error_comes_out_of_a_box_as_it_went_in() {
    let error = Error::invalid("name", "is empty").with_metadata(RETRY_AFTER, HeaderValue::from_static("1"));
    let error = Error::from(BoxError::from(error));
    assert_eq!(error.message(), "name: is empty");
    assert_eq!(error.violations(), [Violation::new("name", "is empty")]);
    assert_eq!(error.metadata().get(RETRY_AFTER), Some("1"));
    assert!(error.source().is_none());
}

#[test]
fn our_error_below_a_foreign_one_lends_it_what_the_caller_is_told() {
    let ours = Error::invalid("name", "is empty").with_metadata(RETRY_AFTER, HeaderValue::from_static("1"));
    let error = Error::from(BoxError::from(Foreign(ours.into())));
    assert_eq!((error.code(), error.message()), (Code::InvalidArgument, "name: is empty"));
    assert_eq!(error.violations().len(), 1);
    assert_eq!(error.metadata().get(RETRY_AFTER), Some("1"));
    assert!(error.find::<Foreign>().is_some());
}

#[test]
fn a_code_in_the_chain_classifies_a_foreign_error() {
    let error = Error::from(BoxError::from(Foreign(Code::ResourceExhausted.into())));
    assert_eq!((error.code(), error.message()), (Code::ResourceExhausted, "a foreign layer failed"));
}

#[test]
fn an_internal_code_in_the_chain_hides_the_text() {
    let error = Error::from(BoxError::from(Foreign(Code::Internal.into())));
    assert_eq!((error.code(), error.message()), (Code::Internal, "internal error"));
}

#[test]
fn a_foreign_error_without_a_code_is_internal_and_hides_its_text() {
    let error = Error::from(BoxError::from("password is hunter2"));
    assert_eq!((error.code(), error.message()), (Code::Internal, "internal error"));
}

#[test]
fn towers_own_errors_have_their_codes() {
    let elapsed = Error::from(BoxError::from(Elapsed::new()));
    assert_eq!(elapsed.code(), Code::DeadlineExceeded);
    let overloaded = Error::from(BoxError::from(Overloaded::new()));
    assert_eq!(overloaded.code(), Code::Unavailable);
}

#[derive(Debug)]
struct Full(Refusal);

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the house is full")
    }
}

impl std::error::Error for Full {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl Classify for Full {
    fn code(&self) -> Code {
        self.0.code()
    }
}

fn full() -> Full {
    let refusal = Refusal::new(Code::ResourceExhausted).with_retry_after(Duration::from_millis(2100));
    Full(refusal.with_metadata(HeaderName::from_static("x-room"), HeaderValue::from_static("7")))
}

#[test]
fn a_refusal_keeps_all_it_says_through_a_foreign_layer() {
    for error in [Error::from(full()), Error::from(BoxError::from(full()))] {
        assert_eq!((error.code(), error.message()), (Code::ResourceExhausted, "the house is full"));
        assert_eq!(error.retry_after(), Some(Duration::from_millis(2100)));
        assert_eq!(error.metadata().get("retry-after"), Some("3"));
        assert_eq!(error.metadata().get("x-room"), Some("7"));
        assert!(Failure::is_not_sent(&error));
    }
}

#[test]
fn a_failure_is_asked_the_same_in_every_form() {
    let forms: [&dyn Failure; 3] = [&full(), &BoxError::from(full()), &Error::from(full())];
    for failure in forms {
        assert_eq!(failure.code(), Code::ResourceExhausted);
        assert_eq!(failure.retry_after(), Some(Duration::from_millis(2100)));
        assert!(failure.is_not_sent() && failure.is_refused());
    }
    let plain = BoxError::from(io::Error::other("disk"));
    assert_eq!((Failure::code(&plain), plain.is_not_sent(), plain.retry_after()), (Code::Internal, false, None));
    assert_eq!(Failure::code(&BoxError::from(Elapsed::new())), Code::DeadlineExceeded);
    let shed = BoxError::from(Overloaded::new());
    assert_eq!((Failure::code(&shed), shed.is_not_sent(), shed.is_refused()), (Code::Unavailable, true, true));
    assert!(Error::from(shed).is_refused());
    assert!(!Error::from(Code::Unavailable).with_extension(NotSent).is_refused(), "there was no connection");
}

/// A refusal that says why.
fn full_because(why: impl std::error::Error + Send + Sync + 'static) -> Full {
    let Full(refusal) = full();
    Full(refusal.with_source(why))
}

#[test]
fn why_a_call_was_refused_is_told_to_operators_alone() {
    let why = || io::Error::other("shard 3 has moved");
    for error in [
        Error::from(full_because(why())),
        Error::from(BoxError::from(full_because(why()))),
        Error::from(BoxError::from(Foreign(full_because(why()).into()))),
    ] {
        let told = format!("{error} {} {:?}", error.message(), error.metadata());
        assert!(!told.contains("shard"), "{told}");
        assert_eq!(error.find::<io::Error>().unwrap().to_string(), "shard 3 has moved");
        assert!(Report::new(&error).to_string().ends_with("the house is full: shard 3 has moved"));
    }
}

#[test]
fn a_refusal_that_says_why_keeps_all_else_in_every_form() {
    let why = || io::Error::other("shard 3 has moved");
    let boxed = || BoxError::from(full_because(why()));
    let forms: [&dyn Failure; 4] =
        [&full_because(why()), &boxed(), &BoxError::from(Foreign(boxed())), &Error::from(boxed())];
    for failure in forms {
        assert_eq!(failure.code(), Code::ResourceExhausted);
        assert_eq!(failure.retry_after(), Some(Duration::from_millis(2100)));
        assert!(failure.is_not_sent() && failure.is_refused());
    }
    for error in [Error::from(full_because(why())), Error::from(boxed())] {
        assert_eq!((error.code(), error.message()), (Code::ResourceExhausted, "the house is full"));
        assert_eq!((error.metadata().get("retry-after"), error.metadata().get("x-room")), (Some("3"), Some("7")));
    }
}

#[test]
fn an_error_below_a_refusal_is_why_and_says_nothing_of_the_call() {
    let why =
        || Error::new(Code::Internal, "the directory is broken").with_extension(RetryAfter(Duration::from_secs(60)));
    let refused = || Full(Refusal::new(Code::PermissionDenied).with_source(why()));
    let boxed = || BoxError::from(refused());
    let forms: [&dyn Failure; 4] = [&refused(), &boxed(), &BoxError::from(Foreign(boxed())), &Error::from(boxed())];
    for failure in forms {
        assert_eq!((failure.code(), failure.retry_after()), (Code::PermissionDenied, None));
        assert!(failure.is_refused());
    }
    let error = Error::from(boxed());
    assert_eq!(error.message(), "the house is full");
    assert!(Report::new(&error).to_string().ends_with("the house is full: the directory is broken"));
}

#[test]
fn retry_after_is_read_from_the_metadata_of_a_remote_error() {
    let said = |value| Error::from(Code::Unavailable).with_metadata(RETRY_AFTER, HeaderValue::from_static(value));
    assert_eq!(said("7").retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(said("-7").retry_after(), None);
    assert_eq!(said("soon").retry_after(), None);
}

#[tokio::test]
async fn an_endpoint_takes_the_mark_of_an_unsent_call_off_its_own_error() {
    let downstream = || Error::from(Code::Unavailable).with_extension(NotSent);
    let handler = endpoint_fn(move |()| async move { Err::<(), _>(downstream()) });
    assert!(!handler.invoke(()).await.unwrap_err().is_not_sent());
    assert!(downstream().is_not_sent());
}

#[tokio::test]
async fn a_refusal_of_a_call_that_an_endpoint_made_says_nothing_of_the_call_that_it_serves() {
    let of_a_leaf = endpoint_fn(|()| async { Err::<(), _>(full()) });
    let of_a_box = endpoint_fn(|()| async { Err::<(), _>(BoxError::from(Foreign(full().into()))) });
    let of_a_shedder = endpoint_fn(|()| async { Err::<(), _>(BoxError::from(Overloaded::new())) });
    for endpoint in [of_a_leaf.erased(), of_a_box.erased(), of_a_shedder.erased()] {
        assert_is_of_another_call(endpoint.invoke(()).await.unwrap_err());
    }
    assert_is_of_another_call(Error::internal(Error::from(full())));
    // Whoever serves passes it on as it is, and so says that nothing was done.
    let passed_on = Error::from(BoxError::from(Foreign(Error::from(full()).into())));
    assert!(passed_on.is_not_sent() && passed_on.is_refused());
}

fn assert_is_of_another_call(error: Error) {
    assert!(!Failure::is_not_sent(&error) && !error.is_refused(), "{error:?}");
    let boxed = BoxError::from(error);
    assert!(!boxed.is_not_sent() && !boxed.is_refused(), "{boxed:?}");
    let foreign = BoxError::from(Foreign(boxed));
    assert!(!foreign.is_not_sent() && !foreign.is_refused(), "{foreign:?}");
    let error = Error::from(foreign);
    assert!(!Failure::is_not_sent(&error) && !error.is_refused(), "{error:?}");
}
