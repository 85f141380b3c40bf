//! Users and passwords (RFC 7617).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::{any, proptest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceBuilder;
use towerkit_auth::{Answer, Authentication, Authenticator, Basic, Credentials, Password, Principal, Reason, Scheme};
use towerkit_endpoint::{Classify, Code, Context, Error, Request, service_fn};
use towerkit_lifecycle::{Lifeline, Member};
use towerkit_transport_http::codec::{Empty, Text};
use towerkit_transport_http::{Router, Server, serve};

use crate::authenticate::{authenticate, context, said};

/// `ada:rosebud`
const ADA: &str = "YWRhOnJvc2VidWQ=";

pub(crate) fn field(value: impl AsRef<[u8]>) -> Context {
    context([("authorization", value.as_ref())])
}

fn pair(pair: impl AsRef<[u8]>) -> Context {
    field(format!("Basic {}", STANDARD.encode(pair)))
}

fn ada() -> Basic {
    Basic::fixed("greeter", "ada", "rosebud")
}

#[tokio::test]
async fn a_field_is_read_as_the_rfc_has_it() {
    let long = format!("Basic {}", STANDARD.encode(format!("ada:{}", "a".repeat(3069))));
    let longest = format!("Basic {}", STANDARD.encode(format!("ada:{}", "a".repeat(3068))));
    let table: &[(&[u8], &str)] = &[
        (b"Basic YWRhOnJvc2VidWQ=", "is ada"),
        // The scheme's case does not matter (RFC 9110, section 11.1), and one space or more stand behind it.
        (b"basic YWRhOnJvc2VidWQ=", "is ada"),
        (b"BASIC YWRhOnJvc2VidWQ=", "is ada"),
        (b"bAsIc    YWRhOnJvc2VidWQ=", "is ada"),
        (b"Basic YWRhOnJvc2VidWQ=  ", "is ada"),
        // It is none of this kind.
        (b"", "none"),
        (b"Bas", "none"),
        (b"Basics YWRhOnJvc2VidWQ=", "none"),
        (b"BasicYWRhOnJvc2VidWQ=", "none"),
        (b"Basic\tYWRhOnJvc2VidWQ=", "none"),
        (b"Bearer YWRhOnJvc2VidWQ=", "none"),
        (b"\xff\xff\xff\xff\xff YWRhOnJvc2VidWQ=", "none"),
        // It can't be read.
        (b"Basic", "malformed"),
        (b"Basic ", "malformed"),
        (b"Basic    ", "malformed"),
        (b"Basic YWRhOnJvc2VidWQ", "malformed"),
        (b"Basic YWRhOnJvc2VidWQ==", "malformed"),
        (b"Basic YWRhOnJvc2VidWR=", "malformed"),
        (b"Basic YWRhOnJvc2Vi dWQ=", "malformed"),
        (b"Basic YWRhOnJvc2VidWQ=, Basic YWRhOnJvc2VidWQ=", "malformed"),
        (b"Basic realm=\"greeter\"", "malformed"),
        (b"Basic ada:rosebud", "malformed"),
        (b"Basic =", "malformed"),
        (b"Basic \xff\xfe", "malformed"),
        (b"Basic Pz8_Pj4-", "malformed"),
        (b"Basic YWRh", "malformed"),
        // It is another one.
        (b"Basic Og==", "wrong_credentials"),
        (b"Basic OnJvc2VidWQ=", "wrong_credentials"),
        (b"Basic YWRhOg==", "wrong_credentials"),
        (long.as_bytes(), "too_large"),
        (longest.as_bytes(), "wrong_credentials"),
    ];
    for (value, expected) in table {
        assert_eq!(said(&ada(), &field(value)).await, *expected, "{:?}", String::from_utf8_lossy(value));
    }
}

#[tokio::test]
async fn without_a_field_there_are_no_credentials_of_this_kind() {
    assert_eq!(said(&ada(), &Context::new()).await, "none");
}

