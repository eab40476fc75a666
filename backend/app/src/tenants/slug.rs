//! Slugs: a tenant's name in host names.

/// Characters of a slug at most; a label of a host name has 63.
const SLUG_MAX: usize = 40;
/// Names that hosts of the platform itself may have.
const RESERVED: [&str; 14] = [
    "www",
    "api",
    "app",
    "admin",
    "operator",
    "mail",
    "smtp",
    "sip",
    "sips",
    "localhost",
    "status",
    "docs",
    "static",
    "xn",
];

/// The slug that an organisation's name suggests: letters and digits, with single hyphens between them.
pub(crate) fn of(organization: &str) -> String {
    let mut slug = String::with_capacity(organization.len());
    for character in organization.chars().flat_map(char::to_lowercase) {
        match plain(character) {
            Some(plain) => slug.push_str(plain),
            None if character.is_ascii_alphanumeric() => slug.push(character),
            None if slug.ends_with('-') || slug.is_empty() => {}
            None => slug.push('-'),
        }
    }
    slug.truncate(SLUG_MAX);
    let slug = slug.trim_matches('-');
    if slug.is_empty() || RESERVED.contains(&slug) {
        format!("tenant-{slug}").trim_end_matches('-').to_owned()
    } else {
        slug.to_owned()
    }
}

/// The `n`-th candidate: the slug itself, then with a number after it.
pub(crate) fn candidate(slug: &str, n: u32) -> String {
    if n == 0 { slug.to_owned() } else { format!("{slug}-{}", n + 1) }
}

/// The usual letters of neighbours' languages, without their marks.
const fn plain(character: char) -> Option<&'static str> {
    Some(match character {
        'à' | 'á' | 'â' | 'ã' | 'å' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'č' | 'ć' => "c",
        'è' | 'é' | 'ê' | 'ë' | 'ę' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ñ' | 'ń' => "n",
        'ò' | 'ó' | 'ô' | 'õ' => "o",
        'ö' | 'ø' => "oe",
        'š' | 'ś' => "s",
        'ß' => "ss",
        'ù' | 'ú' | 'û' => "u",
        'ü' => "ue",
        'ý' => "y",
        'ž' | 'ź' | 'ż' => "z",
        'ł' => "l",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_a_label_of_a_host_name_whatever_the_organisation_is_called() {
        for (name, slug) in [
            ("Acme", "acme"),
            ("Acme Inc.", "acme-inc"),
            ("  Smörgås & Söner  ", "smoergas-soener"),
            ("--", "tenant"),
            ("日本電話", "tenant"),
            ("API", "tenant-api"),
            ("a/b\\c", "a-b-c"),
        ] {
            assert_eq!(of(name), slug, "{name:?}");
        }
        assert_eq!(of(&"long name ".repeat(30)).len(), 39);
    }

    #[test]
    fn candidates_are_numbered_from_the_second_on() {
        assert_eq!([candidate("acme", 0), candidate("acme", 1)], ["acme", "acme-2"]);
    }
}
