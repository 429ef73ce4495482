//! The clients that a customer called with, and how much with each.

use serde::{Deserialize, Serialize};

use super::Recent;
use crate::constants::RECENT_VALUES;

/// The last few clients, oldest first, and how many exchanges came from each of them, as
/// far as a byte counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clients {
    recent: Recent,
    uses: [u8; RECENT_VALUES],
}

impl Clients {
    pub(crate) fn take(&mut self, client: u64) {
        if client == 0 {
            return;
        }
        let place = self.recent.0.iter().position(|known| *known == client);
        let place = place.unwrap_or_else(|| self.begin(client));
        self.uses[place] = self.uses[place].saturating_add(1);
    }

    /// A place for one that was not among them; the oldest gives way.
    fn begin(&mut self, client: u64) -> usize {
        if self.recent.0.len() == RECENT_VALUES {
            self.uses.copy_within(1.., 0);
        }
        self.recent.take(client);
        let place = self.recent.0.len() - 1;
        self.uses[place] = 0;
        place
    }

    /// Exchanges from those of which something holds.
    pub(crate) fn uses_of(&self, holds: impl Fn(u64) -> bool) -> u64 {
        let used = self.recent.iter().zip(self.uses);
        used.filter(|(client, _)| holds(*client)).map(|(_, uses)| u64::from(uses)).sum()
    }

    pub(crate) fn recent(&self) -> &Recent {
        &self.recent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_stay_with_their_client_when_the_oldest_gives_way() {
        let mut clients = Clients::default();
        for client in 0..RECENT_VALUES as u64 + 3 {
            // The client's own number of times; none for what is not known.
            (0..client).for_each(|_| clients.take(client));
        }
        let known: Vec<u64> = clients.recent().iter().collect();
        assert_eq!(known, [3, 4, 5, 6, 7, 8, 9, 10]);
        assert!(known.iter().all(|known| clients.uses_of(|client| client == *known) == *known));
        assert_eq!(clients.uses_of(|client| client < 3), 0);
        (0..300).for_each(|_| clients.take(10));
        assert_eq!((clients.uses_of(|client| client > 8), clients.recent().last()), (9 + 255, Some(10)));
    }
}
