//! The default configuration: the common text and that of every room, which is also the reference for operators.

use toml::{Table, Value};

use super::{Mistake, Origin, Section};

/// The settings of every process, whatever runs in it.
pub(super) const FRAME: &str = include_str!("../../florin.default.toml");

/// Every key with its default, and a comment above it.
pub fn default_text(rooms: &[Section]) -> String {
    let places = rooms.iter().map(place);
    let sections = rooms.iter().map(|room| room.settings.text.trim_end().to_owned()).filter(|text| !text.is_empty());
    let parts: Vec<String> = [FRAME.trim_end().to_owned()].into_iter().chain(places).chain(sections).collect();
    format!("{}\n", parts.join("\n\n"))
}

/// Where a room runs.
fn place(room: &Section) -> String {
    let name = room.name;
    format!(
        "\
[services.{name}]
# Where {name} runs: \"local\" is in this process, \"remote\" in those that `addresses` names.
mode = \"local\"
# Where processes that run it listen for calls (their rpc.listen), for example [\"127.0.0.1:7070\"] or
# [\"{name}.florin.internal:7070\"]; any of them can be asked. In a variable: separated by commas.
addresses = []"
    )
}

/// The defaults as a table. A room's text has its own section and nothing else.
pub(super) fn table(rooms: &[Section], mistakes: &mut Vec<Mistake>) -> Table {
    let mut table: Table = FRAME.parse().unwrap_or_default();
    for room in rooms {
        let places = place(room).parse::<Table>().unwrap_or_default();
        if let Some(Value::Table(new)) = places.get("services")
            && let Value::Table(known) = table.entry("services").or_insert_with(|| Value::Table(Table::new()))
        {
            known.extend(new.clone());
        }
        match own_section(room) {
            Ok(section) => drop(table.insert(room.name.to_owned(), Value::Table(section))),
            Err(sentence) => {
                mistakes.push(Mistake { key: room.name.to_owned(), origin: Origin::Default, sentence });
            }
        }
    }
    table
}

fn own_section(room: &Section) -> Result<Table, String> {
    let text = room.settings.text;
    let mut table =
        text.parse::<Table>().map_err(|error| format!("its settings.toml is not TOML: {}", error.message()))?;
    let own = table.remove(room.name);
    match own {
        _ if !table.is_empty() || FRAME.contains(&format!("\n[{}]", room.name)) => Err(format!(
            "its settings.toml must have the section [{}] and no other, and nothing else may define it",
            room.name
        )),
        Some(Value::Table(own)) => Ok(own),
        Some(_) => Err(format!("its settings.toml has {}, expected [{}]", room.name, room.name)),
        None => Ok(Table::new()),
    }
}
