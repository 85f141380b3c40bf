use towerkit_endpoint::{InvalidMetadata, Metadata};

#[test]
fn debug_shows_no_value() {
    let mut metadata = Metadata::new();
    metadata.set("authorization", "Bearer hunter2").unwrap();
    assert!(!format!("{metadata:?}").contains("hunter2"));
}

#[test]
fn a_bad_name_or_value_is_refused_by_name_and_changes_nothing() {
    let mut metadata = Metadata::new();
    assert_eq!(metadata.set("two words", "v"), Err(InvalidMetadata::Name("two words".to_owned())));
    let error = metadata.set("x-note", "a\r\nset-cookie: b").unwrap_err();
    assert_eq!(error.to_string(), "the value of metadata x-note holds characters a header can't");
    assert!(metadata.is_empty());
}
