//! The authorization field: whoever is not the one user with the one password is refused, with a reason that can be logged and a challenge that can
//! be sent.

#![no_main]

use http::HeaderValue;
use http::header::AUTHORIZATION;
use libfuzzer_sys::fuzz_target;
use towerkit_auth::{
    Algorithm, Answer, Audience, Authenticator, Basic, Issuer, JwtVerifier, KeySet, Scheme, VerifyingKey,
};
use towerkit_endpoint::{Code, Context};

fuzz_target!(|data: &[u8]| {
    let mut context = Context::new();
    let mut fields = 0;
    for field in data.split(|byte| *byte == b'\n').take(3) {
        let Ok(value) = HeaderValue::from_bytes(field) else { return };
        context.metadata_mut().append(AUTHORIZATION, value);
        fields += 1;
    }
    let key = VerifyingKey::hmac(Algorithm::HS256, b"32 bytes that no fuzzer finds out").unwrap();
    let basic = Basic::fixed("add", "ada", "rosebud");
    let bearer = JwtVerifier::new(KeySet::new([key]), Issuer::any(), Audience::any());
    for authenticator in [&basic as &dyn Authenticator, &bearer] {
        let Some(verdict) = authenticator.authenticate(&context) else { continue };
        let Answer::Now(outcome) = verdict else { panic!("nothing is to be waited for") };
        let reason = match outcome {
            Ok(principal) => {
                assert_eq!((principal.scheme(), principal.subject(), fields), (Scheme::Basic, "ada", 1));
                continue;
            }
            Err(reason) => reason,
        };
        let text = reason.to_string();
        assert!(text.len() < 1024 && !text.contains(char::is_control), "{text}");
        assert!(matches!(reason.code(), Code::Unauthenticated | Code::InvalidArgument), "{text}");
        let challenge = authenticator.challenge(Some(&reason)).expect("it is asked for");
        assert!(challenge.to_str().is_ok(), "{challenge:?}");
    }
});
