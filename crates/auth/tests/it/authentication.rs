use tower::{Layer, ServiceExt};
use towerkit_auth::{Authentication, Principal, Scheme};
use towerkit_endpoint::{Code, Error, Failure, Report, Request, service_fn};

use crate::authentication_support::{Believes, SECRET_REASON, by, challenges, request};

/// Answers who calls.
async fn ask(authentication: &Authentication, request: Request<()>) -> Result<Option<String>, Error> {
    let whoami = service_fn(|request: Request<()>| async move {
        Ok::<_, Error>(Principal::of(request.context()).map(|who| format!("{} by {}", who.subject(), who.scheme())))
    });
    authentication.requests("whoami").layer(whoami).oneshot(request).await
}

fn keys_and_users() -> Authentication {
    Authentication::new(Believes::new("x-key", Scheme::ApiKey)).or(Believes::user())
}

#[tokio::test]
async fn the_first_that_finds_credentials_of_its_kind_decides() {
    let both = request([("x-user", "ada"), ("x-key", "batch")]);
    assert_eq!(ask(&keys_and_users(), both).await.unwrap().as_deref(), Some("batch by api_key"));
    assert_eq!(ask(&keys_and_users(), by("ada")).await.unwrap().as_deref(), Some("ada by bearer"));
    assert_eq!(ask(&keys_and_users(), by("later:ada")).await.unwrap().as_deref(), Some("ada by bearer"));
    let bad_key = request([("x-user", "ada"), ("x-key", "no")]);
    assert_eq!(ask(&keys_and_users(), bad_key).await.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_caller_without_credentials_is_told_all_kinds() {
    let refused = ask(&keys_and_users(), request([])).await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::Unauthenticated, "credentials are required"));
    assert_eq!(challenges(&refused), [r#"Named by="x-key""#, r#"Named by="x-user""#]);
}

#[tokio::test]
async fn only_the_challenge_of_what_has_decided_says_that_something_is_wrong() {
    let refused = ask(&keys_and_users(), by("no")).await.unwrap_err();
    assert_eq!(challenges(&refused), [r#"Named by="x-key""#, r#"Named by="x-user", error="invalid_token""#]);
    let unclear = ask(&keys_and_users(), by("two")).await.unwrap_err();
    assert_eq!((unclear.code(), challenges(&unclear).len()), (Code::InvalidArgument, 2));
}

#[tokio::test]
async fn what_cant_be_found_out_is_no_fault_of_the_callers() {
    let unknown = ask(&keys_and_users(), by("down")).await.unwrap_err();
    assert_eq!((unknown.code(), challenges(&unknown).len()), (Code::Unavailable, 0));
    assert!(!unknown.message().contains("directory"));
    assert!(Report::new(&unknown).to_string().ends_with("the credentials can't be checked: the directory is away"));
}

#[tokio::test]
async fn an_authorization_of_an_unknown_scheme_is_refused() {
    for authentication in [keys_and_users(), keys_and_users().optional()] {
        let refused = ask(&authentication, request([("authorization", "Digest abc")])).await.unwrap_err();
        assert_eq!((refused.code(), challenges(&refused).len()), (Code::Unauthenticated, 2));
    }
}

#[tokio::test]
async fn an_optional_one_lets_those_without_credentials_pass_as_nobody_and_no_others() {
    let optional = keys_and_users().optional();
    assert_eq!(ask(&optional, request([])).await.unwrap(), None);
    assert_eq!(ask(&optional, by("no")).await.unwrap_err().code(), Code::Unauthenticated);
    assert_eq!(ask(&optional, by("ada")).await.unwrap().as_deref(), Some("ada by bearer"));
}

#[tokio::test]
async fn nobody_but_the_layer_says_who_it_is() {
    let optional = keys_and_users().optional();
    let mut forged = request([]);
    forged.context_mut().insert(Principal::new(Scheme::Bearer, "root"));
    forged.context_mut().carry(Principal::new(Scheme::Bearer, "root"));
    assert_eq!(ask(&optional, forged).await.unwrap(), None);
    let mut other = by("ada");
    other.context_mut().carry(Principal::new(Scheme::Bearer, "root"));
    assert_eq!(ask(&optional, other).await.unwrap().as_deref(), Some("ada by bearer"));
}

#[tokio::test]
async fn the_reason_is_in_the_report_and_not_in_the_message() {
    let refused = ask(&keys_and_users(), by("no")).await.unwrap_err();
    assert_eq!(refused.message(), "the credentials are not valid");
    let report = Report::new(&refused).to_string();
    assert_eq!(report, format!("the credentials are not valid: the token can't be used: {SECRET_REASON}"));
    assert!(refused.is_refused() && refused.is_not_sent());
}
