use std::fs::Metadata;
use std::time::SystemTime;

/// By what a file is known to be another, or to have been written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    file: (u64, u64),
    length: u64,
    modified: Option<SystemTime>,
    /// The time of the last change of any kind: one that writes and then sets the time of writing back does not hide
    /// it.
    changed: (i64, i64),
}

impl Stamp {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            file: (metadata.dev(), metadata.ino()),
            length: metadata.len(),
            modified: metadata.modified().ok(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    #[cfg(not(unix))]
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { file: (0, 0), length: metadata.len(), modified: metadata.modified().ok(), changed: (0, 0) }
    }

    #[cfg(test)]
    pub(super) const fn test(file: u64, length: u64) -> Self {
        Self { file: (1, file), length, modified: None, changed: (0, 0) }
    }
}
