//! The operator's page of codecs and the echo.

use crate::{operator, tenant};

const PAGE: &str = "/operator/audio";

#[test]
fn codecs_and_numbers_of_the_echo_are_set_and_what_is_wrong_is_said_beside_what_was_typed() {
    let browser = operator();
    let page = browser.get(PAGE).expect(200);
    assert_eq!((page.value_of("codecs"), page.value_of("echo_numbers")), (String::new(), "echo".to_owned()));
    let save =
        |codecs: &str, numbers: &str| browser.send(PAGE, &[("codecs", codecs), ("echo_numbers", numbers)]);
    for (codecs, numbers, says) in [
        ("PCMU, AMR", "echo", "PCMU PCMA G722 G729 opus"),
        ("opus opus", "echo", "name each codec once"),
        ("", "echo, 112", "emergency services"),
        ("", "what?", "is no number and no name"),
    ] {
        let page = save(codecs, numbers).expect(400);
        let alert = page.between("role=\"alert\"", "</div>");
        assert!(alert.contains(says), "{says}: {alert}");
        assert_eq!(page.value_of("echo_numbers").split(", ").next(), numbers.split(", ").next());
    }
    // All of them, so that no call of another test is changed by it.
    let page = browser.follow(save("PCMA PCMU opus,G722 G729", "echo *43"));
    assert_eq!(page.value_of("codecs"), "PCMA PCMU opus G722 G729");
    assert_eq!(page.value_of("echo_numbers"), "echo *43");
    let page = browser.follow(save("", "echo"));
    assert_eq!(page.value_of("codecs"), "");
    tenant("Portal No Audio").get(PAGE).expect(404);
}
