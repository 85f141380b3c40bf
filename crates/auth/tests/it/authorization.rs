use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower::{Layer, ServiceBuilder, ServiceExt};
use towerkit_auth::{
    Access, Answer, Authentication, Authorization, Policy, Principal, Reason, Scheme, Scopes, async_policy_fn, both,
    by_operation, either, policy_fn,
};
use towerkit_endpoint::{BoxError, Code, Endpoint, Error, Failure, Report, Request, endpoint_fn, service_fn};

use crate::authentication_support::{Believes, challenges, of, request};

fn ada() -> Principal {
    Principal::new(Scheme::Bearer, "ada")
}

/// What a policy says in the end.
async fn judge<T>(policy: impl Policy<T>, operation: &str, request: &Request<T>) -> Result<(), Reason> {
    match policy.decide(&Access::new(operation, request)) {
        Answer::Now(outcome) => outcome,
        Answer::Later(outcome) => outcome.await,
    }
}

async fn code<T>(policy: impl Policy<T>, operation: &str, request: &Request<T>) -> Option<&'static str> {
    judge(policy, operation, request).await.err().map(|reason| reason.as_str())
}

#[tokio::test]
async fn a_function_sees_the_principal_the_operation_the_message_and_the_metadata() {
    let policy = policy_fn(|access: &Access<'_, u64>| {
        access.principal().is_some_and(|who| who.subject() == "ada")
            && access.operation() == "spend"
            && *access.message() < 100
            && access.context().metadata().get("x-office") == Some("7")
    });
    let spend = |principal, amount, office| {
        let mut request = of(principal, amount);
        request.context_mut().metadata_mut().set("x-office", office).unwrap();
        request
    };
    assert_eq!(code(policy, "spend", &spend(ada(), 7, "7")).await, None);
    assert_eq!(code(policy, "earn", &spend(ada(), 7, "7")).await, Some("not_allowed"));
    assert_eq!(code(policy, "spend", &spend(ada(), 700, "7")).await, Some("not_allowed"));
    assert_eq!(code(policy, "spend", &spend(ada(), 7, "8")).await, Some("not_allowed"));
    let bob = Principal::new(Scheme::Basic, "bob");
    assert_eq!(code(policy, "spend", &spend(bob, 7, "7")).await, Some("not_allowed"));
    assert_eq!(code(policy, "spend", &Request::new(7)).await, Some("missing"));
}

