//! What a page has to be typed, typed: a package beside the repository, as it were, and built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The first block of a page behind a text, by what stands behind its fence.
pub(crate) fn block(page: &'static str, behind: &str, language: &str) -> &'static str {
    let (_, rest) = page.split_once(behind).unwrap_or_else(|| panic!("the page has no {behind:?}"));
    let (_, block) = rest.split_once(&format!("```{language}\n")).unwrap_or_else(|| panic!("there is no {language}"));
    block.split_once("```").unwrap().0
}

/// The program of a package with these tables and files.
pub(crate) fn program(name: &str, tables: &str, files: &[(&str, String)]) -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    // What they are built of stays from run to run, and is shared.
    let typed = Path::new(env!("CARGO_TARGET_TMPDIR")).join("typed");
    let package = typed.join(name);

    let tables = tables.replace("../towerkit/", &format!("{}/", repository.display()));
    let manifest =
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n{tables}\n[workspace]\n");
    for (path, text) in [("Cargo.toml", &manifest)].into_iter().chain(files.iter().map(|(path, text)| (*path, text))) {
        let path = package.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    // The versions that all else is tested with; nothing is fetched.
    fs::copy(repository.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();

    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--offline", "--quiet"]).current_dir(&package).env_remove("PROTOC");
    cargo.env("CARGO_TARGET_DIR", typed.join("target")).env("CARGO_PROFILE_DEV_DEBUG", "0");
    let built = cargo.output().expect("cargo runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    // Nor does the page's program want for anything by the compiler's lights.
    assert_eq!(String::from_utf8_lossy(&built.stderr), "");
    typed.join("target/debug").join(name)
}
