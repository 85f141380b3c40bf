//! What becomes of spans: each is exported, or counted as lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use towerkit_lifecycle::{Group, Lifeline, Member, MemberEnding, member_fn};
use towerkit_testing::events::Events;
use towerkit_tracing::{ExportEvent, Exporter, Loss, Stats, Tracer};

use crate::support::{Kept, Mode, PATIENCE, Rig, attribute};

fn tracer(kept: &Kept) -> (Tracer, Exporter) {
    Tracer::builder("addsvc").export(kept.clone()).build()
}

fn ended(tracer: &Tracer, spans: usize) {
    (0..spans).for_each(|_| drop(tracer.span("job")));
}

/// Whatever happens, at any moment.
fn adds_up(stats: Stats) -> Stats {
    assert_eq!(stats.ended, stats.sent + stats.waiting + stats.lost(), "{stats:?}");
    stats
}

#[tokio::test(start_paused = true)]
async fn spans_go_in_batches_and_what_is_left_after_a_time() {
    let kept = Kept::default();
    let (tracer, exporter) = tracer(&kept);
    let _running = exporter.batch(10).interval(Duration::from_secs(5)).spawn();
    ended(&tracer, 25);
    assert_eq!(kept.batches.wait_len(2, Duration::from_secs(1)).await, [10, 10], "full ones do not wait");
    assert_eq!(adds_up(tracer.stats()).waiting, 5);
    assert_eq!(kept.batches.wait_len(3, Duration::from_secs(6)).await, [10, 10, 5]);
    assert_eq!(adds_up(tracer.stats()).sent, 25);
}

#[tokio::test(start_paused = true)]
async fn a_flush_does_not_wait_for_the_time() {
    let kept = Kept::default();
    let (tracer, exporter) = tracer(&kept);
    let _running = exporter.interval(Duration::from_secs(3600)).spawn();
    ended(&tracer, 3);
    let began = tokio::time::Instant::now();
    assert!(tracer.flush(PATIENCE).await);
    assert_eq!((kept.spans.len(), began.elapsed()), (3, Duration::ZERO));
    assert!(tracer.flush(PATIENCE).await, "there is nothing to do");
}

