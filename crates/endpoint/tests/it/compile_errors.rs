//! What a user reads who gets the types wrong. To accept a change: `TRYBUILD=overwrite cargo test -p towerkit-endpoint`.

#[test]
fn mistakes_are_explained_in_words() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
