//! Keys of kept texts: one an account for each day on which texts expire, a
//! file of 32 random bytes at `text-keys/DAY/ACCOUNT`. Destroying the file
//! destroys what was sealed with it, wherever copies of that lie.
//!
//! A key is durable under its name before it is handed out, and none is held
//! in memory: each is read from its file when it is used, so that one whose
//! file is gone is used no more. What making a key leaves when it is cut off
//! is `text-keys/.new`, which was never handed out; the next key, or the next
//! destruction, removes it.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use crate::FolderError;
use crate::durable::{create_private_folder, overwrite_and_remove, read_secret_file, sync_folder, sync_folder_of};

/// The folder of the keys inside Weir's folder. Never in a backup.
pub const TEXT_KEYS_FOLDER: &str = "text-keys";

/// Where a key is written before it has its name.
const NEW: &str = ".new";

/// A key; its memory is overwritten when it goes.
pub type TextKey = Zeroizing<[u8; 32]>;

/// The keys in a folder.
#[derive(Debug)]
pub struct TextKeys {
    folder: PathBuf,
    /// Making and destroying wait for each other.
    one_at_a_time: Mutex<()>,
}

impl TextKeys {
    /// Those of the data folder `dir`. Nothing is made before a key is.
    #[must_use]
    pub fn of(dir: &Path) -> TextKeys {
        TextKeys { folder: dir.join(TEXT_KEYS_FOLDER), one_at_a_time: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, day: &str, account: &str) -> Result<PathBuf, FolderError> {
        let path = self.folder.join(day).join(account);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_account = !account.is_empty() && account.bytes().all(is_name);
        if is_day(day) && is_account { Ok(path) } else { Err(FolderError::NotAFile { path }) }
    }

    /// The key of `account` that expires on `day`, made where there is none
    /// yet; none where `is_forgotten` says that nothing of the account may be
    /// kept any more. It is asked while nothing is destroyed, so whoever lets
    /// it say so, and then destroys, leaves none.
    ///
    /// # Errors
    /// [`FolderError`]; then there is no key that was not there before.
    pub fn to_seal(
        &self,
        day: &str,
        account: &str,
        is_forgotten: impl FnOnce() -> bool,
    ) -> Result<Option<TextKey>, FolderError> {
        let path = self.path(day, account)?;
        let _held = self.lock();
        if is_forgotten() {
            return Ok(None);
        }
        if let Some(key) = read(&path)? {
            return Ok(Some(key));
        }
        create_private_folder(&self.folder)?;
        create_private_folder(&self.folder.join(day))?;
        let made = self.make(&path);
        if made.is_err() {
            // One that may not be durable is nobody's.
            drop(overwrite_and_remove(&path));
        }
        made.map(Some)
    }

    fn make(&self, path: &Path) -> Result<TextKey, FolderError> {
        let new = self.folder.join(NEW);
        overwrite_and_remove(&new)?;
        let mut key = TextKey::default();
        let random = getrandom::fill(&mut *key).map_err(std::io::Error::other);
        random.map_err(FolderError::io("drawing random bytes for", path))?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)
            .map_err(FolderError::io("creating", &new))?;
        file.write_all(&*key).and_then(|()| file.sync_all()).map_err(FolderError::io("writing", &new))?;
        // Fails where there is one by that name: a key is never replaced.
        fs::hard_link(&new, path).map_err(FolderError::io("naming", path))?;
        fs::remove_file(&new).map_err(FolderError::io("removing", &new))?;
        sync_folder_of(path)?;
        Ok(key)
    }

    /// The key, if it is still there.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn to_open(&self, day: &str, account: &str) -> Result<Option<TextKey>, FolderError> {
        read(&self.path(day, account)?)
    }

    /// Destroys the keys that expired before the day `today`, but for those of
    /// accounts that `is_held` names; how many. Durable on return.
    ///
    /// # Errors
    /// [`FolderError`]; some may be gone, and the rest go when it is asked again.
    pub fn destroy_expired(&self, today: &str, is_held: impl Fn(&str) -> bool) -> Result<u64, FolderError> {
        self.destroy(|day| day < today, |account| !is_held(account))
    }

    /// Destroys every key of the accounts that `is_forgotten` names; how many.
    /// Durable on return.
    ///
    /// # Errors
    /// As [`TextKeys::destroy_expired`].
    pub fn destroy_of(&self, is_forgotten: impl Fn(&str) -> bool) -> Result<u64, FolderError> {
        self.destroy(|_| true, is_forgotten)
    }

    fn destroy(&self, days: impl Fn(&str) -> bool, goes: impl Fn(&str) -> bool) -> Result<u64, FolderError> {
        let _held = self.lock();
        overwrite_and_remove(&self.folder.join(NEW))?;
        let mut destroyed = 0;
        for day in names(&self.folder)?.iter().filter(|day| is_day(day) && days(day)) {
            let folder = self.folder.join(day);
            let (going, staying): (Vec<_>, Vec<_>) = names(&folder)?.into_iter().partition(|account| goes(account));
            for account in &going {
                destroyed += u64::from(overwrite_and_remove(&folder.join(account))?);
            }
            if staying.is_empty() {
                match fs::remove_dir(&folder) {
                    // Something else lies in it, which is not ours to remove.
                    Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => sync_folder(&folder)?,
                    removed => {
                        removed.map_err(FolderError::io("removing", &folder))?;
                        sync_folder_of(&folder)?;
                    }
                }
            } else if !going.is_empty() {
                sync_folder(&folder)?;
            }
        }
        Ok(destroyed)
    }
}

