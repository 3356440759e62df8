//! The names by which operators know the services: they are in their dashboards and alert rules, as the label `service`.

use std::sync::Arc;

use metrics::SharedString;

use super::prefix::{longest, longest_first};
use crate::room::Room;

/// Which service answers which paths.
#[derive(Debug, Clone, Default)]
pub struct Names(Arc<[(String, SharedString)]>);

impl Names {
    /// Each room answers below `/v1/NAME` and its aliases, and what it says of single paths wins.
    pub fn of(rooms: impl Iterator<Item = &'static Room>) -> Names {
        let mut names: Vec<(String, SharedString)> = Vec::new();
        for room in rooms {
            let service = |name: &'static str| SharedString::const_str(name);
            names.extend(room.names.iter().map(|(path, name)| ((*path).to_owned(), service(name))));
            names.push((format!("/v1/{}", room.name), service(room.service)));
            names.extend(room.aliases.iter().map(|alias| (format!("/v1{alias}"), service(room.service))));
        }
        longest_first(&mut names);
        Names(names.into())
    }

    /// `None` for what no room answers.
    pub(super) fn service(&self, endpoint: &str) -> Option<&SharedString> {
        longest(&self.0, endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static POND: Room = Room {
        service: "pond-service",
        aliases: &["/pebbles", "/fish"],
        names: &[("/v1/pond/fish", "fish-service"), ("/v1/fish", "fish-service"), ("/feed", "pond-service")],
        ..Room::named("pond")
    };

    #[test]
    fn a_room_answers_under_the_names_of_operators() {
        let names = Names::of([&POND].into_iter());
        for (endpoint, service) in [
            ("/v1/pond/{id}", Some("pond-service")),
            ("/api/v1/pebbles", Some("pond-service")),
            ("/v1/pond/fish/{id}", Some("fish-service")),
            ("/api/v1/fish", Some("fish-service")),
            ("/feed", Some("pond-service")),
            ("/v1/ponds", None),
            ("unmatched", None),
        ] {
            assert_eq!(names.service(endpoint).map(|name| &**name), service, "{endpoint}");
        }
    }
}
