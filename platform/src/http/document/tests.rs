use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, PathsBuilder};
use utoipa::openapi::{Info, ObjectBuilder, Paths, Schema};

use super::super::Refusal;
use super::*;
use crate::room::{Operation, Word, needs};

fn described() -> Paths {
    let get = OperationBuilder::new().operation_id(Some("look")).build();
    let put = OperationBuilder::new().operation_id(Some("put")).build();
    let mut item = PathItem::new(HttpMethod::Get, get);
    item.merge_operations(PathItem::new(HttpMethod::Put, put));
    PathsBuilder::new().path("/things", item).build()
}

const BROKEN: Refusal = Refusal::new(http::StatusCode::CONFLICT, "thing_broken", "The thing is broken");
const WORD: Word = needs("things", "read");

fn part(operations: &[Operation]) -> Part<'_> {
    let samples = vec![Sample { problem: BROKEN.into(), when: "It fell down before." }];
    Part { room: "toys", tags: &[("Things", "What there is.")], samples, operations, story: "{}" }
}

fn finished(operations: &[Operation]) -> OpenApi {
    let mut api = OpenApi::new(Info::new("test", "1"), described());
    let components = api.components.get_or_insert_with(Components::new);
    components.schemas.insert("Thing".to_owned(), RefOr::T(Schema::Object(ObjectBuilder::new().build())));
    components.schemas.insert("Box".to_owned(), RefOr::Ref(Ref::from_schema_name("Thing")));
    part(operations).finish(api)
}

const ROWS: [Operation; 2] = [
    Operation { name: "look", word: WORD, refusals: &["not_found"] },
    Operation { name: "put", word: WORD, refusals: &["thing_broken"] },
];

#[test]
fn each_operation_refers_to_its_refusals_by_status() {
    let mut api = OpenApi::new(Info::new("test", "1"), Paths::new());
    add_general(&mut api);
    merge(&mut api, "toys", finished(&ROWS)).unwrap();
    let api = serde_json::to_value(&api).unwrap();
    let look = &api["paths"]["/v1/things"]["get"]["responses"];
    let shown = &look["404"]["content"]["application/problem+json"]["examples"]["not_found"];
    assert_eq!(shown["$ref"], "#/components/examples/not_found");
    assert_eq!(api["components"]["examples"]["not_found"]["value"]["status"], 404);
    assert_eq!(look["default"]["$ref"], "#/components/responses/QuestionProblem");
    let put = &api["paths"]["/v1/things"]["put"]["responses"];
    let shown = &put["409"]["content"]["application/problem+json"]["examples"]["thing_broken"];
    assert_eq!(shown["$ref"], "#/components/examples/toys.thing_broken");
    assert_eq!(api["components"]["examples"]["toys.thing_broken"]["description"], "It fell down before.");
    let codes = |name: &str| {
        let content = &api["components"]["responses"][name]["content"]["application/problem+json"]["examples"];
        content.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert!(codes("ChangeProblem").contains(&"outcome_unknown".to_owned()));
    assert!(!codes("QuestionProblem").contains(&"outcome_unknown".to_owned()));
    assert!(!codes("ChangeProblem").contains(&"not_found".to_owned()));
}

#[test]
fn schemas_bear_the_name_of_their_room() {
    let api = serde_json::to_value(finished(&ROWS)).unwrap();
    assert_eq!(api["components"]["schemas"]["toys.Box"]["$ref"], "#/components/schemas/toys.Thing");
    assert!(api["components"]["schemas"]["Thing"].is_null());
}

#[test]
fn two_things_under_one_name_are_refused() {
    let mut api = OpenApi::new(Info::new("test", "1"), Paths::new());
    merge(&mut api, "toys", finished(&ROWS)).unwrap();
    let again = merge(&mut api, "games", finished(&ROWS)).unwrap_err();
    assert!(again.to_string().contains("the room games describes the path /v1/things"), "{again}");
    let mut other = finished(&ROWS);
    other.paths = PathsBuilder::new().path("/v1/else", other.paths.paths.shift_remove("/v1/things").unwrap()).build();
    let again = merge(&mut api, "games", other).unwrap_err();
    assert!(again.to_string().contains("the operation look"), "{again}");
}

#[test]
fn rows_operations_and_refusals_are_held_against_each_other() {
    assert_eq!(part(&ROWS).check(&mut finished(&ROWS), &[]), Vec::<String>::new());
    let wrong = [Operation { name: "look", word: WORD, refusals: &["unheard_of"] }];
    let said = part(&wrong).check(&mut finished(&wrong), &["not_found"]);
    assert_eq!(said.len(), 3, "{said:?}");
    for words in ["operation put has no row", "names unheard_of", "no operation names thing_broken"] {
        assert!(said.iter().any(|sentence| sentence.contains(words)), "{words}: {said:?}");
    }
}

#[test]
fn what_rooms_share_is_no_clash() {
    let with_event = |room: &'static str| {
        let mut api = OpenApi::new(Info::new("test", "1"), Paths::new());
        let components = api.components.get_or_insert_with(Components::new);
        components.schemas.insert("CloudEvent".to_owned(), crate::feed::CloudEvent::schema());
        Part { room, tags: &[], samples: Vec::new(), operations: &[], story: "{}" }.finish(api)
    };
    let mut api = OpenApi::new(Info::new("test", "1"), Paths::new());
    merge(&mut api, "toys", with_event("toys")).unwrap();
    merge(&mut api, "games", with_event("games")).unwrap();
}
