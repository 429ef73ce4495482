//! Populations with campaigns in them: what a provider's log would hold, with
//! the truth beside it.
//!
//! A [`Scenario`] says who there is; a [`World`] is it with everything drawn
//! that is drawn once; [`World::stream`] is the exchanges in the order of
//! time, made one by one, so that a million accounts take the memory of a
//! million accounts and no more, however long they run.
//!
//! Nothing here knows the detector, and the detector knows nothing of this: no
//! normaliser, bucket or constant is shared, so that what one gets wrong the
//! other does not get wrong with it.
//!
//! ```
//! use weir_sim::traffic::{Arrivals, Corpus, Scenario, World};
//! let scenario = Scenario { accounts: 50, days: 2, ..Scenario::default() };
//! let world = World::new(&scenario, Corpus::built_in(), Arrivals::built_in())?;
//! let campaigns = world.stream().filter(|(_, campaign)| campaign.is_some()).count();
//! assert_eq!(campaigns, 0);
//! # Ok::<(), weir_sim::traffic::ScenarioError>(())
//! ```

mod actor;
mod campaign;
mod corpus;
mod exchange;
mod group;
pub mod hostile;
mod identity;
mod kind;
mod lookalike;
pub mod measure;
mod network;
mod operator;
mod persona;
mod population;
mod rhythm;
mod scenario;
pub mod space;
mod stream;
mod template;
#[cfg(test)]
mod tests;
mod world;
pub mod write;

pub use campaign::{Campaign, Dispatch, Exits, Place, VariantBy};
pub use corpus::{Corpus, DataError};
pub use kind::{Kind, UnknownKind};
pub use rhythm::Arrivals;
pub use scenario::{Innocents, LookAlikes, Planted, Scenario, ScenarioError, Shock};
pub use stream::Stream;
pub use template::Elicitation;
pub use world::{AccountTruth, CampaignId, World};

/// A text field made empty, whatever it held.
fn emptied(field: &mut Option<String>) -> &mut String {
    let text = field.get_or_insert_default();
    text.clear();
    text
}

/// A number in letters and digits that are not confused with each other.
fn push_code(out: &mut String, mut number: u64) {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    loop {
        out.push(char::from(DIGITS[(number % 32) as usize]));
        number /= 32;
        if number == 0 {
            return;
        }
    }
}
