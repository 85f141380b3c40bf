//! Against botocore, what AWS's own client for Python signs with.

use std::process::Command;
use std::time::Duration;

use http::Request;
use towerkit_testing::tool;

use super::*;

/// Signs requests of six arguments each.
const BOTOCORE: &str = r#"
import sys, datetime
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

arguments = sys.argv[1:]
while arguments:
    method, url, headers, body, token, seconds = arguments[:6]
    arguments = arguments[6:]
    now = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda *_, **__: now
    request = AWSRequest(method=method, url=url, data=body.encode())
    for header in filter(None, headers.split("\n")):
        name, value = header.split(":", 1)
        request.headers.add_header(name, value)
    credentials = Credentials("AKIDEXAMPLE", "wJalr/XUtnFEMI+K7MDENG", token or None)
    botocore.auth.SigV4Auth(credentials, "monitoring", "eu-central-1").add_auth(request)
    print(request.headers["Authorization"])
"#;

struct Case {
    method: &'static str,
    url: &'static str,
    headers: &'static str,
    body: &'static str,
    token: &'static str,
    seconds: u64,
}

const PLAIN: Case = Case {
    method: "POST",
    url: "https://monitoring.eu-central-1.amazonaws.com/",
    headers: "content-type:application/x-amz-json-1.0\nx-amz-target:GraniteServiceVersion20100801.PutMetricData",
    body: "{\"Namespace\":\"a\",\"MetricData\":[]}",
    token: "",
    seconds: 1_764_177_642,
};

const CASES: [Case; 11] = [
    PLAIN,
    Case { token: "IQoJb3JpZ2luX2Vj//////////wEaDGV1+/=", ..PLAIN },
    Case { body: "\u{fc} and \u{1f600}", ..PLAIN },
    Case { method: "GET", headers: "", body: "", url: "https://host/?b=2&a=1&a=0&B=3&c&d=%20x%2F&e=~&=x", ..PLAIN },
    Case { method: "GET", body: "", url: "https://host/a%20b/./x/../%C3%BC//d~e/(f)/g:h/?x=%25", ..PLAIN },
    Case { url: "https://host/..//../a%2Fb", ..PLAIN },
    Case { url: "http://127.0.0.1:5000/base", ..PLAIN },
    Case { headers: "x-z: much   room \nx-a:\tb\nx-m:1\nx-m:2", ..PLAIN },
    // A leap day, the last second of a year, and of a century that is no leap year.
    Case { seconds: 1_709_210_096, ..PLAIN },
    Case { seconds: 1_798_761_599, ..PLAIN },
    Case { seconds: 4_107_542_399, ..PLAIN },
];

fn ours(case: &Case) -> String {
    let mut request = Request::builder().method(case.method).uri(case.url);
    for (name, value) in case.headers.lines().filter_map(|header| header.split_once(':')) {
        request = request.header(name, value);
    }
    let (mut parts, ()) = request.body(()).expect("a request").into_parts();
    let authority = parts.uri.authority().expect("a host").as_str();
    parts.headers.insert(HOST, HeaderValue::from_str(authority).expect("a host"));
    let credentials = Credentials::new("AKIDEXAMPLE", "wJalr/XUtnFEMI+K7MDENG");
    let credentials = if case.token.is_empty() { credentials } else { credentials.with_token(case.token) };
    let scope = Scope { region: "eu-central-1", service: "monitoring" };
    let time = UNIX_EPOCH + Duration::from_secs(case.seconds);
    scope.sign(&mut parts, case.body.as_bytes(), &credentials, time).expect("signed");
    parts.headers[AUTHORIZATION].to_str().expect("text").to_owned()
}

#[test]
fn requests_are_signed_as_botocore_signs_them() {
    let Some(python) = tool::find("python_moto", "requests_are_signed_as_botocore_signs_them") else { return };
    let mut command = Command::new(python);
    command.args(["-c", BOTOCORE]);
    for case in &CASES {
        command.args([case.method, case.url, case.headers, case.body, case.token, &case.seconds.to_string()]);
    }
    let output = command.output().expect("Python runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: Vec<_> = said.lines().collect();
    assert_eq!(CASES.iter().map(ours).collect::<Vec<_>>(), theirs);
}

#[test]
fn the_example_of_the_documentation_has_its_signature() {
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    let request = Request::builder()
        .uri("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08")
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .header(HOST, "iam.amazonaws.com");
    let (mut parts, ()) = request.body(()).expect("a request").into_parts();
    let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    let time = UNIX_EPOCH + Duration::from_secs(1_440_938_160);
    Scope { region: "us-east-1", service: "iam" }.sign(&mut parts, b"", &credentials, time).expect("signed");
    assert_eq!(
        parts.headers[AUTHORIZATION],
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, \
         Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    );
}

#[test]
fn what_signs_a_request_is_in_no_debug_output() {
    let (mut parts, ()) = Request::builder().header(HOST, "host").body(()).expect("a request").into_parts();
    let credentials = Credentials::new("AKIDEXAMPLE", "secret").with_token("a-session");
    Scope { region: "r", service: "s" }.sign(&mut parts, b"", &credentials, UNIX_EPOCH).expect("signed");
    let shown = format!("{:?}", parts.headers);
    assert!(!shown.contains("Signature=") && !shown.contains("a-session"), "{shown}");
}

#[test]
fn a_secret_that_no_header_can_hold_is_an_error() {
    let (mut parts, ()) = Request::builder().header(HOST, "host").body(()).expect("a request").into_parts();
    let credentials = Credentials::new("id", "secret").with_token("a\nb");
    assert!(Scope { region: "r", service: "s" }.sign(&mut parts, b"", &credentials, UNIX_EPOCH).is_err());
}
