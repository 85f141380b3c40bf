use http::StatusCode;
use towerkit_endpoint::{Code, Error, Violation};
use towerkit_transport_http::Problem;

#[test]
fn an_error_comes_back_from_its_problem_as_the_caller_may_see_it() {
    let error =
        Error::invalid("a", "is missing").with_violation(Violation::new("b", "is too long")).with_source("secret");
    let problem = Problem::from(&error);
    let text = serde_json::to_string(&problem).unwrap();
    assert!(!text.contains("secret"));
    let back = serde_json::from_str::<Problem>(&text).unwrap().into_error(StatusCode::BAD_REQUEST);
    assert_eq!((back.code(), back.message()), (error.code(), error.message()));
    assert_eq!(back.violations(), error.violations());
}

#[test]
fn a_problem_of_another_make_is_read_as_far_as_it_goes() {
    let read = |text: &str, status| serde_json::from_str::<Problem>(text).unwrap().into_error(status);
    let error =
        read(r#"{"type":"https://a.test/out-of-credit","title":"Out of credit","balance":30}"#, StatusCode::FORBIDDEN);
    assert_eq!((error.code(), error.message()), (Code::PermissionDenied, "Out of credit"));
    assert_eq!(read(r#"{"code":"not a code"}"#, StatusCode::CONFLICT).code(), Code::Aborted);
    assert_eq!(read("{}", StatusCode::SERVICE_UNAVAILABLE).message(), "unavailable");
}
