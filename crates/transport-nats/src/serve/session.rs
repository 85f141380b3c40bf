use std::sync::Arc;
use std::time::Duration;

use async_nats::Client;
use async_nats::connection::State;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::Lifeline;

use super::lane::{LaneEnd, LaneSettings, connects};
use super::round_trip::round_trip;
use super::{Serve, ServeEvent};
use crate::closed::{CLOSED, is_closed};
use crate::events::LameDucks;
use crate::micro::Instance;
use crate::server::Scene;

/// How long replies are flushed for before a connection is left.
const FLUSH: Duration = Duration::from_secs(1);

/// What is kept of the time there is for a drain, so that the member has ended and not been aborted by then.
const MARGIN: Duration = Duration::from_millis(200);

/// Why a session ends.
enum Why {
    Stop,
    Move(u64),
    Ended(BoxError),
}

/// From subscribing to the end of all subscriptions; more than once where the connection moves.
pub(super) async fn run(mut serve: Serve, lifeline: Lifeline) -> Result<(), BoxError> {
    let mut lame_ducks = serve.lame_ducks.take();
    let serve = &serve;
    let client = &serve.client;
    let instance = serve.service.as_ref().map(|about| Instance::new(client, about, &serve.stats, &serve.on_event));
    let mut moved = false;
    // The last word of a server that is about to stop that was obeyed.
    let mut obeyed = 0;
    loop {
        let mut session = Session::start(serve, instance.as_ref()).await?;
        // Where it is asked to stop before the server has confirmed, it stops.
        let confirmed = tokio::select! {
            confirmed = confirmed(client) => confirmed,
            () = lifeline.stopping() => false,
            error = session.one_has_ended() => return Err(error),
        };
        if !confirmed && !lifeline.is_stopping() {
            return Err(CLOSED.into());
        }
        lifeline.ready();
        if moved && confirmed {
            (serve.on_event)(&ServeEvent::Moved);
        }
        let why = tokio::select! {
            () = lifeline.stopping() => Why::Stop,
            word = told_to_move(client, &mut lame_ducks, obeyed) => Why::Move(word),
            error = session.one_has_ended() => Why::Ended(error),
        };
        match why {
            Why::Ended(error) => return Err(error),
            Why::Stop => return serve.stopped(session, &lifeline).await,
            Why::Move(word) => {
                (serve.on_event)(&ServeEvent::Moving);
                tokio::select! {
                    () = session.drain(Instant::now() + serve.move_timeout) => {}
                    // There may be less time now.
                    () = lifeline.stopping() => return serve.stopped(session, &lifeline).await,
                }
                serve.cut(session.left);
                if let Some(error) = session.failed {
                    return Err(error);
                }
                flushed(client, Instant::now() + FLUSH).await;
                // What it said of the server that is left behind counts no more; what the next one says does.
                obeyed = word;
                let is_back = tokio::select! {
                    is_back = reconnected(client) => is_back,
                    // All was answered already.
                    () = lifeline.stopping() => return Ok(()),
                };
                if !is_back {
                    return Err(CLOSED.into());
                }
                moved = true;
            }
        }
    }
}

fn end_of_drain(stop_by: Instant) -> Instant {
    let left = stop_by.saturating_duration_since(Instant::now());
    stop_by - MARGIN.min(left / 10)
}

/// The tasks of the subscriptions.
struct Session {
    lanes: JoinSet<LaneEnd>,
    drain: watch::Sender<Option<Instant>>,
    /// The messages that got no answer, of the tasks that have ended.
    left: usize,
    /// Why one of them has ended otherwise than it should.
    failed: Option<BoxError>,
}

impl Session {
    async fn start(serve: &Serve, instance: Option<&Arc<Instance>>) -> Result<Self, BoxError> {
        let mut session = Self { lanes: JoinSet::new(), drain: watch::Sender::new(None), left: 0, failed: None };
        for entry in serve.stats.entries() {
            let subject = entry.pattern.text().to_string();
            let subscriber = match &entry.queue_group {
                Some(group) => serve.client.queue_subscribe(subject, group.to_string()).await?,
                None => serve.client.subscribe(subject).await?,
            };
            let scene = Scene {
                on_error: serve.on_error.clone(),
                client: serve.client.clone(),
                pattern: entry.pattern.clone(),
                counters: entry.counters.clone(),
                on_event: serve.on_event.clone(),
                max_in_flight: serve.max_in_flight,
                drain: session.drain.subscribe(),
            };
            let settings = LaneSettings {
                client: serve.client.clone(),
                subscriber,
                drain: session.drain.subscribe(),
                max_in_flight: serve.max_in_flight,
                when_full: serve.when_full,
                subject: entry.pattern.text().clone(),
                on_event: serve.on_event.clone(),
            };
            session.lanes.spawn(entry.route.run(scene, settings));
        }
        // Last, so that who is found serves already.
        if let Some(instance) = instance {
            let asked = instance.subscribe().await?;
            session.lanes.spawn(instance.clone().run(asked, session.drain.subscribe()));
        }
        Ok(session)
    }

