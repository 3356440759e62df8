//! `florin openapi`: the description of the whole API for programs, as `/openapi.json` serves it.

use std::io::{self, Write};

use crate::failure::Failure;
use crate::house::Rooms;

pub(crate) fn run(rooms: &Rooms) -> Result<(), Failure> {
    let mut text = serde_json::to_vec_pretty(&rooms.document()?)?;
    text.push(b'\n');
    match io::stdout().lock().write_all(&text) {
        // Whoever reads may have seen enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
