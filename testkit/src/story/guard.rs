//! Callers that an operation must refuse, with a request that an authorized caller could send.

use platform::room::Word;
use serde_json::Value;

use super::Telling;
use super::ask::{Reply, Sent};
use super::callers::without;
use super::document::Described;

pub(super) async fn try_all(telling: &Telling, operation: &Described, sent: &Sent) {
    if operation.needs_token() {
        without_a_token(telling, operation, sent).await;
    }
    let Word::Needs { resource, action } = operation.word else { return };
    let name = &operation.name;
    let token = telling.callers().of_role(without(resource, action));
    let others = telling.send(operation, sent, Some(&token)).await;
    expect(&others, 403, "forbidden", &format!("{name} without {resource}:{action}"));
    let token = telling.token(|claims| claims.scope = "openid read:nothing".to_owned());
    let narrow = telling.send(operation, sent, Some(&token)).await;
    expect(&narrow, 403, "forbidden", &format!("{name} with a token of another scope"));
    // Operations that only create something are open to strangers who may create their own.
    if operation.has_places() || !operation.changes() {
        as_a_stranger(telling, operation, sent).await;
    }
}

async fn without_a_token(telling: &Telling, operation: &Described, sent: &Sent) {
    let name = &operation.name;
    let nobody = telling.send(operation, sent, None).await;
    expect(&nobody, 401, "unauthenticated", &format!("{name} without a token"));
    for (why, token, code) in telling.callers().bad_tokens() {
        let refused = telling.send(operation, sent, Some(&token)).await;
        expect(&refused, 401, code, &format!("{name} with {why}"));
    }
}

fn expect(reply: &Reply, status: u16, code: &str, what: &str) {
    assert_eq!((reply.status, reply.code()), (status, Some(code)), "{what}: {}", reply.text());
}

/// A customer who owns nothing here.
async fn as_a_stranger(telling: &Telling, operation: &Described, sent: &Sent) {
    let name = &operation.name;
    let token = telling.person("customer", "cust_stranger");
    let reply = telling.send(operation, sent, Some(&token)).await;
    let told = telling.terms().private.iter().find(|word| reply.text().contains(**word) && !is_sent(sent, word));
    assert!(told.is_none(), "{name}: a stranger reads {told:?}: {}", reply.text());
    if (200..300).contains(&reply.status) {
        assert!(!operation.changes(), "{name}: a stranger changes {}", sent.address(operation));
        return;
    }
    assert!((400..500).contains(&reply.status), "{name} as a stranger: {} {}", reply.status, reply.text());
    if operation.has_places() {
        let unknown = unknown(operation, sent);
        let other = telling.send(operation, &unknown, Some(&token)).await;
        let same = (reply.status, exchanged(&reply.json, sent, &unknown)) == (other.status, other.json.clone());
        assert!(same, "{name}: a stranger can tell\n{}\nfrom what does not exist:\n{}", reply.text(), other.text());
    }
}

/// A stranger may be sent their own words.
fn is_sent(sent: &Sent, word: &str) -> bool {
    sent.path.iter().chain(&sent.query).any(|(_, value)| value.contains(word))
}

/// The same request for something that does not exist: the last letter of each name is changed, but not of a choice.
fn unknown(operation: &Described, sent: &Sent) -> Sent {
    let mut unknown = sent.clone();
    for (_, value) in unknown.path.iter_mut().filter(|(place, _)| !operation.is_choice(place)) {
        let last = value.pop().unwrap_or_default();
        value.push(if last == '0' { '1' } else { '0' });
    }
    unknown
}

/// The answer with the other names in it.
fn exchanged(body: &Value, known: &Sent, unknown: &Sent) -> Value {
    let mut text = body.to_string();
    for ((_, known), (_, unknown)) in known.path.iter().zip(&unknown.path) {
        text = text.replace(known, unknown);
    }
    serde_json::from_str(&text).unwrap()
}
