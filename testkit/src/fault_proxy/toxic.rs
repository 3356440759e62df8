//! The possible faults of a connection, as values.

/// One fault. Several may apply at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toxic {
    /// Bytes arrive this much later than sent, plus or minus the jitter. They stay in order.
    Latency { ms: u64, jitter_ms: u64 },
    /// Open connections are closed, and new ones refused.
    Down,
    /// At most this many bytes pass per second.
    Bandwidth { bytes_per_second: u64 },
    /// If one side closes, the other one notices this much later.
    SlowClose { ms: u64 },
    /// A black hole: connections are accepted and nothing passes. What was sent is kept and passes when this ends, as
    /// TCP retransmits after an outage.
    Timeout,
    /// Open connections are reset, and new ones as soon as they are made: using one gives an error, not an end.
    Reset,
    /// Bytes arrive in pieces of at most this size, with a pause after each.
    Slicing { bytes: usize, pause_ms: u64 },
    /// A connection is closed once this many bytes passed since the toxic was set.
    LimitData { bytes: u64 },
}

/// The kinds of toxic, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ToxicKind {
    Latency,
    Down,
    Bandwidth,
    SlowClose,
    Timeout,
    Reset,
    Slicing,
    LimitData,
}

impl ToxicKind {
    pub const ALL: [ToxicKind; 8] = [
        ToxicKind::Latency,
        ToxicKind::Down,
        ToxicKind::Bandwidth,
        ToxicKind::SlowClose,
        ToxicKind::Timeout,
        ToxicKind::Reset,
        ToxicKind::Slicing,
        ToxicKind::LimitData,
    ];
}

impl Toxic {
    pub fn kind(self) -> ToxicKind {
        match self {
            Toxic::Latency { .. } => ToxicKind::Latency,
            Toxic::Down => ToxicKind::Down,
            Toxic::Bandwidth { .. } => ToxicKind::Bandwidth,
            Toxic::SlowClose { .. } => ToxicKind::SlowClose,
            Toxic::Timeout => ToxicKind::Timeout,
            Toxic::Reset => ToxicKind::Reset,
            Toxic::Slicing { .. } => ToxicKind::Slicing,
            Toxic::LimitData { .. } => ToxicKind::LimitData,
        }
    }
}

/// Seen from the client: upstream to the server, downstream to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
    Both,
}

impl Direction {
    pub(super) fn covers(self, one: Direction) -> bool {
        self == one || self == Direction::Both
    }
}

/// A toxic and its direction. [`Toxic::Down`] has none: it ends the whole connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    pub toxic: Toxic,
    pub direction: Direction,
}

impl Fault {
    pub fn up(toxic: Toxic) -> Fault {
        Fault { toxic, direction: Direction::Up }
    }

    pub fn down(toxic: Toxic) -> Fault {
        Fault { toxic, direction: Direction::Down }
    }

    pub fn both(toxic: Toxic) -> Fault {
        Fault { toxic, direction: Direction::Both }
    }
}

/// The combined faults of one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lane {
    pub(super) latency_ms: u64,
    pub(super) jitter_ms: u64,
    pub(super) bytes_per_second: Option<u64>,
    pub(super) slow_close_ms: u64,
    pub(super) black_hole: bool,
    pub(super) slice: Option<(usize, u64)>,
    pub(super) limit: Option<u64>,
}

impl Lane {
    /// Of two toxics of one kind the later one applies, except that delays add up.
    pub(super) fn of(faults: &[Fault], one: Direction) -> Lane {
        let mut lane = Lane::default();
        for fault in faults.iter().filter(|fault| fault.direction.covers(one)) {
            match fault.toxic {
                Toxic::Latency { ms, jitter_ms } => {
                    lane.latency_ms += ms;
                    lane.jitter_ms += jitter_ms;
                }
                Toxic::Bandwidth { bytes_per_second } => lane.bytes_per_second = Some(bytes_per_second.max(1)),
                Toxic::SlowClose { ms } => lane.slow_close_ms += ms,
                Toxic::Timeout => lane.black_hole = true,
                Toxic::Slicing { bytes, pause_ms } => lane.slice = Some((bytes.max(1), pause_ms)),
                Toxic::LimitData { bytes } => lane.limit = Some(bytes),
                Toxic::Down | Toxic::Reset => {}
            }
        }
        lane
    }
}
