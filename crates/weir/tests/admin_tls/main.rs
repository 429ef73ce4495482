//! Operators over TLS: the program trusts the authority it is given and no
//! other, says so in words, and shows its token to nobody it does not trust,
//! nor to anybody in the clear off this machine.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail as tests do")]

mod authority;
#[path = "../cli/program.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod program;
#[path = "../process/server.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod server;

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use authority::Authority;
use program::Weir;
use server::{Server, does_not_start, get, log_is_good};

/// Off loopback, so that operators have a listener of their own.
const CONFIG: &str = "listen = \"0.0.0.0:0\"\nadmin_listen = \"0.0.0.0:0\"\n\
    [admin_tls]\ncertificate = \"admin.crt\"\nkey = \"admin.key\"\n";

fn started(authority: &Authority, names: &[&str]) -> Server {
    let weir = Weir::new();
    authority.certify(&weir, names);
    authority.write(&weir, "ca.pem");
    Server::start(weir, Path::new("data"), CONFIG)
}

/// Where operators ask, by a name of the caller's.
fn admin(server: &Server, host: &str) -> String {
    format!("https://{host}:{}", server.operators_ask_at().port())
}

#[test]
fn the_program_works_over_tls_with_the_right_authority() {
    let server = started(&Authority::new("Operators"), &["127.0.0.1", "localhost"]);
    let weir = server.weir();
    for host in ["127.0.0.1", "localhost"] {
        let at = admin(&server, host);
        let party = if host == "localhost" { "acme" } else { "borealis" };
        let added = weir.run(&["--server", &at, "--ca-file", "ca.pem", "party", "add", party, "--name", "A"]).done();
        let listed = weir.run(&["--server", &at, "--ca-file", "ca.pem", "party", "list"]).done();
        assert!(listed.out.contains(party), "{}", listed.out);
        // The public log is there too: its receipt comes once the act is
        // published, and the whole verifies from the outside.
        let act = added.json()["act"].to_string();
        weir.run(&["--server", &at, "--ca-file", "ca.pem", "log", "receipt", &act, "-o", "receipt"]).done();
        let verified = weir.run(&["--ca-file", "ca.pem", "--json", "log", "verify", &format!("{at}/log")]).done();
        assert_eq!(verified.json()["good"], true);
    }
    let data = server.data();
    server.signal("TERM");
    let (ended, weir) = server.end();
    assert_eq!(ended.code, 0, "{}", ended.said);
    log_is_good(&weir, &data);
}

#[test]
fn callers_listener_serves_nothing_of_operators() {
    let server = started(&Authority::new("Operators"), &["127.0.0.1"]);
    for path in ["/admin/v1/party", "/metrics", "/log/checkpoint"] {
        assert_eq!(get(server.address(), path).0, 404, "{path}");
    }
    assert_eq!(get(server.address(), "/readyz").0, 200);
}

#[test]
fn another_authority_is_refused_in_words() {
    let server = started(&Authority::new("Operators"), &["127.0.0.1"]);
    let weir = server.weir();
    // One of another name, and one that only bears the same name.
    for name in ["Somebody", "Operators"] {
        Authority::new(name).write(weir, "other.pem");
        let at = admin(&server, "127.0.0.1");
        let refusal = weir.run(&["--server", &at, "--ca-file", "other.pem", "party", "list"]).refused();
        assert!(refusal.contains(&format!("{at} is not trusted, and nothing was sent")), "{refusal}");
        assert!(name == "Operators" || refusal.contains("--ca-file"), "{refusal}");
    }
    // Nor do the public authorities know it.
    let refusal = weir.run(&["--server", &admin(&server, "127.0.0.1"), "party", "list"]).refused();
    assert!(refusal.contains("is not trusted") && refusal.contains("--ca-file"), "{refusal}");
    // Nor is the right authority enough under another name.
    let at = admin(&server, "localhost");
    let refusal = weir.run(&["--server", &at, "--ca-file", "ca.pem", "party", "list"]).refused();
    assert!(refusal.contains("is not trusted, and nothing was sent"), "{refusal}");
}

#[test]
fn a_file_that_holds_no_authority_is_told() {
    let weir = Weir::asking("https://127.0.0.1:9");
    weir.write("empty.pem", "no certificate\n");
    let refusal = weir.line("--ca-file empty.pem party list").refused();
    assert!(refusal.contains("empty.pem holds no certificate"), "{refusal}");
    let refusal = weir.line("--ca-file nowhere.pem party list").refused();
    assert!(refusal.contains("nowhere.pem"), "{refusal}");
}

#[test]
fn a_token_is_not_sent_in_the_clear_off_loopback() {
    // Everything would arrive here: the address is this machine's, by a name
    // that is not loopback, or the proxy that every connection would take.
    let ear = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = ear.local_addr().unwrap().port();
    let proxy = format!("http://127.0.0.1:{port}");
    for host in [format!("0.0.0.0:{port}"), "weir.example.org".into(), format!("[::ffff:127.0.0.1]:{port}")] {
        let server = format!("http://{host}");
        let weir = Weir::asking(&server).with("http_proxy", &proxy);
        for line in ["party list", "party add acme --name Acme", "who-can mythos-5", "explain acme/ci mythos-5"] {
            let refusal = weir.line(line).refused();
            assert!(refusal.contains("plain HTTP") && refusal.contains("https"), "{line}: {refusal}");
        }
    }
    nobody_knocked(&ear);
}

#[test]
fn no_proxy_carries_a_token_off_from_loopback() {
    let ear = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", ear.local_addr().unwrap());
    // Nobody listens there; a proxy would be asked all the same.
    let closed = closed_port();
    for variable in ["http_proxy", "HTTP_PROXY", "ALL_PROXY"] {
        for server in [format!("http://{closed}"), format!("http://localhost:{}", closed.port())] {
            let refusal = Weir::asking(&server).with(variable, &proxy).line("party list").refused();
            assert!(refusal.contains("no answer from"), "{refusal}");
        }
    }
    nobody_knocked(&ear);
}

fn nobody_knocked(ear: &TcpListener) {
    ear.set_nonblocking(true).unwrap();
    assert_eq!(ear.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "a connection was made");
}

/// An address on which nobody listens any more.
fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn operators_off_loopback_get_tls_or_no_server() {
    let weir = Weir::new();
    let (code, said) = does_not_start(&weir, "listen = \"0.0.0.0:0\"\nadmin_listen = \"0.0.0.0:0\"\n");
    assert_eq!((code, said.lines().count()), (1, 1), "{said}");
    assert!(said.contains("admin_listen") && said.contains("[admin_tls]"), "{said}");

    let authority = Authority::new("Operators");
    authority.certify(&weir, &["127.0.0.1"]);
    let key = weir.dir().join("admin.key");
    std::fs::set_permissions(key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let (code, said) = does_not_start(&weir, CONFIG);
    assert_eq!((code, said.lines().count()), (1, 1), "{said}");
    assert!(said.contains("admin.key") && said.contains("chmod 600"), "{said}");
    assert!(!weir.dir().join("data").try_exists().unwrap(), "a folder was made for a server that did not start");
}

/// On loopback one listener serves everything, so what was set for another is
/// not passed over in silence.
#[test]
fn tls_for_operators_is_refused_where_they_have_no_listener_of_their_own() {
    let weir = Weir::new();
    let config = "listen = \"127.0.0.1:0\"\n[admin_tls]\ncertificate = \"a.crt\"\nkey = \"a.key\"\n";
    let (code, said) = does_not_start(&weir, config);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("[admin_tls]") && said.contains("loopback"), "{said}");
}
