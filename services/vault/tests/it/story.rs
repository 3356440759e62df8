//! The story of the vault.

use serde_json::json;
use testkit::{Story, Telling};
use vault_api::FACE;

use crate::stage::{VISA, open};

const NOBODYS: &str = "tok_01kppyzd5gfmra2qsx5rkvr8wb";

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_the_vault() {
    let story = Story::of(&vault::ROOM, &FACE, env!("CARGO_MANIFEST_DIR")).keeps_private(&[VISA]);
    story.tell(open, |vault, _| vault::routes(vault), async |story, _| whole(story).await).await;
}

async fn whole(story: &Telling) {
    let store = || story.ask("tokenize_card").body(json!({ "pan": VISA, "expiry": "2712" }));
    let kept = store().gives(201).await;
    assert_eq!(store().gives(200).await["token"], kept["token"]);
    let reveal = || story.ask("reveal_card").at("token", &kept["token"]).body(json!({ "reason": "the holder asked" }));
    assert_eq!(reveal().gives(200).await["pan"], VISA);
    reveal().with("reason", "").refused("reason_invalid").await;
    let old = story.token(|claims| {
        claims.kind = "admin".to_owned();
        claims.roles = vec!["admin".to_owned()];
    });
    reveal().by(&old).refused("step_up_required").await;
    story.ask("rotate_card_keys").gives(200).await;
    story.ask("get_card_key_rotation").gives(200).await;
    story.ask("destroy_card").at("token", &kept["token"]).gives(204).await;
    story.all_refuse("token_unknown", |ask| ask.at("token", NOBODYS)).await;
}
