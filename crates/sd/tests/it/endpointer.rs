//! What becomes of instances: connections that are shared, kept, tried again and dropped.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, endpoint_fn};
use towerkit_sd::balancer::{Balancer, RoundRobin};
use towerkit_sd::{Endpointer, EndpointerEvent, Instance, Instancer, RegistryError, filter};

fn at(port: u16) -> Instance {
    Instance::new("10.0.0.1", port)
}

/// A connection that says of itself when it is made and dropped.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    port: u16,
    _life: Arc<Life>,
}

#[derive(Debug)]
struct Life {
    port: u16,
    log: Log,
}

type Log = Arc<Mutex<Vec<String>>>;

impl Connection {
    fn new(port: u16, log: &Log) -> Self {
        log.lock().unwrap().push(format!("+{port}"));
        Self { port, _life: Arc::new(Life { port, log: log.clone() }) }
    }

    /// A method that answers with the port it is called at, after so many milliseconds.
    fn port(&self) -> BoxEndpoint<u64, u16> {
        let connection = self.clone();
        endpoint_fn(move |millis: u64| {
            let connection = connection.clone();
            async move {
                if millis > 0 {
                    sleep(Duration::from_millis(millis)).await;
                }
                // All of it is held until here.
                let (port, _held) = (connection.port, connection);
                Ok::<_, Error>(port)
            }
        })
        .erased()
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.log.lock().unwrap().push(format!("-{}", self.port));
    }
}

fn take(log: &Log) -> Vec<String> {
    std::mem::take(&mut *log.lock().unwrap())
}

fn connected(instancer: Instancer) -> (Endpointer<Connection>, Log) {
    let log = Log::default();
    let made = log.clone();
    (Endpointer::new(instancer, move |instance| Ok(Connection::new(instance.port(), &made))), log)
}

type PortBalancer = Balancer<BoxEndpoint<u64, u16>, RoundRobin>;

fn balance(endpointer: &Endpointer<Connection>) -> PortBalancer {
    endpointer.balance(RoundRobin::new(), Connection::port)
}

/// Lets the task that follows the instancer run. Not by yielding: there the paused clock goes on to the next timer.
pub(crate) async fn settle() {
    for _ in 0..20 {
        tokio::spawn(async {}).await.unwrap();
    }
}

async fn calls(balancer: &PortBalancer, times: usize) -> Vec<u16> {
    let mut ports = Vec::new();
    for _ in 0..times {
        ports.push(balancer.invoke(0).await.unwrap());
    }
    ports
}

