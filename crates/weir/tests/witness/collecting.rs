//! A server and its witnesses: cosignatures come in the background and reach
//! the published checkpoint and the receipts; a witness that is no good costs
//! nothing but its own cosignature; one that knows more than the database does
//! ends the signing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use weir_tlog::{Checkpoint, Cosigner, CosignerKey, Receipt, SignedNote};

use crate::go::{said, verify_log};
use crate::program::Weir;
use crate::server::{PATIENCE, Server};
use crate::stubs::Stub;
use crate::witness::Witness;

const ANY: &str = "127.0.0.1:0";

/// A folder with a log of its first acts, and the log's key.
pub(crate) fn house() -> (Weir, String) {
    let server = Server::start(Weir::new(), Path::new("data"), "listen = \"127.0.0.1:0\"\n");
    let vkey = fs::read_to_string(server.data().join("log.vkey")).unwrap().trim().to_owned();
    server.signal("TERM");
    let (ended, weir) = server.end();
    assert_eq!(ended.code, 0, "{}", ended.said);
    (weir, vkey)
}

pub(crate) fn config(witnesses: &[(&str, &str)]) -> String {
    let lines: String = witnesses
        .iter()
        .map(|(vkey, url)| format!("[[log.witnesses]]\nvkey = \"{vkey}\"\nurl = \"{url}\"\n"))
        .collect();
    format!("listen = \"127.0.0.1:0\"\n{lines}")
}

pub(crate) fn serve(weir: Weir, witnesses: &[(&str, &str)]) -> Server {
    Server::start(weir, Path::new("data"), &config(witnesses))
}

/// Looks again and again until it holds; what it waits for is in a file of
/// another process.
pub(crate) fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "never came: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn published(data: &Path) -> Option<SignedNote> {
    SignedNote::parse(&fs::read(data.join("log/checkpoint")).ok()?).ok()
}

/// Waits for a published checkpoint of at least `size` acts with the witness's
/// cosignature.
pub(crate) fn cosigned(data: &Path, vkey: &str, size: u64) -> SignedNote {
    let key = CosignerKey::parse(vkey).unwrap();
    until("a cosigned checkpoint", || {
        let note = published(data)?;
        key.verify(&note).ok()?;
        (Checkpoint::parse(note.text()).unwrap().size >= size).then_some(note)
    })
}

pub(crate) fn act(server: &Server, line: &str) -> u64 {
    server.weir().line(line).done().json()["act"].as_u64().unwrap()
}

fn path(data: &Path, file: &str) -> String {
    data.join(file).display().to_string()
}

#[test]
fn cosignatures_reach_checkpoint_receipts_and_whoever_verifies() {
    let (weir, vkey) = house();
    let aside = tempfile::tempdir().unwrap();
    let first = Witness::start(&aside.path().join("1"), ANY, &[&vkey]);
    let second = Witness::start(&aside.path().join("2"), ANY, &[&vkey]);
    let server = serve(weir, &[(first.vkey(), &first.url()), (second.vkey(), &second.url())]);
    let data = server.data();
    let added = act(&server, "party add acme --name Acme");
    for witness in [&first, &second] {
        cosigned(&data, witness.vkey(), added + 1);
        let judged = verify_log(&["cosigned", &vkey, witness.vkey(), &path(&data, "log/checkpoint")]);
        assert!(judged.status.success(), "{}", said(&judged));
    }
    let judged = verify_log(&["log", &vkey, &path(&data, "log")]);
    assert!(judged.status.success(), "{}", said(&judged));

    // A receipt is under the checkpoint that was cosigned.
    let weir = server.weir();
    weir.line(&format!("log receipt {added} -o added.tlog-proof")).done();
    let receipt = Receipt::parse(&fs::read(weir.dir().join("added.tlog-proof")).unwrap()).unwrap();
    let note = SignedNote::parse(receipt.checkpoint.as_bytes()).unwrap();
    for witness in [&first, &second] {
        CosignerKey::parse(witness.vkey()).unwrap().verify(&note).unwrap();
    }

    // Whoever verifies may demand each of them, over HTTP while it grows too.
    let url = format!("{}/log", server.base());
    act(&server, "party add borealis --name Borealis");
    let both = format!("--key {vkey} --witness {} --witness {}", first.vkey(), second.vkey());
    let ran = weir.line(&format!("log verify {url} {both}")).done();
    assert_eq!(ran.out.matches("cosigned by weir.local/witness-").count(), 2, "{}", ran.out);
    let unasked = weir.line(&format!("log verify {url} --key {vkey} --witness {}", first.vkey())).done();
    assert!(unasked.out.contains("not checked: give its key by --witness"), "{}", unasked.out);
    let stranger = Cosigner::generate("witness.other.example/w").unwrap().vkey();
    let ran = weir.line(&format!("log verify data --key {vkey} --witness {stranger} --json"));
    let report = ran.json();
    assert_eq!((ran.code, &report["good"]), (3, &false.into()), "{report}");
    assert!(
        report["witnesses"][0]["missing"].as_str().unwrap().contains("no cosignature of witness.other"),
        "{report}"
    );
}

