//! The programs that tests want beside themselves, and where each comes from.

use std::path::PathBuf;

use crate::workspace;

/// A program, and the Debian package that has it.
struct Tool {
    name: &'static str,
    debian: &'static str,
}

const TOOLS: [Tool; 8] = [
    Tool { name: "chromium", debian: "chromium" },
    Tool { name: "curl", debian: "curl" },
    Tool { name: "h2load", debian: "nghttp2-client" },
    Tool { name: "nginx", debian: "nginx-light" },
    Tool { name: "node", debian: "nodejs" },
    Tool { name: "openssl", debian: "openssl" },
    Tool { name: "slowhttptest", debian: "slowhttptest" },
    Tool { name: "wrk", debian: "wrk" },
];

/// The tools that are here, after those that were missing are installed, or have been asked for.
pub fn provision() -> Vec<(&'static str, PathBuf)> {
    let missing: Vec<_> = TOOLS.iter().filter(|tool| find(tool.name).is_none()).map(|tool| tool.debian).collect();
    if !missing.is_empty() {
        install(&missing);
    }
    TOOLS.iter().filter_map(|tool| Some((tool.name, find(tool.name)?))).collect()
}

/// Where a program is, if it is on the path. Debian has servers in a folder that is on root's path only.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

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
