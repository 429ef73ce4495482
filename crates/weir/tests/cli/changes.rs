//! Every command that changes something: which request it becomes, and how
//! its answer is told.

use serde_json::{Value, json};

use crate::program::Weir;
use crate::stub::Stub;

const ACCEPTED: &str = r#"{"act":7,"leaf":"00ff","receipt":"http://127.0.0.1:8080/log/receipt/7","id":"x"}"#;

const CLAIM: &str = "c-00112233445566778899";
const KEY: &str = "k-00112233445566778899";
const GRANT: &str = "g-00112233445566778899";
const MEASURE: &str = "s-00112233445566778899";
const APPEAL: &str = "y-00112233445566778899";

fn digest() -> String {
    format!("sha256:{}", "ab".repeat(32))
}

/// Runs each line and holds the request against what its verb asks for.
fn each_becomes(weir: &Weir, stub: &Stub, table: &[(&str, &str, Value)]) {
    for (line, verb, body) in table {
        let ran = weir.line(line);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{line}");
        assert_eq!(ran.out, format!("{ACCEPTED}\n"), "{line}");
        let asked = stub.asked();
        assert_eq!(asked.line, format!("POST /admin/v1/{verb}"), "{line}");
        assert_eq!(asked.authorization.as_deref(), Some("Bearer weirop_secret"), "{line}");
        assert_eq!(asked.body, *body, "{line}");
    }
}

#[test]
fn operators_parties_and_accounts() {
    let stub = Stub::answering("200 OK", ACCEPTED);
    let table = [
        (
            "operator add ines --role auditor --role release-officer",
            "operator/add",
            json!({"name": "ines", "roles": ["auditor", "release-officer"]}),
        ),
        ("operator revoke ines", "operator/revoke", json!({"name": "ines"})),
        ("operator token issue ines", "operator/token/issue", json!({"name": "ines"})),
        ("operator token revoke ines", "operator/token/revoke", json!({"name": "ines"})),
        (
            "party add acme --name Acme",
            "party/add",
            json!({"id": "acme", "name": "Acme", "kind": "institution", "lei": null, "ror": null}),
        ),
        (
            "party add ada --name Ada --kind person --lei 529900T8BM49AURSDO55 --ror 02mhbdp94",
            "party/add",
            json!({"id": "ada", "name": "Ada", "kind": "person", "lei": "529900T8BM49AURSDO55", "ror": "02mhbdp94"}),
        ),
        ("party close acme", "party/close", json!({"id": "acme"})),
        ("account add acme/ci", "account/add", json!({"account": "acme/ci"})),
        ("account suspend acme/ci", "account/suspend", json!({"account": "acme/ci"})),
        ("account restore acme/ci", "account/restore", json!({"account": "acme/ci"})),
        ("account close acme/ci", "account/close", json!({"account": "acme/ci"})),
        ("key issue acme/ci", "key/issue", json!({"account": "acme/ci"})),
        (&format!("key revoke {KEY}"), "key/revoke", json!({"id": KEY})),
    ];
    each_becomes(&Weir::asking(stub.base()), &stub, &table);
}

#[test]
fn claims_and_measures() {
    let stub = Stub::answering("200 OK", ACCEPTED);
    let evidence = digest();
    let add = format!("claim add acme/ci us_person true --level 2 --by notary --evidence {evidence}");
    let until = "2026-06-12T17:21:00-04:00";
    let table = [
        (
            "claim declare cleared --type bool --describes account",
            "claim/declare",
            json!({"kind": "cleared", "type": "bool", "describes": "account"}),
        ),
        (
            &*add,
            "claim/add",
            json!({"subject": "acme/ci", "kind": "us_person", "value": "true", "level": 2, "by": "notary",
                "evidence": evidence, "expires": null}),
        ),
        (
            &format!("{add} --expires {until}"),
            "claim/add",
            json!({"subject": "acme/ci", "kind": "us_person", "value": "true", "level": 2, "by": "notary",
                "evidence": evidence, "expires": "2026-06-12T21:21:00.000Z"}),
        ),
        (&format!("claim retract {CLAIM}"), "claim/retract", json!({"id": CLAIM})),
        (
            &format!("measure take party:acme refuse --until {until} --reason probing"),
            "measure/take",
            json!({"subject": "party:acme", "kind": "refuse", "until": "2026-06-12T21:21:00.000Z", "reason": "probing"}),
        ),
        (
            "measure take acme throttle --requests 6/min,100/day --tokens 9/s --concurrent 2 --spend 8/hour --reason x",
            "measure/take",
            json!({"subject": "acme", "kind": "throttle", "until": null, "reason": "x", "requests": "6/min,100/day",
                "tokens": "9/s", "concurrent": "2", "spend": "8/hour"}),
        ),
        (&format!("measure lift {MEASURE}"), "measure/lift", json!({"id": MEASURE})),
        (
            &format!("appeal decide {APPEAL} overturn --reason checked"),
            "appeal/decide",
            json!({"id": APPEAL, "ruling": "overturn", "reason": "checked"}),
        ),
    ];
    each_becomes(&Weir::asking(stub.base()), &stub, &table);
}

