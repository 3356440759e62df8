//! `florin openapi`: the description of the whole API for programs, as served at `/openapi.json`.

use crate::commands::print_json;
use crate::failure::Failure;
use crate::house::Rooms;

pub(crate) fn run(rooms: &Rooms) -> Result<(), Failure> {
    print_json(&rooms.document()?)
}
