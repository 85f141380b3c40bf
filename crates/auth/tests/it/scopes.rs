use tower::{Layer, ServiceExt};
use towerkit_auth::{Access, Answer, Authorization, Policy, Principal, Scheme, Scopes};
use towerkit_endpoint::{Code, Error, Request, service_fn};

use crate::authentication_support::{challenges, of};

fn allows(scopes: &Scopes, has: &[&str]) -> bool {
    let request = of(Principal::new(Scheme::Bearer, "ada").with_scopes(has), ());
    matches!(scopes.decide(&Access::new("sum", &request)), Answer::Now(Ok(())))
}

async fn refused(scopes: Scopes, request: Request<()>) -> Error {
    let service = service_fn(|_: Request<()>| async { Ok::<_, Error>(()) });
    Authorization::new(scopes).requests("sum").layer(service).oneshot(request).await.unwrap_err()
}

#[test]
fn all_are_all_of_them() {
    let scopes = Scopes::all(["add:read", "add:write"]);
    assert!(allows(&scopes, &["add:read", "add:write"]));
    assert!(allows(&scopes, &["x", "add:write add:read"]), "as OAuth writes them");
    assert!(!allows(&scopes, &["add:read"]));
    assert!(!allows(&scopes, &["add:read", "add:WRITE"]), "their case matters");
    assert!(!allows(&scopes, &["add:read", "add:writer"]));
    assert!(!allows(&scopes, &[]));
}

#[test]
fn any_is_one_of_them() {
    let scopes = Scopes::any(["add:read", "admin"]);
    assert!(allows(&scopes, &["admin"]));
    assert!(allows(&scopes, &["x", "add:read"]));
    assert!(!allows(&scopes, &["x"]));
    assert!(!allows(&scopes, &[]));
}

#[test]
fn of_no_names_all_is_everybody_who_is_known_and_any_is_nobody() {
    let none: [&str; 0] = [];
    assert!(allows(&Scopes::all(none), &[]));
    assert!(!allows(&Scopes::any(none), &["admin"]));
    let nobody = Request::new(());
    assert!(matches!(Scopes::all(none).decide(&Access::new("sum", &nobody)), Answer::Now(Err(_))));
}

#[test]
fn nobody_has_a_scope_that_is_none() {
    for scope in ["", " ", "add:read admin", "admin\t"] {
        assert!(!allows(&Scopes::all([scope]), &["add:read", "admin", "", " "]), "{scope:?}");
    }
}

#[tokio::test]
async fn a_token_without_them_is_told_which_they_are() {
    let ada = || of(Principal::new(Scheme::Bearer, "ada").with_scopes(["add:read"]), ());
    let error = refused(Scopes::all(["add:read", "add:write"]), ada()).await;
    assert_eq!((error.code(), error.message()), (Code::PermissionDenied, "not allowed"));
    assert_eq!(challenges(&error), [r#"Bearer error="insufficient_scope", scope="add:read add:write""#]);
    // One that suffices; all of them might be more than the caller can get.
    let error = refused(Scopes::any(["add:write", "admin"]), ada()).await;
    assert_eq!(challenges(&error), [r#"Bearer error="insufficient_scope", scope="add:write""#]);
    let none: [&str; 0] = [];
    assert_eq!(challenges(&refused(Scopes::any(none), ada()).await), [r#"Bearer error="insufficient_scope""#]);
}

#[tokio::test]
async fn others_without_them_are_told_nothing() {
    for scheme in [Scheme::Basic, Scheme::ApiKey, Scheme::Certificate, Scheme::Other("proxy")] {
        let error = refused(Scopes::all(["add:write"]), of(Principal::new(scheme, "ada"), ())).await;
        assert_eq!((error.code(), challenges(&error).len()), (Code::PermissionDenied, 0), "{scheme}");
    }
}

#[tokio::test]
async fn nobody_is_asked_who_it_is() {
    assert_eq!(refused(Scopes::all(["add:write"]), Request::new(())).await.code(), Code::Unauthenticated);
}
