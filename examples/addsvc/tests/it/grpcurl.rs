use std::process::Command;

use towerkit_testing::tool;

use crate::running::Addsvc;

/// What grpcurl says, on standard output and on standard error; none where it is not here.
fn grpcurl(test: &str, flags: &[&str], then: &[&str]) -> Option<(String, String)> {
    let grpcurl = tool::find("grpcurl", test)?;
    let addsvc = Addsvc::start(&[]);
    let output = Command::new(grpcurl)
        .args(["-plaintext", "-max-time", "20"])
        .args(flags)
        .arg(addsvc.grpc.to_string())
        .args(then)
        .output()
        .unwrap();
    let utf8 = |bytes| String::from_utf8(bytes).unwrap();
    Some((utf8(output.stdout), utf8(output.stderr)))
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn grpcurl_lists_the_services() {
    let Some((told, _)) = grpcurl("grpcurl_lists_the_services", &[], &["list"]) else { return };
    assert_eq!(
        told,
        "grpc.health.v1.Health\ngrpc.reflection.v1.ServerReflection\ngrpc.reflection.v1alpha.ServerReflection\npb.Add\n"
    );
}

#[test]
fn grpcurl_describes_the_service() {
    let Some((told, _)) = grpcurl("grpcurl_describes_the_service", &[], &["describe", "pb.Add"]) else { return };
    assert!(told.contains("rpc Sum ( .pb.SumRequest ) returns ( .pb.SumReply );"), "{told}");
    assert!(told.contains("rpc Concat ( .pb.ConcatRequest ) returns ( .pb.ConcatReply );"), "{told}");
}

#[test]
fn grpcurl_describes_a_message_with_go_kits_numbers() {
    let test = "grpcurl_describes_a_message_with_go_kits_numbers";
    for (message, first, second) in [
        ("pb.SumRequest", "int64 a = 1;", "int64 b = 2;"),
        ("pb.SumReply", "int64 v = 1;", "string err = 2;"),
        ("pb.ConcatRequest", "string a = 1;", "string b = 2;"),
        ("pb.ConcatReply", "string v = 1;", "string err = 2;"),
    ] {
        let Some((told, _)) = grpcurl(test, &[], &["describe", message]) else { return };
        assert!(told.contains(first) && told.contains(second), "{told}");
    }
}

#[test]
fn grpcurl_is_told_that_the_service_is_healthy() {
    let then = ["grpc.health.v1.Health/Check"];
    let flags = ["-d", r#"{"service":"pb.Add"}"#];
    let Some((told, _)) = grpcurl("grpcurl_is_told_that_the_service_is_healthy", &flags, &then) else { return };
    assert_eq!(words(&told), r#"{ "status": "SERVING" }"#);
}

#[test]
fn grpcurl_gets_a_sum() {
    let flags = ["-d", r#"{"a":1,"b":2}"#];
    let Some((told, _)) = grpcurl("grpcurl_gets_a_sum", &flags, &["pb.Add/Sum"]) else { return };
    assert_eq!(words(&told), r#"{ "v": "3" }"#);
}

#[test]
fn grpcurl_gets_a_joined_text() {
    let flags = ["-d", r#"{"a":"foo","b":"bar"}"#];
    let Some((told, _)) = grpcurl("grpcurl_gets_a_joined_text", &flags, &["pb.Add/Concat"]) else { return };
    assert_eq!(words(&told), r#"{ "v": "foobar" }"#);
}

#[test]
fn grpcurl_is_told_the_code_the_message_and_the_details_of_a_business_error() {
    let test = "grpcurl_is_told_the_code_the_message_and_the_details_of_a_business_error";
    let Some((_, told)) = grpcurl(test, &["-d", r#"{"a":0,"b":0}"#, "-format-error"], &["pb.Add/Sum"]) else { return };
    // Which spaces it writes is not for sure.
    let told = told.replace(char::is_whitespace, "");
    for part in [r#""code":3,"message":"can'tsumtwozeroes""#, r#""@type":"type.googleapis.com/google.rpc.BadRequest""#]
    {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[test]
fn grpcurl_is_told_of_a_method_that_is_not_there() {
    let test = "grpcurl_is_told_of_a_method_that_is_not_there";
    // By a description of its own that has more methods than the service.
    let folder = std::env::temp_dir().join(format!("towerkit-addsvc-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let proto = "syntax = \"proto3\"; package pb; service Add { rpc Less (M) returns (M); } message M {}";
    std::fs::write(folder.join("less.proto"), proto).unwrap();
    let flags = ["-import-path", folder.to_str().unwrap(), "-proto", "less.proto"];
    let told = grpcurl(test, &flags, &["pb.Add/Less"]);
    std::fs::remove_dir_all(&folder).unwrap();
    let Some((_, told)) = told else { return };
    assert_eq!(words(&told), "ERROR: Code: Unimplemented Message: there is no method /pb.Add/Less here");
}