#[tokio::test]
async fn two_fields_are_ambiguous_also_where_they_are_the_same() {
    let right = format!("Basic {ADA}");
    for second in [right.as_bytes(), b"Basic", b"Bearer token"] {
        let twice = context([("authorization", right.as_bytes()), ("authorization", second)]);
        assert_eq!(said(&ada(), &twice).await, "ambiguous");
    }
}

#[tokio::test]
async fn what_is_decoded_is_text_without_control_characters() {
    for bad in
        [&b"ada:rose\0bud"[..], b"ada:rosebud\n", b"a\tda:rosebud", b"ada:rosebud\x7f", b"\xffda:rosebud", b"ada:\xc3"]
    {
        assert_eq!(said(&ada(), &pair(bad)).await, "malformed", "{bad:?}");
    }
}

#[tokio::test]
async fn the_first_colon_ends_the_user() {
    let colons = Basic::fixed("greeter", "ada", "rose:bud:");
    assert_eq!(said(&colons, &pair("ada:rose:bud:")).await, "is ada");
    assert_eq!(said(&Basic::fixed("greeter", "ada:rose", "bud:"), &pair("ada:rose:bud:")).await, "wrong_credentials");
}

#[tokio::test]
async fn a_user_and_a_password_may_be_empty() {
    let anyone = Basic::verify("greeter", |user, password| async move {
        Ok(password.is("").then(|| Principal::new(Scheme::Basic, user)))
    });
    assert_eq!(said(&anyone, &pair(":")).await, "is ");
    assert_eq!(said(&anyone, &pair("ada:")).await, "is ada");
    assert_eq!(said(&Basic::fixed("greeter", "", "rosebud"), &pair(":rosebud")).await, "is ");
}

#[tokio::test]
async fn a_fixed_password_that_is_not_set_or_can_not_be_sent_lets_nobody_in() {
    for user in ["ada", ""] {
        let unset = Basic::fixed("greeter", user, "");
        assert_eq!(said(&unset, &pair(format!("{user}:"))).await, "wrong_credentials");
        assert_eq!(said(&unset, &pair(format!("{user}:rosebud"))).await, "wrong_credentials");
    }
    let longest = "a".repeat(3068);
    assert_eq!(said(&Basic::fixed("greeter", "ada", &longest), &pair(format!("ada:{longest}"))).await, "is ada");
    let overlong = format!("{longest}aaaaa");
    let basic = Basic::fixed("greeter", "ada", &overlong);
    assert_eq!(said(&basic, &pair(format!("ada:{longest}"))).await, "wrong_credentials");
    assert_eq!(said(&basic, &pair(format!("ada:{overlong}"))).await, "too_large");
}

