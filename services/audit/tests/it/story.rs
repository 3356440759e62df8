//! One story through all operations and all documented refusals.

use audit::FACE;
use testkit::{Stage, Story, Telling};

use crate::harness::{Desk, open};

const NOTE: &str =
    "florin-audit\n6\nbm90IHRoZSByb290IG9mIHRoaXMgbG9nLCBidXQgMzI=\n\n\u{2014} florin-audit c2lnbmF0dXJl\n";
const KEY: &str = "florin-audit+8d3c7a10+AWqZ0Vv2nUd1Jp3m8tqkH5yBf0b7c4Rr9sK1eXw2LZkQ";

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_audit() {
    let open = async |stage: &Stage<'_>| {
        let desk = open(stage).await;
        desk.some().await;
        (desk.face.clone(), desk)
    };
    let routes = |face, stage: &Stage<'_>| audit::mount(face, stage.door(&audit::ROOM, &[])).unwrap();
    Story::of(&audit::ROOM, &FACE, env!("CARGO_MANIFEST_DIR"))
        .keeps_private(&["user_ann", "card_1"])
        .hides("checkpoint", NOTE)
        .hides("text", "c2sp.org/tlog-proof@v1")
        .hides("key", KEY)
        .hides("lag", 0)
        .tell(open, routes, async |story, desk| whole(story, desk).await)
        .await;
}

async fn whole(story: &Telling, _: &Desk) {
    entries(story).await;
    formats(story).await;
    proofs(story).await;
}

async fn entries(story: &Telling) {
    let list = || story.ask("list_audit_entries");
    let page = list().query("actor", "user_eva").query("limit", "2").gives(200).await;
    assert_eq!(page["items"][0]["body"]["type"], "cards.authorization.declined");
    let older = list().query("actor", "user_eva").query("limit", "2").query("cursor", &page["next"]).gives(200).await;
    assert_eq!((older["items"][1]["index"].as_u64(), older["next"].as_str()), (Some(2), None));
    let failed = list().query("type", "identity.login.failed").query("class", "authentication").gives(200).await;
    assert_eq!(failed["items"].as_array().unwrap().len(), 1);
    list().query("risk", "SEVERE").refused("field_invalid").await;
    list().query("cursor", "x").refused("cursor_invalid").await;
    list().query("limit", "501").refused("limit_too_large").await;
    let one = |index: &str| story.ask("get_audit_entry").at("index", index);
    assert_eq!(one("2").gives(200).await["body"]["actor"], "user_eva");
    one("2").query("format", "yaml").refused("field_invalid").await;
    one("99").refused("entry_unknown").await;
    let accesses = || story.ask("list_audit_accesses").at("subject", "cust_ann");
    assert_eq!(accesses().gives(200).await["items"].as_array().unwrap().len(), 2);
    accesses().query("limit", "0").refused("field_invalid").await;
    accesses().query("cursor", "x").refused("cursor_invalid").await;
    accesses().query("limit", "501").refused("limit_too_large").await;
    assert_eq!(story.ask("get_audit_log").gives(200).await["signed"], 6);
    let events = || story.ask("list_audit_events");
    let told = events().query("after", "4").query("limit", "2").gives(200).await;
    assert_eq!((told["next"].as_u64(), told["items"][0]["subject"].as_str()), (Some(6), Some("card_1")));
    events().query("limit", "1001").refused("page_size").await;
}

async fn formats(story: &Telling) {
    for (format, beginning) in
        [("lines", "{\"index\":"), ("csv", "index,at,"), ("sox", "{\"sox_event_type\""), ("html", "<!DOCTYPE html>")]
    {
        let list = story.ask("list_audit_entries").query("format", format).reply().await;
        assert!(list.text().starts_with(beginning), "{format}: {}", list.text());
        let one = story.ask("get_audit_entry").at("index", "1").query("format", format).reply().await;
        assert_eq!(one.status, 200, "{format}: {}", one.text());
    }
    for operation in ["get_audit_checkpoint", "list_audit_keys"] {
        let text = story.ask(operation).query("format", "text").reply().await.text();
        assert!(text.starts_with("florin-audit"), "{text}");
    }
    let proof = story.ask("prove_audit_entry").at("index", "1").query("format", "text").reply().await.text();
    assert!(proof.starts_with("c2sp.org/tlog-proof@v1\nindex 1\n"), "{proof}");
}

async fn proofs(story: &Telling) {
    let prove = |index: &str| story.ask("prove_audit_entry").at("index", index);
    assert_eq!(prove("2").gives(200).await["size"], 6);
    prove("6").refused("entry_unknown").await;
    prove("3").query("size", "7").refused("head_unknown").await;
    story.ask("get_audit_checkpoint").gives(200).await;
    story.ask("get_audit_checkpoint").query("size", "7").refused("head_unknown").await;
    let compare = |from: &str, to: &str| story.ask("get_audit_consistency").query("from", from).query("to", to);
    compare("3", "6").gives(200).await;
    compare("3", "7").refused("head_unknown").await;
    compare("0", "6").refused("tree_invalid").await;
    let tile = |path: &str| story.ask("get_audit_tile").query("path", path);
    assert_eq!(tile("0/000.p/6").gives(200).await.bytes.len(), 6 * 32);
    assert_eq!(tile("entries/000.p/1").reply().await.status, 200);
    tile("0/001").refused("tile_unknown").await;
    story.ask("list_audit_keys").gives(200).await;
}
