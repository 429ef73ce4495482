//! The program.

use std::process::ExitCode;

/// Many small allocations of many threads: what mimalloc is for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    weir::main()
}
