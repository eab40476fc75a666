//! Arrows point down; neighbours on a floor never import each other (`backend/README.md`).

use std::{collections::BTreeMap, fs, path::Path};

/// What each crate may import of the house. Tests may import testkit besides.
const ARROWS: [(&str, &[&str]); 13] = [
    ("backend/domain", &[]),
    ("backend/sip", &[]),
    ("backend/media", &[]),
    ("migrations", &[]),
    ("backend/store", &["domain", "migrations"]),
    ("backend/edge", &["sip"]),
    ("backend/relay", &["media"]),
    ("backend/vendors", &["domain", "sip"]),
    ("backend/sandbox", &["sip", "media"]),
    ("backend/app", &["domain", "sip", "media", "store", "edge", "relay", "vendors", "sandbox"]),
    ("backend/web", &["app", "domain"]),
    ("backend/jobs", &["app", "domain"]),
    ("backend/testkit", &["domain", "sip", "media", "store", "sandbox"]),
];

const HOUSE: [&str; 13] = [
    "domain",
    "sip",
    "media",
    "migrations",
    "store",
    "edge",
    "relay",
    "vendors",
    "sandbox",
    "app",
    "web",
    "jobs",
    "testkit",
];

/// The names in a manifest's `[dependencies]`, or in its `[dev-dependencies]`.
fn dependencies(manifest: &str, table: &str) -> Vec<String> {
    let inside = manifest.lines().skip_while(|line| line.trim() != table).skip(1);
    let lines = inside.take_while(|line| !line.starts_with('['));
    let name = |line: &str| line.split(['.', '=', ' ']).next().unwrap_or_default().trim().to_owned();
    lines.map(name).filter(|name| !name.is_empty() && !name.starts_with('#')).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn manifest(member: &str) -> String {
    fs::read_to_string(root().join(member).join("Cargo.toml")).expect("each member has a manifest")
}

#[test]
fn every_crate_imports_only_what_stands_below_it() {
    let allowed: BTreeMap<_, _> = ARROWS.into_iter().collect();
    for (member, allowed) in allowed {
        for name in dependencies(&manifest(member), "[dependencies]") {
            let foreign = HOUSE.contains(&name.as_str()) && !allowed.contains(&name.as_str());
            assert!(!foreign, "{member} imports {name}: arrows point down, and neighbours are strangers");
        }
    }
}

#[test]
fn the_workspace_has_no_member_that_the_table_of_arrows_does_not_know() {
    let root = fs::read_to_string(root().join("Cargo.toml")).expect("the root manifest");
    let members =
        root.lines().skip_while(|l| !l.starts_with("members")).skip(1).take_while(|l| !l.starts_with(']'));
    let members: Vec<_> = members.map(|line| line.trim().trim_matches([',', '"']).to_owned()).collect();
    assert_eq!(members.len(), ARROWS.len());
    for member in members {
        assert!(ARROWS.iter().any(|(known, _)| *known == member), "{member} is not in the table of arrows");
    }
}

#[test]
fn one_crate_alone_names_the_orm_and_one_the_old_sip_library() {
    for (member, _) in ARROWS {
        let names = dependencies(&manifest(member), "[dependencies]");
        let has = |name: &str| names.iter().any(|known| known == name);
        assert!(!has("sea-orm") || member == "backend/store", "{member} names sea-orm");
        assert!(!has("rsip") || member == "backend/sip", "{member} names rsip");
    }
}

#[test]
fn the_pure_floor_has_no_runtime_and_no_socket() {
    for member in ["backend/domain", "backend/sip", "backend/media"] {
        for name in dependencies(&manifest(member), "[dependencies]") {
            assert!(
                !["tokio", "mio", "socket2", "libc", "rand"].contains(&name.as_str()),
                "{member} imports {name}"
            );
        }
    }
}