#[test]
fn drafts_and_issuers() {
    let stub = Stub::answering("200 OK", ACCEPTED);
    let weir = Weir::asking(stub.base());
    weir.write("keys.json", "{\"keys\":[]}");
    let id = "00112233445566778899";
    let issuer = json!({"party": "acme", "kinds": ["us_person", "nationalities"], "max_level": 2});
    let with = |more: Value| {
        let mut body = issuer.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let set = json!({"name": "keys.json", "text": "{\"keys\":[]}"});
    let table = [
        (&*format!("approve draft-{id}"), "draft/approve", json!({"id": format!("draft-{id}")})),
        ("approve 2026-06-12-order", "draft/approve", json!({"id": "2026-06-12-order"})),
        (&format!("draft drop draft-{id}"), "draft/drop", json!({"id": format!("draft-{id}")})),
        (
            "issuer add acme https://id.example/keys --kinds us_person,nationalities --max-level 2",
            "issuer/add",
            with(json!({"name": null, "url": "https://id.example/keys", "set": null, "single_use": false})),
        ),
        (
            "issuer add acme keys.json --kinds us_person,nationalities --max-level 2 --name https://id.example --single-use",
            "issuer/add",
            with(json!({"name": "https://id.example", "url": null, "set": set, "single_use": true})),
        ),
        (&format!("issuer remove i-{id}"), "issuer/remove", json!({"id": format!("i-{id}")})),
    ];
    each_becomes(&weir, &stub, &table);
    assert!(weir.line("issuer add acme none.json --kinds us_person --max-level 2").refused().contains("none.json"));
}

#[test]
fn every_kind_of_measure_has_its_word() {
    let stub = Stub::answering("200 OK", ACCEPTED);
    let weir = Weir::asking(stub.base());
    for kind in ["observe", "verify", "throttle", "fallback", "withhold", "refuse", "suspend"] {
        weir.line(&format!("measure take acme {kind} --reason probing")).done();
        assert_eq!(stub.asked().body["kind"], kind);
    }
}

#[test]
fn limits() {
    let stub = Stub::answering("200 OK", ACCEPTED);
    let weir = Weir::asking(stub.base());
    let table = [
        (
            "limit set stage:general --requests 10/min --tokens 5/s,7/day --concurrent 3 --spend none",
            "limit/set",
            json!({"subject": "stage:general", "requests": "10/min", "tokens": "5/s,7/day", "concurrent": "3",
                "spend": "none"}),
        ),
        (
            "limit set acme/ci --concurrent none",
            "limit/set",
            json!({"subject": "acme/ci", "requests": null, "tokens": null, "concurrent": "none", "spend": null}),
        ),
        (
            "model meter mythos-5 --weight 15 --max-input 200000",
            "model/meter",
            json!({"id": "mythos-5", "weight": 15, "max_input": 200_000}),
        ),
    ];
    each_becomes(&weir, &stub, &table);
}

#[test]
fn models_stages_and_grants() {
    let stub = Stub::answering("200 OK", ACCEPTED);
    let weir = Weir::asking(stub.base());
    weir.write("admitted.txt", "acme\nborealis\n");
    let weights = digest();
    let table = [
        (
            "model add mythos-5 --upstream http://127.0.0.1:9000",
            "model/add",
            json!({"id": "mythos-5", "upstream": "http://127.0.0.1:9000", "credential": null, "previous": null,
                "weights": null, "max_output": null}),
        ),
        (
            &*format!(
                "model add mythos-5 --upstream http://127.0.0.1:9000 --credential env:MODEL_KEY --previous atlas-5 \
                 --weights {weights} --max-output 4096 --weight 3 --max-input 9"
            ),
            "model/add",
            json!({"id": "mythos-5", "upstream": "http://127.0.0.1:9000", "credential": "env:MODEL_KEY",
                "previous": "atlas-5", "weights": weights, "max_output": 4096, "weight": 3, "max_input": 9}),
        ),
        ("model retire mythos-5", "model/retire", json!({"id": "mythos-5"})),
        (
            "stage set mythos-5 listed --list admitted.txt",
            "stage/set",
            json!({"model": "mythos-5", "stage": "listed",
                "list": {"name": "admitted.txt", "text": "acme\nborealis\n"}}),
        ),
        (
            "grant add acme mythos-5",
            "grant/add",
            json!({"party": "acme", "model": "mythos-5", "purpose": null, "population": null, "expires": null}),
        ),
        (
            "grant add acme mythos-5 --purpose evaluation --population principal.us_person --expires 2027-01-01T00:00:00Z",
            "grant/add",
            json!({"party": "acme", "model": "mythos-5", "purpose": "evaluation",
                "population": "principal.us_person", "expires": "2027-01-01T00:00:00.000Z"}),
        ),
        (&format!("grant revoke {GRANT}"), "grant/revoke", json!({"id": GRANT})),
    ];
    each_becomes(&weir, &stub, &table);
    for stage in ["sealed", "evaluation", "defenders", "listed", "verified", "general", "open"] {
        weir.line(&format!("stage set mythos-5 {stage}")).done();
        assert_eq!(stub.asked().body, json!({"model": "mythos-5", "stage": stage, "list": null}));
    }
}

#[test]
fn directives_go_with_the_lists_beside_them() {
    let stub = Stub::answering("200 OK", ACCEPTED);
    let weir = Weir::asking(stub.base());
    let letter = "id = \"order\"\nexcept = [{ list = \"lists/a.csv\", models = [\"mythos-5\"] }, \"list:b.csv\"]\n";
    weir.write("letters/friday.toml", letter);
    weir.write("letters/lists/a.csv", "acme\n");
    weir.write("letters/b.csv", "borealis\n");
    let lists = json!([{"name": "lists/a.csv", "text": "acme\n"}, {"name": "b.csv", "text": "borealis\n"}]);
    let file = json!({"name": "friday.toml", "text": letter});
    let table = [
        ("directive draft letters/friday.toml", "directive/draft", json!({"file": file, "lists": lists})),
        ("directive enact order", "directive/enact", json!({"id": "order"})),
        ("directive lift order --by office", "directive/lift", json!({"id": "order", "by": "office"})),
        ("directive drop order", "directive/drop", json!({"id": "order"})),
    ];
    each_becomes(&weir, &stub, &table);

    std::fs::remove_file(weir.dir().join("letters/b.csv")).unwrap();
    let refusal = weir.line("directive draft letters/friday.toml").refused();
    assert!(refusal.contains("letters/b.csv"), "{refusal}");
    stub.assert_left_alone();
}

#[test]
fn rules_are_every_cedar_file_of_the_folder() {
    let stub = Stub::answering("200 OK", ACCEPTED);
    let weir = Weir::asking(stub.base());
    weir.write("rules/b.cedar", "// b\n");
    weir.write("rules/a.cedar", "// a\n");
    weir.write("rules/README", "not a rule\n");
    let files = json!({"files": [{"name": "a.cedar", "text": "// a\n"}, {"name": "b.cedar", "text": "// b\n"}]});
    each_becomes(&weir, &stub, &[("rules set rules", "rules/set", files)]);
    assert!(weir.line("rules set nowhere").refused().contains("nowhere"));
    stub.assert_left_alone();
}

#[test]
fn a_key_is_printed_once_and_warnings_stand_beside_the_answer() {
    let answer = r#"{"act":7,"leaf":"00","receipt":"u","id":"k","key_id":"k","key":"weir_once"}"#;
    let stub = Stub::answering("200 OK", answer);
    let ran = Weir::asking(stub.base()).line("key issue acme/ci").done();
    assert_eq!((ran.json()["key"].as_str(), ran.err.as_str()), (Some("weir_once"), ""));

    let answer = r#"{"act":7,"leaf":"00","receipt":"u","id":"order","warnings":["keep 1 → 2 since the preview"]}"#;
    let stub = Stub::answering("200 OK", answer);
    let weir = Weir::asking(stub.base());
    let ran = weir.line("directive enact order").done();
    assert_eq!(ran.json(), json!({"act": 7, "leaf": "00", "receipt": "u", "id": "order"}));
    assert_eq!(ran.err, "warning: keep 1 → 2 since the preview\n");
    let ran = weir.line("directive enact order --json").done();
    assert_eq!(ran.json()["warnings"], json!(["keep 1 → 2 since the preview"]));
}

#[test]
fn a_refusal_is_the_servers_own_sentence() {
    let body = r#"{"error":{"kind":"not_found","message":"there is no party `nobody`"}}"#;
    let stub = Stub::answering("404 Not Found", body);
    let weir = Weir::asking(stub.base());
    assert_eq!(weir.line("party close nobody").refused(), "weir: there is no party `nobody`\n");
    assert_eq!(weir.line("--json party close nobody").refused(), "weir: there is no party `nobody`\n");
}
