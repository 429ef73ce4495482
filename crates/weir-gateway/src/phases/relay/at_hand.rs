//! An answer that came whole with its head, as short ones do. Its record is
//! settled before the head goes out, so head and body leave together; a body that
//! waits for its record would leave behind its head, by a second call to the
//! system that costs more than writing the record. And where a record that must be
//! kept cannot be, the caller still gets a refusal that says so.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use super::Relay;
use crate::recorder::Unavailable;
use crate::upstream::BodyFraming;

/// Goes on once the tasks that are ready have run. Without asking the system what
/// became ready meanwhile, as the runtime's own way of yielding does: what has come
/// to its end is not held up by what begins.
async fn behind_the_others() {
    let mut has_waited = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Relay {
    /// Takes what came, and settles the record where that is all.
    pub(super) async fn take_at_hand(&mut self) {
        let has_length = matches!(self.framing, BodyFraming::Length(left) if left > 0);
        if !has_length || self.is_event_stream || self.withholding.is_some() {
            return;
        }
        let piece = poll_fn(|cx| {
            let Some(connection) = &mut self.connection else { return Poll::Ready(None) };
            Poll::Ready(match connection.poll_body(cx, &mut self.framing) {
                Poll::Pending => None,
                Poll::Ready(piece) => Some(piece),
            })
        });
        match piece.await {
            None => return,
            Some(Ok(piece)) => self.at_hand = piece.and_then(|piece| self.align(piece)),
            Some(Err(error)) => self.fail(error),
        }
        if self.framing != BodyFraming::Length(0) || self.at_hand.is_none() {
            return;
        }
        // Others of this thread that come to their end now have their records written together with this one.
        let Some(settled) = self.settle() else { return };
        behind_the_others().await;
        let kept = self.settlement.until_kept(settled);
        self.last = self.at_hand.take().map(|piece| (piece, kept));
    }

    /// Waits for the record of an answer at hand, where there is one to wait
    /// for, unless the answer is denied.
    ///
    /// # Errors
    /// Where the record cannot be kept and the answer does not go without.
    pub(super) async fn until_kept(&mut self) -> Result<(), Unavailable> {
        let kept = poll_fn(|cx| match &mut self.last {
            Some((_, kept)) if self.settlement.client.gate.cut().is_none() => Pin::new(kept).poll(cx).map(Some),
            _ => Poll::Ready(None),
        });
        let Some(said) = kept.await else { return Ok(()) };
        if self.settlement.may_shed() { Ok(()) } else { said }
    }
}