#[tokio::test(start_paused = true)]
async fn survivors_keep_their_connection_and_the_vanished_are_dropped() {
    // Go kit's script: {a, b}; {a, b}; an error; {a} closes b; {} closes a.
    let (publisher, instancer) = Instancer::channel("test");
    let (endpointer, log) = connected(instancer);
    publisher.publish([at(1), at(2)]);
    settle().await;
    assert_eq!(take(&log), ["+1", "+2"]);
    publisher.publish([at(2), at(1)]);
    settle().await;
    publisher.fail(RegistryError::unavailable("test", "gone"));
    settle().await;
    assert!(take(&log).is_empty());
    publisher.publish([at(1), at(2)]);
    settle().await;
    publisher.publish([at(1)]);
    settle().await;
    assert_eq!(take(&log), ["-2"]);
    publisher.publish([]);
    sleep(Duration::from_secs(31)).await;
    assert_eq!(take(&log), ["-1"]);
    assert!(endpointer.members().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_says_that_there_is_none_is_not_believed_at_once() {
    let (publisher, instancer) = Instancer::channel("test");
    let (endpointer, log) = connected(instancer);
    publisher.publish([at(1), at(2)]);
    settle().await;
    publisher.publish([]);
    sleep(Duration::from_secs(29)).await;
    // One that is there again and then gone is gone at once; the other is believed to be when its time is over.
    publisher.publish([at(2), at(3)]);
    settle().await;
    publisher.publish([at(3)]);
    settle().await;
    assert_eq!(take(&log), ["+1", "+2", "+3", "-2"]);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(take(&log), ["-1"]);
    assert_eq!(endpointer.members().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_in_the_first_answer_after_a_failure_is_kept_for_a_while() {
    let (publisher, instancer) = Instancer::channel("test");
    let (endpointer, log) = connected(instancer);
    publisher.publish([at(1), at(2), at(3)]);
    settle().await;
    publisher.fail(RegistryError::unavailable("test", "it restarts"));
    settle().await;
    // They register again one by one.
    for known in [vec![at(1)], vec![at(1), at(3)]] {
        publisher.publish(known);
        sleep(Duration::from_secs(14)).await;
        assert_eq!(endpointer.members().len(), 3);
    }
    sleep(Duration::from_secs(3)).await;
    assert_eq!(endpointer.members().len(), 2);
    assert_eq!(take(&log), ["+1", "+2", "+3", "-2"]);
}

#[tokio::test(start_paused = true)]
async fn all_methods_share_one_connection_to_each_instance() {
    let (endpointer, log) = connected(Instancer::fixed([at(1), at(2)]));
    let (sum, concat) = (balance(&endpointer), balance(&endpointer));
    assert_eq!(calls(&sum, 2).await, [1, 2]);
    assert_eq!(calls(&concat, 2).await, [1, 2]);
    assert_eq!(take(&log), ["+1", "+2"]);
}

#[tokio::test(start_paused = true)]
async fn metadata_that_change_keep_the_connection() {
    let (publisher, instancer) = Instancer::channel("test");
    let (endpointer, log) = connected(instancer);
    publisher.publish([at(1).with_weight(1)]);
    settle().await;
    publisher.publish([at(1).with_weight(2)]);
    settle().await;
    assert_eq!(take(&log), ["+1"]);
    assert_eq!(endpointer.members()[0].instance.weight(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_vanished_instance_is_dropped_after_its_calls_have_ended() {
    let (publisher, instancer) = Instancer::channel("test");
    let (endpointer, log) = connected(instancer);
    let balancer = balance(&endpointer);
    publisher.publish([at(1)]);
    settle().await;
    let call = tokio::spawn(async move { balancer.invoke(100).await });
    settle().await;
    assert!(!call.is_finished());
    publisher.publish([at(2)]);
    settle().await;
    assert_eq!(take(&log), ["+1", "+2"]);
    assert_eq!(call.await.unwrap().unwrap(), 1);
    settle().await;
    assert_eq!(take(&log), ["-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_balancer_made_before_the_set_is_known_waits_for_it() {
    let (publisher, instancer) = Instancer::channel("test");
    let (endpointer, _) = connected(instancer);
    let balancer = balance(&endpointer);
    let call = tokio::spawn(async move { balancer.invoke(0).await });
    sleep(Duration::from_secs(3)).await;
    assert!(!call.is_finished());
    publisher.publish([at(7)]);
    assert_eq!(call.await.unwrap().unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn without_an_instance_a_call_fails_at_once_as_unavailable_and_not_sent() {
    let (endpointer, _) = connected(Instancer::fixed([]));
    assert!(endpointer.ready().await.is_err());
    let error = balance(&endpointer).invoke(0).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "no instance of the service is available"));
    assert!(error.get::<towerkit_endpoint::NotSent>().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_fails_from_the_start_fails_calls_and_does_not_keep_them_waiting() {
    let (publisher, instancer) = Instancer::channel("test");
    let (endpointer, _) = connected(instancer);
    publisher.fail(RegistryError::unavailable("test", "the password is secret"));
    let error = balance(&endpointer).invoke(0).await.unwrap_err();
    assert_eq!(error.message(), "no instance of the service is available");
    publisher.publish([at(1)]);
    settle().await;
    assert_eq!(calls(&balance(&endpointer), 1).await, [1]);
}

#[tokio::test(start_paused = true)]
async fn a_failing_registry_is_believed_for_as_long_as_is_set_counted_from_its_first_error() {
    let (publisher, instancer) = Instancer::channel("test");
    let log = Log::default();
    let made = log.clone();
    let endpointer = Endpointer::builder(instancer)
        .invalidate_on_error(Duration::from_secs(10))
        .connect(move |instance| Ok(Connection::new(instance.port(), &made)));
    let balancer = balance(&endpointer);
    publisher.publish([at(1)]);
    settle().await;
    publisher.fail(RegistryError::unavailable("test", "first"));
    sleep(Duration::from_secs(6)).await;
    publisher.fail(RegistryError::unavailable("test", "second"));
    sleep(Duration::from_millis(3900)).await;
    assert_eq!(calls(&balancer, 1).await, [1]);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(balancer.invoke(0).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(take(&log), ["+1", "-1"]);
    // And a good answer heals it.
    publisher.publish([at(1)]);
    settle().await;
    assert_eq!(calls(&balancer, 1).await, [1]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_fails_is_tried_again_and_the_others_serve() {
    let tries = Arc::new(AtomicU32::new(0));
    let failures = Arc::new(Mutex::new(Vec::new()));
    let (count, told) = (tries.clone(), failures.clone());
    let endpointer = Endpointer::builder(Instancer::fixed([at(1), at(2)]))
        .on_event(move |event| {
            if let EndpointerEvent::ConnectFailed { instance, error, .. } = event {
                told.lock().unwrap().push(format!("{instance}: {error}"));
            }
        })
        .connect(move |instance| {
            if instance.port() == 2 && count.fetch_add(1, Ordering::Relaxed) < 3 {
                return Err("not yet".into());
            }
            Ok(Connection::new(instance.port(), &Log::default()))
        });
    let balancer = balance(&endpointer);
    assert_eq!(calls(&balancer, 2).await, [1, 1]);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(tries.load(Ordering::Relaxed), 4);
    assert_eq!(*failures.lock().unwrap(), vec!["10.0.0.1:2: not yet"; 3]);
    assert_eq!(endpointer.members().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_slow_connection_keeps_no_other_waiting_and_is_bounded() {
    let begun = Instant::now();
    let endpointer = Endpointer::builder(Instancer::fixed([at(1), at(2)]))
        .connect_timeout(Duration::from_secs(2))
        .connect_async(|instance| async move {
            if instance.port() == 1 {
                std::future::pending::<()>().await;
            }
            sleep(Duration::from_millis(10)).await;
            Ok(Connection::new(instance.port(), &Log::default()))
        });
    let balancer = balance(&endpointer);
    assert_eq!(calls(&balancer, 2).await, [2, 2]);
    assert_eq!(begun.elapsed(), Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_vanishes_while_it_is_connected_to_is_not_called() {
    let (publisher, instancer) = Instancer::channel("test");
    let log = Log::default();
    let made = log.clone();
    let endpointer = Endpointer::builder(instancer).connect_async(move |instance| {
        let made = made.clone();
        async move {
            sleep(Duration::from_secs(1)).await;
            Ok(Connection::new(instance.port(), &made))
        }
    });
    publisher.publish([at(1), at(2)]);
    settle().await;
    publisher.publish([at(2)]);
    sleep(Duration::from_secs(3)).await;
    assert_eq!(take(&log), ["+2"]);
    assert_eq!(endpointer.members().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn when_nothing_can_be_connected_to_calls_fail_once_each_was_tried() {
    let endpointer = Endpointer::builder(Instancer::fixed([at(1)])).connect_async(|_| async {
        sleep(Duration::from_secs(1)).await;
        Err::<Connection, _>("refused".into())
    });
    let begun = Instant::now();
    assert_eq!(balance(&endpointer).invoke(0).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(begun.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn filters_are_all_asked_and_events_tell_of_what_is_left() {
    let (publisher, instancer) = Instancer::channel("test");
    let changes = Arc::new(Mutex::new(Vec::new()));
    let told = changes.clone();
    let endpointer = Endpointer::builder(instancer)
        .filter(filter::tag("prod"))
        .filter(|instance| instance.port() != 3)
        .on_event(move |event| {
            if let EndpointerEvent::Changed { added, removed, total } = event {
                told.lock().unwrap().push((*added, *removed, *total));
            }
        })
        .connect(|instance| Ok(instance.port()));
    let prod = |port| at(port).with_tag("prod");
    publisher.publish([at(1), prod(2), prod(3)]);
    settle().await;
    publisher.publish([at(1), prod(3), prod(4), prod(5)]);
    settle().await;
    assert_eq!(endpointer.members().iter().map(|member| member.instance.port()).collect::<Vec<_>>(), [4, 5]);
    assert_eq!(*changes.lock().unwrap(), [(1, 0, 1), (2, 1, 2)]);
}

#[tokio::test(start_paused = true)]
async fn what_follows_the_instancer_ends_with_the_last_balancer() {
    let (endpointer, log) = connected(Instancer::fixed([at(1)]));
    let balancer = balance(&endpointer);
    drop(endpointer);
    assert_eq!(calls(&balancer, 1).await, [1]);
    assert_eq!(take(&log), ["+1"]);
    drop(balancer);
    settle().await;
    assert_eq!(take(&log), ["-1"]);
}
