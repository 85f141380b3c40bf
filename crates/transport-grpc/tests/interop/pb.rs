//! The messages and methods of `grpc.testing`, and those of load reports, as far as the cases want them. The numbers are the published
//! ones.

use std::collections::HashMap;

use towerkit_transport_grpc::Method;

pub(crate) const EMPTY_CALL: Method<Empty, Empty> = Method::new("/grpc.testing.TestService/EmptyCall");
pub(crate) const UNARY_CALL: Method<SimpleRequest, SimpleResponse> = Method::new("/grpc.testing.TestService/UnaryCall");
pub(crate) const STREAMING_OUTPUT_CALL: Method<OutputRequest, OutputResponse> =
    Method::new("/grpc.testing.TestService/StreamingOutputCall");
pub(crate) const STREAMING_INPUT_CALL: Method<InputRequest, InputResponse> =
    Method::new("/grpc.testing.TestService/StreamingInputCall");
pub(crate) const FULL_DUPLEX_CALL: Method<OutputRequest, OutputResponse> =
    Method::new("/grpc.testing.TestService/FullDuplexCall");
pub(crate) const HALF_DUPLEX_CALL: Method<OutputRequest, OutputResponse> =
    Method::new("/grpc.testing.TestService/HalfDuplexCall");
/// Nobody serves these two.
pub(crate) const UNIMPLEMENTED_METHOD: Method<Empty, Empty> =
    Method::new("/grpc.testing.TestService/UnimplementedCall");
pub(crate) const UNIMPLEMENTED_SERVICE: Method<Empty, Empty> =
    Method::new("/grpc.testing.UnimplementedService/UnimplementedCall");
pub(crate) const STREAM_CORE_METRICS: Method<LoadReportRequest, LoadReport> =
    Method::new("/xds.service.orca.v3.OpenRcaService/StreamCoreMetrics");

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Empty {}

/// A value that may be absent.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct BoolValue {
    #[prost(bool, tag = "1")]
    pub(crate) value: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Payload {
    /// Only 0 means anything: `COMPRESSABLE`.
    #[prost(int32, tag = "1")]
    pub(crate) r#type: i32,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) body: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct EchoStatus {
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
    #[prost(string, tag = "2")]
    pub(crate) message: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SimpleRequest {
    #[prost(int32, tag = "1")]
    pub(crate) response_type: i32,
    #[prost(int32, tag = "2")]
    pub(crate) response_size: i32,
    #[prost(message, optional, tag = "3")]
    pub(crate) payload: Option<Payload>,
    #[prost(message, optional, tag = "6")]
    pub(crate) response_compressed: Option<BoolValue>,
    #[prost(message, optional, tag = "7")]
    pub(crate) response_status: Option<EchoStatus>,
    #[prost(message, optional, tag = "8")]
    pub(crate) expect_compressed: Option<BoolValue>,
    #[prost(bool, tag = "9")]
    pub(crate) fill_server_id: bool,
    #[prost(message, optional, tag = "11")]
    pub(crate) orca_per_query_report: Option<TestLoad>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SimpleResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) payload: Option<Payload>,
    #[prost(string, tag = "4")]
    pub(crate) server_id: String,
}

/// `StreamingInputCallRequest`
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct InputRequest {
    #[prost(message, optional, tag = "1")]
    pub(crate) payload: Option<Payload>,
    #[prost(message, optional, tag = "2")]
    pub(crate) expect_compressed: Option<BoolValue>,
}

/// `StreamingInputCallResponse`
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct InputResponse {
    #[prost(int32, tag = "1")]
    pub(crate) aggregated_payload_size: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ResponseParameters {
    #[prost(int32, tag = "1")]
    pub(crate) size: i32,
    #[prost(int32, tag = "2")]
    pub(crate) interval_us: i32,
    #[prost(message, optional, tag = "3")]
    pub(crate) compressed: Option<BoolValue>,
}

/// `StreamingOutputCallRequest`
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct OutputRequest {
    #[prost(int32, tag = "1")]
    pub(crate) response_type: i32,
    #[prost(message, repeated, tag = "2")]
    pub(crate) response_parameters: Vec<ResponseParameters>,
    #[prost(message, optional, tag = "3")]
    pub(crate) payload: Option<Payload>,
    #[prost(message, optional, tag = "7")]
    pub(crate) response_status: Option<EchoStatus>,
    #[prost(message, optional, tag = "8")]
    pub(crate) orca_oob_report: Option<TestLoad>,
}

/// `StreamingOutputCallResponse`
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct OutputResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) payload: Option<Payload>,
}

/// `TestOrcaReport`: the load that a server is told to report.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TestLoad {
    #[prost(double, tag = "1")]
    pub(crate) cpu_utilization: f64,
    #[prost(double, tag = "2")]
    pub(crate) memory_utilization: f64,
    #[prost(map = "string, double", tag = "3")]
    pub(crate) request_cost: HashMap<String, f64>,
    #[prost(map = "string, double", tag = "4")]
    pub(crate) utilization: HashMap<String, f64>,
}

/// `xds.data.orca.v3.OrcaLoadReport`
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct LoadReport {
    #[prost(double, tag = "1")]
    pub(crate) cpu_utilization: f64,
    #[prost(double, tag = "2")]
    pub(crate) mem_utilization: f64,
    #[prost(map = "string, double", tag = "4")]
    pub(crate) request_cost: HashMap<String, f64>,
    #[prost(map = "string, double", tag = "5")]
    pub(crate) utilization: HashMap<String, f64>,
}

/// `xds.service.orca.v3.OrcaLoadReportRequest`
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct LoadReportRequest {
    #[prost(message, optional, tag = "1")]
    pub(crate) report_interval: Option<Duration>,
}

/// `google.protobuf.Duration`
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Duration {
    #[prost(int64, tag = "1")]
    pub(crate) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(crate) nanos: i32,
}

impl Payload {
    pub(crate) fn zeros(bytes: usize) -> Self {
        Self { r#type: 0, body: vec![0; bytes] }
    }

    /// What no compression makes shorter.
    pub(crate) fn noise(bytes: usize) -> Self {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        Self { r#type: 0, body: std::iter::repeat_with(next).take(bytes).collect() }
    }
}

impl From<bool> for BoolValue {
    fn from(value: bool) -> Self {
        Self { value }
    }
}

impl From<TestLoad> for LoadReport {
    fn from(load: TestLoad) -> Self {
        Self {
            cpu_utilization: load.cpu_utilization,
            mem_utilization: load.memory_utilization,
            request_cost: load.request_cost,
            utilization: load.utilization,
        }
    }
}
