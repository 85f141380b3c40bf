use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use futures_util::future::join_all;
use towerkit_endpoint::Code;
use towerkit_sd::etcd::{Certificate, TlsOptions};
use towerkit_sd::{Instance, RegistrationState};
use towerkit_testing::tool;

use super::server::{Certificates, NEWEST, Server, VERSIONS, client_of};
use super::{quick, start};
use crate::support::{addresses, until, until_addresses};

/// A user who may do what is below `/services/`, and nothing else.
fn with_users(version: &str, test: &str) -> Option<Server> {
    let server = Server::start_with(version, test, &["--auth-token-ttl", "1"])?;
    let commands = [
        "user add root:secret",
        "user grant-role root root",
        "role add services",
        "role grant-permission services --prefix=true readwrite /services/",
        "user add shop:hunter2",
        "user grant-role shop services",
        "auth enable",
    ];
    for command in commands {
        server.ctl(&command.split(' ').collect::<Vec<_>>());
    }
    Some(server)
}

const ROOT: &str = "--user=root:secret";

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_has_run_out_is_asked_for_again() {
    let test = "a_token_that_has_run_out_is_asked_for_again";
    let servers = VERSIONS.iter().filter_map(|version| with_users(version, test));
    join_all(servers.map(|server| async move {
        let etcd = server.client().user("shop", "hunter2");
        let mut instancer = etcd.service("addsvc").instancer();
        // With a lease so long that no heartbeat keeps the token alive.
        let registrar = etcd.registration("addsvc").ttl(Duration::from_secs(30));
        let mut registrar = quick(towerkit_sd::Registrar::new(registrar, Instance::new("127.0.0.1", 8081)));
        registrar.registered(1).await;
        until_addresses(&mut instancer, &["127.0.0.1:8081"]).await;
        tokio::time::sleep(Duration::from_millis(2100)).await;

        server.ctl(&["del", "/services/addsvc/127.0.0.1:8081", ROOT]);
        registrar.registered(2).await;
        server.ctl(&["put", "/services/addsvc/a", "h:1", ROOT]);
        until_addresses(&mut instancer, &["127.0.0.1:8081", "h:1"]).await;
        tokio::time::sleep(Duration::from_millis(2100)).await;
        registrar.stop().await;
        until_addresses(&mut instancer, &["h:1"]).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_come_in_is_told_so_without_the_password() {
    let test = "who_may_not_come_in_is_told_so_without_the_password";
    for version in VERSIONS {
        let Some(server) = with_users(version, test) else { return };
        let wrong = server.client().user("shop", "hunter3");
        let mut instancer = wrong.service("addsvc").instancer();
        let state = until(&mut instancer, "a failure", |state| state.failure().is_some()).await;
        assert_eq!(state.failure().unwrap().error().code(), Code::Unauthenticated, "{state:?}");
        assert!(!format!("{state:?}{wrong:?}").contains("hunter3"));

        let elsewhere = server.client().user("shop", "hunter2").prefix("/elsewhere");
        let mut instancer = elsewhere.service("addsvc").instancer();
        let state = until(&mut instancer, "a failure", |state| state.failure().is_some()).await;
        assert_eq!(state.failure().unwrap().error().code(), Code::PermissionDenied, "{state:?}");
        let mut registrar = start(&elsewhere, "addsvc", Instance::new("127.0.0.1", 8081));
        let refused = |state: &RegistrationState| matches!(state, RegistrationState::Failing { error } if error.code() == Code::PermissionDenied);
        registrar.until("a refusal", refused).await;
        registrar.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_only_a_server_that_is_trusted_is_spoken_to() {
    let test = "over_tls_only_a_server_that_is_trusted_is_spoken_to";
    let Some(openssl) = tool::find("openssl", test) else { return };
    let certificates = certificates(&openssl, "etcd-tls");
    let Some(server) = Server::start_tls(NEWEST, test, &certificates) else { return };
    let ca = |from: &Certificates| Certificate::from_pem(std::fs::read(from.0.join("ca.pem")).unwrap());

    let etcd = server.client().tls(TlsOptions::new().ca_certificate(ca(&certificates)));
    let mut instancer = etcd.service("addsvc").instancer();
    let mut registrar = start(&etcd, "addsvc", Instance::new("127.0.0.1", 8081));
    registrar.registered(1).await;
    assert_eq!(addresses(&until_addresses(&mut instancer, &["127.0.0.1:8081"]).await), ["127.0.0.1:8081"]);
    registrar.stop().await;

    let another = TlsOptions::new().ca_certificate(ca(&self::certificates(&openssl, "etcd-tls-other")));
    let distrustful = client_of([format!("https://{}", server.address())]).tls(another);
    let plain = server.client();
    for etcd in [distrustful, plain] {
        let mut instancer = etcd.service("addsvc").instancer();
        let state = until(&mut instancer, "a failure", |state| state.failure().is_some()).await;
        assert!(!state.is_known());
        assert_eq!(state.failure().unwrap().error().code(), Code::Unavailable, "{state:?}");
    }
}

/// An authority, and a server of it at 127.0.0.1.
fn certificates(openssl: &Path, name: &str) -> Certificates {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("ext"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    let commands = [
        format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=ca"),
        format!("req {key} -keyout server.key -out server.csr -subj /CN=server"),
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out server.pem"
            .to_owned(),
    ];
    for command in commands {
        let output = Command::new(openssl).current_dir(&folder).args(command.split(' ')).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Certificates(folder)
}
