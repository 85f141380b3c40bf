//! A real Consul that asks for a token.

use towerkit_endpoint::Code;
use towerkit_sd::{Instance, Register, RegistryError};

use super::agent::{Agent, ROOT};
use crate::support::{until_failure, until_ports};

/// Everything that is printed of an error.
fn printed(error: &RegistryError) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text += &format!(" {error} {error:?}");
        source = error.source();
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_taken_or_refused_and_is_told_to_nobody() {
    const UNKNOWN: &str = "22222222-2222-2222-2222-222222222222";
    let Some(agent) = Agent::with_rights("a_token_is_taken_or_refused_and_is_told_to_nobody") else { return };
    let instance = Instance::new("127.0.0.1", 8081);

    let consul = agent.client().token(ROOT);
    let mut registration = consul.registration("addsvc");
    registration.register(&instance).await.unwrap();
    let mut instancer = consul.service("addsvc").instancer();
    until_ports(&mut instancer, &[8081]).await;
    registration.deregister().await.unwrap();
    until_ports(&mut instancer, &[]).await;

    for (refused, token) in [(agent.client().token(UNKNOWN), UNKNOWN), (agent.client().token("a\nb"), "a\nb")] {
        let state = until_failure(&mut refused.service("addsvc").instancer()).await;
        let error = state.failure().unwrap().error();
        let wanted = if token == UNKNOWN { Code::PermissionDenied } else { Code::InvalidArgument };
        assert_eq!(error.code(), wanted, "{error}");
        let mut registration = refused.registration("addsvc");
        let of_registration = registration.register(&instance).await.unwrap_err();
        assert_eq!(of_registration.code(), wanted, "{of_registration}");
        let all =
            [printed(error), printed(&of_registration), format!("{state:?} {refused:?} {registration:?}")].concat();
        assert!(!all.contains(token), "{all}");
        assert!(!format!("{:?}", refused.service("addsvc")).contains(token));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_nothing_is_registered() {
    let Some(agent) = Agent::with_rights("without_a_token_nothing_is_registered") else { return };
    let error = agent.client().registration("addsvc").register(&Instance::new("127.0.0.1", 8081)).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied);
    assert!(error.to_string().contains("service:write"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_may_see_nothing_is_a_failure_and_not_an_empty_set() {
    let Some(agent) = Agent::with_rights("a_token_that_may_see_nothing_is_a_failure_and_not_an_empty_set") else {
        return;
    };
    agent.add("one", 8081, &[]);
    agent.cli(&["acl", "policy", "create", "-name=blind", r#"-rules=key "x" { policy = "read" }"#]);
    let printed = agent.cli(&["acl", "token", "create", "-policy-name=blind"]);
    let secret = printed.lines().find_map(|line| line.strip_prefix("SecretID:")).unwrap().trim();
    let mut instancer = agent.client().token(secret).service("addsvc").instancer();
    let state = until_failure(&mut instancer).await;
    assert!(!state.is_known(), "{state:?}");
    assert_eq!(state.failure().unwrap().error().code(), Code::PermissionDenied);
}
