//! What goes wrong before anything is asked: words, files, addresses, tokens.
//! Wrong usage ends with 2, everything else with 1 and one clear line.

use std::net::TcpListener;

use crate::program::Weir;
use crate::stub::Stub;

#[test]
fn wrong_usage_ends_with_2_and_says_what_was_expected() {
    let weir = Weir::new();
    for (line, told) in [
        ("frobnicate", "frobnicate"),
        ("party", "Usage:"),
        ("party add acme", "--name"),
        ("party add acme --name Acme --lie x", "--lie"),
        ("party add acme --name Acme --kind club", "institution"),
        ("stage set mythos-5 secret", "defenders"),
        ("operator add ines --role king", "release-officer"),
        ("operator add ines", "--role"),
        ("measure take acme ignore --reason x", "withhold"),
        ("appeal decide y-00112233445566778899 maybe --reason x", "overturn"),
        ("claim add acme us_person true --level 2 --by notary --evidence abc", "--evidence"),
        ("claim declare cleared --type float --describes account", "long"),
        ("who-can mythos-5 --at yesterday", "2026-06-12T17:21:00-04:00"),
        ("log show first", "first"),
        ("serve --listen everywhere", "everywhere"),
        ("witness", "--listen"),
        ("completions elvis", "bash"),
    ] {
        let ran = weir.line(line);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{line}: {}", ran.err);
        assert!(ran.err.contains(told), "{line}: {}", ran.err);
    }
}

#[test]
fn help_and_version_are_output_of_their_own() {
    let weir = Weir::new();
    let help = weir.line("--help").done();
    for command in ["serve", "demo", "directive", "who-can", "explain", "log", "witness", "completions"] {
        assert!(help.out.contains(command), "{command} is not in the help");
    }
    assert!(weir.line("directive draft --help").done().out.contains("FILE"));
    assert_eq!(weir.line("--version").done().out, format!("weir {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_shell_has_completions() {
    // Completions walk all definitions, which clap checks in a debug build.
    let weir = Weir::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = weir.line(&format!("completions {shell}")).done();
        assert!(ran.out.contains("who-can") && ran.out.contains("receipt"), "{shell}");
        assert_eq!(ran.err, "");
    }
}

#[test]
fn a_server_that_is_down_is_one_line() {
    // A port that was free a moment ago, and is closed again.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let weir = Weir::asking(&format!("http://{free}"));
    for line in ["party add acme --name Acme", "directive list", "log receipt 3 -o r.tlog-proof"] {
        let refusal = weir.line(line).refused();
        assert!(refusal.contains(&free.to_string()) && refusal.contains("weir serve"), "{refusal}");
    }
    let refusal = weir.line(&format!("log verify http://{free}/log")).refused();
    assert!(refusal.contains(&free.to_string()), "{refusal}");
    assert!(!weir.dir().join("r.tlog-proof").try_exists().unwrap(), "no receipt, no file");
}

#[test]
fn another_server_than_a_weir_is_told_as_such() {
    let stub = Stub::answering("200 OK", "<html>");
    let refusal = Weir::asking(stub.base()).line("directive list").refused();
    assert!(refusal.contains("is the server a Weir?"), "{refusal}");
    let stub = Stub::answering("502 Bad Gateway", "<html>");
    let refusal = Weir::asking(stub.base()).line("directive list").refused();
    assert!(refusal.contains("502"), "{refusal}");
}

#[test]
fn a_token_stays_home() {
    let stub = Stub::answering("200 OK", "{}");
    // No token, and no file with one: the file that was looked for is named.
    let refusal = Weir::new().with("WEIR_SERVER", stub.base()).line("directive list").refused();
    assert!(refusal.contains("./weir-data/operator.token"), "{refusal}");
    let weir = Weir::new().with("WEIR_SERVER", stub.base());
    weir.write("two", "weirop_a\nweirop_b\n");
    assert!(weir.line("directive list --token-file two").refused().contains("two does not hold a token"));
    for nothing in ["", " ", "weirop_a\nweirop_b"] {
        let weir = Weir::new().with("WEIR_SERVER", stub.base()).with("WEIR_TOKEN", nothing);
        assert_eq!(weir.line("directive list").refused(), "weir: WEIR_TOKEN does not hold a token\n");
    }
    let away = Weir::asking("http://weir.example.org:8080").line("directive list").refused();
    assert!(away.contains("plain HTTP") && !away.contains("weirop_secret"), "{away}");
    let nonsense = Weir::asking("weir.example.org").line("directive list").refused();
    assert!(nonsense.contains("weir.example.org"), "{nonsense}");
    stub.assert_left_alone();

    // Flags win over the environment, whose token wins over any file.
    weir.write("token", "weirop_file\n");
    weir.line("directive list --token-file token").done();
    assert_eq!(stub.asked().authorization.as_deref(), Some("Bearer weirop_file"));
    let line = format!("directive list --server {}", stub.base());
    Weir::asking("http://127.0.0.1:1").line(&line).done();
    assert_eq!(stub.asked().authorization.as_deref(), Some("Bearer weirop_secret"));
}

#[test]
fn an_id_of_another_kind_is_refused_by_name() {
    let stub = Stub::answering("200 OK", "{}");
    let refusal = Weir::asking(stub.base()).line("key revoke c-00112233445566778899").refused();
    assert!(refusal.contains("is not a key id"), "{refusal}");
    stub.assert_left_alone();
}

#[test]
fn a_configuration_that_is_wrong_names_file_line_and_key() {
    let weir = Weir::new();
    weir.write("weir.toml", "listen = \"127.0.0.1:0\"\n\n[limits]\nbody_byte = 3\n");
    let refusal = weir.line("serve --config weir.toml").refused();
    assert!(refusal.contains("weir.toml:4") && refusal.contains("body_byte"), "{refusal}");
    weir.write("weir.toml", "listen = \"127.0.0.1:0\"\n[tls]\ncertificate = \"tls.crt\"\n");
    let refusal = weir.line("serve --config weir.toml").refused();
    assert!(refusal.contains("[tls]") && refusal.contains("key"), "{refusal}");
    weir.write("weir.toml", "listen = \n");
    assert!(weir.line("serve --config weir.toml").refused().contains("weir.toml:1"));
    assert!(weir.line("serve --config nowhere.toml").refused().contains("nowhere.toml"));

    let weir = weir.with("WEIR__LIMITS__BODY_BITES", "3");
    let refusal = weir.line("serve").refused();
    assert!(refusal.contains("WEIR__LIMITS__BODY_BITES") && refusal.contains("body_bytes"), "{refusal}");
    let made: Vec<_> = std::fs::read_dir(weir.dir()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(made, ["weir.toml"], "no folder is begun on a wrong configuration");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let stub = Stub::answering("200 OK", r#"{"directives":[{"id":"order"}]}"#);
    let weir = Weir::asking(stub.base());
    assert_eq!(weir.unread(&["directive", "list", "--json"]), (0, String::new()));
    let (code, err) = weir.unread(&["completions", "bash"]);
    assert_eq!((code, err.as_str()), (0, ""));
}
