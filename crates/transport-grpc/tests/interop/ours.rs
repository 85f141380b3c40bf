//! Our client against our server.

use std::time::Duration;

use towerkit_endpoint::{Code, Ending, Via};
use towerkit_transport_grpc::Summary;

use crate::cases::{self, each_case};
use crate::service::TestService;
use crate::site::{Site, Target};

/// What became of the calls, as the server sees it, once the case is through.
async fn passes(case: impl AsyncFn(&Target), is_over: impl Fn(&[Summary]) -> bool) -> Vec<Summary> {
    let service = TestService::new();
    let site = Site::start(service.routes()).await;
    case(&site.target()).await;
    service.ended.wait_for(is_over, Duration::from_secs(10)).await
}

macro_rules! test {
    ($case:ident) => {
        mod $case {
            #[tokio::test]
            async fn our_client_passes_with_our_server() {
                super::passes(super::cases::$case, |_| true).await;
            }
        }
    };
}

each_case!(test);

fn of(summaries: &[Summary], method: &str) -> Option<Summary> {
    let is = |via: &Via| via.to_string().ends_with(method);
    summaries.iter().find(|summary| summary.exchange.via.as_ref().is_some_and(is)).cloned()
}

#[tokio::test]
async fn our_server_hears_that_a_call_was_cancelled_after_its_beginning() {
    let ended = passes(cases::cancel_after_begin, |ended| of(ended, "/StreamingInputCall").is_some()).await;
    let summary = of(&ended, "/StreamingInputCall").unwrap();
    let cancelled = matches!(summary.ending, Ending::Cancelled | Ending::Failed(Code::Cancelled));
    assert!(cancelled, "{summary:?}");
}

#[tokio::test]
async fn our_server_hears_that_a_call_was_cancelled_after_its_first_reply() {
    let ended = passes(cases::cancel_after_first_response, |ended| of(ended, "/FullDuplexCall").is_some()).await;
    let summary = of(&ended, "/FullDuplexCall").unwrap();
    let cancelled = matches!(summary.ending, Ending::Cancelled | Ending::Failed(Code::Cancelled));
    assert!(cancelled && summary.messages == 1, "{summary:?}");
}
