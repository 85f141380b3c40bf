//! What an outage costs callers, and who is told: the table in `docs/nats.md`.

mod callers;
mod replica;

use std::path::Path;
use std::time::Duration;

use async_nats::ConnectOptions;
use tokio::time::sleep;
use towerkit_endpoint::{BoxEndpoint, Endpoint};
use towerkit_transport_nats::{Events, Serve, WhenFull, serve};

use crate::site::{Nats, Running, SOON, cluster, servers, until};
use callers::{Callers, Seen};
use replica::{Gate, Replica};

/// Callers that call on and on.
const CALLERS: usize = 8;
/// Calls that are under way in the service when it happens.
const HELD: usize = 4;
/// How long a call may take where some are to run out of time, and where none is.
const SHORT: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(15);

/// By then a drain has ended the subscriptions, and only waits for what is under way.
const UNSUBSCRIBED: Duration = Duration::from_millis(700);

fn patient() -> ConnectOptions {
    ConnectOptions::new().reconnect_delay_callback(|_| Duration::from_millis(20))
}

/// Which numbers are the same each time.
#[derive(Clone, Copy, PartialEq)]
enum Exact {
    None,
    Unavailable,
    Late,
}

fn line(what: &str, seen: &Seen, exact: Exact, reports: &str) -> String {
    let cell = |count: usize, exact: bool| match count {
        0 => "none".to_owned(),
        _ if exact => count.to_string(),
        _ => "some".to_owned(),
    };
    format!(
        "| {what} | {} | {} | {} | {} | {reports} |\n",
        cell(seen.answered, false),
        cell(seen.not_sent, false),
        cell(seen.unavailable, exact == Exact::Unavailable),
        cell(seen.late, exact == Exact::Late),
    )
}

async fn a_replica_stops(program: &Path) -> String {
    let (nats, gate) = (Nats::start(program), Gate::new());
    let mut first = Replica::start(patient(), vec![nats.url()], &gate).await;
    let mut callers = Callers::start(&nats.url(), LONG).await;
    callers.hold(HELD, LONG);
    gate.holds(HELD).await;
    let second = Replica::start(patient(), vec![nats.url()], &gate).await;
    let stopping = tokio::spawn(first.running.take().unwrap().stop(SOON));
    until("it drains", || first.has_told("`Draining`")).await;
    sleep(UNSUBSCRIBED).await;
    gate.open.add_permits(HELD);
    stopping.await.unwrap().unwrap();
    let line = line("one of two replicas stops", &callers.end().await, Exact::None, &first.reports());
    first.kill();
    second.kill();
    line
}

async fn a_replica_stops_too_soon(program: &Path) -> String {
    let (nats, gate) = (Nats::start(program), Gate::new());
    let mut first = Replica::start(patient(), vec![nats.url()], &gate).await;
    let mut callers = Callers::start(&nats.url(), LONG).await;
    callers.hold(HELD, SHORT);
    gate.holds(HELD).await;
    let second = Replica::start(patient(), vec![nats.url()], &gate).await;
    first.running.take().unwrap().stop(Duration::from_secs(1)).await.unwrap_err();
    let line =
        line("it stops, and has no time for what is under way", &callers.end().await, Exact::Late, &first.reports());
    first.kill();
    second.kill();
    line
}

async fn a_replica_is_killed(program: &Path) -> String {
    let (nats, gate) = (Nats::start(program), Gate::new());
    let first = Replica::start(patient(), vec![nats.url()], &gate).await;
    let mut callers = Callers::start(&nats.url(), SHORT).await;
    callers.hold(HELD, SHORT);
    gate.holds(HELD).await;
    let second = Replica::start(patient(), vec![nats.url()], &gate).await;
    let reports = first.reports();
    first.kill();
    let line = line("one of two replicas is killed", &callers.end().await, Exact::None, &reports);
    second.kill();
    line
}

async fn the_only_one_is_killed(program: &Path) -> String {
    let (nats, gate) = (Nats::start(program), Gate::new());
    let first = Replica::start(patient(), vec![nats.url()], &gate).await;
    let mut callers = Callers::start(&nats.url(), SHORT).await;
    callers.hold(HELD, SHORT);
    gate.holds(HELD).await;
    let reports = first.reports();
    first.kill();
    callers.find_nobody().await;
    let second = Replica::start(patient(), vec![nats.url()], &gate).await;
    let line = line("the only replica is killed, and started again", &callers.end().await, Exact::None, &reports);
    second.kill();
    line
}

async fn nats_is_killed(program: &Path) -> String {
    let (mut nats, gate) = (Nats::start(program), Gate::new());
    let service = Replica::start(patient(), vec![nats.url()], &gate).await;
    let mut callers = Callers::start(&nats.url(), LONG).await;
    callers.hold(HELD, LONG);
    gate.holds(HELD).await;
    nats.kill();
    callers.find_nobody().await;
    nats.start_again();
    until("it is back", || service.events.counts().connected == 2).await;
    let line =
        line("the NATS server is killed, and started again", &callers.end().await, Exact::None, &service.reports());
    service.kill();
    line
}

