//! Who decides what is recorded.

use towerkit_endpoint::Request;
use towerkit_tracing::{Sampler, Tracer};

use crate::support::{Rig, echo, through};

const SAMPLED: &str = "00-12345678901234567890123456789012-1234567890123456-01";
const UNSAMPLED: &str = "00-12345678901234567890123456789012-1234567890123456-00";

#[tokio::test]
async fn what_the_caller_has_decided_holds_both_ways() {
    let never = Rig::with(|builder| builder.sampler(Sampler::never()));
    let context = through(&never.tracer.requests("sum"), &[("traceparent", SAMPLED)]).await;
    assert!(context.trace().unwrap().is_sampled());
    assert_eq!(never.spans().await.len(), 1);

    let always = Rig::with(|builder| builder.sampler(Sampler::always()));
    let context = through(&always.tracer.requests("sum"), &[("traceparent", UNSAMPLED)]).await;
    assert!(!context.trace().unwrap().is_sampled());
    assert_eq!(always.spans().await.len(), 0);
}

#[tokio::test]
async fn a_trace_that_is_not_recorded_goes_on_with_that_decision() {
    let rig = Rig::with(|builder| builder.sampler(Sampler::never()));
    let context = through(&rig.tracer.requests("sum"), &[]).await;
    let trace = context.trace().unwrap();
    let calls = tower::Layer::layer(&rig.tracer.calls("next").sampler(Sampler::always()), echo());
    let called = tower::ServiceExt::oneshot(calls, Request::with_context(context.outgoing(), ())).await.unwrap();
    let sent = called.metadata().get("traceparent").unwrap();
    assert!(sent.starts_with(&format!("00-{}-", trace.trace_id())) && sent.ends_with("-00"), "{sent}");
    assert!(!sent.contains(&trace.span_id().to_string()), "it has a span of its own");
    assert_eq!(rig.spans().await, []);
}

#[tokio::test]
async fn an_operation_may_have_a_sampler_of_its_own() {
    let rig = Rig::with(|builder| builder.sampler(Sampler::never()));
    drop(through(&rig.tracer.requests("health"), &[]).await);
    drop(through(&rig.tracer.requests("sum").sampler(Sampler::always()), &[]).await);
    assert_eq!(rig.span().await.name, "sum");
}

#[tokio::test]
async fn a_sampler_can_decide_regardless_of_the_parent() {
    let rig = Rig::with(|builder| builder.sampler(Sampler::always().regardless_of_parent()));
    drop(through(&rig.tracer.requests("sum"), &[("traceparent", UNSAMPLED)]).await);
    assert_eq!(rig.span().await.parent_span_id.to_string(), "1234567890123456");

    let rig = Rig::with(|builder| builder.sampler(Sampler::never().regardless_of_parent()));
    drop(through(&rig.tracer.requests("sum"), &[("traceparent", SAMPLED)]).await);
    assert_eq!(rig.spans().await, []);
}

/// Whether a service with this sampler records a trace, decided by itself.
async fn records(sampler: &Sampler, trace: u128) -> bool {
    let (tracer, _exporter) = Tracer::builder("a").sampler(sampler.clone().regardless_of_parent()).build();
    let parent = format!("00-{trace:032x}-1234567890123456-00");
    through(&tracer.requests("sum"), &[("traceparent", &parent)]).await.trace().unwrap().is_sampled()
}

#[tokio::test]
async fn a_ratio_is_kept_and_chooses_the_same_traces_everywhere() {
    let (tenth, half) = (Sampler::ratio(0.1), Sampler::ratio(0.5));
    let mut counts = [0_u32; 2];
    let mut random = 7_u128;
    for _ in 0..4000 {
        random = random.wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645).wrapping_add(99);
        let trace = random ^ (random >> 64);
        let (in_tenth, in_half) = (records(&tenth, trace).await, records(&half, trace).await);
        assert!(!in_tenth || in_half, "those of a tenth are among those of a half");
        assert_eq!(in_tenth, records(&Sampler::ratio(0.1), trace).await);
        counts[0] += u32::from(in_tenth);
        counts[1] += u32::from(in_half);
    }
    assert!((300..500).contains(&counts[0]) && (1800..2200).contains(&counts[1]), "{counts:?}");
}

#[tokio::test]
async fn a_ratio_goes_by_the_lower_63_bits_as_open_telemetry_has_it() {
    use opentelemetry_sdk::trace::{SamplingDecision, ShouldSample};
    for share in [0.0, 1e-9, 0.1, 0.25, 0.5, 0.999, 1.0] {
        let theirs = opentelemetry_sdk::trace::Sampler::TraceIdRatioBased(share);
        for trace in [1, 0xff, 1 << 62, 1 << 63, (1 << 64) - 1, 0x1999_9999_9999_9999, 0x3fff_ffff_ffff_ffff, 1 << 127]
        {
            let id = opentelemetry::TraceId::from(trace);
            let kind = opentelemetry::trace::SpanKind::Server;
            let decision = theirs.should_sample(None, id, "", &kind, &[], &[]).decision;
            let expected = decision == SamplingDecision::RecordAndSample;
            assert_eq!(records(&Sampler::ratio(share), trace).await, expected, "{share} {trace:x}");
        }
    }
}

#[tokio::test]
async fn no_share_at_all_is_none() {
    for (share, recorded) in [(0.0, false), (-1.0, false), (f64::NAN, false), (1.0, true), (f64::INFINITY, true)] {
        assert_eq!(records(&Sampler::ratio(share), u128::MAX - 1).await, recorded, "{share}");
    }
    assert!(!records(&Sampler::ratio(0.0), 1).await);
}

#[tokio::test]
async fn a_rate_bounds_what_is_recorded() {
    let rig = Rig::with(|builder| builder.sampler(Sampler::per_second(5)));
    for _ in 0..100 {
        drop(through(&rig.tracer.requests("sum"), &[]).await);
    }
    // A machine that takes a second for it may record some more.
    let recorded = rig.spans().await.len();
    assert!((5..50).contains(&recorded), "{recorded}");
}
