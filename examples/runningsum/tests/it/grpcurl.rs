use std::process::Command;

use towerkit_testing::tool;

use crate::running::Runningsum;

#[test]
fn grpcurl_streams_by_reflection() {
    let Some(grpcurl) = tool::find("grpcurl", "grpcurl_streams_by_reflection") else { return };
    let runningsum = Runningsum::start(&[]);
    let output = Command::new(grpcurl)
        .args(["-plaintext", "-max-time", "20", "-d", r#"{"value":1} {"value":2}"#])
        .args([runningsum.address.to_string().as_str(), "runningsum.RunningSum/Sum"])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap().replace(char::is_whitespace, "");
    assert_eq!(told, r#"{"sum":"1","count":"1"}{"sum":"3","count":"2"}"#);
}
