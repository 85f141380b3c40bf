use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use towerkit_http_client::excerpt;

use super::NoToken;
use super::secrets::Secrets;
use crate::{Credentials, Reason};

/// No token is good for longer: a year, in seconds.
const LONGEST: u64 = 365 * 24 * 60 * 60;

/// A token, as an issuer gives it.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) credentials: Credentials,
    /// Where the issuer says it.
    pub(super) lifetime: Option<Duration>,
}

/// RFC 6749, section 5.1. What else is in it (a scope, a refresh token) is not used.
#[derive(Deserialize)]
struct Success {
    access_token: String,
    token_type: String,
    /// A number by the RFC; some issuers write it as text.
    expires_in: Option<Value>,
}

/// RFC 6749, section 5.2.
#[derive(Deserialize)]
struct Refusal {
    error: String,
    error_description: Option<String>,
}

/// Reads a reply of success.
pub(super) fn issued(body: &[u8]) -> Result<Issued, NoToken> {
    // The error's own text may quote what it could not read.
    let Success { access_token, token_type, expires_in } = serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        NoToken::Unusable(
            format!("the reply is no object with an access_token and a token_type (line {line}, column {column})")
                .into(),
        )
    })?;
    if !token_type.eq_ignore_ascii_case("bearer") {
        return Err(NoToken::Unusable(
            format!("it is of the type {}, and not Bearer", Reason::quote(&token_type)).into(),
        ));
    }
    let lifetime = match expires_in.filter(|value| !value.is_null()) {
        None => None,
        Some(value) => match seconds(&value) {
            None => return Err(NoToken::Unusable("its expires_in is no number of seconds".into())),
            // It would be fetched anew for each call.
            Some(0) => return Err(NoToken::Unusable("it expires at once".into())),
            Some(seconds) => Some(Duration::from_secs(seconds.min(LONGEST))),
        },
    };
    let credentials = Credentials::bearer(&access_token)
        .map_err(|_| NoToken::Unusable("it is empty, or holds characters that a token can't".into()))?;
    Ok(Issued { credentials, lifetime })
}

/// Whole ones, of a number or of a text that is one.
fn seconds(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| {
            let seconds = number.as_f64().filter(|seconds| *seconds >= 0.0)?;
            Some(Duration::try_from_secs_f64(seconds).map_or(LONGEST, |lifetime| lifetime.as_secs()))
        }),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Reads any other reply. An issuer that writes into it what it was sent does not get a secret into a log.
pub(super) fn refused(status: StatusCode, body: &[u8], secrets: &Secrets) -> NoToken {
    let Ok(Refusal { error, error_description }) = serde_json::from_slice(body) else {
        return NoToken::Unexpected(status);
    };
    NoToken::Refused {
        status,
        error: Reason::quote(&secrets.cut_out_of(&error)),
        description: error_description.map(|text| excerpt(secrets.cut_out_of(&text).as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetime(expires_in: &str) -> Result<Option<u64>, String> {
        let body = format!(r#"{{"access_token":"abc","token_type":"bearer","expires_in":{expires_in}}}"#);
        let issued = issued(body.as_bytes()).map_err(|why| why.to_string())?;
        Ok(issued.lifetime.map(|lifetime| lifetime.as_secs()))
    }

    #[test]
    fn the_lifetime_is_read_as_a_number_or_a_text_and_may_be_missing() {
        for (text, seconds) in [
            ("3600", Some(3600)),
            ("\"3600\"", Some(3600)),
            ("59.9", Some(59)),
            ("null", None),
            ("1e300", Some(LONGEST)),
        ] {
            assert_eq!(lifetime(text), Ok(seconds), "{text}");
        }
        assert_eq!(lifetime("18446744073709551615"), Ok(Some(LONGEST)));
        for text in ["0", "0.5", "\"0\"", "-1", "\"soon\"", "[]", "true"] {
            assert!(lifetime(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_token_must_be_one_that_can_be_sent_as_a_bearers() {
        for (body, what) in [
            (r#"{"access_token":"a","token_type":"mac"}"#, "it is of the type mac, and not Bearer"),
            (r#"{"access_token":"a"}"#, "no object with"),
            (r#"{"token_type":"bearer"}"#, "no object with"),
            (r#"{"access_token":"","token_type":"bearer"}"#, "empty"),
            (r#"{"access_token":"a b","token_type":"bearer"}"#, "characters"),
            (r#"{"access_token":"a\r\nx-y: z","token_type":"bearer"}"#, "characters"),
            (r#"{"access_token":"é","token_type":"bearer"}"#, "characters"),
            (r#"{"access_token":"a","access_token":"b","token_type":"bearer"}"#, "no object with"),
            ("[]", "no object with"),
            ("", "no object with"),
        ] {
            let told = issued(body.as_bytes()).unwrap_err().to_string();
            assert!(told.contains(what), "{body}: {told}");
        }
    }

    #[test]
    fn what_an_issuer_says_is_escaped_and_cut_and_has_no_secret_in_it() {
        let description = format!("{}\\u001b[2J\\nlevel=info hush", "x".repeat(10));
        let body = format!(r#"{{"error":"invalid_client{}","error_description":"{description}"}}"#, "y".repeat(100));
        let hush = Secrets::new(["hush".to_owned()]);
        let NoToken::Refused { error, description, .. } = refused(StatusCode::BAD_REQUEST, body.as_bytes(), &hush)
        else {
            panic!("it is a refusal");
        };
        assert_eq!(error.chars().count(), 65);
        assert_eq!(description.as_deref(), Some(r"xxxxxxxxxx\u{1b}[2J\nlevel=info [secret]"));
    }
}
