//! What the text of the code must keep: sizes, and words that do not enter.

use std::{
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