#[test]
fn a_witness_that_hangs_lies_or_is_away_costs_nothing_but_its_cosignature() {
    let (weir, vkey) = house();
    let aside = tempfile::tempdir().unwrap();
    let late = Witness::start(&aside.path().join("late"), ANY, &[&vkey]);
    let (late_vkey, late_url, late_at) = (late.vkey().to_owned(), late.url(), late.address().to_string());
    late.kill();
    let good = Witness::start(&aside.path().join("good"), ANY, &[&vkey]);
    let hanging = Stub::hanging();
    let liar = Cosigner::generate("liar.example/w").unwrap();
    let liar_vkey = liar.vkey().to_string();
    let hung_vkey = Cosigner::generate("hung.example/w").unwrap().vkey().to_string();
    // Its cosignature is of its key, and of another checkpoint.
    let lying = Stub::answering(move |_| {
        let line = liar.cosign("log.other.example\n1\nAAAA\n", 17);
        ("200 OK".into(), "text/plain".into(), format!("{line}\n"))
    });
    let server = serve(
        weir,
        &[
            (&late_vkey, &late_url),
            (&hung_vkey, &hanging.url()),
            (&liar_vkey, &lying.url()),
            (good.vkey(), &good.url()),
        ],
    );
    let data = server.data();
    // Acts are acknowledged and published, and the good one cosigns.
    let added = act(&server, "party add acme --name Acme");
    let note = cosigned(&data, good.vkey(), added + 1);
    until("questions", || (hanging.asked() > 0 && lying.asked() > 0).then_some(()));
    for bad in [&late_vkey, &liar_vkey, &hung_vkey] {
        assert!(CosignerKey::parse(bad).unwrap().verify(&note).is_err());
    }
    until("the liar's failure", || {
        (server.metric("weir_witness_failing{witness=\"liar.example/w\"}") == 1).then_some(())
    });
    assert!(server.metric("weir_witness_failures_total{witness=\"liar.example/w\"}") > 0);
    let good_name = good.vkey().split('+').next().unwrap();
    assert_eq!(server.metric(&format!("weir_witness_failing{{witness=\"{good_name}\"}}")), 0);
    assert!(server.metric(&format!("weir_witness_acts{{witness=\"{good_name}\"}}")) > added);

    // The one that was away cosigns once it is back, without any further act.
    let back = Witness::start(&aside.path().join("late"), &late_at, &[&vkey]);
    cosigned(&data, back.vkey(), added + 1);

    // A restart publishes the same checkpoint with the same cosignatures.
    server.signal("TERM");
    let (ended, weir) = server.end();
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert!(
        ended.said.contains("the witness did not cosign") && ended.said.contains("does not verify"),
        "{}",
        ended.said
    );
    drop(good);
    let server = serve(weir, &[]);
    act(&server, "party add borealis --name Borealis");
    drop(server);
}

