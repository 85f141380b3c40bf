use std::path::PathBuf;
use std::process::Command;

use fleet::servers::Programs;
use towerkit_testing::tool;

/// None where there is no Consul, and the test is to return.
pub(crate) fn find(test: &str) -> Option<Programs> {
    Some(Programs { consul: tool::find("consul", test)?, addsvc: addsvc() })
}

/// Cargo tells a test of the programs of its own package alone. This one is built beside it, by a run for all packages, or here where
/// it is not there yet.
fn addsvc() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_BIN_EXE_fleet"));
    let folder = own.parent().unwrap();
    let addsvc = folder.join("addsvc");
    if !addsvc.is_file() {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "addsvc", "--target-dir"]).arg(folder.parent().unwrap());
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success(), "addsvc can't be built");
    }
    addsvc
}
