//! Small logs in a folder, whole and tampered with, as a stranger and as an
//! auditor check them.

mod auditor;
mod detector;
mod log;
mod stranger;
