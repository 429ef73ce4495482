//! `weir witness` as a process of its own: what it answers, word for word as
//! c2sp.org/tlog-witness says, what it remembers, and what it leaves in its
//! folder; and a server that gathers cosignatures from such processes, and
//! from worse ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail as tests do")]

#[path = "../../../weir-tlog/tests/interop/go.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod go;
#[path = "../cli/program.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod program;
#[path = "../process/server.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod server;
#[path = "../process/witness.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod witness;

mod collecting;
mod keeping;
mod protocol;
mod rotation;
mod stubs;

use std::fs;
use std::path::Path;

/// A copy of a folder and all in it, modes included.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
