//! The detector's thread gives way to requests where a core is short.

/// How nice it is, of 0 (as everybody) to 19.
const NICE: i32 = 10;

/// Lowers the priority of the thread that calls. On Linux it is the thread's own;
/// elsewhere it would be that of the whole process, and is left as it is.
///
/// # Errors
/// When the system refuses.
#[cfg(target_os = "linux")]
pub(super) fn lower() -> std::io::Result<()> {
    // No process named is the calling thread here: setpriority(2), notes.
    let was = rustix::process::getpriority_process(None)?;
    Ok(rustix::process::setpriority_process(None, was.max(NICE))?)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn lower() -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    fn mine() -> i32 {
        rustix::process::getpriority_process(None).unwrap()
    }

    #[test]
    fn it_is_lower_than_that_of_the_threads_beside_it() {
        let before = mine();
        let lowered = std::thread::spawn(|| {
            lower().unwrap();
            (mine(), std::thread::spawn(mine).join().unwrap())
        });
        assert_eq!(lowered.join().unwrap(), (before.max(NICE), before.max(NICE)), "and what it starts");
        assert_eq!(mine(), before, "those beside it keep theirs");
    }
}
