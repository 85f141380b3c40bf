//! What it costs to know a caller: CPU nanoseconds and allocations, as JSON lines for `cargo xtask bench auth`.
//!
//! The same token is verified by `jsonwebtoken::decode` alone (`bare`), which reads the header twice and the claims twice; by
//! `JwtVerifier::verify`; and by the layer around a handler that is ready at once, to be compared with that handler alone.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it is a program")]

use std::future::ready;
use std::hint::black_box;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{DecodingKey, EncodingKey, Validation};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256};
use serde::Deserialize;
use serde_json::json;
use tower::{Layer, service_fn};
use towerkit_auth::{Algorithm, Answer, Audience, Authentication, Issuer, JwtVerifier, KeySet, VerifyingKey};
use towerkit_endpoint::{Context, Error, Request};
use towerkit_testing::bench::{self, Case};

const CALLS: u32 = 500;

/// Nanoseconds that the layer may add to what `jsonwebtoken::decode` takes.
const LAYER: f64 = 200.0;

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "addsvc";
const SECRET: &[u8] = b"32 bytes that nobody else knows.";

/// What a service would read, and what our principal has.
#[derive(Deserialize)]
#[allow(dead_code, reason = "it is only read")]
struct Claims {
    sub: String,
    iss: String,
    scope: String,
    exp: u64,
}

struct Signed {
    algorithm: Algorithm,
    token: String,
    theirs: DecodingKey,
    ours: VerifyingKey,
}

impl Signed {
    fn new(algorithm: Algorithm) -> Self {
        let pair = match algorithm {
            Algorithm::ES256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap(),
            Algorithm::EdDSA => KeyPair::generate_for(&PKCS_ED25519).unwrap(),
            _ => KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap(),
        };
        let (private, public) = (pair.serialize_pem().into_bytes(), pair.public_key_pem().into_bytes());
        let (encoding, theirs, ours) = match algorithm {
            Algorithm::HS256 => (
                EncodingKey::from_secret(SECRET),
                DecodingKey::from_secret(SECRET),
                VerifyingKey::hmac(algorithm, SECRET),
            ),
            Algorithm::ES256 => (
                EncodingKey::from_ec_pem(&private).unwrap(),
                DecodingKey::from_ec_pem(&public).unwrap(),
                VerifyingKey::ec_pem(algorithm, &public),
            ),
            Algorithm::EdDSA => (
                EncodingKey::from_ed_pem(&private).unwrap(),
                DecodingKey::from_ed_pem(&public).unwrap(),
                VerifyingKey::ed_pem(&public),
            ),
            _ => (
                EncodingKey::from_rsa_pem(&private).unwrap(),
                DecodingKey::from_rsa_pem(&public).unwrap(),
                VerifyingKey::rsa_pem(algorithm, &public),
            ),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let header = json!({"alg": algorithm, "kid": "2024-05", "typ": "JWT"}).to_string();
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": now + 86_400, "iat": now, "jti": "5f0c7e1c-8a3b", "scope": "add:read add:write"
        });
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signer = (DEFAULT_PROVIDER.signer_factory)(&algorithm, &encoding).unwrap();
        let signature = URL_SAFE_NO_PAD.encode(signer.try_sign(signed.as_bytes()).unwrap());
        Self { algorithm, token: format!("{signed}.{signature}"), theirs, ours: ours.unwrap().with_kid("2024-05") }
    }

    fn cases(self) -> [Case; 4] {
        let Self { algorithm, token, theirs, ours } = self;
        let token: &'static str = token.leak();
        let name = |what: &str| format!("{what}, {algorithm:?}");

        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let decode = Case::new(name("bare"), move |calls| {
            for _ in 0..calls {
                drop(black_box(jsonwebtoken::decode::<Claims>(black_box(token), &theirs, &validation).unwrap().claims));
            }
        });

        let verifier = JwtVerifier::new(KeySet::new([ours]), Issuer::is(ISSUER), Audience::is(AUDIENCE));
        let verify = |name, verifier: JwtVerifier| {
            Case::new(name, move |calls| {
                for _ in 0..calls {
                    let Answer::Now(Ok(principal)) = verifier.verify(black_box(token)) else {
                        unreachable!("it passes")
                    };
                    drop(black_box(principal));
                }
            })
        };

        let layer = Authentication::new(verifier.clone()).requests("sum");
        let request = with_bearer(token);
        [
            decode,
            verify(name("verify"), verifier.clone()),
            verify(name("verify") + ", typed claims", verifier.claims::<Claims>()),
            Case::service(name("layer"), &layer.layer(handler()), request).budget(LAYER),
        ]
    }
}

type Handler = tower::util::ServiceFn<fn(Request<u32>) -> std::future::Ready<Result<u32, Error>>>;

fn handler() -> Handler {
    service_fn(|request: Request<u32>| ready(Ok(request.into_message())))
}

fn with_bearer(token: &str) -> impl Fn(u32) -> Request<u32> + Copy + Send + 'static {
    let mut context = Context::new();
    context.metadata_mut().append(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}")).unwrap());
    let context: &'static Context = Box::leak(Box::new(context));
    move |n| Request::with_context(context.clone(), n)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let _entered = runtime.enter();

    let algorithms = [Algorithm::HS256, Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256];
    let mut cases = vec![Case::service("no layer", &handler(), with_bearer("a.b.c"))];
    cases.extend(algorithms.into_iter().flat_map(|algorithm| Signed::new(algorithm).cases()));
    bench::measure(&mut cases, CALLS, bench::number("rounds", 21).unwrap(), |run| {
        allocation_counter::measure(run).count_total
    });
    cases.iter().for_each(|case| println!("{case}"));
}
