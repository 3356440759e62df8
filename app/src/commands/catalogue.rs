//! `florin catalogue`: the rooms of this program, for programs that deploy or test it.

use crate::commands::print_json;
use crate::failure::Failure;
use crate::house::Rooms;

pub(crate) fn run(rooms: &Rooms) -> Result<(), Failure> {
    print_json(&rooms.catalogue())
}
