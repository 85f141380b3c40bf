//! Go's programs of this repository: a folder with a `go.mod` and a `go.sum`, built by a Go that the machine has.

use std::path::PathBuf;

use super::once;
use crate::workspace;

/// The program of a folder; another one where a file of the folder is another. `package` is the folder's that is the program: `.`, or one in it.
pub fn program(name: &str, sources: &str, package: &str) -> Option<PathBuf> {
    let folder = workspace::root().join(sources);
    let built = once::folder("go-local", name, &once::version_of_files(&folder)?);
    let mut go = workspace::command("go");
    go.arg("-C").arg(&folder).args(["build", "-trimpath", "-ldflags=-s -w", "-o"]).arg(built.join(name)).arg(package);
    once::install(&format!("go build of {sources}, {package}"), &built, name, [go])
}
