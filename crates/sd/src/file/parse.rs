use std::collections::HashMap;

use crate::Instance;

/// The longest line, in bytes.
const LONGEST_LINE: usize = 4096;

/// What stands in a whole file. An error says in which line, and why.
pub(super) type Parsed = Result<Vec<Instance>, (usize, String)>;

/// Reads a whole file.
pub(super) fn instances(bytes: &[u8]) -> Parsed {
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            return Err((1 + good.iter().filter(|byte| **byte == b'\n').count(), "it is not UTF-8".to_owned()));
        }
    };
    if text.trim().is_empty() {
        return Err((1, "the file is empty; a comment alone would say that there are no instances".to_owned()));
    }
    let mut instances = Vec::new();
    let mut lines = HashMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some(instance) = line_of(line).map_err(|why| (number, why))? else { continue };
        if let Some(before) = lines.insert(instance.address().to_owned(), number) {
            return Err((number, format!("{instance} stands in line {before} already")));
        }
        instances.push(instance);
    }
    Ok(instances)
}

fn line_of(line: &str) -> Result<Option<Instance>, String> {
    if line.len() > LONGEST_LINE {
        return Err(format!("it is longer than {LONGEST_LINE} bytes"));
    }
    let mut words = line.split_whitespace().take_while(|word| !word.starts_with('#'));
    let Some(address) = words.next() else { return Ok(None) };
    let mut instance: Instance = address.parse().map_err(|error: crate::InvalidAddress| error.to_string())?;
    let mut names = Vec::new();
    for word in words {
        let shown = word.escape_default();
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if !name.is_empty() && !value.is_empty() => (name, value),
            _ => return Err(format!("`{shown}` is not NAME=VALUE")),
        };
        if name != "tag" {
            if names.contains(&name) {
                return Err(format!("`{}` stands there twice", name.escape_default()));
            }
            names.push(name);
        }
        instance = match name {
            "id" => instance.with_id(value),
            "zone" => instance.with_zone(value),
            "version" => instance.with_version(value),
            "tag" => instance.with_tag(value),
            "weight" => {
                let weight =
                    value.parse().map_err(|_| format!("`{shown}` is no whole number from 0 to {}", u32::MAX))?;
                instance.with_weight(weight)
            }
            _ => instance.with_label(name, value),
        };
    }
    Ok(Some(instance))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Parsed {
        instances(text.as_bytes())
    }

    #[test]
    fn all_that_can_be_said_is_read() {
        let text = "# ours\n\n10.0.0.7:8081 zone=eu version=1.4 weight=200 id=it tag=a tag=b rack=b7 \
                    url=http://h/?a=b#c # that\r\n\
                    \t[::1]:80#not-a-comment=x\n";
        let wrong = of(text).unwrap_err();
        assert_eq!(wrong.0, 4, "{wrong:?}");
        let text = text.replace("#not-a-comment=x", " #a-comment=x");
        let it = Instance::new("10.0.0.7", 8081).with_zone("eu").with_version("1.4").with_weight(200).with_id("it");
        let it = it.with_tag("a").with_tag("b").with_label("rack", "b7").with_label("url", "http://h/?a=b#c");
        assert_eq!(of(&text), Ok(vec![it, Instance::new("::1", 80)]));
        assert_eq!(of("h:1"), Ok(vec![Instance::new("h", 1)]), "the last line need not end");
    }

    #[test]
    fn a_comment_alone_is_an_empty_set_and_nothing_at_all_is_not() {
        assert_eq!(of("# none"), Ok(Vec::new()));
        for text in ["", "\n", " \r\n\t\n"] {
            assert_eq!(of(text).unwrap_err().0, 1);
        }
    }

    #[test]
    fn an_error_says_in_which_line_it_is() {
        let long = format!("h:1 a={}", "b".repeat(LONGEST_LINE));
        let bad = [
            "h",
            "h:0",
            "h:65536",
            ":1",
            "a b:1",
            "::1:80",
            "h:1 zone",
            "h:1 =x",
            "h:1 zone=",
            "h:1 weight=-1",
            "h:1 weight=x",
            "h:1 weight=4294967296",
            "h:1 zone=a zone=b",
            "h:1 x=a x=b",
            "zone=a h:1",
            "10.0.0.1:1",
            "\0:1",
            "h:1, h:2",
            &long,
        ];
        for line in bad {
            let (number, why) = of(&format!("10.0.0.1:1\n# \n{line}\n10.0.0.2:1\n")).unwrap_err();
            assert_eq!(number, 3, "{line:.60}: {why}");
            assert!(why.len() < 200 && !why.contains('\0'), "{why}");
        }
        assert_eq!(instances(b"h:1\n\n\xff:1\n"), Err((3, "it is not UTF-8".to_owned())));
        assert!(of("h:1\nh:1\n").unwrap_err().1.contains("line 1"));
    }
}