#[tokio::test]
async fn a_function_is_asked_for_nobody_only_where_that_is_said() {
    let (nobody, asked) = (Request::new(7), AtomicUsize::new(0));
    let small = policy_fn(|access: &Access<'_, u64>| {
        asked.fetch_add(1, Ordering::Relaxed);
        *access.message() < 100
    });
    assert!(matches!(small.decide(&Access::new("spend", &nobody)), Answer::Now(Err(Reason::Missing))));
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    assert_eq!(code(small.anonymous_too(), "spend", &nobody).await, None);
    assert_eq!(code(policy_fn(|_: &Access<'_, u64>| false).anonymous_too(), "spend", &nobody).await, Some("missing"));

    let later = || async_policy_fn(|_: &Access<'_, u64>| std::future::ready(Ok(())));
    assert!(matches!(later().decide(&Access::new("spend", &nobody)), Answer::Now(Err(Reason::Missing))));
    assert_eq!(code(later().anonymous_too(), "spend", &nobody).await, None);
    assert_eq!(code(later(), "spend", &of(ada(), 7)).await, None);

    let answer = endpoint_fn(|_: u64| async { Ok::<_, Error>(()) });
    let optional = Authentication::new(Believes::user()).optional();
    let spend = |policy| {
        ServiceBuilder::new()
            .layer(optional.requests("spend"))
            .layer(Authorization::new(policy).requests("spend"))
            .service(answer)
    };
    let all = policy_fn(|_: &Access<'_, u64>| true);
    let refused = spend(all).invoke(7).await.unwrap_err();
    assert_eq!((refused.code(), challenges(&refused)), (Code::Unauthenticated, vec![r#"Named by="x-user""#]));
    spend(all.anonymous_too()).invoke(7).await.unwrap();
}

#[tokio::test]
async fn an_operation_without_a_policy_is_denied() {
    let policy = by_operation([("sum", Scopes::all(["read"])), ("reset", Scopes::all(["read", "write"]))]);
    let reader = of(ada().with_scopes(["read"]), ());
    assert_eq!(code(policy.clone(), "sum", &reader).await, None);
    assert_eq!(code(policy.clone(), "reset", &reader).await, Some("insufficient_scope"));
    assert_eq!(code(policy.clone(), "Sum", &reader).await, Some("not_allowed"));
    assert_eq!(code(policy, "erase", &Request::new(())).await, Some("missing"));
}

#[tokio::test]
async fn a_table_may_have_policies_of_several_types() {
    type Any = Arc<dyn Policy<u64> + Send + Sync>;
    let small: Any = Arc::new(policy_fn(|access: &Access<'_, u64>| *access.message() < 100));
    let writers: Any = Arc::new(Scopes::all(["write"]));
    let policy = by_operation([("sum", small), ("reset", writers)]);
    assert_eq!(code(policy.clone(), "sum", &of(ada(), 7)).await, None);
    assert_eq!(code(policy, "reset", &of(ada(), 7)).await, Some("insufficient_scope"));
}

/// Says at once or later, and what.
fn says(later: bool, what: Option<fn() -> Reason>) -> Arc<dyn Policy<()> + Send + Sync> {
    let outcome = move || what.map_or(Ok(()), |reason| Err(reason()));
    if later {
        Arc::new(async_policy_fn(move |_: &Access<'_, ()>| async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            outcome()
        }))
    } else {
        struct Now<F>(F);
        impl<F: Fn() -> Result<(), Reason>> Policy<()> for Now<F> {
            fn decide(&self, _: &Access<'_, ()>) -> Answer<()> {
                (self.0)().into()
            }
        }
        Arc::new(Now(outcome))
    }
}

#[tokio::test(start_paused = true)]
async fn both_and_either_are_and_and_or_however_late_their_policies_answer() {
    let (no, unknown) = (|| Reason::NotAllowed("no".into()), || Reason::Unavailable("away".into()));
    let whats: [Option<fn() -> Reason>; 3] = [None, Some(no), Some(unknown)];
    let request = of(ada(), ());
    for (first_later, second_later) in [(false, false), (false, true), (true, false), (true, true)] {
        for first in whats {
            for second in whats {
                let policies = || (says(first_later, first), says(second_later, second));
                let (a, b) = policies();
                let all = judge(both(a, b), "sum", &request).await;
                assert_eq!(all.is_ok(), first.is_none() && second.is_none());
                let (a, b) = policies();
                let any = judge(either(a, b), "sum", &request).await;
                assert_eq!(any.is_ok(), first.is_none() || second.is_none());
                if let Err(reason) = any {
                    let known = [first, second].iter().flatten().all(|reason| reason().as_str() == "not_allowed");
                    assert_eq!(reason.as_str(), if known { "not_allowed" } else { "unavailable" });
                }
            }
        }
    }
}

#[tokio::test]
async fn what_both_knows_already_it_does_not_wait_for() {
    let hangs = || async_policy_fn(|_: &Access<'_, ()>| std::future::pending());
    let no = || says(false, Some(|| Reason::NotAllowed("no".into())));
    let request = of(ada(), ());
    assert_eq!(code(both(no(), hangs()), "sum", &request).await, Some("not_allowed"));
    assert_eq!(code(both(hangs(), no()), "sum", &request).await, Some("not_allowed"));
    assert_eq!(code(either(says(false, None), hangs()), "sum", &request).await, None);
    assert_eq!(code(either(hangs(), says(false, None)), "sum", &request).await, None);
}

#[tokio::test]
async fn a_policy_that_wants_somebody_tells_nobody_how_to_be_one() {
    let authentication = Authentication::new(Believes::new("x-key", Scheme::ApiKey)).or(Believes::user()).optional();
    let authorization = Authorization::new(Scopes::all(["add:read"]));
    let sum = ServiceBuilder::new()
        .layer(authentication.requests("sum"))
        .layer(authorization.requests("sum"))
        .service(endpoint_fn(|()| async { Ok::<_, Error>(()) }));
    let refused = sum.invoke(request([])).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(challenges(&refused), [r#"Named by="x-key""#, r#"Named by="x-user""#]);
    let known = sum.invoke(request([("x-user", "ada")])).await.unwrap_err();
    assert_eq!(known.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_policy_without_an_authentication_says_no_to_all() {
    let sum = Authorization::new(Scopes::all(["add:read"]))
        .requests("sum")
        .layer(endpoint_fn(|()| async { Ok::<_, Error>(()) }));
    let refused = sum.invoke(request([("x-user", "ada")])).await.unwrap_err();
    assert_eq!((refused.code(), challenges(&refused).len()), (Code::Unauthenticated, 0));
}

/// Puts another error around the one from inside, as layers of others do.
#[derive(Debug)]
struct Foreign(BoxError);

impl std::fmt::Display for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a foreign layer failed")
    }
}

impl std::error::Error for Foreign {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

#[tokio::test]
async fn a_refusal_comes_through_foreign_layers_as_it_was() {
    let authorization = || Authorization::new(Scopes::all(["add:write"])).realm("add").requests("sum");
    let boxed = || service_fn(|_: Request<()>| async { Ok::<_, BoxError>(()) });
    let shed_inside = ServiceBuilder::new()
        .layer(authorization())
        .layer(LoadShedLayer::new())
        .layer(TimeoutLayer::new(Duration::from_secs(9)))
        .service(boxed());
    let shed_outside = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(TimeoutLayer::new(Duration::from_secs(9)))
        .layer(authorization())
        .service(service_fn(|_: Request<()>| async { Ok::<_, Error>(()) }));
    let boxed_outside =
        ServiceBuilder::new().layer(TimeoutLayer::new(Duration::from_secs(9))).layer(authorization()).service(boxed());
    let wrapped = ServiceBuilder::new()
        .map_err(|error: BoxError| BoxError::from(Foreign(error)))
        .layer(authorization())
        .service(boxed());

    let ask = || of(ada(), ());
    let errors = [
        shed_inside.oneshot(ask()).await.unwrap_err(),
        shed_outside.oneshot(ask()).await.unwrap_err(),
        boxed_outside.oneshot(ask()).await.unwrap_err(),
        wrapped.oneshot(ask()).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(Failure::code(&error), Code::PermissionDenied);
        assert!(error.is_refused() && error.is_not_sent());
        let report = Report::new(&*error).to_string();
        assert!(report.ends_with("not allowed: a scope is missing of: add:write"), "{report}");
        let error = Error::from(error);
        assert_eq!(error.code(), Code::PermissionDenied);
        assert!(!error.message().contains("add:write"));
        assert_eq!(
            challenges(&error),
            [r#"Bearer realm="add", error="insufficient_scope", scope="add:write""#],
            "{error:?}"
        );
    }
}
