use std::error::Error as _;
use std::io::{Error, ErrorKind};

use towerkit_lifecycle::listen;

#[tokio::test]
async fn an_address_that_is_taken_is_told_by_the_name_it_is_set_by_with_the_cause() {
    let listener = listen("--http-addr", "127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let error = listen("--debug-addr", address).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("--debug-addr {address}: ")), "{error}");
    let cause = error.source().unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!(cause.kind(), ErrorKind::AddrInUse);
}
