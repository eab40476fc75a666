//! Every page in Chromium: it is drawn, its heading is there, and nothing complains on the console, in a wide and a
//! narrow window, light and dark.

use crate::{SHARED, browser::Browser, buy, stranger, tenant};
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use testkit::server::{OPERATOR_EMAIL, OPERATOR_PASSWORD};

/// How long Chromium may take for one page.
const PATIENCE: Duration = Duration::from_secs(60);
const SIZES: [(&str, bool); 2] = [("1280,900", false), ("500,900", true)];

#[test]
fn every_page_is_drawn_without_a_complaint() {
    let member = tenant("Portal Pictured");
    let number = buy(&member, "US", "geographic");
    member.get("/app/calls").expect(200);
    let call =
        member.send("/app/calls/sandbox", &[("from", "+12065550100"), ("to", &number)]).expect(303).location;
    let porting = format!("/app/porting/{}", crate::porting::sent(&member, "+12065551621"));
    let of_all = porting.replace("/app/", "/operator/");
    let operator = stranger();
    operator.get("/signin").expect(200);
    operator
        .send("/signin", &[("email", OPERATOR_EMAIL), ("password", OPERATOR_PASSWORD)])
        .leads_to("/operator");
    let own = format!("/app/numbers/{number}");
    let would = format!("/app/calls/simulate?from=%2B{}&to=%2B12065550100&source=app", &number[1..]);
    let nobody = stranger();
    for (who, pages) in [
        (&nobody, &[("/", "Dial tone for your apps"), ("/signup", "Sign up"), ("/signin", "Sign in")][..]),
        (
            &member,
            &[
                ("/welcome", "Welcome, Portal Pictured"),
                ("/app", "Portal Pictured"),
                ("/app/numbers", "Numbers"),
                ("/app/numbers/search", "Buy a number"),
                (&own, &number),
                ("/app/porting", "Porting"),
                ("/app/porting/new", "Bring numbers"),
                (&porting, "+12065551621"),
                ("/app/trunks", "Trunks"),
                ("/app/routes", "Routes"),
                ("/app/users", "SIP users"),
                ("/app/calls", "Calls"),
                (&would, "What would happen if"),
                (&call, &number),
            ],
        ),
        (
            &operator,
            &[
                ("/operator", "Platform"),
                ("/operator/live", "Live calls"),
                ("/operator/outbox", "Outbox"),
                ("/operator/announcements", "Announcements"),
                ("/operator/audio", "Codecs and echo"),
                ("/operator/porting", "Porting"),
                (&of_all, "+12065551621"),
                ("/operator/eligibility/regions", "Regions"),
            ],
        ),
    ] {
        let through = proxy(who);
        for (index, (path, heading)) in pages.iter().enumerate() {
            // The welcome page is there once; the other pages take turns with the windows.
            let (size, dark) = SIZES[index % SIZES.len()];
            draw(&format!("http://{through}{path}"), heading, size, dark);
        }
    }
}

/// Opens a page in Chromium, and asserts that it came out well.
fn draw(url: &str, heading: &str, size: &str, dark: bool) {
    let folder = scratch();
    let picture = folder.join("page.png");
    let mut command = Command::new("chromium");
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--hide-scrollbars", "--enable-logging=stderr", "--v=0", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("--window-size={size}"))
        .arg(format!("--screenshot={}", picture.display()))
        .args(dark.then_some("--blink-settings=preferredColorScheme=0"))
        .arg(url)
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(folder.join("dom")).expect("a scratch file"))
        .stderr(std::fs::File::create(folder.join("log")).expect("a scratch file"));
    let mut chromium = command.spawn().expect("chromium is installed: tests/run sees to it");
    let end = Instant::now() + PATIENCE;
    while chromium.try_wait().expect("a child can be waited for").is_none() {
        if Instant::now() > end {
            // It is to be gone before the panic, whatever became of it.
            let _ = chromium.kill();
            let _ = chromium.wait();
            panic!("{url} took too long: {}", read(&folder.join("log")));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let (dom, log) = (read(&folder.join("dom")), read(&folder.join("log")));
    let shown = dom.split_once("<h1").and_then(|(_, rest)| rest.split_once("</h1>")).map(|(shown, _)| shown);
    assert!(shown.is_some_and(|shown| shown.contains(heading)), "{url} has no heading {heading:?}:\n{dom}");
    // Chromium's own pages complain about slow machines on the same log.
    let is_ours = |line: &&str| line.contains(":CONSOLE:") && !line.contains("source: chrome://");
    let complaints: Vec<_> = log.lines().filter(is_ours).collect();
    assert!(complaints.is_empty(), "{url}: {complaints:#?}");
    let drawn = std::fs::read(&picture).expect("a picture");
    assert!(drawn.starts_with(b"\x89PNG") && drawn.len() > 5_000, "{url}: {} bytes of picture", drawn.len());
    assert!(
        !dom.contains("<time datetime") || dom.contains(" title=\""),
        "{url}: its script did not run:\n{dom}"
    );
    // Scratch files are of no use after the test; where they cannot be removed, the system's cleaner will.
    let _ = std::fs::remove_dir_all(&folder);
}

fn scratch() -> PathBuf {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("dialtone-screens-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a scratch folder");
    folder
}

fn read(path: &std::path::Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

/// A way to the server that adds the cookies of a browser: Chromium takes none on its command line.
fn proxy(browser: &Browser) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::new(127, 21, 1, 2), 0)).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let cookies = browser.cookie_header();
    let server = SHARED.http().trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let (cookies, server) = (cookies.clone(), server.clone());
            // A connection that breaks off is the browser's business.
            std::thread::spawn(move || pass(client, &server, &cookies).ok());
        }
    });
    address
}

/// One GET, one answer, and the end.
fn pass(mut client: TcpStream, server: &str, cookies: &str) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < 64 * 1024 {
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let kept = head.trim_end().lines().filter(|line| {
        let name = line.to_ascii_lowercase();
        !name.starts_with("cookie:") && !name.starts_with("connection:")
    });
    let kept = kept.collect::<Vec<_>>().join("\r\n");
    let mut upstream = TcpStream::connect(server)?;
    let cookies = if cookies.is_empty() { String::new() } else { format!("Cookie: {cookies}\r\n") };
    write!(upstream, "{kept}\r\n{cookies}Connection: close\r\n\r\n")?;
    std::io::copy(&mut upstream, &mut client)?;
    Ok(())
}
