//! What the text of the code must keep: sizes, and words that do not enter.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Lines of a file without its tests: a wall.
const FILE_LINES_MAX: usize = 500;
/// Lines of a template: a wall; then a partial.
const TEMPLATE_LINES_MAX: usize = 150;

fn files(under: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(under)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder of the project").map_while(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|known| known == extension) {
                found.push(path);
            }
        }
    }
    found
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs")
}

#[test]
fn no_source_file_is_longer_than_the_wall() {
    for path in
        files("backend", "rs").into_iter().chain(files("migrations", "rs")).filter(|path| !is_test(path))
    {
        let text = fs::read_to_string(&path).expect("a source file");
        let code = text.lines().take_while(|line| !line.trim_start().starts_with("mod tests")).count();
        assert!(code <= FILE_LINES_MAX, "{} has {code} lines: the room wants a second door", path.display());
    }
}

#[test]
fn no_template_is_longer_than_the_wall_or_has_script_or_style_inside() {
    for path in files("templates", "html") {
        let text = fs::read_to_string(&path).expect("a template");
        assert!(text.lines().count() <= TEMPLATE_LINES_MAX, "{} wants a partial", path.display());
        let inline = text.contains(" style=") || text.contains("<style") || text.contains(" onclick=");
        let inline =
            inline || text.match_indices("<script").any(|(at, _)| !text[at..].starts_with("<script src="));
        assert!(!inline, "{} has script or style of its own", path.display());
    }
}

#[test]
fn no_test_is_ignored_and_no_work_is_left_for_later_in_a_word() {
    // Written apart, so that this file does not find itself.
    let words =
        [concat!("#[ig", "nore"), concat!("TO", "DO"), concat!("FIX", "ME"), concat!("unimpl", "emented!(")];
    for path in
        files("backend", "rs").into_iter().chain(files("tests", "rs")).chain(files("migrations", "rs"))
    {
        let text = fs::read_to_string(&path).expect("a source file");
        for word in words {
            assert!(!text.contains(word), "{} says {word}", path.display());
        }
    }
}

/// The loopback addresses that a file of tests names: as texts, and as four numbers.
fn loopback(text: &str) -> Vec<String> {
    let plain = text.replace("Ipv4Addr::new(127, ", "127.").replace(", ", ".");
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let starts =
        plain.match_indices("127.").filter(|(at, _)| !plain[..*at].ends_with(|c: char| c.is_ascii_digit()));
    let words = starts.map(|(at, _)| plain[at..].split(|c: char| !is_part(c)).next().unwrap_or_default());
    let whole = words.map(|word| word.split('.').take(4).collect::<Vec<_>>());
    let whole = whole.filter(|parts| parts.len() == 4 && parts.iter().all(|part| !part.is_empty()));
    whole.map(|parts| parts.join(".")).collect()
}

#[test]
fn no_two_files_of_tests_share_a_loopback_address() {
    assert_eq!(
        loopback("at(\"127.9.8.7:5060\", Ipv4Addr::new(127, 6, 5, 4)), 1127.0.0.1"),
        ["127.9.8.7", "127.6.5.4"]
    );
    // The servers that many tests share, each in its own program, and what every machine calls itself.
    let shared = ["127.0.0.1", "127.20.1.1", "127.21.1.1", "127.22.1.1"];
    let mut owners: BTreeMap<String, PathBuf> = BTreeMap::new();
    for folder in ["tests/api", "tests/calls", "tests/portal", "tests/load"] {
        for path in files(folder, "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            for address in loopback(&text).into_iter().filter(|address| !shared.contains(&address.as_str())) {
                let owner = owners.entry(address.clone()).or_insert_with(|| path.clone());
                assert!(
                    *owner == path,
                    "{address} is taken by {} and by {}: tests run at the same time, so give one of them another",
                    owner.display(),
                    path.display()
                );
            }
        }
    }
    assert!(owners.len() > 50, "the addresses are found: {owners:?}");
}

/// Two schemas of one name: the document keeps one of them, and says nothing of the other.
#[test]
fn no_two_schemas_of_the_api_share_a_name() {
    let mut known: BTreeMap<String, PathBuf> = BTreeMap::new();
    for path in files("backend/web/src/api", "rs") {
        let text = fs::read_to_string(&path).expect("a source file");
        for derived in text.split("ToSchema").skip(1) {
            // From the derive to the body: attributes, then `struct Name` or `enum Name`.
            let head = derived.split('{').next().unwrap_or_default();
            let given = head.split("schema(as = ").nth(1).and_then(|rest| rest.split([')', ',']).next());
            let mut words = head.split_whitespace().skip_while(|word| !matches!(*word, "struct" | "enum"));
            let Some(name) = given.or_else(|| words.nth(1)) else { continue };
            let name = name.split(['<', '(', ';']).next().unwrap_or_default().to_owned();
            if let Some(other) = known.insert(name.clone(), path.clone()) {
                panic!("{name} is in {} and in {}: schema(as = …)", other.display(), path.display());
            }
        }
    }
    assert!(known.len() > 80, "only {} schemas were found", known.len());
}
