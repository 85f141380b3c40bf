use std::time::{Duration, SystemTime};

use super::super::claims::Claims;
use super::super::{Audience, Issuer};
use super::{Rules, time};

fn judge(rules: &Rules, claims: &str, now: f64) -> &'static str {
    let claims = Claims::read(claims.as_bytes()).unwrap_or_else(|reason| panic!("{claims}: {reason}"));
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs_f64(now);
    rules.judge(&claims, now).map_or_else(|reason| reason.as_str(), |()| "passes")
}

fn rules() -> Rules {
    let (issuer, audience, leeway) = (Issuer::any(), Audience::any(), Duration::from_secs(30));
    Rules { issuer, audience, leeway, expiry: true, max_age: None, subject: false }
}

#[test]
fn a_token_is_over_in_the_moment_of_its_exp_and_not_before() {
    for (leeway, end) in [(0, 1000.0), (30, 1030.0)] {
        let rules = Rules { leeway: Duration::from_secs(leeway), ..rules() };
        assert_eq!(judge(&rules, r#"{"exp":1000}"#, end - 0.001), "passes");
        assert_eq!(judge(&rules, r#"{"exp":1000}"#, end), "expired");
        assert_eq!(judge(&rules, r#"{"exp":1000.5}"#, end), "passes");
    }
}

#[test]
fn a_token_holds_in_the_moment_of_its_nbf_and_not_before() {
    for name in ["nbf", "iat"] {
        let claims = format!(r#"{{"exp":2000,"{name}":1000}}"#);
        assert_eq!(judge(&rules(), &claims, 970.0), "passes");
        assert_eq!(judge(&rules(), &claims, 969.999), "not_yet_valid");
    }
}

#[test]
fn a_token_is_over_at_its_greatest_age_and_the_leeway() {
    let rules = Rules { max_age: Some(Duration::from_secs(60)), ..rules() };
    assert_eq!(judge(&rules, r#"{"exp":2000,"iat":1000}"#, 1089.999), "passes");
    assert_eq!(judge(&rules, r#"{"exp":2000,"iat":1000}"#, 1090.0), "expired");
}

#[test]
fn whether_it_has_expired_is_the_last_that_is_asked() {
    let rules = Rules { issuer: Issuer::is("a"), audience: Audience::is("b"), subject: true, ..rules() };
    assert_eq!(judge(&rules, r#"{"exp":1,"iss":"x","aud":"x"}"#, 1000.0), "wrong_issuer");
    assert_eq!(judge(&rules, r#"{"exp":1,"iss":"a","aud":"x"}"#, 1000.0), "wrong_audience");
    assert_eq!(judge(&rules, r#"{"exp":1,"iss":"a","aud":"b"}"#, 1000.0), "missing_claim");
    assert_eq!(judge(&rules, r#"{"exp":1,"iss":"a","aud":"b","sub":"c"}"#, 1000.0), "expired");
}

#[test]
fn a_clock_before_1970_is_at_its_beginning() {
    let claims = Claims::read(br#"{"exp":1}"#).unwrap_or_default();
    assert!(rules().judge(&claims, SystemTime::UNIX_EPOCH - Duration::from_secs(7)).is_ok());
}

#[test]
fn a_time_that_no_clock_shows_is_none() {
    assert_eq!(time(1.5), Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1500)));
    for none in [-1.0, -1e300, 1e300, f64::MAX, f64::INFINITY, f64::NAN] {
        assert_eq!(time(none), None);
    }
}
