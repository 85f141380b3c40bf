use towerkit::endpoint::{Code, Error};
use towerkit::transport::grpc;
use towerkit::transport::http::json_rpc::ErrorObject;

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
            code.http_status(),
        );
        assert!(PAGE.lines().any(|line| line == row), "the page has no {row}");
    }
}
