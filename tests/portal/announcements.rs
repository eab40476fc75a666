//! The operator's page of what callers hear: settings, and files that are uploaded, listened to and deleted.

use crate::{operator, tenant};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use media::wav;

const PAGE: &str = "/operator/announcements";

/// A file as the page's script puts it into the form.
fn data_url(file: &[u8]) -> String {
    format!("data:audio/wav;base64,{}", STANDARD.encode(file))
}

#[test]
fn a_file_is_uploaded_listened_to_and_deleted_and_a_bad_one_says_how_to_mend_it() {
    let browser = operator();
    browser.get(PAGE).expect(200).says("Upload a file");
    // A cause of its own, which no other test's call fails for.
    let upload = |language: &str, file: &str| {
        let fields = [("cause", "spend-cap"), ("language", language), ("file", file)];
        browser.send(&format!("{PAGE}/files"), &fields)
    };
    let good = wav::write(1, 16_000, &[500; 24_000]);
    let page = browser.follow(upload("en", &data_url(&good)));
    let listen = format!("{PAGE}/spend-cap/en/audio");
    page.says(&format!("href=\"{listen}\"")).says("1.5 s");
    let heard = browser.get(&listen).expect(200);
    assert_eq!(heard.header("content-type"), "audio/wav");
    assert!(heard.text.starts_with("RIFF"), "a file");
    assert!(browser.get(&format!("{PAGE}/spend-cap/tones/audio")).expect(200).text.starts_with("RIFF"));

    let many_channels = {
        let mut file = good.clone();
        file[22] = 6;
        file
    };
    let too_long = wav::write(1, 8_000, &vec![0; 31 * 8_000]);
    for (file, says) in [
        (b"ID3 is no WAV".to_vec(), "export it again as WAV"),
        (many_channels, "export it as mono or stereo"),
        (too_long, "longer than 30 seconds: shorten it"),
        (good[..44].to_vec(), "holds no sound"),
        (Vec::new(), "choose a WAV file"),
    ] {
        let page = upload("en", &data_url(&file)).expect(400);
        let alert = page.between("role=\"alert\"", "</div>");
        assert!(alert.to_lowercase().contains(&says.to_lowercase()), "{says}: {alert}");
        page.says("1.5 s");
    }
    let alert = upload("very long words", &data_url(&good)).expect(400).between("role=\"alert\"", "</div>");
    assert!(alert.contains("language"), "{alert}");

    let page = browser.follow(browser.send(&format!("{PAGE}/spend-cap/en/delete"), &[]));
    page.says_not(&listen);
    browser.get(&listen).expect(404);
    tenant("Portal Hears Nothing").get(PAGE).expect(404);
}

#[test]
fn settings_that_are_not_taken_say_which_words_are_known() {
    let browser = operator();
    browser.get(PAGE).expect(200);
    for (announced, country, seconds, says) in [
        ("no-such-cause", "GB", "10", "no-such-cause"),
        ("", "ZZ", "10", "the tones of these countries are known"),
        ("", "GB", "31", "1 to 30 seconds"),
    ] {
        let fields =
            [("announced", announced), ("languages", "en"), ("country", country), ("seconds_max", seconds)];
        let page = browser.send(PAGE, &fields).expect(400);
        let alert = page.between("role=\"alert\"", "</div>");
        assert!(alert.to_lowercase().contains(&says.to_lowercase()), "{says}: {alert}");
    }
}