#[tokio::test(start_paused = true)]
async fn a_flush_of_an_exporter_that_does_not_run_is_given_up() {
    let kept = Kept::default();
    let (tracer, exporter) = tracer(&kept);
    ended(&tracer, 1);
    assert!(!tracer.flush(Duration::from_secs(1)).await);
    drop(exporter);
    assert!(tracer.flush(Duration::from_secs(1)).await, "it is lost, and that is settled");
    assert_eq!(adds_up(tracer.stats()).lost_stopped, 1);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_full_loses_and_counts() {
    let kept = Kept::default();
    let (tracer, exporter) = tracer(&kept);
    let lost = Events::new();
    let told = lost.clone();
    let exporter = exporter.queue(10).on_event(move |event| {
        if let ExportEvent::Lost { spans, why: Loss::Full, .. } = event {
            told.push(*spans);
        }
    });
    ended(&tracer, 25);
    assert_eq!((adds_up(tracer.stats()).waiting, tracer.stats().lost_full), (10, 15));
    let running = exporter.spawn();
    assert_eq!(lost.wait_len(1, PATIENCE).await, [15]);
    let report = running.stop(PATIENCE).await;
    assert!(report.ending.is_good(), "{report}");
    let stats = adds_up(tracer.stats());
    assert_eq!((stats.sent, stats.lost_full, stats.waiting), (10, 15, 0));
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_fails_loses_and_counts_and_says_why() {
    let kept = Kept::default();
    kept.set(Mode::Fail);
    let (tracer, exporter) = tracer(&kept);
    let events = Events::new();
    let told = events.clone();
    let running = exporter.tries(3).on_event(move |event| told.push(event.to_string())).spawn();
    ended(&tracer, 4);
    let seen = events.wait_len(3, PATIENCE).await;
    assert!(seen[0].starts_with("Kept: 4 spans not sent, trying again in "), "{seen:?}");
    assert!(seen[2].starts_with("Kept: 4 spans lost: ") && seen[2].ends_with("no space left"), "{seen:?}");
    assert_eq!(kept.batches.take(), [4, 4, 4]);
    assert_eq!(adds_up(tracer.stats()).lost_failed, 4);

    // And goes on when it is well again.
    kept.set(Mode::Keep);
    ended(&tracer, 2);
    let report = running.stop(PATIENCE).await;
    assert!(report.ending.is_good(), "{report}");
    let stats = adds_up(tracer.stats());
    assert_eq!((stats.sent, stats.lost()), (2, 4));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_failed_is_tried_again_where_that_is_asked_for() {
    let kept = Kept::default();
    kept.set(Mode::Fail);
    let (tracer, exporter) = tracer(&kept);
    let running = exporter.tries(5).spawn();
    ended(&tracer, 3);
    kept.batches.wait_len(2, PATIENCE).await;
    kept.set(Mode::Keep);
    assert!(tracer.flush(PATIENCE).await);
    assert_eq!(kept.spans.len(), 3);
    let report = running.stop(PATIENCE).await;
    assert!(report.ending.is_good(), "{report}");
    assert_eq!(adds_up(tracer.stats()).sent, 3);
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_hangs_is_cut_off() {
    let kept = Kept::default();
    kept.set(Mode::Hang);
    let (tracer, exporter) = tracer(&kept);
    let running = exporter.timeout(Duration::from_secs(2)).interval(Duration::ZERO).spawn();
    ended(&tracer, 1);
    kept.batches.wait_len(1, PATIENCE).await;
    kept.set(Mode::Keep);
    ended(&tracer, 2);
    assert!(tracer.flush(PATIENCE).await);
    let report = running.stop(PATIENCE).await;
    assert!(report.ending.is_good(), "{report}");
    let stats = adds_up(tracer.stats());
    assert_eq!((stats.sent, stats.lost_failed), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_try_may_take_15_s_by_default() {
    let kept = Kept::default();
    kept.set(Mode::Hang);
    let (tracer, exporter) = tracer(&kept);
    let _running = exporter.spawn();
    ended(&tracer, 1);
    let began = tokio::time::Instant::now();
    assert!(tracer.flush(PATIENCE).await);
    assert_eq!(began.elapsed().as_secs(), 15);
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_panics_has_failed_and_no_more() {
    let kept = Kept::default();
    kept.set(Mode::Panic);
    let (tracer, exporter) = tracer(&kept);
    let running = exporter.spawn();
    ended(&tracer, 1);
    assert!(tracer.flush(PATIENCE).await);
    kept.set(Mode::Keep);
    ended(&tracer, 1);
    let report = running.stop(PATIENCE).await;
    assert!(report.ending.is_good(), "{report}");
    let stats = adds_up(tracer.stats());
    assert_eq!((stats.sent, stats.lost_failed), (1, 1));
}

#[tokio::test]
async fn a_stop_sends_what_waits() {
    let kept = Kept::default();
    let (tracer, exporter) = tracer(&kept);
    let job = tracer.clone();
    let server = member_fn("server", move |lifeline: Lifeline| async move {
        lifeline.ready();
        lifeline.stop_group();
        lifeline.stopping().await;
        ended(&job, 700); // those of the drain
        Ok(())
    });
    let report = Group::new().with(exporter.interval(Duration::from_secs(3600))).with(server).run().await.unwrap();
    assert!(report.members().iter().all(|member| matches!(member.ending, MemberEnding::Stopped)), "{report}");
    assert_eq!(kept.spans.len(), 700);
    assert_eq!(kept.batches.take(), [512, 188]);
    ended(&tracer, 1);
    let stats = adds_up(tracer.stats());
    assert_eq!((stats.sent, stats.lost_stopped), (700, 1), "what ends after the stop is lost, and counted");
}

#[tokio::test]
async fn a_stop_is_over_in_its_time_whatever_the_exporter_does() {
    let kept = Kept::default();
    kept.set(Mode::Hang);
    let (tracer, exporter) = tracer(&kept);
    let lost = Events::new();
    let told = lost.clone();
    let exporter = exporter.batch(2).on_event(move |event| told.push(event.to_string()));
    let (lifeline, stopper) = Lifeline::detached();
    let member = tokio::spawn(exporter.run(lifeline));
    stopper.ready().await;
    ended(&tracer, 5);
    kept.batches.wait_len(1, PATIENCE).await;
    let began = Instant::now();
    stopper.stop(Duration::from_millis(300));
    tokio::time::timeout(PATIENCE, member).await.unwrap().unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(10));
    let stats = adds_up(tracer.stats());
    assert_eq!((stats.lost_stopped, stats.waiting), (5, 0));
    assert!(lost.take().iter().any(|event| event == "Kept: 2 spans lost: stopped"));
}

#[tokio::test]
async fn a_member_that_is_aborted_has_lost_what_it_held() {
    let kept = Kept::default();
    kept.set(Mode::Hang);
    let (tracer, exporter) = tracer(&kept);
    let (lifeline, _stopper) = Lifeline::detached();
    let running = tokio::spawn(exporter.batch(2).run(lifeline));
    ended(&tracer, 5);
    kept.batches.wait_len(1, PATIENCE).await;
    running.abort();
    assert!(tracer.flush(PATIENCE).await);
    assert_eq!(adds_up(tracer.stats()).lost_stopped, 5);
}

#[tokio::test]
async fn each_of_several_exporters_gets_all_and_one_that_hangs_holds_no_other_up() {
    let (good, bad) = (Kept::default(), Kept::default());
    bad.set(Mode::Hang);
    let (tracer, exporter) = Tracer::builder("addsvc").export(bad.clone()).export(good.clone()).build();
    let running = exporter.interval(Duration::ZERO).spawn();
    let span = tracer.span("job");
    span.set_attribute("a", 1);
    drop(span);
    let seen = good.spans.wait_len(1, PATIENCE).await;
    assert_eq!(attribute(&seen[0], "a").as_deref(), Some("1"));
    let report = running.stop(Duration::from_millis(200)).await;
    assert!(report.ending.is_good(), "{report}");
    let stats = adds_up(tracer.stats());
    assert_eq!((stats.ended, stats.sent, stats.lost_stopped), (2, 1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_uncounted_however_many_end_at_once() {
    let kept = Kept::default();
    let (tracer, exporter) = tracer(&kept);
    let running = exporter.queue(300).batch(64).interval(Duration::from_millis(1)).spawn();
    let made = Arc::new(AtomicU64::new(0));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (tracer, made) = (tracer.clone(), Arc::clone(&made));
            std::thread::spawn(move || {
                for n in 0..3000 {
                    ended(&tracer, 1);
                    made.fetch_add(1, Ordering::Relaxed);
                    if n % 500 == 0 {
                        adds_up(tracer.stats());
                    }
                }
            })
        })
        .collect();
    tokio::task::spawn_blocking(|| threads.into_iter().for_each(|thread| thread.join().unwrap())).await.unwrap();
    let report = running.stop(PATIENCE).await;
    assert!(report.ending.is_good(), "{report}");
    let stats = adds_up(tracer.stats());
    assert_eq!(stats.ended, made.load(Ordering::Relaxed));
    assert_eq!((stats.sent, stats.waiting), (kept.spans.len() as u64, 0));
    assert_eq!(stats.sent + stats.lost_full, 12_000);
}

#[tokio::test]
async fn the_exporter_is_told_the_resource() {
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::error::OTelSdkResult;
    use opentelemetry_sdk::trace::{SpanData, SpanExporter};

    #[derive(Debug)]
    struct Asks(Events<Resource>);
    impl SpanExporter for Asks {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            Ok(())
        }
        fn set_resource(&mut self, resource: &Resource) {
            self.0.push(resource.clone());
        }
    }

    let resources = Events::new();
    let builder =
        Tracer::builder("addsvc").version("1.2").resource("service.instance.id", "a").export(Asks(resources.clone()));
    let _made = builder.build();
    let [resource] = &resources.take()[..] else { panic!("told once") };
    let get = |name: &'static str| resource.get(&name.into()).map(|value| value.to_string());
    assert_eq!(get("service.name").as_deref(), Some("addsvc"));
    assert_eq!(get("service.version").as_deref(), Some("1.2"));
    assert_eq!(get("service.instance.id").as_deref(), Some("a"));
    assert_eq!(get("telemetry.sdk.language").as_deref(), Some("rust"));
}

#[tokio::test]
async fn a_rig_flushes() {
    let rig = Rig::new();
    ended(&rig.tracer, 3);
    assert_eq!(rig.spans().await.len(), 3);
}
