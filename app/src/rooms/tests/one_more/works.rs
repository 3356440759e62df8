//! The room's job: listed, run by hand next to a running server, and shown in its status.

use serde_json::json;

use super::program::for_each_place;

#[tokio::test(flavor = "multi_thread")]
async fn its_job_is_listed_and_run_by_hand_on_both_engines() {
    for_each_place(async |place| {
        assert!(place.prints("jobs list").contains("there are no jobs yet"));
        let running = place.server().start().await;
        let client = running.client();
        for _ in 0..3 {
            client.post("/v1/pebbles", &json!({})).await;
        }
        assert_eq!(client.post("/v1/pebbles", &json!({})).await.status.as_u16(), 404, "the pond takes three");
        let listed = place.prints("jobs list");
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_ours = |line: &str| words(line).starts_with("pebbles.empty 0 2 * * 0 Europe/Berlin");
        assert!(listed.lines().any(is_ours), "{listed}");
        let done = place.prints("jobs run pebbles.empty");
        assert!(done.contains("pebbles.empty: done\n"), "{done}");
        assert_eq!(client.post("/v1/pebbles", &json!({})).await.json()["thrown"], 1);
        let job = client.get("/status").await.json()["services"]["pebbles.jobs"]["empty"].clone();
        assert_eq!((&job["last"]["outcome"], &job["schedule"]), (&json!("done"), &json!("0 2 * * 0 Europe/Berlin")));
        assert!(place.prints("jobs list").lines().any(|line| line.contains("pebbles.empty") && line.ends_with("done")));
        let said = place.refuses("jobs run pebbles.fill");
        assert!(said.contains("there is no job pebbles.fill"), "{said}");
        running.stop().await;
    })
    .await;
}
