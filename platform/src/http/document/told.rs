//! Examples of requests and good answers: the exchanges recorded when a room's story was run, from its `story.json`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Content, OpenApi, RefOr};

use super::operations;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// One exchange.
#[derive(Deserialize)]
struct Told {
    title: Option<String>,
    #[serde(default)]
    path: Map<String, Value>,
    #[serde(default)]
    query: Map<String, Value>,
    body: Option<Value>,
    form: Option<Value>,
    status: u16,
    #[serde(rename = "type")]
    kind: Option<String>,
    reply: Option<Value>,
}

/// Adds the exchanges of each operation to its part of the document. Anything unreadable is left out; the story's own
/// test catches it.
pub fn show(api: &mut OpenApi, story: &str) {
    let story: BTreeMap<String, Vec<Told>> = serde_json::from_str(story).unwrap_or_default();
    for (operation, _) in operations(api) {
        let name = operation.operation_id.as_deref().unwrap_or_default();
        if let Some(told) = story.get(name) {
            show_parameters(operation, told);
            show_requests(operation, told);
            show_answers(operation, told);
        }
    }
}

/// The exchanges of the first operation that has one.
fn show_parameters(operation: &mut Operation, told: &[Told]) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let sent = told.iter().find_map(|one| match parameter.parameter_in {
            ParameterIn::Path => one.path.get(&parameter.name),
            ParameterIn::Query => one.query.get(&parameter.name),
            _ => None,
        });
        if let Some(sent) = sent {
            *parameter = ParameterBuilder::from(parameter.clone()).example(Some(sent.clone())).build();
        }
    }
}

fn show_requests(operation: &mut Operation, told: &[Told]) {
    let Some(RefOr::T(request)) = &mut operation.request_body else { return };
    for (kind, content) in &mut request.content {
        let RefOr::T(content) = content else { continue };
        let sent = |one: &Told| match kind.as_str() {
            JSON => one.body.clone(),
            FORM => one.form.clone(),
            _ => None,
        };
        show_in(content, told.iter().filter_map(|one| Some((one.title.as_deref(), sent(one)?))));
    }
}

fn show_answers(operation: &mut Operation, told: &[Told]) {
    for (status, answer) in &mut operation.responses.responses {
        let RefOr::T(answer) = answer else { continue };
        for (kind, content) in &mut answer.content {
            let RefOr::T(content) = content else { continue };
            let is_here =
                |one: &&Told| one.status.to_string() == *status && one.kind.as_deref().unwrap_or(JSON) == kind;
            let answers = told.iter().filter(is_here);
            show_in(content, answers.filter_map(|one| Some((one.title.as_deref(), one.reply.clone()?))));
        }
    }
}

/// A single example has no title; several have titles.
fn show_in<'a>(content: &mut Content, all: impl Iterator<Item = (Option<&'a str>, Value)>) {
    let mut different: Vec<(Option<&str>, Value)> = Vec::new();
    for (title, value) in all {
        if different.iter().all(|(_, known)| *known != value) {
            different.push((title, value));
        }
    }
    match different.as_slice() {
        [] => return,
        [(_, only)] => {
            content.example = Some(only.clone());
            return;
        }
        _ => {}
    }
    let number = |place: usize| format!("Example {}", place + 1);
    content.examples = different
        .into_iter()
        .enumerate()
        .map(|(place, (title, value))| {
            let example = ExampleBuilder::new().value(Some(value)).build();
            (title.map_or_else(|| number(place), str::to_owned), RefOr::T(example))
        })
        .collect();
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, PathsBuilder};
    use utoipa::openapi::request_body::RequestBodyBuilder;
    use utoipa::openapi::{ContentBuilder, Info, ResponseBuilder};

    use super::*;

    fn described() -> OpenApi {
        let empty = || ContentBuilder::new().build();
        let answer = ResponseBuilder::new().content(JSON, empty()).build();
        let refusal = ExampleBuilder::new().value(Some(json!("of the frame"))).build();
        let refused = ContentBuilder::new().examples_from_iter([("too_long", refusal)]).build();
        let refused = ResponseBuilder::new().content("application/problem+json", refused).build();
        let add = OperationBuilder::new()
            .operation_id(Some("add"))
            .parameter(ParameterBuilder::new().name("book").parameter_in(ParameterIn::Query))
            .request_body(Some(RequestBodyBuilder::new().content(JSON, empty()).build()))
            .response("201", answer.clone())
            .response("400", refused)
            .response("200", answer);
        OpenApi::new(
            Info::new("test", "1"),
            PathsBuilder::new().path("/things", PathItem::new(HttpMethod::Post, add)).build(),
        )
    }

    fn shown(story: &str) -> Value {
        let mut api = described();
        show(&mut api, story);
        serde_json::to_value(&api).unwrap()["paths"]["/things"]["post"].clone()
    }

    #[test]
    fn each_exchange_is_shown_under_its_operation_and_status() {
        let story = json!({ "add": [
            { "query": { "book": "main" }, "body": { "n": 1 }, "status": 201, "reply": { "id": 1 } },
            { "title": "Again", "body": { "n": 1 }, "status": 200, "reply": { "id": 1, "replayed": true } },
            { "title": "Another", "body": { "n": 2 }, "status": 201, "reply": { "id": 2 } },
        ], "unknown": [{ "status": 200 }] });
        let add = shown(&story.to_string());
        assert_eq!(add["parameters"][0]["example"], "main");
        let sent = &add["requestBody"]["content"][JSON]["examples"];
        assert_eq!((&sent["Example 1"]["value"], &sent["Another"]["value"]), (&json!({ "n": 1 }), &json!({ "n": 2 })));
        assert_eq!(sent.as_object().unwrap().len(), 2, "the same request is shown once: {sent}");
        assert_eq!(add["responses"]["201"]["content"][JSON]["examples"]["Another"]["value"]["id"], 2);
        assert_eq!(add["responses"]["200"]["content"][JSON]["example"]["replayed"], true);
        let refused = &add["responses"]["400"]["content"]["application/problem+json"]["examples"];
        assert_eq!(refused["too_long"]["value"], "of the frame", "refusals are shown by the frame");
    }

    #[test]
    fn a_room_without_a_story_has_no_examples() {
        for story in ["{}", "", "[]"] {
            assert_eq!(shown(story)["responses"]["201"]["content"][JSON], json!({}), "{story}");
        }
    }
}
