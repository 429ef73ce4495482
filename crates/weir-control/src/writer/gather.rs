//! Jobs that come together share one transaction. Whoever was just answered
//! often has the next job ready a moment later: where several were, the writer
//! waits that moment, since a transaction of one costs as much disk as one of
//! many. A single operator never waits.

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use super::Job;

/// The most jobs one transaction carries.
const BATCH: usize = 256;

/// The longest wait for others, and the share of a commit's time that it is.
const LONGEST: Duration = Duration::from_millis(2);
const SHARE: u32 = 4;

/// What the last turn was like.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    jobs: usize,
    commit: Duration,
}

impl Gather {
    /// A commit took so long.
    pub(super) fn took(&mut self, commit: Duration) {
        self.commit = commit;
    }

    /// `first` with all that wait, and with those that come at once, up to as
    /// many as the last time.
    pub(super) fn with_others(&mut self, first: Job, jobs: &Receiver<Job>) -> Vec<Job> {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter().take(BATCH - 1));
        let until = Instant::now() + LONGEST.min(self.commit / SHARE);
        while batch.len() < self.jobs.min(BATCH) {
            let left = until.saturating_duration_since(Instant::now());
            match jobs.recv_timeout(left) {
                Ok(job) => batch.push(job),
                Err(_) => break,
            }
        }
        self.jobs = batch.len();
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::JobPlan;
    use std::sync::mpsc::channel;

    fn job() -> Job {
        let (reply, _) = tokio::sync::oneshot::channel();
        Job { plan: Box::new(|_, _| Ok(JobPlan::default())), reply }
    }

    #[test]
    fn what_waits_comes_along_and_no_more_than_a_transaction_carries() {
        let (sender, jobs) = channel();
        let mut gather = Gather::default();
        (0..BATCH + 9).for_each(|_| sender.send(job()).unwrap());
        assert_eq!(gather.with_others(jobs.recv().unwrap(), &jobs).len(), BATCH);
        assert_eq!(gather.with_others(jobs.recv().unwrap(), &jobs).len(), 9);
        // Nobody is left to send: nobody is waited for.
        sender.send(job()).unwrap();
        drop(sender);
        gather.took(Duration::from_secs(1));
        assert_eq!(gather.with_others(jobs.recv().unwrap(), &jobs).len(), 1);
    }

    #[test]
    fn as_many_as_the_last_time_are_waited_for() {
        let (sender, jobs) = channel();
        let mut gather = Gather { jobs: 3, commit: Duration::from_secs(3_600) };
        let first = job();
        std::thread::scope(|scope| {
            let others = scope.spawn(|| [job(), job(), job()].map(|job| sender.send(job).unwrap()));
            let batch = gather.with_others(first, &jobs).len();
            others.join().unwrap();
            // Those that came within the moment; how many is the machine's to say.
            assert_eq!(batch + jobs.try_iter().count(), 4);
            assert_eq!(gather.jobs, batch);
        });
    }
}
