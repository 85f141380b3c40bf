use towerkit::endpoint::{Code, Error};
use towerkit::transport::http::json_rpc::ErrorObject;
use towerkit::transport::{grpc, nats};

const PAGE: &str = include_str!("../../../../docs/errors.md");

#[test]
fn the_page_on_errors_has_the_number_of_each_code_on_each_transport() {
    for code in Code::ALL {
        let error = Error::from(code);
        let row = format!(
            "| `{code:?}` | {} | {} | {} | {} |",
            code.http_status(),
            i32::from(grpc::status_of(&error).code()),
            ErrorObject::from(&error).code(),
            number_of(&error),
        );
        assert!(PAGE.lines().any(|line| line == row), "the page has no {row}");
    }
}

/// As it goes out.
fn number_of(error: &Error) -> String {
    let reply = nats::service_error(error);
    reply.headers().get("nats-service-error-code").unwrap().to_owned()
}
