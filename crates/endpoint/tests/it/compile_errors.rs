//! What a user reads who gets the types wrong. To accept a change:
//! `TRYBUILD=overwrite cargo test -p towerkit-endpoint --all-features`.

use std::process::Command;

use towerkit_testing::tool;

/// Every release of the compiler words some of its errors anew; they are pinned for this one.
const PINNED_FOR: &str = "rustc 1.95";

#[test]
fn mistakes_are_explained_in_words() {
    let version = Command::new("rustc").arg("--version").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    if !version.starts_with(PINNED_FOR) {
        let why = format!("its texts are pinned for {PINNED_FOR}, this is {}", version.trim());
        return tool::skip("mistakes_are_explained_in_words", &why);
    }
    if !cfg!(feature = "garde") {
        return tool::skip("mistakes_are_explained_in_words", "the texts list the types of all features");
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
