use std::process::{Command, Output};

use crate::running::Addsvc;

fn text(output: &Output) -> (Option<i32>, String, String) {
    let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), utf8(&output.stdout), utf8(&output.stderr))
}

#[test]
fn it_prints_what_the_service_answers() {
    let addsvc = Addsvc::start(&[]);
    assert_eq!(text(&addsvc.cli(&["1", "2"])), (Some(0), "1 + 2 = 3\n".to_owned(), String::new()));
    let joined = addsvc.cli(&["--method", "concat", "foo", "bar"]);
    assert_eq!(text(&joined), (Some(0), "\"foo\" + \"bar\" = \"foobar\"\n".to_owned(), String::new()));
}

#[test]
fn it_calls_by_json_rpc_as_well() {
    let addsvc = Addsvc::start(&[]);
    let address = addsvc.json_rpc.to_string();
    let cli = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_addcli")).args(["--jsonrpc-addr", &address]).args(args).output().unwrap()
    };
    assert_eq!(text(&cli(&["1", "2"])), (Some(0), "1 + 2 = 3\n".to_owned(), String::new()));
    let joined = cli(&["--method", "concat", "foo", "bar"]);
    assert_eq!(text(&joined), (Some(0), "\"foo\" + \"bar\" = \"foobar\"\n".to_owned(), String::new()));
    assert_eq!(text(&cli(&["0", "0"])).2, "error: can't sum two zeroes: JSON-RPC error -32602\n");
    let both = cli(&["--http-addr", "127.0.0.1:1", "1", "2"]);
    assert!(text(&both).2.contains("cannot be used with"), "{}", text(&both).2);
}

#[test]
fn it_calls_by_grpc_as_well() {
    let addsvc = Addsvc::start(&[]);
    let address = addsvc.grpc.to_string();
    let cli = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_addcli")).args(["--grpc-addr", &address]).args(args).output().unwrap()
    };
    assert_eq!(text(&cli(&["1", "2"])), (Some(0), "1 + 2 = 3\n".to_owned(), String::new()));
    let joined = cli(&["--method", "concat", "foo", "bar"]);
    assert_eq!(text(&joined), (Some(0), "\"foo\" + \"bar\" = \"foobar\"\n".to_owned(), String::new()));
    assert_eq!(text(&cli(&["0", "0"])), (Some(1), String::new(), "error: can't sum two zeroes\n".to_owned()));
    for other in ["--http-addr", "--jsonrpc-addr"] {
        let both = cli(&[other, "127.0.0.1:1", "1", "2"]);
        assert!(text(&both).2.contains("cannot be used with"), "{}", text(&both).2);
    }
}

#[test]
fn a_failed_call_prints_the_servers_message_and_exits_with_1() {
    let addsvc = Addsvc::start(&[]);
    let failed = text(&addsvc.cli(&["0", "0"]));
    assert_eq!(failed, (Some(1), String::new(), "error: can't sum two zeroes\n".to_owned()));
}

#[test]
fn what_the_user_got_wrong_is_named() {
    let addsvc = Addsvc::start(&[]);
    let (code, _, error) = text(&addsvc.cli(&["one", "2"]));
    assert_eq!((code, error.as_str()), (Some(1), "error: a: \"one\": invalid digit found in string\n"));

    let nowhere = Command::new(env!("CARGO_BIN_EXE_addcli")).args(["1", "2"]).output().unwrap();
    let (code, _, error) = text(&nowhere);
    assert_eq!(code, Some(1));
    assert_eq!(
        error,
        "error: no remote address specified: give --http-addr, --grpc-addr, --jsonrpc-addr, --nats-url or --instancer\n"
    );
}

#[test]
fn a_service_that_is_not_there_is_reported_with_the_cause() {
    for flag in ["--http-addr", "--grpc-addr"] {
        let cli = Command::new(env!("CARGO_BIN_EXE_addcli")).args([flag, "127.0.0.1:1", "1", "2"]).output().unwrap();
        let (code, _, error) = text(&cli);
        assert_eq!(code, Some(1));
        assert!(error.contains("can't be reached") && error.contains("refused"), "{error}");
    }
}

#[test]
fn a_port_that_is_taken_is_reported_with_its_flag() {
    let addsvc = Addsvc::start(&[]);
    for (flag, taken) in [("--http-addr", addsvc.http), ("--grpc-addr", addsvc.grpc)] {
        let free =
            ["--http-addr", "--grpc-addr", "--jsonrpc-addr", "--debug-addr"].into_iter().filter(|free| *free != flag);
        let second = Command::new(env!("CARGO_BIN_EXE_addsvc"))
            .args(free.flat_map(|flag| [flag, "127.0.0.1:0"]))
            .args([flag, &taken.to_string()])
            .output()
            .unwrap();
        let (code, _, error) = text(&second);
        assert_eq!(code, Some(1));
        assert!(error.starts_with(&format!("error: {flag} {taken}: ")), "{error}");
    }
}
