use std::fs;
use std::path::Path;
use std::process::Command;

use crate::running::Addsvc;

struct Fleet(Vec<Addsvc>);

impl Fleet {
    fn start(size: usize) -> Self {
        let mut fleet: Vec<_> = (0..size).map(|_| Addsvc::start(&[])).collect();
        // As they are told of.
        fleet.sort_by_key(|one| one.grpc.to_string());
        Self(fleet)
    }

    fn instancer(&self, of: impl Fn(&Addsvc) -> std::net::SocketAddr) -> String {
        format!("static:{}", self.0.iter().map(|one| of(one).to_string()).collect::<Vec<_>>().join(","))
    }

    /// Over gRPC; what it prints.
    fn cli(&self, args: &[&str]) -> String {
        let (good, said, told) = addcli(&[&["--instancer", &self.instancer(|one| one.grpc)], args].concat());
        assert!(good, "{said}{told}");
        said
    }
}

fn addcli(args: &[&str]) -> (bool, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_addcli")).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// How many calls each instance has answered.
fn answered(said: &str) -> Vec<u64> {
    let count = |line: &str| line.split_once(": ")?.1.strip_suffix(" answered, 0 failed")?.parse().ok();
    said.lines().skip(1).map(|line| count(line).unwrap_or_else(|| panic!("{said}"))).collect()
}

#[test]
fn round_robin_gives_each_instance_its_turn() {
    let fleet = Fleet::start(3);
    let lines = fleet.0.iter().map(|one| format!("{}: 2 answered, 0 failed\n", one.grpc));
    assert_eq!(fleet.cli(&["--times", "6", "1", "2"]), format!("1 + 2 = 3\n{}", lines.collect::<String>()));
}

#[test]
fn every_balancer_has_all_calls_answered() {
    let fleet = Fleet::start(3);
    for balancer in ["round-robin", "random", "least-loaded", "peak-ewma", "weighted"] {
        let said = fleet.cli(&["--balancer", balancer, "--times", "60", "--concurrency", "6", "1", "2"]);
        let answered = answered(&said);
        assert_eq!(answered.iter().sum::<u64>(), 60, "{said}");
        // All three have no part in it once in 10^10 runs.
        assert_eq!(answered.len(), 3, "{balancer}: {said}");
    }
}

#[test]
fn instances_and_their_weights_stand_in_a_file() {
    let fleet = Fleet::start(2);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("instances-{}", std::process::id()));
    fs::write(&file, format!("{} weight=0\n{} weight=100\n", fleet.0[0].grpc, fleet.0[1].grpc)).unwrap();
    let source = format!("file:{}", file.display());
    let (good, said, told) = addcli(&["--instancer", &source, "--balancer", "weighted", "--times", "20", "1", "2"]);
    fs::remove_file(&file).unwrap();
    assert!(good, "{told}");
    assert_eq!(said, format!("1 + 2 = 3\n{}: 20 answered, 0 failed\n", fleet.0[1].grpc));

    let (good, _, told) = addcli(&["--instancer", &source, "1", "2"]);
    assert!(!good && told.starts_with("error: no instance of the service is available: file: "), "{told}");
}

#[cfg(feature = "dns")]
#[test]
fn instances_stand_in_the_dns() {
    use std::time::Duration;
    use towerkit_testing::process::{Process, free_port};
    use towerkit_testing::tool;

    let Some(dnsmasq) = tool::find("dnsmasq", "instances_stand_in_the_dns") else { return };
    let fleet = Fleet::start(2);
    let record = |one: &Addsvc| format!("--srv-host=_grpc._tcp.addsvc.test,localhost,{},10,60", one.grpc.port());
    let port = free_port();
    let _dnsmasq = Process::start(
        Command::new(dnsmasq)
            .args(["--keep-in-foreground", "--listen-address=127.0.0.1", "--bind-interfaces", "--conf-file=/dev/null"])
            .args(["--no-resolv", "--no-hosts", "--user=root", "--pid-file=", "--log-facility=-"])
            .arg(format!("--port={port}"))
            .args(fleet.0.iter().map(record)),
    )
    .listens_on(port, Duration::from_secs(10));
    let source = format!("dns:_grpc._tcp.addsvc.test@127.0.0.1:{port}");
    let (good, said, told) = addcli(&["--instancer", &source, "--times", "10", "1", "2"]);
    assert!(good, "{told}");
    assert_eq!(answered(&said), [5, 5], "{said}");
}

#[test]
fn consistent_hashing_sends_one_operand_to_one_instance_and_others_to_others() {
    let fleet = Fleet::start(3);
    let mut seen = Vec::new();
    for operand in 1..=20 {
        let said = fleet.cli(&["--balancer", "consistent-hash", "--times", "3", &operand.to_string(), "2"]);
        assert_eq!(answered(&said), [3], "{said}");
        seen.extend(
            said.lines().nth(1).and_then(|line| line.split_once(": ")).map(|(instance, _)| instance.to_owned()),
        );
    }
    seen.sort();
    seen.dedup();
    assert!(seen.len() > 1, "{seen:?}");
    let said = fleet.cli(&["--balancer", "consistent-hash", "--method", "concat", "--times", "3", "foo", "bar"]);
    assert_eq!(answered(&said), [3], "{said}");
}

