use proptest::prelude::*;
use towerkit_auth::{Challenge, Reason};

#[test]
fn quotes_and_backslashes_in_a_parameter_are_escaped() {
    let challenge = Challenge::new("Basic").param("realm", r#"the "a\b" space"#).into_value();
    assert_eq!(challenge, r#"Basic realm="the \"a\\b\" space""#);
    assert_eq!(Challenge::new("Bearer").into_value(), "Bearer");
}

#[test]
fn no_parameter_ends_the_field() {
    let challenge = Challenge::new("Basic").param("realm", "a\r\nset-cookie: b\0\u{7f}\u{85}").into_value();
    assert_eq!(challenge, r#"Basic realm="aset-cookie: b""#);
}

#[test]
fn what_is_not_ascii_is_left_out_so_that_any_transport_can_carry_it() {
    let challenge = Challenge::new("Basic").param("realm", "a\tgrüße \u{202e}b~").into_value();
    assert_eq!(challenge, r#"Basic realm="agre b~""#);
}

/// The value of the only parameter, as RFC 9110, section 5.6.4, has it read.
fn read(challenge: &str) -> String {
    let mut quoted = challenge.strip_prefix("Basic realm=\"").unwrap().chars();
    let mut value = String::new();
    while let Some(character) = quoted.next() {
        match character {
            '"' => break,
            '\\' => value.extend(quoted.next()),
            _ => value.push(character),
        }
    }
    assert_eq!(quoted.next(), None, "{challenge}");
    value
}

proptest! {
    #[test]
    fn any_text_is_a_parameter_and_stays_one(text: String) {
        let challenge = Challenge::new("Basic").param("realm", &text).into_value();
        let kept: String = text.chars().filter(|character| matches!(character, ' '..='~')).collect();
        prop_assert_eq!(read(std::str::from_utf8(challenge.as_bytes()).unwrap()), kept);
    }

    #[test]
    fn what_is_quoted_of_a_caller_is_short_and_on_one_line(text: String) {
        let quoted = Reason::quote(&text);
        prop_assert!(quoted.chars().all(|character| !character.is_control()));
        let longest = 64 * "\\u{10ffff}".len() + 1;
        prop_assert!(quoted.chars().count() <= longest);
    }
}

#[test]
fn what_turns_the_direction_of_text_is_escaped_in_a_quote() {
    assert_eq!(Reason::quote("ada\u{202e}\n\"x\""), r#"ada\u{202e}\n\"x\""#);
    assert_eq!(Reason::quote(&"a".repeat(65)), format!("{}…", "a".repeat(64)));
}

#[test]
fn what_came_from_a_caller_is_quoted_in_a_reason() {
    let long = format!("a\n\u{202e}{}", "b".repeat(9000));
    for reason in [
        Reason::WrongAlgorithm(long.clone()),
        Reason::UnknownKey(Some(long.clone())),
        Reason::WrongCredentials(Some(long)),
    ] {
        for text in [reason.to_string(), format!("{reason:?}")] {
            assert!(text.contains(r"a\n\u{202e}bbb") && text.len() < 200, "{text}");
        }
    }
}

#[test]
fn debug_shows_the_name_of_a_reason_and_its_text_on_one_line() {
    let reason = Reason::UnknownKey(Some("a\"\n".to_owned()));
    assert_eq!(format!("{reason:?}"), r#"Reason(unknown_key: there is no key "a\"\n" that fits)"#);
    let reason = Reason::NotAllowed("it is\nlate \u{202e}".into());
    assert_eq!(format!("{reason:?}"), r"Reason(not_allowed: not allowed: it is\nlate \u{202e})");
    let away = std::io::Error::other(std::io::Error::other("nobody listens"));
    let reason = Reason::Unavailable(away.into());
    assert_eq!(format!("{reason:?}"), "Reason(unavailable: the credentials can't be checked: nobody listens)");
}
