use std::panic::AssertUnwindSafe;

use proptest::prelude::*;
use tower::{Layer, ServiceExt};
use towerkit_auth::{Access, Answer, Authorization, Casbin, LoadError, Policy, Principal, Scheme};
use towerkit_endpoint::{Code, Error, Request, service_fn};

use crate::authentication_support::of;

/// A model of these parts.
pub(crate) fn model(rule: &str, roles: &str, effect: &str, matcher: &str) -> String {
    format!(
        "[request_definition]\nr = sub, obj, act\n[policy_definition]\np = {rule}\n{roles}\n[policy_effect]\ne = {effect}\n\
         [matchers]\nm = {matcher}\n"
    )
}

pub(crate) const ALLOW: &str = "some(where (p.eft == allow))";
pub(crate) const EQUAL: &str = "r.sub == p.sub && r.obj == p.obj && r.act == p.act";

pub(crate) fn basic() -> String {
    model("sub, obj, act", "", ALLOW, EQUAL)
}

pub(crate) fn with_matcher(matcher: &str) -> String {
    model("sub, obj, act", "[role_definition]\ng = _, _", ALLOW, matcher)
}

/// Asks with what the message is.
type Asked = [String; 3];

fn parse(model: &str, rules: &str) -> Result<impl Fn(&str, &str, &str) -> Result<bool, String> + use<>, LoadError> {
    let casbin = Casbin::parse_asking(model, rules, |access: &Access<'_, Asked>| access.message().clone())?;
    Ok(move |sub: &str, obj: &str, act: &str| {
        let message = [sub, obj, act].map(str::to_owned);
        let request = of(Principal::new(Scheme::Bearer, "ada"), message);
        match casbin.decide(&Access::new("sum", &request)) {
            Answer::Now(Ok(())) => Ok(true),
            Answer::Now(Err(reason)) if reason.as_str() == "not_allowed" => Ok(false),
            other => Err(format!("{other:?}")),
        }
    })
}

fn parsed(model: &str, rules: &str) -> impl Fn(&str, &str, &str) -> bool + use<> {
    let ask = parse(model, rules).unwrap();
    move |sub, obj, act| ask(sub, obj, act).unwrap()
}

/// What is wrong.
pub(crate) fn wrong(model: &str, rules: &str) -> String {
    parse(model, rules).err().map_or_else(|| "nothing".to_owned(), |error| error.to_string())
}

#[test]
fn a_rule_allows_what_it_names_and_nothing_else() {
    let ask = parsed(&basic(), "p, alice, data1, read\np, bob, data2, write\n");
    assert!(ask("alice", "data1", "read") && ask("bob", "data2", "write"));
    for no in [("alice", "data1", "write"), ("alice", "data2", "read"), ("bob", "data1", "read"), ("", "", "")] {
        assert!(!ask(no.0, no.1, no.2), "{no:?}");
    }
}

/// As Go kit's tests of its casbin middleware have it: the basic model with rules for paths knows nothing of `data1`.
#[test]
fn a_rule_for_paths_says_nothing_of_names() {
    let rules =
        "p, alice, /alice_data/*, GET\np, alice, /alice_data/resource1, POST\np, cathy, /cathy_data, (GET)|(POST)\n";
    assert!(!parsed(&basic(), rules)("alice", "data1", "read"));
    let ask = parsed(&with_matcher("r.sub == p.sub && keyMatch(r.obj, p.obj) && regexMatch(r.act, p.act)"), rules);
    assert!(!ask("alice", "data1", "read"));
    assert!(ask("alice", "/alice_data/x/y", "GET") && ask("alice", "/alice_data/resource1", "POST"));
    assert!(!ask("alice", "/alice_data/resource2", "POST") && !ask("alice", "/bob_data/x", "GET"));
    assert!(ask("cathy", "/cathy_data", "POST") && !ask("cathy", "/cathy_data", "PUT"));
}

#[test]
fn roles_are_held_by_name_and_by_domain() {
    let roles = with_matcher("g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act");
    let ask = parsed(&roles, "p, role:reader, data1, read\ng, alice, role:writer\ng, role:writer, role:reader\n");
    assert!(ask("alice", "data1", "read") && !ask("bob", "data1", "read") && !ask("alice", "data1", "write"));

    let domains = "[request_definition]\nr = sub, dom, act\n[policy_definition]\np = sub, dom, act\n[role_definition]\ng = _, _, _\n\
        [policy_effect]\ne = some(where (p.eft == allow))\n[matchers]\nm = g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.act == p.act\n";
    let ask = parsed(domains, "p, admin, red, read\np, admin, blue, read\ng, alice, admin, red\ng, bob, admin, blue\n");
    assert!(ask("alice", "red", "read") && ask("bob", "blue", "read"));
    assert!(!ask("alice", "blue", "read") && !ask("bob", "red", "read") && !ask("alice", "green", "read"));
}

#[test]
fn the_four_effects_are_casbins() {
    let rules = "p, alice, data1, read, allow\np, bob, data1, read, deny\np, alice, data1, read, deny\n";
    let with = |effect: &str| parsed(&model("sub, obj, act, eft", "", effect, EQUAL), rules);
    let alice_bob_carl = |effect: &str| ["alice", "bob", "carl"].map(|who| with(effect)(who, "data1", "read"));
    assert_eq!(alice_bob_carl(ALLOW), [true, false, false]);
    assert_eq!(alice_bob_carl("!some(where (p.eft == deny))"), [false, false, true]);
    let both = "some(where (p.eft == allow)) && !some(where (p.eft == deny))";
    assert_eq!(alice_bob_carl(both), [false, false, false]);
    assert_eq!(alice_bob_carl("priority(p.eft) || deny"), [true, false, false]);
}

#[test]
fn nothing_of_a_request_is_code() {
    for matcher in [EQUAL, "g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act"] {
        let ask = parsed(&with_matcher(matcher), "p, alice, data1, read\n");
        for sub in [
            r#"x" || true"#,
            r#"x" || true || ""#,
            "true",
            "1 == 1",
            "p.sub",
            "p_sub",
            "r.sub",
            r#"eval("true")"#,
            "${p_sub}",
            "`${true}`",
            "alice\"",
            "alice' or '1'='1",
            "alice\0",
            "Alice",
            " alice",
            "alice ",
            "al\u{131}ce",
            "*",
            ".*",
        ] {
            assert!(!ask(sub, "data1", "read"), "{sub:?}");
            assert!(!ask("alice", sub, "read") && !ask("alice", "data1", sub), "{sub:?}");
        }
    }
}

#[test]
fn there_may_be_several_kinds_of_roles() {
    let model = model(
        "sub, obj, act",
        "[role_definition]\ng = _, _\ng2 = _, _",
        ALLOW,
        "g(r.sub, p.sub) && g2(r.obj, p.obj) && r.act == p.act",
    );
    let ask = parsed(&model, "p, reader, papers, read\ng, alice, reader\ng2, data1, papers\n");
    assert!(ask("alice", "data1", "read"));
    assert!(!ask("alice", "data2", "read") && !ask("data1", "alice", "read") && !ask("bob", "data1", "read"));
}

#[test]
fn a_field_in_quotes_may_have_commas_and_quotes_in_it() {
    let ask = parsed(&basic(), "p, \"alice, or \"\"al\"\"\", \"\" , read\r\n");
    assert!(ask("alice, or \"al\"", "", "read"));
    assert!(parsed(&format!("\u{feff}{}", basic()), "\u{feff}p, a, b, c")("a", "b", "c"));
}

#[test]
fn a_comparison_may_be_with_a_text_and_with_a_list() {
    let ask =
        parsed(&with_matcher(r#"r.sub == "root" || (r.sub == p.sub && r.act in ["read", "list"])"#), "p, a, b, c");
    assert!(ask("root", "", "") && ask("a", "", "list") && !ask("a", "", "write") && !ask("b", "", "read"));
}

#[test]
fn a_dot_in_the_pattern_of_a_path_is_a_dot() {
    let ask = parsed(&with_matcher("keyMatch2(r.obj, p.obj)"), "p, , /a.json, ");
    assert!(ask("", "/a.json", "") && !ask("", "/a_json", ""));
}

#[test]
fn the_matchers_over_several_lines_are_read() {
    let long = basic().replace("m = r.sub == p.sub && ", "m = r.sub == p.sub && \\\n  ");
    assert!(parsed(&long, "p, a, b, c")("a", "b", "c"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// casbin's own `keyMatch` panics at the second of `/é` and `/a*`.
    #[test]
    fn no_request_makes_a_matcher_panic_or_fail(value in r"[/a-cé☺\x00 {}:*.\[\]()\\?]{0,12}", rest: String) {
        for (function, pattern) in [
            ("keyMatch", "/aé*"), ("keyMatch2", "/a:x/*"), ("keyMatch3", "/{x}é/*"), ("keyMatch5", "/{x}/a"), ("regexMatch", "a|é+/"),
        ] {
            let matcher = format!("{function}(r.sub, p.sub) || {function}(r.obj, p.obj)");
            let ask = parse(&with_matcher(&matcher), &format!("p, {pattern}, {pattern}, x\n")).unwrap();
            let asked = std::panic::catch_unwind(AssertUnwindSafe(|| ask(&value, &rest, "")));
            prop_assert!(matches!(asked, Ok(Ok(_))), "{} {:?}", function, asked);
        }
        let ask = parsed(&with_matcher("keyMatch(r.sub, p.sub)"), "p, /é*, , ");
        prop_assert_eq!(ask(&value, "", ""), value.starts_with("/é"));
    }

    /// casbin makes a regular expression of it for each rule and each request.
    #[test]
    fn paths_are_matched_as_casbin_does(path in "[/ab?]{0,8}", pattern in "/?(a|b|/|/\\*|/NAME){0,4}") {
        use ::casbin::function_map::{key_match2, key_match3, key_match5};
        type Theirs = fn(&str, &str) -> bool;
        let colon = pattern.replace("NAME", ":n").replace(":na", ":n/a").replace(":nb", ":n/b");
        let braces = pattern.replace("NAME", "{n}");
        for (function, theirs, pattern) in [
            ("keyMatch2", key_match2 as Theirs, &colon), ("keyMatch3", key_match3, &braces), ("keyMatch5", key_match5, &braces),
        ] {
            let ask = parsed(&with_matcher(&format!("{function}(r.obj, p.obj)")), &format!("p, , {pattern}, "));
            prop_assert_eq!(ask("", &path, ""), theirs(&path, pattern), "{}({:?}, {:?})", function, path, pattern);
        }
    }

    #[test]
    fn any_text_is_but_compared(sub: String, obj: String, act: String) {
        let ask = parsed(&basic(), "p, alice, data1, read");
        prop_assert_eq!(ask(&sub, &obj, &act), [&*sub, &*obj, &*act] == ["alice", "data1", "read"]);
    }
}

#[test]
fn by_default_the_subject_the_operation_and_call_are_asked_for() {
    let casbin = Casbin::parse(basic(), "p, ada, sum, call\np, , sum, call").unwrap();
    let decide = |operation: &str, request: &Request<()>| match casbin.decide(&Access::new(operation, request)) {
        Answer::Now(outcome) => outcome.err().map(|reason| reason.to_string()),
        Answer::Later(_) => panic!("it is known"),
    };
    let ada = of(Principal::new(Scheme::Basic, "ada"), ());
    assert_eq!(decide("sum", &ada), None);
    let no = r#"not allowed: the rules do not allow "ada", "reset", "call""#;
    assert_eq!(decide("reset", &ada).as_deref(), Some(no));
    assert_eq!(
        decide("sum", &Request::new(())).as_deref(),
        Some("there are no credentials"),
        "nobody is not the empty name"
    );
    let forging = of(Principal::new(Scheme::Basic, "ada\n\"x"), ());
    assert!(decide("sum", &forging).unwrap().contains(r#""ada\n\"x""#));
}

#[test]
fn a_function_is_asked_for_nobody_only_where_that_is_said() {
    let casbin = Casbin::parse_asking(basic(), "p, guest, sum, call", |access: &Access<'_, ()>| {
        let who = access.principal().map_or("guest", Principal::subject);
        [who, access.operation(), "call"].map(str::to_owned)
    })
    .unwrap();
    let nobody = Request::new(());
    let said = |verdict| match verdict {
        Answer::Now(outcome) => outcome.err().map(|reason: towerkit_auth::Reason| reason.as_str()),
        Answer::Later(_) => panic!("it is known"),
    };
    assert_eq!(said(casbin.decide(&Access::new("sum", &nobody))), Some("missing"));
    let for_all = casbin.anonymous_too();
    assert_eq!(said(for_all.decide(&Access::new("sum", &nobody))), None);
    assert_eq!(said(for_all.decide(&Access::new("reset", &nobody))), Some("missing"));
}

#[tokio::test]
async fn the_layer_refuses_what_the_rules_do_not_allow() {
    let authorization = Authorization::new(Casbin::parse(basic(), "p, ada, sum, call").unwrap());
    let answer = service_fn(|_: Request<()>| async { Ok::<_, Error>(()) });
    let ask = |operation: &'static str, who: Option<&str>| {
        let mut request = Request::new(());
        if let Some(who) = who {
            request.context_mut().insert(Principal::new(Scheme::Basic, who));
        }
        authorization.requests(operation).layer(answer).oneshot(request)
    };
    assert!(ask("sum", Some("ada")).await.is_ok());
    let refused = ask("reset", Some("ada")).await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::PermissionDenied, "not allowed"));
    assert_eq!(ask("sum", None).await.unwrap_err().code(), Code::Unauthenticated);
}

#[test]
fn clones_share_the_rules_and_debug_shows_none_of_them() {
    let casbin = Casbin::parse(basic(), "p, ada, sum, call").unwrap();
    let text = format!("{:?} {:?}", casbin.clone(), Authorization::new(casbin));
    assert!(!text.contains("ada") && !text.contains("sub"), "{text}");
}
