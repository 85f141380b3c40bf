use http::header::AUTHORIZATION;
use serde_json::{Value, json};
use tower::ServiceBuilder;
use towerkit_auth::{
    Algorithm, Answer, Audience, AuditEvent, Authentication, Authenticator, InvalidIssuers, Issuer, JwtVerifier,
    JwtVerifiers, KeySet, Principal, Reason,
};
use towerkit_endpoint::{Context, Endpoint, Error, Request, service_fn};
use towerkit_testing::events::Events;

use super::issuer::{AUDIENCE, Signer, claims_with};

const OURS: &str = "https://id.example";
const PARTNER: &str = "https://partner.example";

/// Two issuers, whose keys have the same id.
struct Two {
    ours: Signer,
    partner: Signer,
}

impl Two {
    fn new() -> Self {
        Self { ours: Signer::new(Algorithm::ES256).kid("a"), partner: Signer::new(Algorithm::ES256).kid("a") }
    }

    fn verifiers(&self) -> [JwtVerifier; 2] {
        [of(&self.ours, Issuer::is(OURS)), of(&self.partner, Issuer::is(PARTNER))]
    }

    fn both(&self) -> JwtVerifiers {
        JwtVerifiers::new(self.verifiers()).unwrap()
    }
}

fn of(signer: &Signer, issuer: Issuer) -> JwtVerifier {
    JwtVerifier::new(KeySet::new([signer.key()]), issuer, Audience::is(AUDIENCE))
}

fn by(signer: &Signer, iss: &str) -> String {
    signer.sign(&claims_with(&json!({"iss": iss})))
}

fn outcome(verifiers: &JwtVerifiers, token: &str) -> Result<Principal, Reason> {
    match verifiers.verify(token) {
        Answer::Now(outcome) => outcome,
        Answer::Later(_) => panic!("nothing is to be waited for"),
    }
}

#[track_caller]
fn refused(verifiers: &JwtVerifiers, token: &str) -> &'static str {
    outcome(verifiers, token).unwrap_err().as_str()
}

#[test]
fn each_issuers_tokens_are_verified_by_its_own_keys_whatever_the_order() {
    let two = Two::new();
    let [ours, partner] = two.verifiers();
    for both in [two.both(), JwtVerifiers::new([partner, ours]).unwrap()] {
        for (signer, iss) in [(&two.ours, OURS), (&two.partner, PARTNER)] {
            assert_eq!(outcome(&both, &by(signer, iss)).unwrap().issuer(), Some(iss));
        }
    }
}

#[test]
fn no_issuer_speaks_for_another() {
    let two = Two::new();
    let both = two.both();
    assert_eq!(refused(&both, &by(&two.partner, OURS)), "bad_signature");
    assert_eq!(refused(&both, &by(&two.ours, PARTNER)), "bad_signature");
    assert_eq!(refused(&both, &by(&two.ours, "https://other.example")), "wrong_issuer");
    for near in ["https://ID.example", "https://id.example/", " https://id.example", "", "https://id.example\0"] {
        assert_eq!(refused(&both, &by(&two.ours, near)), "wrong_issuer", "{near:?}");
    }
}

