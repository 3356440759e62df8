//! `florin catalogue`: what this program consists of, for programs that deploy or test it.

use serde::Serialize;

use crate::commands::print_json;
use crate::failure::Failure;
use crate::house::{Catalogue, Deployment, Rooms};

#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    rooms: Catalogue,
    #[serde(flatten)]
    deployment: Deployment,
}

pub(crate) fn run(rooms: &Rooms) -> Result<(), Failure> {
    print_json(&Told { rooms: rooms.catalogue(), deployment: Deployment::of(rooms)? })
}