/// `2026-12-27`; days so written sort by time.
fn is_day(name: &str) -> bool {
    let is_right = |(place, byte): (usize, u8)| match place {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    name.len() == 10 && name.bytes().enumerate().all(is_right)
}

fn names(folder: &Path) -> Result<Vec<String>, FolderError> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FolderError::io("listing", folder)(error)),
    };
    let mut names = Vec::new();
    for entry in listing {
        names.extend(entry.map_err(FolderError::io("listing", folder))?.file_name().into_string().ok());
    }
    Ok(names)
}

/// A key by its file; none where there is no file.
fn read(path: &Path) -> Result<Option<TextKey>, FolderError> {
    match read_secret_file(path).map(Zeroizing::new) {
        Ok(bytes) => match <[u8; 32]>::try_from(&bytes[..]) {
            Ok(key) => Ok(Some(Zeroizing::new(key))),
            Err(_) => Err(FolderError::NotAKey { path: path.to_owned() }),
        },
        Err(FolderError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const A: &str = "a-00000000000000000001";
    const B: &str = "a-00000000000000000002";

    fn seal(keys: &TextKeys, day: &str, account: &str) -> TextKey {
        keys.to_seal(day, account, || false).unwrap().unwrap()
    }

    #[test]
    fn an_account_has_one_key_a_day_in_a_file_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let keys = TextKeys::of(dir.path());
        assert_eq!(keys.to_open("2026-12-27", A).unwrap(), None);
        let first = seal(&keys, "2026-12-27", A);
        assert_eq!((&first, &seal(&keys, "2026-12-27", A)), (&first, &first));
        assert_eq!(keys.to_open("2026-12-27", A).unwrap().as_ref(), Some(&first));
        assert_ne!(first, seal(&keys, "2026-12-28", A));
        assert_ne!(first, seal(&keys, "2026-12-27", B));
        let mode = |path: &str| fs::metadata(dir.path().join(path)).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(TEXT_KEYS_FOLDER), 0o700);
        assert_eq!(mode("text-keys/2026-12-27"), 0o700);
        assert_eq!(mode(&format!("text-keys/2026-12-27/{A}")), 0o600);
        assert!(!dir.path().join("text-keys/.new").try_exists().unwrap());
    }

    #[test]
    fn a_key_whose_file_is_gone_is_used_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let keys = TextKeys::of(dir.path());
        let first = seal(&keys, "2026-12-27", A);
        fs::remove_file(dir.path().join(format!("text-keys/2026-12-27/{A}"))).unwrap();
        assert_eq!(keys.to_open("2026-12-27", A).unwrap(), None);
        assert_ne!(first, seal(&keys, "2026-12-27", A));
    }

    #[test]
    fn what_a_crash_left_is_never_a_key() {
        let dir = tempfile::tempdir().unwrap();
        let keys = TextKeys::of(dir.path());
        let first = seal(&keys, "2026-12-27", A);
        // Cut off before it had its name, and after.
        fs::write(dir.path().join("text-keys/.new"), [7; 32]).unwrap();
        assert_ne!(*seal(&keys, "2026-12-27", B), [7; 32]);
        fs::hard_link(dir.path().join(format!("text-keys/2026-12-27/{A}")), dir.path().join("text-keys/.new")).unwrap();
        assert_eq!(keys.destroy_of(|account| account == A).unwrap(), 1);
        assert!(!dir.path().join("text-keys/.new").try_exists().unwrap());
        assert_ne!(first, seal(&keys, "2026-12-27", A));
    }

    #[test]
    fn keys_are_destroyed_by_day_and_by_account_and_never_the_held() {
        let dir = tempfile::tempdir().unwrap();
        let keys = TextKeys::of(dir.path());
        for (day, account) in [("2026-12-26", A), ("2026-12-26", B), ("2026-12-25", A), ("2026-12-27", A)] {
            seal(&keys, day, account);
        }
        assert_eq!(keys.destroy_expired("2026-12-25", |_| false).unwrap(), 0);
        assert_eq!(keys.destroy_expired("2026-12-27", |account| account == B).unwrap(), 2);
        assert!(!dir.path().join("text-keys/2026-12-25").try_exists().unwrap());
        assert_eq!(keys.to_open("2026-12-26", A).unwrap(), None);
        assert!(keys.to_open("2026-12-26", B).unwrap().is_some() && keys.to_open("2026-12-27", A).unwrap().is_some());
        assert_eq!(keys.destroy_of(|account| account == A).unwrap(), 1);
        assert_eq!(keys.destroy_expired("2026-12-27", |_| false).unwrap(), 1);
        assert_eq!(fs::read_dir(dir.path().join(TEXT_KEYS_FOLDER)).unwrap().count(), 0);
        assert_eq!(keys.to_seal("2026-12-27", A, || true).unwrap(), None);
    }

    #[test]
    fn a_name_that_leads_elsewhere_and_a_file_that_is_no_key_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let keys = TextKeys::of(dir.path());
        for (day, account) in [("..", A), ("2026-12-27", ".."), ("2026-12-27", ""), ("2026-12-2x", A), ("2026-12-27", "a/b")] {
            assert!(keys.to_seal(day, account, || false).is_err(), "{day} {account}");
            assert!(keys.to_open(day, account).is_err(), "{day} {account}");
        }
        seal(&keys, "2026-12-27", A);
        fs::write(dir.path().join(format!("text-keys/2026-12-27/{A}")), [0; 31]).unwrap();
        let error = keys.to_seal("2026-12-27", A, || false).unwrap_err();
        assert!(matches!(error, FolderError::NotAKey { .. }), "{error}");
    }
}
