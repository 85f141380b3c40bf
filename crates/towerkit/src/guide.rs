//! The pages of the guide (`docs/SUMMARY.md`), whose Rust blocks are tests of this crate.

macro_rules! pages {
    ($($name:ident = $file:literal,)*) => {
        $(
            #[doc = include_str!(concat!("../../../docs/", $file))]
            struct $name;
        )*
    };
}

pages! {
    Introduction = "introduction.md",
    GettingStarted = "getting-started.md",
    Onion = "onion.md",
    Errors = "errors.md",
    WritingALayer = "writing-a-layer.md",
    TestingAService = "testing-a-service.md",
    Operating = "operating.md",
    Endpoint = "crates/endpoint.md",
    TransportHttp = "crates/transport-http.md",
    TransportGrpc = "crates/transport-grpc.md",
    TransportNats = "crates/transport-nats.md",
    Lifecycle = "crates/lifecycle.md",
    Log = "crates/log.md",
    Metrics = "crates/metrics.md",
    Tracing = "crates/tracing.md",
    Auth = "crates/auth.md",
    Circuitbreaker = "crates/circuitbreaker.md",
    Ratelimit = "crates/ratelimit.md",
    Retry = "crates/retry.md",
    Sd = "crates/sd.md",
    HttpClient = "crates/http-client.md",
    Testing = "crates/testing.md",
    Towerkit = "crates/towerkit.md",
    FromGoKit = "from/go-kit.md",
    FromGoMicro = "from/go-micro.md",
    FromAxum = "from/axum.md",
    FromTonic = "from/tonic.md",
}