async fn nats_stands_still(program: &Path) -> String {
    let (nats, gate) = (Nats::start(program), Gate::new());
    let service = Replica::start(patient(), vec![nats.url()], &gate).await;
    let callers = Callers::start(&nats.url(), SHORT).await;
    callers.get_answers().await;
    nats.process.as_ref().unwrap().signal("STOP");
    sleep(SHORT + Duration::from_millis(500)).await;
    nats.process.as_ref().unwrap().signal("CONT");
    let line = line(
        "the NATS server stands still for longer than calls may take",
        &callers.end().await,
        Exact::None,
        &service.reports(),
    );
    service.kill();
    line
}

async fn nats_is_about_to_stop(program: &Path) -> String {
    let [leaving, staying] = cluster(program);
    let gate = Gate::new();
    let urls = vec![leaving.url(), staying.url()];
    let first = Replica::start(patient().retain_servers_order(), urls, &gate).await;
    let mut callers = Callers::start(&staying.url(), LONG).await;
    callers.hold(HELD, LONG);
    gate.holds(HELD).await;
    let second = Replica::start(patient(), vec![staying.url()], &gate).await;
    leaving.process.as_ref().unwrap().signal("USR2"); // what `nats-server --signal ldm` sends
    until("it moves", || first.has_told("`Moving`")).await;
    sleep(UNSUBSCRIBED).await;
    gate.open.add_permits(HELD);
    until("it has moved", || first.has_told("`Moved`")).await;
    let what = "the NATS server of one of two replicas is about to stop (lame duck)";
    let line = line(what, &callers.end().await, Exact::None, &first.reports());
    first.kill();
    second.kill();
    line
}

async fn it_is_full_and_refuses(program: &Path) -> String {
    let (nats, gate) = (Nats::start(program), Gate::new());
    let service = Replica::start_with(patient(), vec![nats.url()], &gate, |serve| serve.max_in_flight(CALLERS)).await;
    let mut callers = Callers::start(&nats.url(), LONG).await;
    callers.hold(CALLERS, LONG);
    gate.holds(CALLERS).await;
    callers.hold(HELD, LONG);
    until("it refuses", || service.has_told("`Refused`")).await;
    callers.get_answers().await;
    gate.open.add_permits(CALLERS);
    let line = line(
        "as many calls as may be are under way, and 4 more come",
        &callers.end().await,
        Exact::Unavailable,
        &service.reports(),
    );
    service.kill();
    line
}

async fn its_buffer_is_full(program: &Path) -> String {
    let (nats, gate) = (Nats::start(program), Gate::new());
    let options = patient().subscription_capacity(10);
    let settings = |serve: Serve| serve.max_in_flight(1).when_full(WhenFull::Wait);
    let service = Replica::start_with(options, vec![nats.url()], &gate, settings).await;
    let mut callers = Callers::start(&nats.url(), LONG).await;
    callers.hold(1, LONG);
    gate.holds(1).await;
    // Ten fit in the buffer.
    callers.hold(10 + HELD, SHORT);
    until("they are dropped", || service.events.counts().slow_consumer == HELD as u64).await;
    gate.open.add_permits(1 + 10);
    let line = line(
        "calls wait (`WhenFull::Wait`) until the buffer is full, and 4 more come",
        &callers.end().await,
        Exact::Late,
        &service.reports(),
    );
    service.kill();
    line
}

/// All of them, one after the other.
async fn drill(program: &Path) -> String {
    let mut table = HEAD.to_owned();
    for line in [
        a_replica_stops(program).await,
        a_replica_stops_too_soon(program).await,
        a_replica_is_killed(program).await,
        the_only_one_is_killed(program).await,
        nats_is_about_to_stop(program).await,
        nats_is_killed(program).await,
        nats_stands_still(program).await,
        it_is_full_and_refuses(program).await,
        its_buffer_is_full(program).await,
    ] {
        table.push_str(&line);
    }
    table
}

const HEAD: &str = "\
| what happens | answered | `Unavailable`, not sent | `Unavailable` | `DeadlineExceeded` | the replica reports |
| --- | --- | --- | --- | --- | --- |
";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_lose_in_an_outage_what_the_page_says() {
    let drills = servers("callers_lose_in_an_outage_what_the_page_says")
        .into_iter()
        .map(|program| tokio::spawn(async move { (drill(&program).await, program) }));
    for drill in drills.collect::<Vec<_>>() {
        let (table, program) = drill.await.unwrap();
        let kept = include_str!("../../../../docs/nats.md");
        assert!(kept.contains(&table), "docs/nats.md does not have, of {}:\n{table}", program.display());
    }
}

#[tokio::test]
async fn what_a_replica_has_got_it_answers_over_its_next_connection() {
    for program in servers("what_a_replica_has_got_it_answers_over_its_next_connection") {
        let (nats, gate, events) = (Nats::start(&program), Gate::new(), Events::new());
        let client = events.attach(patient()).connect(nats.url()).await.unwrap();
        let _service = Running::start(serve(client.clone(), gate.routes())).await;
        let hold: BoxEndpoint<(), ()> = nats.remote().await.subject("hold").empty().erased();
        let call = tokio::spawn(hold.invoke(()));
        gate.holds(1).await;
        client.force_reconnect().await.unwrap();
        until("it is back", || events.counts().connected == 2).await;
        gate.open.add_permits(1);
        call.await.unwrap().unwrap();
    }
}
