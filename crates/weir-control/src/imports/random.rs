//! Randomness for many rows: asked of the operating system a page at a time.

/// Random bytes, each handed out once.
pub(super) struct Random {
    page: Box<[u8; 4096]>,
    used: usize,
}

impl Random {
    pub(super) fn new() -> Random {
        Random { page: Box::new([0; 4096]), used: 4096 }
    }

    /// The next bytes.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], getrandom::Error> {
        if self.used + N > self.page.len() {
            getrandom::fill(self.page.as_mut())?;
            self.used = 0;
        }
        let mut bytes = [0; N];
        let taken = &mut self.page[self.used..self.used + N];
        bytes.copy_from_slice(taken);
        taken.fill(0);
        self.used += N;
        Ok(bytes)
    }
}
