use std::process::Command;

/// The tables are those of one run.
fn without_tables(page: &str) -> Vec<&str> {
    page.lines().filter(|line| !line.starts_with('|') && !line.starts_with('{')).collect()
}

#[test]
fn the_page_in_docs_is_of_the_text_here() {
    let (text, page) = (include_str!("../../src/page.md"), include_str!("../../../../docs/fleet.md"));
    assert!(
        without_tables(page) == without_tables(text),
        "docs/fleet.md is out of date: cargo xtask fleet --write docs"
    );
    assert!(!page.contains('{'), "a table is missing");
}

#[test]
fn a_program_that_is_not_there_is_told_by_its_flag() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_fleet")).args(["--consul", "nowhere", "--addsvc", "nowhere"]).output();
    assert_eq!(String::from_utf8(output.unwrap().stderr).unwrap(), "error: --consul nowhere: there is no such file\n");
}
