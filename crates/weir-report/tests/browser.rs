//! The page in a real browser: it loads nothing, nothing of a log's text runs
//! in it, and its search finds.
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test says what it met and stops")]

#[path = "invented/findings.rs"]
mod fixtures;

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fixtures::{HOSTILE, Run};

/// Stands for every host there is and keeps what it is asked for.
struct Net {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Net {
    fn new() -> Net {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || keep(stream, &kept));
            }
        });
        Net { address, asked }
    }

    /// Whether the beacon in the hostile texts was asked for. The browser has
    /// business of its own on the net, which is not the page's.
    fn saw_beacon(&self) -> bool {
        self.asked.lock().unwrap().iter().any(|asked| asked.contains("beacon"))
    }
}

fn keep(mut stream: TcpStream, kept: &Mutex<Vec<String>>) {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut head = [0; 4_096];
    let count = stream.read(&mut head).unwrap_or(0);
    kept.lock().unwrap().push(String::from_utf8_lossy(&head[..count]).into_owned());
}

/// What a page has become once its script has run.
fn browse(folder: &Path, page: &str, fragment: &str, net: &Net) -> String {
    let file = folder.join("page.html");
    std::fs::write(&file, page).unwrap();
    let browser =
        std::env::var_os("WEIR_TEST_CHROMIUM").map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-extensions",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--virtual-time-budget=4000",
            "--dump-dom",
        ])
        .arg(format!("--host-resolver-rules=MAP * {}", net.address))
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}{fragment}", file.display()))
        .output()
        .unwrap_or_else(|error| panic!("chromium is needed, `cargo xtask test` installs it: {error}"));
    let html = String::from_utf8(output.stdout).unwrap();
    assert!(html.contains("<html"), "{}", String::from_utf8_lossy(&output.stderr));
    html
}

#[test]
fn a_log_s_text_neither_runs_nor_loads() {
    let folder = tempfile::tempdir().unwrap();
    let net = Net::new();
    let page = weir_report::page(&Run::of(3, 40).report());
    let seen = browse(folder.path(), &page, "", &net);
    assert!(seen.contains("<title>Findings</title>"), "a text has run");
    assert!(seen.contains("1–40 of 40") || seen.contains("40 of 40"), "the page's own script has run");
    assert!(!net.saw_beacon(), "{:?}", net.asked.lock().unwrap());
    assert!(seen.contains("&lt;script&gt;document.title='owned'"), "the text is there to be read");

    // The same bytes, had they not been escaped: the policy alone stops them.
    let unescaped = page.replace("</main>", &format!("{}</main>", HOSTILE.trim_end_matches("<!--")));
    assert_ne!(unescaped, page);
    let seen = browse(folder.path(), &unescaped, "", &net);
    assert!(
        seen.contains("<title>Findings</title>") && seen.contains("<img src=\"http://leak.invalid"),
        "{}",
        &seen[..400]
    );
    assert!(!net.saw_beacon());

    // And without the policy they would have: this test can fail.
    let open =
        format!("<!doctype html><html><head><title>Findings</title></head><body>{}", HOSTILE.replace("alert(1)", ""));
    let seen = browse(folder.path(), &open, "", &net);
    assert!(seen.contains("<title>owned</title>"), "{seen}");
    assert!(net.saw_beacon());
}

#[test]
fn members_are_paged_and_search_finds_them() {
    let folder = tempfile::tempdir().unwrap();
    let net = Net::new();
    let page = weir_report::page(&Run::of(2, 5_000).report());
    let seen = browse(folder.path(), &page, "", &net);
    assert_eq!(seen.matches("1–50 of 5,000").count(), 2);
    let found = browse(folder.path(), &page, "#q=a-1-04321", &net);
    assert!(found.contains(">1 finding, 1 account</output>"), "the count of hits");
    let (first, second) = found.split_once("<article id=\"f1\"").unwrap();
    assert!(
        first.contains("<article id=\"f0\" data-finding=\"0\" tabindex=\"-1\" hidden"),
        "the other finding is hidden"
    );
    assert_eq!(second.matches("<tr class=\"member\"").count() + second.matches("<tr class=\"associated\"").count(), 1);
    assert!(second.contains("<code>a-1-04321</code>") && !second.split_once('>').unwrap().0.contains("hidden"));
    let none = browse(folder.path(), &page, "#q=no%20such%20thing", &net);
    assert!(none.contains(">0 findings, 0 accounts</output>"));
}
