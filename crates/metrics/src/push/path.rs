use metrics::Key;

/// How labels get into the name of a series, where a backend has no labels.
///
/// They stand after the name, in the order in which they were given when the series was registered. What a backend can't have in
/// a part of a name becomes `_`, in label values the dot too; an empty one is `_`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathLabels {
    /// Their values alone: `requests_total.sum.ok`.
    #[default]
    Values,
    /// Names and values: `requests_total.operation.sum.code.ok`.
    NamesAndValues,
}

/// What a part of a path is cut to: it becomes the name of a file, which takes 255 bytes with its ending.
const PART: usize = 200;

#[derive(Clone, Debug, Default)]
pub(crate) struct Paths {
    pub(crate) prefix: String,
    pub(crate) labels: PathLabels,
}

impl Paths {
    /// `prefix.name.label.label`: of letters, digits, `_` and `-` between dots.
    pub(crate) fn path(&self, name: &str, key: &Key) -> String {
        let mut path = String::new();
        for part in self.prefix.split('.').chain(name.split('.')).filter(|part| !part.is_empty()) {
            push_part(&mut path, part);
        }
        for label in key.labels() {
            if self.labels == PathLabels::NamesAndValues {
                push_part(&mut path, label.key());
            }
            push_part(&mut path, label.value());
        }
        path
    }
}

fn push_part(path: &mut String, part: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    path.extend(part.chars().take(PART).map(|letter| if allowed(letter) { letter } else { '_' }));
    if part.is_empty() {
        path.push('_');
    }
}
