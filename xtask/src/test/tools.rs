//! The programs that tests want beside themselves, and where each comes from.

use std::path::PathBuf;

use crate::workspace;

/// Something tests want, and where it comes from.
struct Tool {
    name: &'static str,
    from: Source,
}

enum Source {
    /// The package that has the program.
    Debian(&'static str),
    /// A package with its version, and the folder of it: what a script of node requires.
    Npm(&'static str, &'static str),
}

const fn debian(name: &'static str, package: &'static str) -> Tool {
    Tool { name, from: Source::Debian(package) }
}

const fn npm(name: &'static str, version: &'static str) -> Tool {
    Tool { name, from: Source::Npm(name, version) }
}

const TOOLS: [Tool; 10] = [
    debian("chromium", "chromium"),
    debian("curl", "curl"),
    debian("h2load", "nghttp2-client"),
    debian("nginx", "nginx-light"),
    debian("node", "nodejs"),
    debian("npm", "npm"),
    debian("openssl", "openssl"),
    debian("slowhttptest", "slowhttptest"),
    debian("wrk", "wrk"),
    npm("jayson", "5.0.0"),
];

/// The tools that are here, after those that were missing are installed, or have been asked for.
pub fn provision() -> Vec<(&'static str, PathBuf)> {
    let missing: Vec<_> = TOOLS
        .iter()
        .filter_map(|tool| match tool.from {
            Source::Debian(package) if find(tool.name).is_none() => Some(package),
            _ => None,
        })
        .collect();
    if !missing.is_empty() {
        install(&missing);
    }
    let path = |tool: &Tool| match tool.from {
        Source::Debian(_) => find(tool.name),
        Source::Npm(package, version) => npm_package(package, version),
    };
    TOOLS.iter().filter_map(|tool| Some((tool.name, path(tool)?))).collect()
}

/// The folder of an npm package, which is installed under `target/tools` where it is not there yet.
fn npm_package(package: &str, version: &str) -> Option<PathBuf> {
    let prefix = workspace::target().join("tools").join("npm").join(format!("{package}-{version}"));
    let folder = prefix.join("node_modules").join(package);
    if folder.join("package.json").is_file() {
        return Some(folder);
    }
    find("npm")?;
    println!("npm install {package}@{version}");
    let installed = std::fs::create_dir_all(&prefix).is_ok()
        && workspace::command("npm")
            .args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
            .arg(&prefix)
            .arg(format!("{package}@{version}"))
            .status()
            .is_ok_and(|status| status.success());
    if !installed {
        println!("could not be installed: {package}@{version}, from npm");
        // A half of it must not be taken for the whole the next time.
        let _ = std::fs::remove_dir_all(&prefix);
        return None;
    }
    Some(folder)
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
