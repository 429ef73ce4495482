//! What takes the consent of others.

use serde_json::{Value, json};

use crate::server::{ORDER, Server};

async fn operator(server: &Server, name: &str, role: &str) -> String {
    let added = server.change("operator/add", json!({"name": name, "roles": [role]})).await;
    added["token"].as_str().unwrap().to_owned()
}

/// Ines, Lin and Noor: one to ask and two to consent.
async fn three_officers(server: &Server) -> [String; 3] {
    [
        operator(server, "ines", "release-officer").await,
        operator(server, "lin", "release-officer").await,
        operator(server, "noor", "release-officer").await,
    ]
}

async fn as_operator(server: &Server, token: &str, path: &str, body: Value) -> (u16, Value) {
    let (status, answer) = server.call("POST", &format!("/admin/v1/{path}"), token, &body).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn changing_the_rules_waits_for_two_others_and_nobody_is_locked_out() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let [ines, lin, noor] = three_officers(&server).await;
    let clerk = operator(&server, "clerk", "analyst").await;
    let rule = "@id(\"own/no-lab\")\n@reason(\"closed\")\nforbid (principal, action, resource) when { resource == Weir::Model::\"none-5\" };";
    let files = json!({"files": [{"name": "own.cedar", "text": rule}]});
    let (status, drafted) = as_operator(&server, &ines, "rules/set", files.clone()).await;
    assert_eq!((status, &drafted["approvals_needed"]), (200, &json!(2)), "{drafted}");
    assert!(drafted["warnings"][0].as_str().unwrap().contains("nothing is changed yet"), "{drafted}");
    let id = drafted["id"].as_str().unwrap().to_owned();
    let in_force = |rules: &Value| rules["rules"].as_array().unwrap().iter().any(|rule| rule["id"] == "own/no-lab");
    assert!(!in_force(&server.get("/admin/v1/rules").await));

    let approve = json!({"id": id});
    let (status, own) = as_operator(&server, &ines, "draft/approve", approve.clone()).await;
    assert_eq!(status, 403, "{own}");
    let (status, unfit) = as_operator(&server, &clerk, "draft/approve", approve.clone()).await;
    assert_eq!(status, 403, "{unfit}");
    assert!(unfit["error"]["message"].as_str().unwrap().contains("only who could do it"), "{unfit}");
    let (status, first) = as_operator(&server, &lin, "draft/approve", approve.clone()).await;
    assert_eq!(status, 200, "{first}");
    assert!(first["warnings"][0].as_str().unwrap().contains("still waits"), "{first}");
    let (status, again) = as_operator(&server, &lin, "draft/approve", approve.clone()).await;
    assert_eq!(status, 409, "{again}");
    assert!(!in_force(&server.get("/admin/v1/rules").await));
    let (status, second) = as_operator(&server, &noor, "draft/approve", approve.clone()).await;
    assert_eq!((status, &second["carried_out"]), (200, &json!("rules.set")), "{second}");
    assert!(in_force(&server.get("/admin/v1/rules").await));
    let (status, late) = as_operator(&server, &noor, "draft/approve", approve).await;
    assert_eq!(status, 409, "{late}");
    let shown = server.get(&format!("/admin/v1/draft/{id}")).await;
    assert_eq!((shown["status"].as_str(), shown["by"].as_str()), (Some("carried out"), Some("ines")));
    assert_eq!(shown["approved_by"].as_array().unwrap().len(), 2);

    // A rule that takes from everybody the right to change rules is refused
    // when it is asked for, not when it has been approved.
    let lock = "@id(\"authority/lock\")\n@reason(\"locked\")\nforbid (principal, action == Weir::Action::\"rules.set\", resource);";
    let locked = json!({"files": [{"name": "own.cedar", "text": rule}, {"name": "lock.cedar", "text": lock}]});
    let (_, drafted) = as_operator(&server, &ines, "rules/set", locked).await;
    let id = drafted["id"].as_str().unwrap().to_owned();
    let approve = json!({"id": id});
    as_operator(&server, &lin, "draft/approve", approve.clone()).await;
    let (status, refused) = as_operator(&server, &noor, "draft/approve", approve).await;
    assert_eq!(status, 409, "{refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains("nobody could change the rules"), "{refused}");
    let (status, _) = as_operator(&server, &ines, "draft/drop", json!({"id": id})).await;
    assert_eq!(status, 200);
    server.running.stop();
}

#[tokio::test]
async fn opening_weights_takes_two_approvals_and_an_order_can_be_made_to_take_one() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let [ines, lin, noor] = three_officers(&server).await;
    for model in ["mythos-5", "fable-5"] {
        server.change("model/add", json!({"id": model, "upstream": "http://127.0.0.1:9"})).await;
    }
    let (_, drafted) = as_operator(&server, &ines, "stage/set", json!({"model": "fable-5", "stage": "open"})).await;
    let approve = json!({"id": drafted["id"]});
    as_operator(&server, &lin, "draft/approve", approve.clone()).await;
    let (_, done) = as_operator(&server, &noor, "draft/approve", approve).await;
    assert_eq!(done["carried_out"], "stage.set", "{done}");
    let models = server.get("/admin/v1/model").await;
    let fable = models["models"].as_array().unwrap().iter().find(|model| model["id"] == "fable-5").unwrap();
    assert_eq!(fable["stage"], "open");

    let rule = "@id(\"authority/four-eyes\")\n@reason(\"An order takes four eyes\")\nforbid (principal, action == Weir::Action::\"directive.enact\", resource) when { context.approvals < 1 };";
    let (_, drafted) =
        as_operator(&server, &ines, "rules/set", json!({"files": [{"name": "four.cedar", "text": rule}]})).await;
    let approve = json!({"id": drafted["id"]});
    as_operator(&server, &lin, "draft/approve", approve.clone()).await;
    let (_, done) = as_operator(&server, &noor, "draft/approve", approve).await;
    assert_eq!(done["carried_out"], "rules.set", "{done}");

    let draft = json!({"file": {"name": "order.toml", "text": ORDER}, "lists": []});
    let (status, drafted) = as_operator(&server, &ines, "directive/draft", draft).await;
    assert_eq!(status, 200, "{drafted}");
    let id = json!({"id": "2026-06-12-order"});
    let (status, refused) = as_operator(&server, &ines, "directive/enact", id.clone()).await;
    assert_eq!(status, 403, "{refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains("weir approve 2026-06-12-order"), "{refused}");
    let (status, approved) = as_operator(&server, &lin, "draft/approve", id.clone()).await;
    assert_eq!(status, 200, "{approved}");
    let (status, enacted) = as_operator(&server, &ines, "directive/enact", id).await;
    assert_eq!(status, 200, "{enacted}");
    let act = server.get(&format!("/admin/v1/log/{}", enacted["act"])).await;
    assert_eq!(act["entry"]["approvals"].as_array().unwrap().len(), 1, "{act}");
    server.running.stop();
}
