//! `florin openapi`: the description of the whole API for programs, as served at `/openapi.json`.

use std::io::{self, Write};

use crate::failure::Failure;
use crate::house::Rooms;

pub(crate) fn run(rooms: &Rooms) -> Result<(), Failure> {
    let mut text = serde_json::to_vec_pretty(&rooms.document()?)?;
    text.push(b'\n');
    match io::stdout().lock().write_all(&text) {
        // The reader may have seen enough, like `head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