/// Section 2 and section 2.1.
#[tokio::test]
async fn the_examples_of_the_rfc_pass() {
    let aladdin = Basic::fixed("WallyWorld", "Aladdin", "open sesame");
    assert_eq!(said(&aladdin, &field("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")).await, "is Aladdin");
    let test = Basic::fixed("foo", "test", "123\u{a3}");
    assert_eq!(said(&test, &field("Basic dGVzdDoxMjPCow==")).await, "is test");
    assert_eq!(test.challenge(None).unwrap(), r#"Basic realm="foo", charset="UTF-8""#);
}

#[tokio::test]
async fn a_password_that_differs_anywhere_is_wrong_and_the_user_is_told_where_it_is_known_alone() {
    for (sent, known) in [
        ("ada:rosebuD", Some("ada")),
        ("ada:Rosebud", Some("ada")),
        ("ada:rosebu", Some("ada")),
        ("ada:rosebuds", Some("ada")),
        ("ada:", Some("ada")),
        ("ad:rosebud", None),
        ("adas:rosebud", None),
        ("Ada:rosebud", None),
        (":rosebud", None),
        ("rosebud:ada", None),
    ] {
        let reason = authenticate(&ada(), &pair(sent)).await.unwrap().unwrap_err();
        assert!(matches!(&reason, Reason::WrongCredentials(user) if user.as_deref() == known), "{sent}: {reason}");
    }
}

#[tokio::test]
async fn the_principal_is_the_user_of_the_realm() {
    let principal = authenticate(&ada(), &field(format!("Basic {ADA}"))).await.unwrap().unwrap();
    assert_eq!(principal.scheme(), Scheme::Basic);
    assert_eq!((principal.subject(), principal.issuer()), ("ada", Some("greeter")));
}

#[tokio::test]
async fn a_function_says_who_it_is() {
    let basic = Basic::verify("greeter", |user, password| async move {
        tokio::task::yield_now().await;
        if user == "down" {
            Err("the database is away")?;
        }
        Ok(password.is("rosebud").then(|| Principal::new(Scheme::Basic, user)))
    });
    assert_eq!(said(&basic, &pair("eve:rosebud")).await, "is eve");
    assert_eq!(said(&basic, &pair("eve:rose")).await, "wrong_credentials");
    let reason = authenticate(&basic, &pair("down:rosebud")).await.unwrap().unwrap_err();
    assert_eq!(reason.code(), Code::Unavailable);
    assert_eq!(reason.to_string(), "the credentials can't be checked: the database is away");
}

#[tokio::test]
async fn the_realm_vouches_for_whom_a_function_names_without_an_issuer() {
    for (issuer, expected) in [(None, "greeter"), (Some("directory"), "directory")] {
        let basic = Basic::verify("greeter", move |user, _| async move {
            let principal = Principal::new(Scheme::Basic, user);
            Ok(Some(match issuer {
                Some(issuer) => principal.with_issuer(issuer),
                None => principal,
            }))
        });
        let principal = authenticate(&basic, &pair("ada:rosebud")).await.unwrap().unwrap();
        assert_eq!((principal.subject(), principal.issuer()), ("ada", Some(expected)));
    }
}

#[test]
fn the_function_is_not_called_for_what_can_not_be_read() {
    let basic = Basic::verify("greeter", |_, _| async { panic!("it was called") });
    assert!(matches!(basic.authenticate(&field("Basic YWRh")), Some(Answer::Now(Err(Reason::Malformed(_))))));
}

#[test]
fn secrets_are_not_in_what_debug_shows() {
    let password = Password::from("rosebud".to_owned());
    let credentials = Credentials::basic("ada", "rosebud").unwrap();
    let shown = format!("{:?} {password:?} {credentials:?} {:?}", ada(), Authentication::new(ada()));
    for secret in ["rosebud", ADA] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_fixed_pair_is_checked_with_one_allocation() {
    let (basic, context) = (ada(), field(format!("Basic {ADA}")));
    let seen = allocation_counter::measure(|| {
        assert!(matches!(basic.authenticate(&context), Some(Answer::Now(Ok(_)))));
    });
    assert_eq!(seen.count_total, 1);
}

#[test]
fn a_password_is_compared_with_one_of_any_length_without_a_copy_of_it() {
    let password = Password::from("rosebud".to_owned());
    for (expected, is) in
        [("rosebud", true), ("", false), ("rose", false), ("rosebuds", false), ("rosebudd", false), ("Rosebud", false)]
    {
        let seen = allocation_counter::measure(|| assert_eq!(password.is(expected), is, "{expected}"));
        assert_eq!(seen.count_total, 0, "{expected}");
    }
    assert!(Password::from(String::new()).is(""));
    assert!(!Password::from(String::new()).is("rosebud"));
}

#[test]
fn a_client_writes_what_a_server_reads() {
    for (user, password) in [("ada", "rosebud"), ("", "-"), ("test", "123\u{a3}"), ("ada", "rose:bud"), ("a b", " ")] {
        let credentials = Credentials::basic(user, password).unwrap();
        assert_eq!(credentials.name(), "authorization");
        assert!(credentials.value().is_sensitive());
        let sent = field(credentials.value().as_bytes());
        let basic = Basic::fixed("greeter", user, password);
        assert!(matches!(basic.authenticate(&sent), Some(Answer::Now(Ok(_)))), "{user}:{password}");
    }
    assert_eq!(Credentials::basic("ada", "rosebud").unwrap().value(), &format!("Basic {ADA}"));
}

#[test]
fn a_client_refuses_what_can_not_be_sent_and_does_not_tell_it() {
    for (user, password) in [("ada:rose", "bud"), ("ada\n", "rosebud"), ("ada", "rose\0bud"), ("ada", "rosebud\x7f")] {
        let error = Credentials::basic(user, password).unwrap_err();
        // It does not get better by itself, so a retry is of no use.
        assert_eq!(error.code(), Code::Internal);
        assert!(!format!("{error} {error:?}").contains("rose"), "{error:?}");
    }
}

proptest! {
    #[test]
    fn whatever_the_field_holds_it_is_judged_and_nobody_is_let_in(value in any::<Vec<u8>>(), of_the_scheme: bool) {
        let value = if of_the_scheme { [b"Basic ", value.as_slice()].concat() } else { value };
        if let Ok(value) = http::HeaderValue::from_bytes(&value) {
            let verdict = ada().authenticate(&field(value.as_bytes()));
            let refused = matches!(verdict, Some(Answer::Now(Err(_))));
            assert!(if of_the_scheme { refused } else { refused || verdict.is_none() }, "{value:?}");
        }
    }

    #[test]
    fn whatever_stands_behind_the_scheme_is_judged(rest in "[ -~\u{80}-\u{ff}]*") {
        assert!(!matches!(ada().authenticate(&field(format!("Basic {rest}"))), None | Some(Answer::Later(_) | Answer::Now(Ok(_)))));
    }

    #[test]
    fn whatever_was_encoded_is_judged_and_the_right_pair_alone_passes(sent in any::<Vec<u8>>(), user in "[^:\\x00-\\x1f\\x7f]*", password in "[^\\x00-\\x1f\\x7f]+") {
        assert!(matches!(ada().authenticate(&pair(sent)), Some(Answer::Now(Err(_)))));
        let basic = Basic::fixed("greeter", user.as_str(), &password);
        assert!(matches!(basic.authenticate(&pair(format!("{user}:{password}"))), Some(Answer::Now(Ok(_)))));
        assert!(matches!(basic.authenticate(&pair(format!("{user}:{password}x"))), Some(Answer::Now(Err(Reason::WrongCredentials(Some(_)))))));
    }
}

/// A server that greets whoever has passed; its address.
pub(crate) async fn greeter(authentication: &Authentication) -> (String, towerkit_lifecycle::Stopper) {
    let greet = ServiceBuilder::new().layer(authentication.requests("greet")).service(service_fn(
        |request: Request<()>| async move {
            Ok::<_, Error>(Principal::of(request.context()).map_or_else(String::new, |who| who.subject().to_owned()))
        },
    ));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (lifeline, stopper) = Lifeline::detached();
    tokio::spawn(serve(listener, Router::new().get("/", Server::new(greet, Empty, Text))).run(lifeline));
    (address, stopper)
}

/// The reply to a request with these fields, as it stands on the wire, in lower case.
pub(crate) async fn get(address: &str, fields: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{fields}\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    socket.read_to_end(&mut reply).await.unwrap();
    String::from_utf8(reply).unwrap().to_lowercase()
}

#[tokio::test]
async fn over_http_a_refusal_is_401_with_its_challenge() {
    let (address, _stopper) = greeter(&Authentication::new(ada())).await;
    let reply = get(&address, &format!("authorization: basic {ADA}\r\n")).await;
    assert!(reply.starts_with("http/1.1 200") && reply.ends_with("ada"), "{reply}");

    for fields in ["", "authorization: Basic YWRhOg==\r\n", "authorization: Basic !\r\n", "authorization: Digest x\r\n"]
    {
        let reply = get(&address, fields).await;
        assert!(reply.starts_with("http/1.1 401"), "{fields}: {reply}");
        assert!(
            reply.contains("\r\nwww-authenticate: basic realm=\"greeter\", charset=\"utf-8\"\r\n"),
            "{fields}: {reply}"
        );
    }
    let twice = get(&address, &format!("authorization: Basic {ADA}\r\nauthorization: Basic {ADA}\r\n")).await;
    assert!(twice.starts_with("http/1.1 400") && twice.contains("\r\nwww-authenticate: "), "{twice}");
}
