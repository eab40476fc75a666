//! A slab whose keys carry a generation, so that a stale key finds nothing.
//!
//! Shared by the transaction layer and the B2BUA engine: one insert, look-up or removal costs the same
//! whatever the number of entries.

/// Entries by key; the key is `generation << 32 | index`.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    entry: Option<T>,
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The key that the next [`Slab::insert`] will return.
    pub(crate) fn next_key(&self) -> u64 {
        self.free.last().map_or(self.slots.len() as u64, |&index| {
            (u64::from(self.slots[index as usize].generation) << 32) | u64::from(index)
        })
    }

    pub(crate) fn insert(&mut self, entry: T) -> u64 {
        let key = self.next_key();
        if self.free.pop().is_some() {
            self.slots[index_of(key)].entry = Some(entry);
        } else {
            self.slots.push(Slot { generation: 0, entry: Some(entry) });
        }
        key
    }

    pub(crate) fn get(&self, key: u64) -> Option<&T> {
        let slot = self.slots.get(index_of(key))?;
        if slot.generation == generation_of(key) { slot.entry.as_ref() } else { None }
    }

    pub(crate) fn get_mut(&mut self, key: u64) -> Option<&mut T> {
        let slot = self.slots.get_mut(index_of(key))?;
        if slot.generation == generation_of(key) { slot.entry.as_mut() } else { None }
    }

    pub(crate) fn remove(&mut self, key: u64) -> Option<T> {
        let slot = self.slots.get_mut(index_of(key))?;
        if slot.generation != generation_of(key) {
            return None;
        }
        let entry = slot.entry.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(key as u32);
        Some(entry)
    }

    /// All entries with their keys, in no order that means anything.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let entry = slot.entry.as_ref()?;
            Some(((u64::from(slot.generation) << 32) | index as u64, entry))
        })
    }
}

const fn index_of(key: u64) -> usize {
    (key & 0xffff_ffff) as usize
}

const fn generation_of(key: u64) -> u32 {
    (key >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::Slab;

    #[test]
    fn a_key_of_a_removed_entry_does_not_find_its_successor() {
        let mut slab = Slab::new();
        let first = slab.insert("first");
        assert_eq!(slab.remove(first), Some("first"));
        assert_eq!(slab.next_key(), slab.next_key());
        let second = slab.insert("second");
        assert_ne!(first, second);
        assert_eq!(slab.get(first), None);
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.get(second), Some(&"second"));
        assert_eq!(slab.len(), 1);
    }

    #[test]
    fn the_next_key_is_the_one_that_insert_returns() {
        let mut slab = Slab::new();
        for round in 0..5 {
            let promised = slab.next_key();
            assert_eq!(slab.insert(round), promised);
            if round % 2 == 0 {
                slab.remove(promised);
            }
        }
        assert_eq!(slab.iter().count(), slab.len());
    }
}
