//! What callers see while an issuer rotates its keys, dies, errs and comes back: the table in `docs/auth.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use http::StatusCode;
use tokio::time::{Instant, sleep_until};
use towerkit_auth::{Authentication, JwksEvent};
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, Request, service_fn};
use towerkit_testing::events::Events;

use crate::jwks_issuer::{Issuer, Running, SOON, is_failed, is_refreshed, next, status, told};
use crate::jwks_keys::{SigningKey, verifier};

const COOL_DOWN: Duration = Duration::from_secs(1);
/// How many calls of each kind there are in a phase.
const CALLS: usize = 100;

type Greet = BoxEndpoint<(), ()>;

struct Drill {
    greet: Greet,
    events: Events<JwksEvent>,
    tokens: [String; 3],
    /// Since when no fetch on demand was made.
    cool_since: Instant,
    table: String,
}

impl Drill {
    /// Makes the calls of a phase, and writes its line.
    async fn phase(&mut self, issuer: &Issuer, name: &str) {
        sleep_until(self.cool_since + COOL_DOWN).await;
        let (told, asked) = (self.events.len(), issuer.asked_past_caches());
        let mut seen = [const { BTreeMap::new() }; 3];
        for _ in 0..CALLS {
            for (token, seen) in self.tokens.iter().zip(&mut seen) {
                *seen.entry(self.call(token).await).or_insert(0) += 1;
            }
        }
        self.cool_since = Instant::now();
        // An issuer that is down does not see what they are for: there a retry may have been due as well.
        let fetches = match issuer.is_up() {
            true => issuer.asked_past_caches() - asked,
            false => (self.events.len() - told).min(1),
        };
        let [old, new, made_up] = seen.map(|seen| {
            let seen: Vec<_> = seen.into_iter().map(|(what, count)| format!("{count} {what}")).collect();
            seen.join(", ")
        });
        writeln!(self.table, "| {name} | {old} | {new} | {made_up} | {fetches} |").unwrap();
    }

    async fn call(&self, token: &str) -> &'static str {
        let mut request = Request::new(());
        request.context_mut().metadata_mut().set("authorization", &format!("Bearer {token}")).unwrap();
        match self.greet.clone().invoke(request).await {
            Ok(()) => "OK",
            Err(error) => match error.code() {
                Code::Unauthenticated => "Unauthenticated",
                Code::Unavailable => "Unavailable",
                code => panic!("{code:?}: {error}"),
            },
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_see_of_an_outage_what_the_table_says() {
    let (old, new) = (SigningKey::new("old", 1), SigningKey::new("new", 2));
    let mut issuer = Issuer::down();
    // The interval is so short that a retry is not far off, and never over within a phase.
    let keys = issuer.keys().interval(Duration::from_secs(3)).cool_down(COOL_DOWN);
    let (keys, events) = told(keys);
    let authentication = Authentication::new(verifier(&keys));
    let greet = tower::ServiceBuilder::new()
        .layer(authentication.requests("greet"))
        .service(service_fn(|_: Request<()>| async { Ok::<_, Error>(()) }))
        .erased();
    let member = Running::start(keys).await;
    let tokens = [old.token(), new.token(), old.token_naming("made up")];
    let mut drill = Drill { greet, events, tokens, cool_since: Instant::now(), table: HEAD.to_owned() };
    let events = drill.events.clone();

    drill.cool_since -= COOL_DOWN;
    drill.phase(&issuer, "the issuer is down, and always was").await;

    issuer.publish([&old]);
    let fetched = next(&events, is_refreshed);
    issuer.come_up().await;
    fetched.await;
    drill.phase(&issuer, "it is up, with the old key").await;

    issuer.publish([&old, &new]);
    drill.phase(&issuer, "it rotates: the new key is there as well").await;

    issuer.die().await;
    drill.phase(&issuer, "it dies").await;

    issuer.answer(|_| status(StatusCode::INTERNAL_SERVER_ERROR));
    let answered = next(&events, |event| is_failed(event) && event.to_string().contains("500"));
    issuer.come_up().await;
    answered.await;
    drill.phase(&issuer, "it is up, and answers with 500").await;

    let answered = next(&events, |event| event.to_string().contains("it has no keys"));
    issuer.answer(|_| http::Response::new("{\"keys\":[]}".into()));
    answered.await;
    drill.phase(&issuer, "it answers with an empty set").await;

    let fetched = next(&events, is_refreshed);
    issuer.publish([&new]);
    fetched.await;
    drill.phase(&issuer, "it is well, and has taken the old key back").await;

    member.stop(SOON).await.unwrap();
    drill.phase(&issuer, "the service's member has stopped").await;

    let page = include_str!("../../../../docs/auth.md");
    assert!(page.contains(&drill.table), "docs/auth.md does not have\n{}", drill.table);
}

const HEAD: &str = "\
| | tokens by the old key | tokens by the new key | tokens by a made-up key | fetches on demand |
| --- | --- | --- | --- | --- |
";
