use super::*;

fn at(millis: i64) -> Time {
    Time::from_millis(millis)
}

fn signer(seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed("log.example.org/weir", &[seed; 32]).unwrap()
}

fn keep(dir: &Path, name: &str, key: &Ed25519Signer) {
    write_file_atomically(&dir.join(name), key.to_secret_file_text().as_bytes(), 0o600).unwrap();
}

fn named_by_log(keys: &[(&Ed25519Signer, Option<i64>)]) -> Vec<LogKey> {
    keys.iter().map(|(key, until)| LogKey { vkey: key.vkey().to_string().into(), until: until.map(at) }).collect()
}

fn vkeys(signers: &[Ed25519Signer]) -> Vec<String> {
    signers.iter().map(|key| key.vkey().to_string()).collect()
}

/// What a crash can leave after each step of a change, before the act and
/// after it: the next start signs with the key that the log names.
#[test]
fn whatever_step_a_crash_follows_the_keys_are_those_that_the_log_names() {
    let (old, new) = (signer(1), signer(2));
    let next = format!("{NEXT_PREFIX}{:08x}", new.key_id());
    let before_act = named_by_log(&[(&old, None)]);
    let after_act = named_by_log(&[(&old, Some(10)), (&new, None)]);
    let only_old: &[(&str, &Ed25519Signer)] = &[(LOG_KEY_FILE, &old)];
    let both: &[(&str, &Ed25519Signer)] = &[(LOG_KEY_FILE, &old), (&next, &new)];
    let between: &[(&str, &Ed25519Signer)] = &[(PREVIOUS_KEY_FILE, &old), (&next, &new)];
    let done: &[(&str, &Ed25519Signer)] = &[(PREVIOUS_KEY_FILE, &old), (LOG_KEY_FILE, &new)];
    for (files, log, signs) in [
        (only_old, &before_act, vec![&old]),
        (both, &before_act, vec![&old]),
        (both, &after_act, vec![&new, &old]),
        (between, &after_act, vec![&new, &old]),
        (done, &after_act, vec![&new, &old]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, key)| keep(dir.path(), name, key));
        let wanted: Vec<String> = signs.iter().map(|key| key.vkey().to_string()).collect();
        for _ in 0..2 {
            let settled = settle(dir.path(), log, at(5)).unwrap();
            assert_eq!(vkeys(&settled), wanted);
            // Others are shown it by whoever publishes what it signs.
            assert!(!dir.path().join(VKEY_FILE).is_file());
        }
    }
}

#[test]
fn a_key_goes_when_its_time_is_over_and_a_lost_one_is_named() {
    let (old, new) = (signer(1), signer(2));
    let log = named_by_log(&[(&old, Some(10)), (&new, None)]);
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), PREVIOUS_KEY_FILE, &old);
    keep(dir.path(), LOG_KEY_FILE, &new);
    assert_eq!(settle(dir.path(), &log, at(9)).unwrap().len(), 2);
    assert_eq!(settle(dir.path(), &log, at(10)).unwrap().len(), 1);
    assert!(!dir.path().join(PREVIOUS_KEY_FILE).is_file());
    keep(dir.path(), LOG_KEY_FILE, &old);
    let lost = settle(dir.path(), &log, at(10)).unwrap_err();
    assert!(matches!(lost, LogKeyError::Lost { .. }), "{lost}");
}
