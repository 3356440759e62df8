//! The deployment: which rooms there are, which of them this process runs or calls, and how they are opened.
//!
//! Invariant: nothing here knows a room by its name. All differences between rooms are in their descriptions. Start
//! reading at [`room`], then [`House`].

mod calls;
mod catalogue;
mod document;
mod gate;
mod here;
mod list;
mod needs;
mod opening;
mod own;
mod parts;
mod publication;
mod roles;
mod room;
mod subjects;

pub(crate) use catalogue::Catalogue;
pub(crate) use list::Rooms;
pub(crate) use needs::{EventsOf, GATE, Late, OWN_CLIENTS, events_of, later};
pub(crate) use opening::{House, Opening, Started};
pub(crate) use parts::Deployment;
pub(crate) use roles::{EDGE, Roles};
pub(crate) use room::{Mounted, room};
