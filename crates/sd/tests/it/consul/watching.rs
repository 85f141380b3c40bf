//! What is seen of the services in a real Consul.

use towerkit_endpoint::{BoxError, Code, Endpoint};
use towerkit_sd::Instance;
use towerkit_sd::consul::Consistency;

use super::agent::Agent;
use crate::support::{greet, greeter, until_failure, until_ports};

#[tokio::test(flavor = "multi_thread")]
async fn what_consuls_own_client_registers_and_deregisters_is_seen() {
    let Some(agent) = Agent::start("what_consuls_own_client_registers_and_deregisters_is_seen") else { return };
    let mut instancer = agent.client().service("addsvc").instancer();
    until_ports(&mut instancer, &[]).await;

    agent.add("one", 8081, &["-tag=prod", "-meta=zone=eu-1a", "-meta=version=1.2", "-meta=team=blue"]);
    let state = until_ports(&mut instancer, &[8081]).await;
    let wanted = Instance::new("127.0.0.1", 8081).with_id("one").with_tag("prod");
    let wanted = wanted.with_zone("eu-1a").with_version("1.2").with_label("team", "blue");
    assert_eq!(state.instances(), [wanted]);
    agent.add("two", 8082, &[]);
    until_ports(&mut instancer, &[8081, 8082]).await;
    agent.remove("one");
    until_ports(&mut instancer, &[8082]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_consuls_own_client_registers_is_called() -> Result<(), BoxError> {
    let Some(agent) = Agent::start("what_consuls_own_client_registers_is_called") else { return Ok(()) };
    let mut ports = Vec::new();
    for name in ["one", "two"] {
        let port = greeter(name);
        agent.add(name, port, &[]);
        ports.push(port);
    }
    let mut instancer = agent.client().service("addsvc").instancer();
    ports.sort_unstable();
    until_ports(&mut instancer, &ports).await;

    let who = greet(instancer);
    let mut names = [who.invoke(()).await?, who.invoke(()).await?];
    names.sort_unstable();
    assert_eq!(names, ["one", "two"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_that_have_all_tags_are_there_and_case_matters() {
    let Some(agent) = Agent::start("only_those_that_have_all_tags_are_there_and_case_matters") else { return };
    agent.add("both", 8081, &["-tag=prod", "-tag=v2"]);
    agent.add("one", 8082, &["-tag=prod"]);
    agent.add("other", 8083, &["-tag=v2"]);
    agent.add("cased", 8084, &["-tag=Prod", "-tag=V2"]);
    agent.add("none", 8085, &[]);
    let service = agent.client().service("addsvc");
    until_ports(&mut service.clone().tag("prod").tag("v2").instancer(), &[8081]).await;
    until_ports(&mut service.clone().tag("v2").instancer(), &[8081, 8083]).await;
    until_ports(&mut service.instancer(), &[8081, 8082, 8083, 8084, 8085]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_healthy_are_there_unless_all_are_asked_for() {
    let Some(agent) = Agent::start("only_the_healthy_are_there_unless_all_are_asked_for") else { return };
    for (port, status) in [(8081, "passing"), (8082, "warning"), (8083, "critical")] {
        let body = format!(
            r#"{{"ID":"{port}","Name":"addsvc","Address":"127.0.0.1","Port":{port},"Weights":{{"Passing":10,"Warning":3}},
                "Check":{{"TTL":"60s","Status":"{status}"}}}}"#
        );
        agent.api("PUT", "/v1/agent/service/register", &body);
    }
    let service = agent.client().service("addsvc");
    let mut healthy = service.clone().instancer();
    until_ports(&mut healthy, &[8081]).await;
    let state = until_ports(&mut service.any_health().instancer(), &[8081, 8082, 8083]).await;
    let weights: Vec<_> = state.instances().iter().map(Instance::weight).collect();
    assert_eq!(weights, [1000, 300, 300]);

    agent.api("PUT", "/v1/agent/check/pass/service:8083", "");
    until_ports(&mut healthy, &[8081, 8083]).await;
    agent.api("PUT", "/v1/agent/check/warn/service:8081", "");
    until_ports(&mut healthy, &[8083]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_without_an_address_has_that_of_its_node_and_one_without_a_port_is_none() {
    let test = "an_instance_without_an_address_has_that_of_its_node_and_one_without_a_port_is_none";
    let Some(agent) = Agent::start(test) else { return };
    for (id, more) in [("a", r#","Port":8081"#), ("b", r#","Port":8082,"Address":"10.0.0.9""#), ("c", "")] {
        agent.api("PUT", "/v1/agent/service/register", &format!(r#"{{"Name":"addsvc","ID":"{id}"{more}}}"#));
    }
    let state = until_ports(&mut agent.client().service("addsvc").instancer(), &[8081, 8082]).await;
    let mut addresses: Vec<_> = state.instances().iter().map(Instance::address).collect();
    addresses.sort_unstable();
    assert_eq!(addresses, ["10.0.0.9:8082", "127.0.0.1:8081"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expression_chooses_and_a_bad_one_is_told() {
    let Some(agent) = Agent::start("an_expression_chooses_and_a_bad_one_is_told") else { return };
    agent.add("one", 8081, &["-meta=canary=yes"]);
    agent.add("two", 8082, &["-meta=canary=no"]);
    let service = agent.client().service("addsvc");
    until_ports(&mut service.clone().filter(r#"Service.Meta.canary == "yes""#).instancer(), &[8081]).await;
    let state = until_failure(&mut service.filter("nonsense ==").instancer()).await;
    assert!(!state.is_known());
    assert!(state.failure().unwrap().error().to_string().contains("boolean expression"), "{state:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn consul_is_asked_as_the_settings_say() {
    let Some(agent) = Agent::start("consul_is_asked_as_the_settings_say") else { return };
    agent.add("one", 8081, &[]);
    let service = agent.client().service("addsvc");
    for consistency in [Consistency::Default, Consistency::Consistent, Consistency::Stale] {
        until_ports(
            &mut service.clone().consistency(consistency).near("_agent").datacenter("dc1").instancer(),
            &[8081],
        )
        .await;
    }
    let state = until_failure(&mut service.datacenter("nowhere").instancer()).await;
    let error = state.failure().unwrap().error();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.to_string().contains("No path to datacenter"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_taken_as_it_is() {
    let Some(agent) = Agent::start("a_name_is_taken_as_it_is") else { return };
    agent.api("PUT", "/v1/agent/service/register", r#"{"Name":"a b/c?d#é%2F","ID":"it","Port":8081}"#);
    until_ports(&mut agent.client().service("a b/c?d#é%2F").instancer(), &[8081]).await;
}
