use std::fs;
use std::path::Path;

/// Every file below a folder or of a name, with its text.
fn sources(path: &Path) -> Vec<(String, String)> {
    if path.is_file() {
        return vec![(path.display().to_string(), fs::read_to_string(path).unwrap())];
    }
    fs::read_dir(path).unwrap().flat_map(|entry| sources(&entry.unwrap().path())).collect()
}

#[test]
fn the_domain_and_the_use_cases_know_no_crate_but_the_standard_library() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let inside = ["domain", "booking/service.rs", "tracking/service.rs", "handling/service.rs", "inspection.rs"];
    let sources: Vec<_> = inside.iter().flat_map(|path| sources(&src.join(path))).collect();
    assert!(sources.len() >= 14, "{}", sources.len());
    for (path, text) in sources {
        for line in text.lines().filter(|line| line.starts_with("use ")) {
            let known = ["use std::", "use super::", "use crate::domain::", "use crate::inspection::"];
            assert!(known.iter().any(|known| line.starts_with(known)), "{path}: {line}");
        }
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for name in ["towerkit", "serde", "tokio", "tracing", "http"] {
            assert!(!code.clone().any(|line| line.contains(&format!("{name}::"))), "{path} names {name}");
        }
    }
}
