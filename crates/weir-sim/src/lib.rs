//! The world around Weir, played by stand-ins: the model server behind it, the
//! parties in front of it, and the traffic between them.
//!
//! The demo, the tests and the benchmarks all need a model server that costs
//! nothing, answers the same way twice and misbehaves on request; and a
//! population that is invented, so that no real institution or person ever
//! appears as an example. Nothing here is on a production path, and of the
//! rest of the house it knows only the shape of a logged exchange, so that a
//! fault elsewhere cannot hide inside its own test.

pub mod load;
pub mod population;
pub mod random;
pub mod score;
pub mod stand_in;
pub mod traffic;
