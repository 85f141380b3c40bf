//! The laws that every layer of this crate keeps.

use std::future::{Ready, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use tower::limit::ConcurrencyLimit;
use tower::util::ServiceFn;
use tower::{Layer, Service, ServiceExt, service_fn};
use towerkit_auth::{
    Access, Authentication, Authorization, Denied, Principal, Reason, Scheme, async_policy_fn, policy_fn,
};
use towerkit_endpoint::{BoxError, Code, Error, Failure, Request};
use towerkit_testing::contract::{Contract, Law, Readiness};

use crate::authentication_support::{Believes, Guard, by, of, probe, request};

fn authentication() -> Authentication {
    Authentication::new(Believes::user())
}

fn ada() -> Principal {
    Principal::new(Scheme::Bearer, "ada")
}

#[tokio::test(start_paused = true)]
async fn authentication_keeps_the_laws() {
    // It finds no credentials where it looks.
    let refusing = Authentication::new(Believes::new("x-other", Scheme::Bearer));
    Contract::with_probe(probe, |probe| authentication().requests("sum").layer(probe), || by("ada"))
        .readiness(Readiness::AlwaysReady)
        .refuses(move |probe| refusing.requests("sum").layer(probe))
        .check()
        .await;
}

#[tokio::test(start_paused = true)]
async fn authentication_that_answers_later_keeps_the_laws() {
    Contract::with_probe(probe, |probe| authentication().requests("sum").layer(probe), || by("soon:ada"))
        .readiness(Readiness::AlwaysReady)
        .check()
        .await;
    let waits = Contract::with_probe(probe, |probe| authentication().requests("sum").layer(probe), || by("later:ada"));
    waits.readiness(Readiness::AlwaysReady).check().await;
    let refuses = Contract::with_probe(probe, |probe| authentication().requests("sum").layer(probe), || by("later:no"))
        .readiness(Readiness::AlwaysReady)
        .refuses(|probe| authentication().requests("sum").layer(probe));
    let finding = refuses.law(Law::RefusesInTheFuture).await;
    assert!(!finding.is_broken(), "{finding}");
}

#[tokio::test(start_paused = true)]
async fn authorization_keeps_the_laws() {
    let layer = |yes: bool| Authorization::new(policy_fn(move |_: &Access<'_, ()>| yes)).requests("sum");
    Contract::with_probe(probe, move |probe| layer(true).layer(probe), || of(ada(), ()))
        .readiness(Readiness::AlwaysReady)
        .refuses(move |probe| layer(false).layer(probe))
        .check()
        .await;
}

#[tokio::test(start_paused = true)]
async fn authorization_that_answers_later_keeps_the_laws() {
    let layer = |after: Option<Duration>, yes: bool| {
        let policy = async_policy_fn(move |_: &Access<'_, ()>| async move {
            if let Some(after) = after {
                tokio::time::sleep(after).await;
            }
            if yes { Ok(()) } else { Err(Reason::NotAllowed("no".into())) }
        });
        Authorization::new(policy).requests("sum")
    };
    Contract::with_probe(probe, move |probe| layer(None, true).layer(probe), || of(ada(), ()))
        .readiness(Readiness::AlwaysReady)
        .refuses(move |probe| layer(None, false).layer(probe))
        .check()
        .await;
    let after = Some(Duration::from_millis(10));
    let waits = Contract::with_probe(probe, move |probe| layer(after, true).layer(probe), || of(ada(), ()))
        .refuses(move |probe| layer(after, false).layer(probe));
    waits.readiness(Readiness::AlwaysReady).check().await;
}

/// What a call inside of nothing ready is refused with.
async fn refused<S: Service<Request<()>, Response = (), Error = Error>>(service: S, request: Request<()>) -> Code {
    let call = tokio::time::timeout(Duration::from_secs(20), service.oneshot(request));
    call.await.expect("it waits for what is inside").unwrap_err().code()
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_does_not_touch_the_readiness_of_what_is_inside() {
    for name in ["no", "later:no"] {
        let (inner, handle) = probe();
        handle.pending();
        assert_eq!(refused(authentication().requests("sum").layer(inner), by(name)).await, Code::Unauthenticated);
        assert_eq!(handle.counts().polls, 0, "{name}");
    }
    let (inner, handle) = probe();
    handle.pending();
    let no = Authorization::new(policy_fn(|_: &Access<'_, ()>| false)).requests("sum").layer(inner);
    assert_eq!(refused(no, of(ada(), ())).await, Code::PermissionDenied);
    assert_eq!(handle.counts().polls, 0);
}

#[tokio::test]
async fn a_check_that_waits_holds_no_place_inside() {
    let answer = service_fn(|_: Request<()>| async { Ok::<_, Error>(()) });
    let service = authentication().requests("sum").layer(ConcurrencyLimit::new(answer, 1));
    let mut waiting = pin!(service.clone().oneshot(by("never:ada")));
    assert!(poll_once(waiting.as_mut()).is_pending());
    tokio::time::timeout(Duration::from_secs(20), service.oneshot(by("ada"))).await.unwrap().unwrap();
}

fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut TaskContext::from_waker(Waker::noop()))
}

#[tokio::test(start_paused = true)]
async fn dropping_the_call_drops_a_check_that_waits() {
    let believes = Believes::user();
    let dropped = Arc::clone(&believes.dropped);
    let (inner, handle) = probe();
    let service = Authentication::new(believes).requests("sum").layer(inner);
    let call = tokio::time::timeout(Duration::from_secs(1), service.oneshot(by("never:ada")));
    assert!(call.await.is_err(), "it waits");
    assert_eq!((dropped.load(Ordering::SeqCst), handle.counts().polls), (1, 0));

    let gone = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let seen = Arc::clone(&gone);
    let policy = async_policy_fn(move |_: &Access<'_, ()>| {
        let guard = Guard(Arc::clone(&gone));
        async move {
            let _guard = guard;
            std::future::pending().await
        }
    });
    let (inner, handle) = probe();
    let service = Authorization::new(policy).requests("sum").layer(inner);
    let call = tokio::time::timeout(Duration::from_secs(1), service.oneshot(of(ada(), ())));
    assert!(call.await.is_err(), "it waits");
    assert_eq!((seen.load(Ordering::SeqCst), handle.counts().polls), (1, 0));
}

#[test]
fn a_check_begins_at_the_first_poll() {
    let believes = Believes::user();
    let (inner, handle) = probe();
    let mut service = Authentication::new(believes)
        .on_refusal(|event| panic!("it was looked at: {event}"))
        .requests("sum")
        .layer(inner);
    drop(service.call(by("no")));
    assert_eq!(handle.counts().clones, 1);
    assert_eq!(handle.counts().polls, 0);
}

type Answer = fn(Request<()>) -> Ready<Result<(), Error>>;

fn answer() -> ServiceFn<Answer> {
    service_fn((|_| ready(Ok(()))) as Answer)
}

/// Allocations of a hundred calls that pass; those of the requests not counted.
fn allocations<S>(mut service: S, request: impl Fn() -> Request<()>) -> u64
where
    S: Service<Request<()>, Response = (), Error = Error>,
{
    let mut requests: Vec<_> = (0..100).map(|_| request()).collect();
    let mut call = |request| {
        let mut cx = TaskContext::from_waker(Waker::noop());
        assert!(service.poll_ready(&mut cx).is_ready());
        assert!(matches!(pin!(service.call(request)).poll(&mut cx), Poll::Ready(Ok(()))));
    };
    allocation_counter::measure(|| requests.drain(..).for_each(&mut call)).count_total
}

#[test]
fn authorization_allocates_nothing() {
    let function = Authorization::new(policy_fn(|access: &Access<'_, ()>| access.principal().is_some()));
    assert_eq!(allocations(function.requests("sum").layer(answer()), || of(ada(), ())), 0);

    let scopes = Authorization::new(towerkit_auth::by_operation([(
        "sum",
        towerkit_auth::both(
            towerkit_auth::Scopes::all(["add:read", "add:write"]),
            towerkit_auth::Scopes::any(["admin", "add:read"]),
        ),
    )]));
    let with_scopes = || of(ada().with_scopes(["add:read", "add:write"]), ());
    assert_eq!(allocations(scopes.requests("sum").layer(answer()), with_scopes), 0);
}

/// Says who it is without looking.
#[derive(Debug)]
struct Always(Principal);

impl towerkit_auth::Authenticator for Always {
    fn scheme(&self) -> Scheme {
        Scheme::Bearer
    }

    fn authenticate(&self, _: &towerkit_endpoint::Context) -> Option<towerkit_auth::Answer<Principal>> {
        Some(towerkit_auth::Answer::pass(self.0.clone()))
    }

    fn challenge(&self, _: Option<&Reason>) -> Option<http::HeaderValue> {
        None
    }
}

#[test]
fn authentication_allocates_what_a_value_in_the_context_does() {
    let principal = ada();
    let by_hand = allocation_counter::measure(|| {
        request([]).context_mut().insert(principal.clone());
    })
    .count_total;
    let layer = Authentication::new(Always(principal.clone())).requests("sum");
    assert_eq!(allocations(layer.layer(answer()), || request([])), 100 * by_hand);
}

#[tokio::test]
async fn the_layers_work_with_any_error_that_a_refusal_can_become() {
    #[derive(Debug)]
    struct Mine(Denied);
    impl From<Denied> for Mine {
        fn from(denied: Denied) -> Self {
            Self(denied)
        }
    }
    let service = service_fn(|_: Request<()>| ready(Ok::<_, Mine>(())));
    let refused = authentication().requests("sum").layer(service).oneshot(by("no")).await.unwrap_err();
    assert_eq!(refused.0.reason().as_str(), "unsuitable");

    let service = service_fn(|_: Request<()>| ready(Ok::<_, BoxError>(())));
    let refused = authentication().requests("sum").layer(service).oneshot(by("no")).await.unwrap_err();
    assert!(refused.is_refused() && refused.is_not_sent());
    assert_eq!(
        (refused.code(), refused.to_string().as_str()),
        (Code::Unauthenticated, "the credentials are not valid")
    );
}
