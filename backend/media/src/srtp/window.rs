//! Which of the last packets were there (RFC 3711 §3.3.2), and the index of a packet from its 16 bits (§3.3.1).

/// Packets that the window remembers.
const SPAN: u64 = 128;
/// The bits of an index that the packet itself carries.
const CYCLE: u64 = 1 << 16;

/// The highest index so far, and which of the 127 before it were there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    highest: u64,
    /// Bit n stands for the index `highest - n`.
    seen: u128,
}

impl Window {
    /// A window in which nothing was yet, and whose first packet will have about this index.
    pub(super) const fn before(index: u64) -> Self {
        Self { highest: index, seen: 0 }
    }

    /// The highest index that was there.
    pub(super) const fn highest(&self) -> u64 {
        self.highest
    }

    /// Whether a packet of this index may be taken: it is newer, or within the window and was not there.
    pub(super) const fn allows(&self, index: u64) -> bool {
        match self.highest.checked_sub(index) {
            None => true,
            Some(age) => age < SPAN && self.seen >> age & 1 == 0,
        }
    }

    /// Notes a packet that was taken.
    pub(super) const fn note(&mut self, index: u64) {
        if let Some(age) = self.highest.checked_sub(index) {
            if age < SPAN {
                self.seen |= 1 << age;
            }
            return;
        }
        let ahead = index - self.highest;
        self.seen = if ahead < SPAN { self.seen << ahead | 1 } else { 1 };
        self.highest = index;
    }

    /// The index that is meant by a sequence number: the one nearest to the highest so far; `None` where that lies before the first of
    /// all.
    pub(super) const fn index_of(&self, sequence: u16) -> Option<u64> {
        let ahead = sequence.wrapping_sub(self.highest as u16) as i16;
        self.highest.checked_add_signed(ahead as i64)
    }
}

/// The index of a sequence number in a cycle of them (ROC).
pub(super) const fn index_in(cycle: u32, sequence: u16) -> u64 {
    cycle as u64 * CYCLE + sequence as u64
}

/// The cycle of an index (ROC).
pub(super) const fn cycle_of(index: u64) -> u32 {
    (index >> 16) as u32
}