#[test]
fn the_issuer_is_read_strictly_before_anything_is_verified() {
    let two = Two::new();
    let (both, header) = (two.both(), two.ours.header().to_string());
    let signed = |body: &str| two.partner.sign_as(&header, body);
    let good = claims_with(&json!({"iss": OURS})).to_string();
    let more = |members: &str| format!("{{{members},{}", &good[1..]);
    for (body, reason) in [
        // One reader might see the first, and another the last.
        (more(&format!(r#""iss":"{PARTNER}""#)), "malformed"),
        (more(&format!(r#""i\u0073s":"{PARTNER}""#)), "malformed"),
        (claims_with(&json!({"iss": [OURS]})).to_string(), "malformed"),
        (claims_with(&json!({"iss": 7})).to_string(), "malformed"),
        (claims_with(&json!({"iss": Value::Null})).to_string(), "missing_claim"),
        (format!("{good} {good}"), "malformed"),
        ("[".repeat(3000), "malformed"),
        (String::new(), "malformed"),
    ] {
        assert_eq!(refused(&both, &signed(&body)), reason, "{body}");
    }
    for none in ["", "a.b", "a.!.c", "a.b.c.d.e"] {
        assert_eq!(refused(&both, none), "malformed", "{none}");
    }
    // Escapes are another way to write the same name.
    let escaped = two.ours.sign_as(&header, &good.replace("https", "\\u0068ttps"));
    assert!(outcome(&both, &escaped).is_ok());
}

#[test]
fn each_verifiers_rules_hold_for_its_tokens_alone() {
    let two = Two::new();
    let [ours, partner] = two.verifiers();
    let both = JwtVerifiers::new([ours.max_size(2000), partner.max_size(1000).without_subject()]).unwrap();
    let with = |signer: &Signer, iss: &str, others: Value| {
        let mut claims = claims_with(&others);
        claims["iss"] = json!(iss);
        signer.sign(&claims)
    };
    let long = json!({"data": "x".repeat(1000)});
    assert!(outcome(&both, &with(&two.ours, OURS, long.clone())).is_ok());
    let reason = outcome(&both, &with(&two.partner, PARTNER, long)).unwrap_err();
    assert!(matches!(reason, Reason::TooLarge { limit: 1000 }), "{reason}");
    let reason = outcome(&both, &".".repeat(1 << 20)).unwrap_err();
    assert!(matches!(reason, Reason::TooLarge { limit: 2000 }), "{reason}");
    let nobody = json!({"sub": null});
    assert_eq!(refused(&both, &with(&two.ours, OURS, nobody.clone())), "missing_claim");
    assert!(outcome(&both, &with(&two.partner, PARTNER, nobody)).is_ok());
}

#[test]
fn verifiers_that_can_not_be_told_apart_by_issuer_are_refused() {
    let two = Two::new();
    let said = |verifiers: Vec<JwtVerifier>| JwtVerifiers::new(verifiers).unwrap_err().to_string();
    let ours = || of(&two.ours, Issuer::is(OURS));
    assert!(said(vec![]).ends_with("there is no verifier"));
    assert!(said(vec![ours(), of(&two.partner, Issuer::any())]).ends_with("one of them believes any issuer"));
    let overlaps = of(&two.partner, Issuer::any_of([PARTNER, OURS]));
    assert!(said(vec![ours(), overlaps]).ends_with("two of them have the same issuer"));
    let _: InvalidIssuers = JwtVerifiers::new([]).unwrap_err();
}

/// What a call with a token ends in: a name, or what was audited and the challenges.
async fn call(authentication: &Authentication, token: &str) -> Result<String, (String, Vec<String>)> {
    let events = Events::new();
    let tell: Events<String> = events.clone();
    let authentication =
        authentication.clone().on_refusal(move |event: &AuditEvent<'_>| tell.push(event.reason().as_str().to_owned()));
    let whoami = ServiceBuilder::new().layer(authentication.requests("whoami")).service(service_fn(
        |request: Request<()>| async move {
            Ok::<_, Error>(Principal::of(request.context()).unwrap().issuer().unwrap().to_owned())
        },
    ));
    let mut request = Request::new(());
    request.context_mut().metadata_mut().append(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    whoami.invoke(request).await.map_err(|error| {
        let challenges = error.metadata().get_all("www-authenticate");
        (events.snapshot().concat(), challenges.map(|value| value.to_str().unwrap().to_owned()).collect())
    })
}

#[tokio::test]
async fn behind_a_layer_both_pass_and_a_second_verifier_of_tokens_is_never_asked() {
    let two = Two::new();
    let [ours, partner] = two.verifiers();
    let (of_ours, of_partner) = (by(&two.ours, OURS), by(&two.partner, PARTNER));

    let both = Authentication::new(two.both());
    assert_eq!(call(&both, &of_ours).await.unwrap(), OURS);
    assert_eq!(call(&both, &of_partner).await.unwrap(), PARTNER);
    let (reason, challenges) = call(&both, &by(&two.ours, PARTNER)).await.unwrap_err();
    assert_eq!(reason, "bad_signature");
    assert_eq!(challenges, [r#"Bearer realm="addsvc", error="invalid_token""#], "one for both");

    let either = Authentication::new(ours).or(partner);
    assert_eq!(call(&either, &of_ours).await.unwrap(), OURS);
    assert_eq!(call(&either, &of_partner).await.unwrap_err().0, "bad_signature");
}

#[test]
fn a_call_without_a_token_has_no_credentials_of_theirs() {
    let both = Two::new().both();
    assert!(both.authenticate(&Context::new()).is_none());
    assert!(format!("{both:?}").contains(PARTNER));
}
