//! Debian's packages: programs for the whole machine, which root may install.

use super::find;
use crate::workspace;

/// Installs Debian packages where this is root on Debian; else prints the line to type.
pub fn install(packages: &[&str]) {
    let line = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    let is_root = workspace::output(workspace::command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if find("apt-get").is_none() || !is_root {
        println!("missing: {}. To have their tests run, type as root:\n  {line}", packages.join(", "));
        return;
    }
    let apt = |args: &[&str]| {
        println!("apt-get {}", args.join(" "));
        let status =
            workspace::command("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(args).arg("-qq").status();
        status.is_ok_and(|status| status.success())
    };
    let args = [&["install", "-y", "--no-install-recommends"], packages].concat();
    // A machine that has never looked has no list to find a package in.
    let installed = apt(&args) || (apt(&["update"]) && apt(&args));
    if !installed {
        println!("could not be installed: {}", packages.join(", "));
    }
}
