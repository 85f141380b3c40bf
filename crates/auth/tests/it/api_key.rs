//! Keys of applications.

use std::fs;

use http::HeaderName;
use proptest::prelude::{any, proptest};
use towerkit_auth::{Answer, ApiKey, ApiKeys, Authentication, Authenticator, Basic, Credentials, Reason, Scheme};

use crate::authenticate::{authenticate, context, said};
use crate::basic::{get, greeter};
use crate::files::folder;

/// `abc`, by FIPS 180.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// As `sha256sum` has it.
pub(crate) fn sha256(key: &str) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    digest(&SHA256, key.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn abc() -> ApiKeys {
    ApiKeys::new([ApiKey::hashed("cart", ABC).unwrap().with_scopes(["add:read", "add:write"]).unwrap()]).unwrap()
}

#[tokio::test]
async fn a_key_is_found_in_its_field_or_behind_its_scheme() {
    let long = "a".repeat(513);
    let longest = "a".repeat(512);
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("x-api-key", "abc")], "is cart"),
        (&[("authorization", "ApiKey abc")], "is cart"),
        (&[("authorization", "apikey   abc")], "is cart"),
        (&[("authorization", "Bearer abc")], "none"),
        (&[("authorization", "abc")], "none"),
        (&[("api-key", "abc")], "none"),
        (&[], "none"),
        (&[("x-api-key", "abcd")], "unknown_key"),
        (&[("x-api-key", "ab")], "unknown_key"),
        (&[("x-api-key", "Abc")], "unknown_key"),
        (&[("x-api-key", ABC)], "unknown_key"),
        (&[("x-api-key", "abc, abc")], "unknown_key"),
        (&[("x-api-key", "\u{fc}")], "unknown_key"),
        (&[("x-api-key", "")], "malformed"),
        (&[("authorization", "ApiKey")], "malformed"),
        (&[("x-api-key", &long)], "too_large"),
        (&[("x-api-key", &longest)], "unknown_key"),
        (&[("x-api-key", "abc"), ("x-api-key", "abc")], "ambiguous"),
        (&[("x-api-key", "abc"), ("authorization", "ApiKey abc")], "ambiguous"),
        (&[("authorization", "ApiKey abc"), ("authorization", "ApiKey abc")], "ambiguous"),
        // Another's credentials are another's.
        (&[("x-api-key", "abc"), ("authorization", "Bearer token")], "is cart"),
    ];
    for (fields, expected) in table {
        let context = context(fields.iter().map(|(name, value)| (*name, value.as_bytes())));
        assert_eq!(said(&abc(), &context).await, *expected, "{fields:?}");
    }
}