/// Another history under the log's own key, as after the loss of everything
/// but the key.
fn begin_anew(data: &Path) {
    for entry in fs::read_dir(data).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap();
        } else if name.starts_with("weir.db") || name == "signed-checkpoint" {
            fs::remove_file(&path).unwrap();
        }
    }
}

#[test]
fn a_witness_refuses_a_fork_and_ends_the_signing_of_a_log_that_is_behind() {
    let (weir, vkey) = house();
    let aside = tempfile::tempdir().unwrap();
    let witness = Witness::start(&aside.path().join("w"), ANY, &[&vkey]);
    let url = witness.url();
    let witnesses = [(witness.vkey(), url.as_str())];
    let server = serve(weir, &witnesses);
    for party in ["acme", "borealis", "corvid", "dunlin"] {
        act(&server, &format!("party add {party} --name X"));
    }
    let size = act(&server, "party add ember --name X") + 1;
    cosigned(&server.data(), witness.vkey(), size);
    let newest = fs::read(server.data().join("log/checkpoint")).unwrap();
    server.signal("TERM");
    let (_, weir) = server.end();
    let data = weir.dir().join("data");
    let kept = weir.dir().join("kept");
    crate::copy(&data, &kept);

    begin_anew(&data);
    let mut server = serve(weir, &witnesses);
    let line = server.wait_for("nothing is signed any more");
    assert!(line.contains(&format!("cosigned a checkpoint of {size} acts")), "{line}");
    let forked = Checkpoint::parse(published(&data).unwrap().text()).unwrap().size;
    // Acts go on, and none of them is ever signed: not by this process,
    let fork = act(&server, "party add fork --name X");
    let unsigned = server.weir().line(&format!("log receipt {fork} -o fork.tlog-proof")).refused();
    assert!(unsigned.contains("not yet under a checkpoint"), "{unsigned}");
    assert_eq!(Checkpoint::parse(published(&data).unwrap().text()).unwrap().size, forked);
    server.signal("TERM");
    let (_, weir) = server.end();
    // nor by the next,
    let server = serve(weir, &witnesses);
    let after = act(&server, "party add further --name X");
    server.weir().line(&format!("log receipt {after} -o fork.tlog-proof")).refused();
    assert_eq!(Checkpoint::parse(published(&data).unwrap().text()).unwrap().size, forked);
    server.signal("TERM");
    let (ended, weir) = server.end();
    assert!(ended.said.contains("the log was not published") && ended.said.contains("older copy"), "{}", ended.said);
    // and whoever kept the newest checkpoint sees the fork.
    fs::write(weir.dir().join("newest"), &newest).unwrap();
    let ran = weir.line(&format!("log verify data --key {vkey} --since newest"));
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);

    // With the right folder put back it signs again, and the witness cosigns.
    fs::remove_dir_all(&data).unwrap();
    crate::copy(&kept, &data);
    let server = serve(weir, &witnesses);
    let size = act(&server, "party add fjord --name X") + 1;
    cosigned(&data, witness.vkey(), size);
}

#[test]
fn a_database_behind_what_a_witness_cosigned_does_not_start() {
    let (weir, vkey) = house();
    let aside = tempfile::tempdir().unwrap();
    let witness = Witness::start(&aside.path().join("w"), ANY, &[&vkey]);
    let data = weir.dir().join("data");
    let older = weir.dir().join("older");
    crate::copy(&data, &older);
    let server = serve(weir, &[(witness.vkey(), &witness.url())]);
    let size = act(&server, "party add acme --name Acme") + 1;
    cosigned(&data, witness.vkey(), size);
    server.signal("TERM");
    let (_, weir) = server.end();

    // The database and the log's own memory of an older day; the witness's stays.
    let cosigned = weir.dir().join("cosigned");
    crate::copy(&data.join("witnesses"), &cosigned);
    fs::remove_dir_all(&data).unwrap();
    crate::copy(&older, &data);
    crate::copy(&cosigned, &data.join("witnesses"));
    let (code, told) = crate::server::does_not_start(&weir, "listen = \"127.0.0.1:0\"\n");
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("a witness cosigned") && told.contains("older copy"), "{told}");
}
