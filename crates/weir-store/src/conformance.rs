//! What every implementation of [`Store`] must do, as tests any of them can run.
//!
//! The promises live here and not beside one implementation, so that a store on a server is held
//! to exactly what the embedded one is held to. [`crate::conformance_suite`] makes one test of
//! each check; the checks are ordinary functions and fail by panicking.
#![expect(clippy::unwrap_used, reason = "a check fails by panicking, like any test")]

mod appending;
mod beside;
mod building;
mod concurrency;
mod imports;
mod model;
mod private_parts;

pub use self::appending::{
    a_batch_of_ten_thousand_is_one_step, a_new_store_is_the_empty_tree, a_refused_append_leaves_nothing_behind,
    an_append_is_read_back_as_it_was_given, reading_starts_and_stops_where_asked,
    the_head_is_compared_before_it_is_swapped, the_largest_entry_fits_and_one_byte_more_does_not,
};
pub use self::beside::{
    a_forgotten_answer_leaves_its_key_used, an_answer_is_kept_with_its_append_or_not_at_all,
    facts_are_set_replaced_and_removed, the_first_record_of_an_object_stands,
};
pub use self::concurrency::{of_many_appends_on_one_head_one_wins, readers_see_all_of_an_append_or_nothing};
pub use self::imports::{
    an_append_that_settles_what_is_not_staged_is_refused_whole, an_erased_row_stays_erased_and_the_others_stand,
    only_staged_rows_are_thrown_away, rows_are_staged_in_order, rows_show_with_their_entry_and_not_before,
};
pub use self::model::any_history_reads_like_a_vector;
pub use self::private_parts::{
    an_erased_part_stays_erased_and_its_entry_stands, private_parts_do_not_show_in_debug_output,
};
use crate::{Store, StoreError};

/// Somewhere a store can be kept, opened and opened again.
pub trait Place {
    /// Opens the store kept here: empty the first time, later with all it had. The suite closes
    /// (drops) a store before it opens the next one.
    ///
    /// # Errors
    /// Whatever the implementation says; the suite takes it for a failure.
    fn open(&self) -> Result<Box<dyn Store>, StoreError>;
}

/// Makes one `#[test]` of each conformance check. The argument is an expression that gives a
/// fresh, empty [`conformance::Place`](Place) each time it is evaluated.
#[macro_export]
macro_rules! conformance_suite {
    ($fresh_place:expr) => {
        $crate::conformance_suite!(
            $fresh_place;
            a_new_store_is_the_empty_tree,
            an_append_is_read_back_as_it_was_given,
            reading_starts_and_stops_where_asked,
            the_head_is_compared_before_it_is_swapped,
            a_refused_append_leaves_nothing_behind,
            the_largest_entry_fits_and_one_byte_more_does_not,
            a_batch_of_ten_thousand_is_one_step,
            a_forgotten_answer_leaves_its_key_used,
            an_answer_is_kept_with_its_append_or_not_at_all,
            facts_are_set_replaced_and_removed,
            the_first_record_of_an_object_stands,
            an_erased_part_stays_erased_and_its_entry_stands,
            private_parts_do_not_show_in_debug_output,
            readers_see_all_of_an_append_or_nothing,
            rows_show_with_their_entry_and_not_before,
            an_append_that_settles_what_is_not_staged_is_refused_whole,
            rows_are_staged_in_order,
            only_staged_rows_are_thrown_away,
            an_erased_row_stays_erased_and_the_others_stand,
            of_many_appends_on_one_head_one_wins,
        );

        #[test]
        fn any_history_reads_like_a_vector() {
            $crate::conformance::any_history_reads_like_a_vector(|| $fresh_place);
        }
    };
    ($fresh_place:expr; $($check:ident),+ $(,)?) => {
        $(
            #[test]
            fn $check() {
                $crate::conformance::$check(&$fresh_place);
            }
        )+
    };
}