    /// Waits until a subscription has ended by itself; without subjects it never does.
    async fn one_has_ended(&mut self) -> BoxError {
        match self.lanes.join_next().await {
            Some(Ok(_)) => CLOSED.into(),
            Some(Err(error)) => error.into(),
            None => std::future::pending().await,
        }
    }

    /// Ends all subscriptions. It may be given up, and begun anew with less time.
    async fn drain(&mut self, by: Instant) {
        self.drain.send_replace(Some(by));
        while let Some(end) = self.lanes.join_next().await {
            match end {
                Ok(LaneEnd::Drained { left }) => self.left += left,
                Ok(LaneEnd::Closed) => {}
                Err(error) => self.failed = Some(error.into()),
            }
        }
    }
}

impl Serve {
    fn cut(&self, left: usize) {
        if left > 0 {
            (self.on_event)(&ServeEvent::Cut { messages: left });
        }
    }

    /// The last drain, also where one is under way already.
    async fn stopped(&self, mut session: Session, lifeline: &Lifeline) -> Result<(), BoxError> {
        (self.on_event)(&ServeEvent::Draining);
        let by = lifeline.stop_by().map_or_else(Instant::now, end_of_drain);
        session.drain(by).await;
        let flushed = flushed(&self.client, by.max(Instant::now() + MARGIN / 2)).await;
        self.cut(session.left);
        match (session.left, session.failed) {
            (0, Some(error)) => Err(error),
            (0, None) if flushed => Ok(()),
            (0, None) => Err("there is no connection to NATS: replies that waited for it are lost".into()),
            (left, _) => Err(format!("{left} messages were left without an answer at the end of the drain").into()),
        }
    }
}

/// Waits for word of a server that is about to stop, other than that which was obeyed already, and for another one to go to.
async fn told_to_move(client: &Client, lame_ducks: &mut Option<LameDucks>, obeyed: u64) -> u64 {
    /// How often it is looked for another server then.
    const LOOK: Duration = Duration::from_secs(1);
    let Some(lame_ducks) = lame_ducks else { return std::future::pending().await };
    loop {
        let told = lame_ducks.wait_for(|word| word.is_some_and(|word| word > obeyed)).await.ok().and_then(|word| *word);
        let Some(word) = told else { return std::future::pending().await };
        if client.server_pool().await.is_ok_and(|servers| servers.len() > 1) {
            return word;
        }
        sleep(LOOK).await;
    }
}

/// Connects anew, to another server: one that is about to stop takes no connections. Whether it has: it has not where the client is closed.
async fn reconnected(client: &Client) -> bool {
    let before = connects(client);
    if client.force_reconnect().await.is_err() {
        return false;
    }
    while connects(client) == before {
        if is_closed(client) {
            return false;
        }
        sleep(Duration::from_millis(5)).await;
    }
    true
}

/// Waits until the server has seen the subscriptions: whether it has, for of a client that is closed it never does. Where it answers nothing, such as to
/// a client that may not publish where nobody listens, they are taken for seen after two seconds of being connected.
async fn confirmed(client: &Client) -> bool {
    const AGAIN: Duration = Duration::from_millis(500);
    let mut silent = 0;
    while silent < 4 {
        // What is asked without a connection would wait in the client, one question on top of the other.
        while client.connection_state() != State::Connected {
            if is_closed(client) {
                return false;
            }
            sleep(Duration::from_millis(10)).await;
        }
        let again = Instant::now() + AGAIN;
        // What is asked while the connection breaks is never answered, so it is asked again.
        if timeout_at(again, round_trip(client.clone())).await.unwrap_or(false) {
            return true;
        }
        if is_closed(client) {
            return false;
        }
        sleep_until(again).await;
        if client.connection_state() == State::Connected {
            silent += 1;
        }
    }
    true
}

/// Whether the server has seen all that was sent to it. Without a connection it has not, and what is buffered goes with the client.
async fn flushed(client: &Client, by: Instant) -> bool {
    // A broken connection is often back at once.
    let by = by.min(Instant::now() + Duration::from_secs(1));
    let written = timeout_at(by, client.flush()).await.is_ok_and(|flushed| flushed.is_ok());
    if written {
        // A client that may not ask where nobody listens is believed to have sent what it has written.
        let _ = timeout_at(by, round_trip(client.clone())).await;
    }
    written && client.connection_state() == State::Connected
}
