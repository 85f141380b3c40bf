use std::time::Duration;

use tokio::time::{Instant, advance, timeout};
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;
use towerkit_endpoint::{Code, Context, Endpoint as _, Error, Request};
use towerkit_ratelimit::{Quota, RateLimiter, ThrottleLayer};
use towerkit_testing::events::Events;

use super::{echo, poll};

/// One call each 100 ms.
fn layer() -> ThrottleLayer {
    ThrottleLayer::new(RateLimiter::on_tokio_time(Quota::per_second(10).burst(1)))
}

fn within(time: Duration) -> Request<u64> {
    let mut context = Context::new();
    context.shorten_deadline_within(time);
    Request::with_context(context, 7)
}

#[tokio::test(start_paused = true)]
async fn calls_wait_for_their_turn_in_the_order_they_came() {
    let (layer, done, start) = (layer(), Events::new(), Instant::now());
    let service = layer.layer(echo());
    for n in 0..20 {
        let (service, done) = (service.clone(), done.clone());
        tokio::spawn(async move {
            service.invoke(n).await.unwrap();
            done.push((n, start.elapsed()));
        });
    }
    let order = done.wait_len(20, Duration::from_secs(60)).await;
    assert!(order.iter().map(|(n, _)| *n).eq(0..20), "{order:?}");
    for (n, at) in order {
        let due = Duration::from_millis(100 * n);
        assert!(at >= due && at <= due + Duration::from_millis(5 + 2 * n), "{n} at {at:?}");
    }
    assert_eq!(layer.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_would_wait_past_its_deadline_is_refused_at_once() {
    let layer = layer();
    let service = layer.layer(echo());
    service.invoke(1).await.unwrap();
    let start = Instant::now();
    let refused = service.invoke(within(Duration::from_millis(90))).await.unwrap_err();
    assert_eq!((refused.code(), start.elapsed()), (Code::ResourceExhausted, Duration::ZERO));
    assert!(service.invoke(within(Duration::from_millis(150))).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_already_count() {
    let layer = layer();
    let service = layer.layer(echo());
    service.invoke(1).await.unwrap();
    let mut waiting: Vec<_> = (0..5).map(|n| Box::pin(service.invoke(n))).collect();
    for call in &mut waiting {
        assert!(poll(call).is_pending());
    }
    assert_eq!(layer.waiting(), 5);
    let refused = service.invoke(within(Duration::from_millis(550))).await.unwrap_err();
    assert_eq!(
        refused.retry_after(),
        Some(Duration::from_millis(600)),
        "five are before it, and the next is due in 100 ms"
    );
    drop(waiting);
    assert_eq!(layer.waiting(), 0);
    assert!(service.invoke(within(Duration::from_millis(550))).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_gives_its_place_up() {
    let layer = layer();
    let service = layer.layer(echo());
    service.invoke(1).await.unwrap();
    // At the head of the queue, behind it, and never polled.
    let (mut head, mut behind, unpolled) =
        (Box::pin(service.invoke(2)), Box::pin(service.invoke(3)), service.invoke(4));
    assert!(poll(&mut head).is_pending() && poll(&mut behind).is_pending());
    advance(Duration::from_millis(50)).await;
    drop((head, unpolled));
    let start = Instant::now();
    behind.await.unwrap();
    assert!(start.elapsed() <= Duration::from_millis(52), "{:?}", start.elapsed());
    assert_eq!(layer.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses() {
    let layer = layer().max_waiting(2);
    let service = layer.layer(echo());
    service.invoke(1).await.unwrap();
    let mut waiting = [Box::pin(service.invoke(2)), Box::pin(service.invoke(3))];
    for call in &mut waiting {
        assert!(poll(call).is_pending());
    }
    assert_eq!(service.invoke(4).await.unwrap_err().code(), Code::ResourceExhausted);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_too_long_is_refused() {
    let service = layer().max_wait(Duration::from_millis(150)).layer(echo());
    service.invoke(1).await.unwrap();
    let mut waiting = Box::pin(service.invoke(2));
    assert!(poll(&mut waiting).is_pending());
    assert!(service.invoke(3).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_holds_though_the_quota_is_lowered_meanwhile() {
    let limiter = RateLimiter::on_tokio_time(Quota::per_second(10).burst(1));
    let service = ThrottleLayer::new(limiter.clone()).layer(echo());
    service.invoke(1).await.unwrap();
    let start = Instant::now();
    let mut waiting = Box::pin(service.invoke(within(Duration::from_millis(500))));
    assert!(poll(&mut waiting).is_pending());
    limiter.set_quota(Quota::per_hour(1));
    assert_eq!(waiting.await.unwrap_err().code(), Code::ResourceExhausted);
    assert!((500..510).contains(&start.elapsed().as_millis()));
}

#[tokio::test(start_paused = true)]
async fn it_holds_no_service_ready_while_it_waits() {
    let (probe, handle) =
        towerkit_testing::probe::Probe::<Request<u64>, (), Error>::with_errors(|_| (), Error::internal);
    let service = layer().layer(probe);
    service.clone().oneshot(Request::new(1)).await.unwrap();
    handle.pending();
    let mut waiting = Box::pin(service.oneshot(Request::new(2)));
    assert!(poll(&mut waiting).is_pending());
    advance(Duration::from_millis(200)).await;
    assert!(poll(&mut waiting).is_pending());
    assert_eq!(handle.counts().calls, 1, "it asks for readiness when its turn has come, and waits for it");
    handle.ready();
    waiting.await.unwrap();
    assert_eq!((handle.counts().calls, handle.counts().violations), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn it_stands_on_any_tower_service() {
    let service = layer()
        .deadline(|deadline: &Instant| Some(*deadline))
        .layer(service_fn(|_: Instant| async { Ok::<_, Error>(()) }));
    let soon = Instant::now() + Duration::from_millis(10);
    service.clone().oneshot(soon).await.unwrap();
    assert!(service.clone().oneshot(soon).await.is_err());
    let later = Instant::now() + Duration::from_secs(10);
    timeout(Duration::from_secs(1), service.oneshot(later)).await.unwrap().unwrap();
}
