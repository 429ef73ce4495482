//! Screen: the seam for guardrail bundles, which read a request's text before
//! it leaves. None is built yet; this phase lets everything pass, and it is
//! here so that no route can be added around it.

use crate::answer::Refusal;
use crate::phases::accept::Asked;

/// Looks at what is asked.
pub(crate) fn screen(_asked: &Asked) -> Result<(), Refusal> {
    Ok(())
}