#[tokio::test]
async fn the_field_may_have_another_name() {
    let keys = abc().header(HeaderName::from_static("x-shop-key"));
    assert_eq!(said(&keys, &context([("x-shop-key", &b"abc"[..])])).await, "is cart");
    assert_eq!(said(&keys, &context([("x-api-key", &b"abc"[..])])).await, "none");
    assert_eq!(keys.challenge(None).unwrap(), r#"ApiKey header="x-shop-key""#);
}

#[tokio::test]
async fn in_authorization_a_key_stands_alone_and_what_has_a_scheme_is_anothers() {
    let bare = abc().header(http::header::AUTHORIZATION);
    let table: &[(&[&str], &str)] = &[
        (&["abc"], "is cart"),
        (&["abcd"], "unknown_key"),
        (&["Basic YWRhOnJvc2VidWQ="], "none"),
        (&["Bearer abc"], "none"),
        (&["ApiKey abc"], "none"),
        (&["abc abc"], "none"),
        (&["abc", "Bearer abc"], "ambiguous"),
        (&["abc", "abc"], "ambiguous"),
        (&["Bearer abc", "abc"], "none"),
        (&[], "none"),
    ];
    for (values, expected) in table {
        let context = context(values.iter().map(|value| ("authorization", value.as_bytes())));
        assert_eq!(said(&bare, &context).await, *expected, "{values:?}");
    }
    let ada = Basic::fixed("greeter", "ada", "rosebud");
    let (address, _stopper) = greeter(&Authentication::new(bare).or(ada)).await;
    let reply = get(&address, "authorization: Basic YWRhOnJvc2VidWQ=\r\n").await;
    assert!(reply.starts_with("http/1.1 200") && reply.ends_with("ada"), "{reply}");
}

#[tokio::test]
async fn the_principal_has_the_name_and_the_scopes_of_the_key() {
    let principal = authenticate(&abc(), &context([("x-api-key", &b"abc"[..])])).await.unwrap().unwrap();
    assert_eq!((principal.scheme(), principal.subject()), (Scheme::ApiKey, "cart"));
    assert!(principal.has_scope("add:read") && principal.has_scope("add:write") && !principal.has_scope("add"));
}

#[tokio::test]
async fn a_key_that_is_not_known_is_not_told() {
    let reason = authenticate(&abc(), &context([("x-api-key", &b"rosebud"[..])])).await.unwrap().unwrap_err();
    assert!(matches!(reason, Reason::UnknownKey(None)));
    assert!(!format!("{reason} {reason:?}").contains("rosebud"));
}

#[tokio::test]
async fn a_key_that_was_made_is_known_by_its_line() {
    let new = ApiKey::generate("cart").unwrap();
    let digits = new.key().strip_prefix("towerkit_").unwrap();
    assert!(digits.len() == 64 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')));
    assert_ne!(new.key(), ApiKey::generate("cart").unwrap().key());

    let shown = format!("{new:?} {} {:?}", new.entry(), new.entry());
    assert!(!shown.contains(digits), "{shown}");

    let line = new.entry().clone().with_scopes(["a", "b"]).unwrap().to_string();
    assert_eq!(line, format!("cart:{}:a b", sha256(new.key())));
    let file = folder().join("keys");
    fs::write(&file, line).unwrap();
    let credentials = Credentials::header(HeaderName::from_static("x-api-key"), new.key()).unwrap();
    let sent = context([("x-api-key", credentials.value().as_bytes())]);
    let principal = authenticate(&ApiKeys::open(&file).unwrap(), &sent).await.unwrap().unwrap();
    assert_eq!(principal.scopes().collect::<Vec<_>>(), ["a", "b"]);
}

#[tokio::test]
async fn a_file_is_read_line_by_line() {
    let file = folder().join("keys");
    let (one, two) = (sha256("one"), sha256("two").to_uppercase());
    fs::write(&file, format!("# keys\r\n\r\ncart:{one}\r\n  cart:{two}:add:read  add:write \n\nthe web shop:{ABC}:"))
        .unwrap();
    let keys = ApiKeys::open(&file).unwrap();
    for (key, name, scopes) in [("one", "cart", 0), ("two", "cart", 2), ("abc", "the web shop", 0)] {
        let found = authenticate(&keys, &context([("x-api-key", key.as_bytes())])).await.unwrap().unwrap();
        assert_eq!((found.subject(), found.scopes().count()), (name, scopes));
    }
}

#[test]
fn a_line_of_no_use_is_an_error_without_its_content() {
    let file = folder().join("keys");
    let short = &ABC[1..];
    for (line, what) in [
        ("rosebud".to_owned(), "line 2: no colon ends the name"),
        ("cart:rosebud".to_owned(), "line 2: the hash is no SHA-256 in 64 hexadecimal digits"),
        (format!("cart:{short}"), "line 2: the hash is no SHA-256"),
        (format!("cart:{short}g"), "line 2: the hash is no SHA-256"),
        (format!("cart:{short}+"), "line 2: the hash is no SHA-256"),
        (format!("cart:{}\u{fc}", &ABC[2..]), "line 2: the hash is no SHA-256"),
        (format!("cart:{ABC} :"), "line 2: the hash is no SHA-256"),
        (format!(":{ABC}"), "line 2: the name is empty"),
        (format!("{}:{ABC}", "n".repeat(256)), "line 2: the name is empty or too long"),
        (format!("cart :{ABC}"), "line 2: the name is empty or too long, or has characters"),
        (format!("cart:{ABC}:a\"b"), "line 2: a scope is empty, or has characters"),
        (format!("cart:{ABC}:\u{fc}"), "line 2: a scope is empty, or has characters"),
        (format!("one:{ABC}\ntwo:{ABC}"), "the key of \"one\" is that of \"two\" as well"),
    ] {
        fs::write(&file, format!("# keys\n{line}\n")).unwrap();
        let error = ApiKeys::open(&file).unwrap_err().to_string();
        assert!(error.contains(&format!("keys: {what}")), "{line}: {error}");
        assert!(!error.contains("rosebud") && !error.contains(short), "{error}");
    }
}

#[tokio::test]
async fn without_keys_nobody_passes() {
    let none = ApiKeys::new([]).unwrap();
    assert_eq!(said(&none, &context([("x-api-key", &b"abc"[..])])).await, "unknown_key");
}

#[tokio::test]
async fn each_of_ten_thousand_keys_is_found() {
    let name = |number: u32| format!("key {number}");
    let keys = (0..10_000).map(|number| ApiKey::hashed(name(number), &sha256(&name(number))).unwrap());
    let keys = ApiKeys::new(keys).unwrap();
    for number in 0..10_000 {
        assert_eq!(
            said(&keys, &context([("x-api-key", name(number).as_bytes())])).await,
            format!("is {}", name(number))
        );
    }
    assert_eq!(said(&keys, &context([("x-api-key", name(10_000).as_bytes())])).await, "unknown_key");
}

#[test]
fn too_many_keys_are_an_error() {
    let keys = (0..=100_000).map(|number: u32| ApiKey::hashed("key", &format!("{number:064x}")).unwrap());
    assert_eq!(ApiKeys::new(keys).unwrap_err().to_string(), "there are more than 100000 keys");
}

#[test]
fn a_key_is_checked_without_an_allocation() {
    let (keys, context) = (abc(), context([("x-api-key", &b"abc"[..])]));
    let check = || assert!(matches!(keys.authenticate(&context), Some(Answer::Now(Ok(_)))));
    // A thread's first look at what may be replaced allocates.
    check();
    assert_eq!(allocation_counter::measure(check).count_total, 0);
}

#[test]
fn the_hashes_are_not_in_what_debug_shows_of_all_keys() {
    assert!(!format!("{:?}", abc()).contains(ABC));
}

proptest! {
    #[test]
    fn whatever_the_field_holds_it_is_judged(value in any::<Vec<u8>>()) {
        if let Ok(value) = http::HeaderValue::from_bytes(&value) {
            let verdict = abc().authenticate(&context([("x-api-key", value.as_bytes())]));
            assert!(matches!(verdict, Some(Answer::Now(Err(_)))));
        }
    }
}

#[tokio::test]
async fn over_http_a_key_passes_and_a_refusal_has_the_challenges_of_all_kinds() {
    let authentication = Authentication::new(abc()).or(Basic::fixed("greeter", "ada", "rosebud"));
    let (address, _stopper) = greeter(&authentication).await;
    for fields in ["x-api-key: abc\r\n", "authorization: ApiKey abc\r\n"] {
        let reply = get(&address, fields).await;
        assert!(reply.starts_with("http/1.1 200") && reply.ends_with("cart"), "{reply}");
    }
    for fields in ["", "x-api-key: abcd\r\n"] {
        let reply = get(&address, fields).await;
        assert!(reply.starts_with("http/1.1 401"), "{reply}");
        assert!(reply.contains("\r\nwww-authenticate: apikey header=\"x-api-key\"\r\n"), "{reply}");
        assert!(reply.contains("\r\nwww-authenticate: basic realm=\"greeter\", charset=\"utf-8\"\r\n"), "{reply}");
    }
    let twice = get(&address, "x-api-key: abc\r\nX-API-Key: abc\r\n").await;
    assert!(twice.starts_with("http/1.1 400"), "{twice}");
}
