use proptest::prelude::*;

use super::*;

const EXAMPLE: &str = include_str!("../../../../weir.example.toml");

fn read(text: &str) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("weir.toml");
    std::fs::write(&path, text).unwrap();
    load(Some(&path), std::iter::empty())
}

fn with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    load(None, variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

#[test]
fn the_example_holds_every_key_at_its_default() {
    assert_eq!(read(EXAMPLE).unwrap(), Config::default());
    // Keys without a default are shown as comments; all others as they are.
    let uncommented: String = EXAMPLE
        .lines()
        .map(|line| line.strip_prefix("#: ").unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n");
    let shown: toml::Table = uncommented.parse().unwrap();
    let full = Config {
        tls: Tls { certificate: Some("c".into()), key: Some("k".into()) },
        admin_tls: Tls { certificate: Some("c".into()), key: Some("k".into()) },
        log: Log {
            origin: Some("o".into()),
            listen: Some(([127, 0, 0, 1], 1).into()),
            base_url: Some("u".into()),
            witness_ca_file: Some("f".into()),
            ..Log::default()
        },
        detect: Detect { accounts: Some("f".into()), ..Detect::default() },
        access: Access { base_url: Some("u".into()), ..Access::default() },
        upstream: Upstream {
            gap_seconds: Some(1),
            ca_file: Some("f".into()),
            health_path: Some("/".into()),
            ..Upstream::default()
        },
        ..Config::default()
    };
    let known = toml::Table::try_from(&full).unwrap();
    for (key, value) in &known {
        match value {
            toml::Value::Table(section) => {
                for inner in section.keys() {
                    assert!(
                        shown[key].as_table().unwrap().contains_key(inner),
                        "weir.example.toml lacks {key}.{inner}"
                    );
                }
            }
            _ => assert!(shown.contains_key(key), "weir.example.toml lacks {key}"),
        }
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let error = read("listen = \"127.0.0.1:1\"\n\n[limits]\nbody_byte = 3\n").unwrap_err().to_string();
    assert!(error.contains("weir.toml:4") && error.contains("body_byte"), "{error}");
    let error = read("listen = 5\n").unwrap_err().to_string();
    assert!(error.contains("weir.toml:1"), "{error}");
}

#[test]
fn variables_override_and_are_checked() {
    let config =
        with(&[("WEIR__LIMITS__BODY_BYTES", "1024"), ("WEIR__LISTEN", "127.0.0.1:9"), ("HOME", "/x")]).unwrap();
    assert_eq!((config.limits.body_bytes, config.listen.port()), (1024, 9));
    let error = with(&[("WEIR__LIMITS__BODY", "1")]).unwrap_err().to_string();
    assert!(error.contains("WEIR__LIMITS__BODY") && error.contains("body"), "{error}");
    assert!(with(&[("WEIR__LISTEN__PORT", "1")]).is_err());
}

#[test]
fn witnesses_are_named_by_key_and_address_once_each() {
    let key = weir_tlog::Cosigner::from_seed("witness.example/w1", &[9; 32]).unwrap().vkey();
    let of = |entries: &[(&str, &str)]| {
        let lines: String = entries
            .iter()
            .map(|(vkey, url)| format!("[[log.witnesses]]\nvkey = \"{vkey}\"\nurl = \"{url}\"\n"))
            .collect();
        let node = read(&lines).unwrap().node(weir_store::kind::FolderKind::Serve);
        node.map(|node| node.witnesses.len()).map_err(|error| error.to_string())
    };
    let key = key.to_string();
    assert_eq!(of(&[(&key, "https://witness.example/prefix")]), Ok(1));
    for (wrong, told) in [
        (of(&[("w1", "https://witness.example")]), "log.witnesses"),
        (of(&[(&key, "witness.example")]), "is not the URL of a witness"),
        (of(&[(&key, "https://a.example"), (&key, "https://b.example")]), "named twice"),
    ] {
        let why = wrong.unwrap_err();
        assert!(why.contains(told), "{why}");
    }
}

#[test]
fn half_a_pair_is_refused() {
    let config = read("[tls]\ncertificate = \"c.pem\"\n").unwrap();
    let error = config.node(weir_store::kind::FolderKind::Serve).unwrap_err().to_string();
    assert!(error.contains("[tls] has certificate but not key"), "{error}");
}

proptest! {
    #[test]
    fn any_text_is_answered(text: String) {
        let _config = read(&text);
    }

    #[test]
    fn any_variable_is_answered(name in "[A-Z_]{0,12}", value: String) {
        let _config = with(&[(&format!("WEIR__{name}"), &value)]);
    }
}

#[test]
fn operators_are_never_served_in_the_clear_off_loopback() {
    let config = with(&[("WEIR__LISTEN", "0.0.0.0:1"), ("WEIR__ADMIN_LISTEN", "0.0.0.0:2")]).unwrap();
    let error = config.node(weir_store::kind::FolderKind::Serve).unwrap_err().to_string();
    assert!(error.contains("admin_listen") && error.contains("[admin_tls]"), "{error}");
}
