//! Plays a script as a response body: one write at a time, with pauses,
//! silences and breaks where they were asked for.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::Pace;
use super::observer::Ticket;
use super::script::Script;
use super::steering::Manner;
use crate::random::SeededRandom;

/// How long to wait between two writes.
#[derive(Debug)]
enum Gap {
    None,
    Fixed(Duration),
    Drawn(Pace, SeededRandom),
}

impl Gap {
    fn draw(&mut self) -> Option<Duration> {
        match self {
            Self::None => None,
            Self::Fixed(gap) => Some(*gap),
            Self::Drawn(pace, random) => Some(pace.draw_gap(random)),
        }
    }
}

/// What stands before the next write.
#[derive(Debug)]
enum Before {
    /// Nothing: the first write goes with the head.
    Nothing,
    /// The last write is to reach the socket by itself.
    Flush,
    Pause(Pin<Box<Sleep>>),
}

/// The break a test asked for; hyper closes the connection on it.
#[derive(Debug, thiserror::Error)]
#[error("stand-in: dropping the connection, as asked")]
pub(super) struct Broken;

/// A response body that plays a script.
#[derive(Debug)]
pub(super) struct Playback {
    script: Arc<Script>,
    next: usize,
    before: Before,
    gap: Gap,
    silent_after: Option<usize>,
    drop_after: Option<usize>,
    ticket: Ticket,
}

impl Playback {
    pub(super) fn new(
        script: Arc<Script>,
        manner: &Manner,
        pace: Option<(Pace, SeededRandom)>,
        ticket: Ticket,
    ) -> Self {
        let gap = match (manner.gap, pace) {
            (Some(gap), _) => Gap::Fixed(gap),
            (None, Some((pace, random))) => Gap::Drawn(pace, random),
            (None, None) => Gap::None,
        };
        // A break right after the head must let the head out first.
        let broken_at_once = manner.drop_after == Some(0);
        Self {
            script,
            next: 0,
            before: if broken_at_once { Before::Flush } else { Before::Nothing },
            gap,
            silent_after: manner.silent_after,
            drop_after: manner.drop_after,
            ticket,
        }
    }

    /// Whether everything was played and no break or silence is to follow.
    fn is_over(&self) -> bool {
        self.next >= self.script.writes.len()
            && self.silent_after != Some(self.next)
            && self.drop_after != Some(self.next)
    }

    fn poll_before(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.before {
            Before::Nothing => {}
            Before::Flush => {
                // hyper flushes whenever a body has nothing to give.
                context.waker().wake_by_ref();
                self.before = Before::Nothing;
                return Poll::Pending;
            }
            Before::Pause(pause) => ready!(pause.as_mut().poll(context)),
        }
        self.before = Before::Nothing;
        Poll::Ready(())
    }
}

impl Body for Playback {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = self.get_mut();
        if this.silent_after == Some(this.next) {
            // Nothing wakes this again; only the client's leaving ends it.
            return Poll::Pending;
        }
        if this.is_over() {
            return Poll::Ready(None);
        }
        ready!(this.poll_before(context));
        if this.drop_after == Some(this.next) {
            this.ticket.finish();
            return Poll::Ready(Some(Err(Broken)));
        }
        let Some(write) = this.script.writes.get(this.next).cloned() else {
            return Poll::Ready(None);
        };
        this.next += 1;
        this.before = match this.gap.draw() {
            Some(gap) => Before::Pause(Box::pin(sleep(gap))),
            None => Before::Flush,
        };
        if this.is_over() {
            this.ticket.finish();
        }
        Poll::Ready(Some(Ok(Frame::data(write))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over()
    }

    fn size_hint(&self) -> SizeHint {
        if self.script.streamed {
            return SizeHint::default();
        }
        SizeHint::with_exact(u64::try_from(self.script.total_bytes).unwrap_or(u64::MAX))
    }
}
