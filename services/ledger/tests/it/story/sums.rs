//! Sums that overflow: 9,223 of the largest amounts fit into one. In a separate book, small enough for a trial balance.

use serde_json::{Value, json};
use testkit::{Ask, Telling};

use super::{cash, hold, id, payment, posting, usd};

const BOOK: &str = "acme-uk";
const LARGEST: &str = "10000000000000.00";
const X: &str = "sums:x";
const Y: &str = "sums:y";
/// A hold from before the sums are full.
const HELD: u32 = 901;
/// A payment in the other direction from before they are.
const BACK: u32 = 902;

fn ask<'t>(story: &'t Telling, operation: &str) -> Ask<'t> {
    story.ask(operation).query("book", BOOK)
}

pub(super) async fn refused(story: &Telling) {
    for path in [X, Y] {
        ask(story, "open_account").body(cash(path)).gives(201).await;
    }
    let create = |body: Value| ask(story, "create_transaction").body(body);
    create(hold(HELD, X, Y, LARGEST)).gives(201).await;
    for number in [BACK, 903] {
        create(payment(number, Y, X, LARGEST)).gives(201).await;
    }
    fill(story).await;
    create(payment(904, X, Y, LARGEST)).refused("sum_overflow").await;
    create(payment(905, X, Y, "1.00")).gives(201).await;
    let more = json!({ "id": id(906), "amount": usd(LARGEST) });
    let back = json!({ "id": id(907) });
    for (operation, target, body) in [("increase_transaction", HELD, more), ("reverse_transaction", BACK, back)] {
        let step = ask(story, operation).at("id", id(target)).body(body);
        assert_eq!(step.refused("sum_overflow").await["account"], X);
    }
    ask(story, "roll_up").query("prefix", "sums").refused("sum_overflow").await;
    ask(story, "trial_balance").refused("sum_overflow").await;
}

/// 144 times 64, and 6: together with the hold that is all that fits.
async fn fill(story: &Telling) {
    let line = |number: u32, count: usize| {
        let postings = vec![posting(X, Y, LARGEST); count];
        json!({ "create": { "id": id(number), "postings": postings } })
    };
    for first in [1_000, 2_000] {
        let mut lines: Vec<Value> = (first..first + 72).map(|number| line(number, 64)).collect();
        lines.extend((first == 2_000).then(|| line(3_000, 6)));
        let batch = ask(story, "submit_batch").body(json!({ "atomic": true, "lines": lines }));
        // Not recorded: it is long, and the story has a batch already.
        assert_eq!(batch.reply().await["lines"][71]["status"], 201);
    }
}
