//! The life of a request, one file a phase. [`crate::request`] lists them in
//! order.

pub(crate) mod accept;
pub(crate) mod decide;
pub(crate) mod forward;
pub(crate) mod identify;
pub(crate) mod record;
pub(crate) mod relay;
pub(crate) mod reserve;
pub(crate) mod screen;
pub(crate) mod settle;
pub(crate) mod withhold;