#[test]
fn a_fleet_is_called_by_every_transport() {
    let fleet = Fleet::start(2);
    for (transport, instancer) in
        [("http", fleet.instancer(|one| one.http)), ("jsonrpc", fleet.instancer(|one| one.json_rpc))]
    {
        let flags = ["--instancer", &instancer, "--transport", transport, "--times", "4", "1", "2"];
        let (good, said, told) = addcli(&flags);
        assert!(good, "{told}");
        assert_eq!(answered(&said), [2, 2], "{said}");
    }
}

#[test]
fn a_dead_instance_fails_its_calls_until_it_is_left_out_and_with_retries_none() {
    let mut fleet = Fleet::start(3);
    let dead = fleet.instancer(|one| one.grpc);
    fleet.0.pop().unwrap().kill();
    let (good, said, told) = addcli(&["--instancer", &dead, "--times", "60", "1", "2"]);
    assert!(!good);
    // Five in a row, and then it is left out.
    assert!(told.starts_with("error: 5 of 60 calls failed, the first: the service can't be reached: "), "{told}");
    assert!(said.contains(": 0 answered, 5 failed\n"), "{said}");

    let (good, said, told) = addcli(&["--instancer", &dead, "--times", "60", "--retries", "3", "1", "2"]);
    assert!(good, "{told}");
    assert!(said.starts_with("1 + 2 = 3\n") && said.contains(": 0 answered, 5 failed\n"), "{said}");
    assert_eq!(told.matches("attempt 1 failed (unavailable)").count(), 5, "{told}");
}

#[test]
fn what_a_fleet_refuses_it_has_answered() {
    let fleet = Fleet::start(1);
    let (good, said, told) = addcli(&["--instancer", &fleet.instancer(|one| one.grpc), "0", "0"]);
    assert!(!good);
    assert_eq!(told, "error: can't sum two zeroes\n");
    assert_eq!(said, format!("{}: 1 answered, 0 failed\n", fleet.0[0].grpc));
}

#[test]
fn an_instancer_that_can_not_be_read_is_named_with_what_is_wrong() {
    for (instancer, why) in [
        ("127.0.0.1:8082", "it begins with none of static:, file:, consul:, etcd:, dns:"),
        ("static:", "has no port"),
        ("static:127.0.0.1:8082,x", "`x` has no port"),
        ("file:", "file: names no file"),
        ("consul:x", "`x` has no port"),
        ("dns:addsvc.example@x", "`x` is no address and port of a server"),
    ] {
        let (good, _, told) = addcli(&["--instancer", instancer, "1", "2"]);
        assert!(!good && told.contains("--instancer <WHERE>") && told.contains(why), "{told}");
    }
    let (_, _, told) = addcli(&["--instancer", "static:127.0.0.1:1", "--http-addr", "127.0.0.1:1", "1", "2"]);
    assert!(told.contains("cannot be used with"), "{told}");
    for flag in [["--transport", "http"], ["--balancer", "random"]] {
        let (_, _, told) = addcli(&[&["--http-addr", "127.0.0.1:1"], &flag[..], &["1", "2"]].concat());
        assert!(told.contains(flag[0]) && told.contains("cannot be used with"), "{told}");
    }
}

#[test]
fn a_registry_that_can_not_be_reached_is_told_of() {
    let (good, _, told) = addcli(&["--instancer", "consul:127.0.0.1:1", "1", "2"]);
    assert!(!good);
    assert!(told.starts_with("error: no instance of the service is available: consul: "), "{told}");
    assert!(told.contains("refused"), "{told}");
}

#[cfg(not(feature = "etcd"))]
#[test]
fn without_etcd_addcli_says_how_it_is_built_with_it() {
    let (_, _, told) = addcli(&["--instancer", "etcd:127.0.0.1:2379", "1", "2"]);
    assert!(told.starts_with("error: --instancer: "), "{told}");
    assert!(told.contains("cargo run -p addsvc --bin addcli --features etcd --"), "{told}");
}

#[cfg(not(feature = "dns"))]
#[test]
fn without_dns_addcli_says_how_it_is_built_with_it() {
    let (_, _, told) = addcli(&["--instancer", "dns:addsvc.example", "1", "2"]);
    assert!(told.contains("cargo run -p addsvc --bin addcli --features dns --"), "{told}");
}

#[cfg(feature = "dns")]
#[test]
fn a_name_server_that_is_not_there_is_told_of() {
    let (good, _, told) = addcli(&["--instancer", "dns:_grpc._tcp.addsvc.example.@127.0.0.1:1", "1", "2"]);
    assert!(!good && told.starts_with("error: no instance of the service is available: dns: "), "{told}");
}
