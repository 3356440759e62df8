//! What this version consists of, for those who deploy it: derived from the descriptions of the rooms alone, so that it
//! cannot say something else than the process does.

use std::collections::BTreeSet;

use platform::config::{Config, Section, Sources};
use platform::frame::{self, Offers};
use platform::room::{Room, Word};
use platform::telemetry::{self, Metric};
use serde::Serialize;
use utoipa::openapi::OpenApi;

use super::{EDGE, Mounted, Rooms};
use crate::failure::Failure;

#[derive(Serialize)]
pub(crate) struct Deployment {
    version: &'static str,
    parts: Vec<Part>,
    /// Of every process.
    settings: Vec<String>,
    metrics: Vec<Told>,
}

/// What `florin serve` can run in a process of its own.
#[derive(Serialize)]
struct Part {
    name: &'static str,
    /// The name that operators use.
    service: &'static str,
    about: &'static str,
    owner: Owner,
    /// Parts that its process calls.
    calls: BTreeSet<&'static str>,
    /// Rooms whose events it reads.
    feeds: BTreeSet<&'static str>,
    /// PostgreSQL schemas; `_*` stands for further ones with this beginning.
    schemas: Vec<String>,
    /// It needs the master key.
    seals: bool,
    routes: Vec<Route>,
    settings: Vec<String>,
    permissions: Vec<String>,
    metrics: Vec<Told>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Owner {
    /// One process has the lease and writes; the others stand by.
    Lease,
    /// Any number of processes work side by side.
    Shared,
}

#[derive(Serialize)]
struct Route {
    method: String,
    path: String,
    operation: Option<String>,
    /// `resource:action`.
    permission: Option<String>,
}

#[derive(Serialize)]
struct Told {
    name: &'static str,
    kind: &'static str,
    labels: &'static [&'static str],
    unit: &'static str,
    help: &'static str,
}

impl Deployment {
    pub(crate) fn of(rooms: &Rooms) -> Result<Deployment, Failure> {
        let parts = rooms.mounted().iter().map(|mounted| part(rooms, mounted)).collect::<Result<Vec<_>, _>>()?;
        let metrics = telemetry::METRICS.iter().chain(access::METRICS).map(told).collect();
        let parts = [edge(rooms)].into_iter().chain(parts).collect();
        Ok(Deployment { version: env!("CARGO_PKG_VERSION"), parts, settings: settings(Vec::new(), |_| true)?, metrics })
    }
}

/// It calls every room and keeps nothing.
fn edge(rooms: &Rooms) -> Part {
    Part {
        name: EDGE,
        service: "gateway",
        about: "answers callers from outside",
        owner: Owner::Shared,
        calls: rooms.iter().map(|room| room.name).collect(),
        feeds: BTreeSet::new(),
        schemas: Vec::new(),
        seals: false,
        routes: Vec::new(),
        settings: Vec::new(),
        permissions: Vec::new(),
        metrics: Vec::new(),
    }
}

fn part(rooms: &Rooms, Mounted { room, calls, reads, .. }: &Mounted) -> Result<Part, Failure> {
    // Every process asks for the terms by which tokens are checked.
    let source = rooms.source().filter(|source| *source != room.name);
    let words =
        room.words.iter().flat_map(|(resource, actions)| actions.iter().map(move |one| format!("{resource}:{one}")));
    let further = room.further.map(|_| format!("{}_*", room.name));
    let section = format!("{}.", room.name);
    Ok(Part {
        name: room.name,
        service: room.service,
        about: room.about,
        owner: if room.one_writer { Owner::Lease } else { Owner::Shared },
        calls: calls.iter().copied().chain(source).collect(),
        feeds: reads.iter().copied().collect(),
        schemas: [room.name.to_owned()].into_iter().chain(further).collect(),
        seals: room.seals || room.once,
        routes: routes(room),
        settings: settings(vec![room.section()], |key| key.starts_with(&section))?,
        permissions: words.collect(),
        metrics: room.metrics.iter().map(told).collect(),
    })
}

fn routes(room: &Room) -> Vec<Route> {
    let offers = Offers::of(room);
    let offered = offers.anything().then(|| (frame::document(offers), frame::operations(offers)));
    let permission = |name: &str| {
        let own = room.operations.iter().map(|one| (one.name.to_owned(), one.word));
        let offered =
            offered.iter().flat_map(|(_, operations)| operations.iter().map(|one| (one.name.clone(), one.word)));
        let word = own.chain(offered).find(|(known, _)| known == name).map(|(_, word)| word);
        match word {
            Some(Word::Needs { resource, action }) => Some(format!("{resource}:{action}")),
            _ => None,
        }
    };
    let documents: Vec<OpenApi> =
        [(room.document)()].into_iter().chain(offered.iter().map(|(api, _)| api.clone())).collect();
    let mut routes = Vec::new();
    for (path, item) in documents.iter().flat_map(|api| &api.paths.paths) {
        let methods = [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ];
        for (method, operation) in methods {
            let Some(operation) = operation else { continue };
            let operation = operation.operation_id.clone();
            let permission = operation.as_deref().and_then(permission);
            routes.push(Route { method: method.to_owned(), path: path.clone(), operation, permission });
        }
    }
    routes
}

/// Keys with their defaults, of which there is one for each setting.
fn settings(rooms: Vec<Section>, wanted: impl Fn(&str) -> bool) -> Result<Vec<String>, Failure> {
    let config = Config::load(&Sources { rooms, ..Sources::default() })?;
    Ok(config.effective().iter().map(|row| row.key.clone()).filter(|key| wanted(key)).collect())
}

fn told(metric: &Metric) -> Told {
    let Metric { name, labels, help, .. } = *metric;
    Told { name, kind: metric.kind.name(), labels, unit: metric.unit(), help }
}
