-- Version 1. Never edit a released version: add a migration instead.
--
-- The triggers are a second lock on the door. The code has no statement that changes an entry;
-- they keep it so when code changes, and against a hand at the sqlite3 prompt that slips.

CREATE TABLE entries (
    idx   INTEGER PRIMARY KEY CHECK (idx >= 0),
    leaf  BLOB NOT NULL CHECK (length(leaf) = 32),  -- before bytes: reading leaves skips overflow pages
    bytes BLOB NOT NULL CHECK (length(bytes) <= 65535)
) STRICT;

CREATE TRIGGER entries_are_appended BEFORE INSERT ON entries
WHEN NEW.idx <> coalesce((SELECT max(idx) + 1 FROM entries), 0)
BEGIN SELECT RAISE(ABORT, 'an entry may only be appended at the end'); END;

CREATE TRIGGER entries_are_final BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'an entry is never changed'); END;

CREATE TRIGGER entries_are_kept BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'an entry is never deleted'); END;

-- A private part is erased by overwriting it in place with zeroes of the same length. Deleting the
-- row would let SQLite move its neighbours between pages and leave copies of them in the gaps, even
-- with secure_delete on (tests/erasure.rs catches it in the act).
CREATE TABLE private_parts (
    idx    INTEGER PRIMARY KEY REFERENCES entries (idx),
    erased INTEGER NOT NULL DEFAULT 0 CHECK (erased IN (0, 1)),
    salt   BLOB NOT NULL CHECK (length(salt) = 32),
    bytes  BLOB NOT NULL
) STRICT;

CREATE TRIGGER private_parts_come_with_their_entry BEFORE INSERT ON private_parts
WHEN NEW.idx <> (SELECT max(idx) FROM entries) OR NEW.erased <> 0
BEGIN SELECT RAISE(ABORT, 'a private part may only be added with its entry'); END;

CREATE TRIGGER private_parts_are_only_erased BEFORE UPDATE ON private_parts
WHEN OLD.erased <> 0 OR NEW.erased <> 1 OR NEW.idx <> OLD.idx
  OR NEW.salt <> zeroblob(32) OR NEW.bytes <> zeroblob(length(OLD.bytes))
BEGIN SELECT RAISE(ABORT, 'a private part may only be erased'); END;

CREATE TRIGGER private_parts_are_kept BEFORE DELETE ON private_parts
BEGIN SELECT RAISE(ABORT, 'a private part is erased in place, never deleted'); END;

CREATE TABLE tree_head (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    size     INTEGER NOT NULL CHECK (size >= 0),
    root     BLOB NOT NULL CHECK (length(root) = 32),
    frontier BLOB NOT NULL CHECK (length(frontier) % 32 = 0)
) STRICT;

-- Root: SHA-256 of the empty string, the root of the tree of size 0.
INSERT INTO tree_head VALUES
    (1, 0, x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', x'');

CREATE TRIGGER tree_head_only_grows BEFORE UPDATE ON tree_head
WHEN NEW.size < OLD.size OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
BEGIN SELECT RAISE(ABORT, 'the tree only grows'); END;

CREATE TRIGGER tree_head_is_kept BEFORE DELETE ON tree_head
BEGIN SELECT RAISE(ABORT, 'the tree head is never deleted'); END;

CREATE TABLE answers (
    scope   TEXT NOT NULL,
    key     TEXT NOT NULL,
    request BLOB NOT NULL CHECK (length(request) = 32),
    answer  BLOB NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT;

CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE objects (
    id      TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    model   TEXT NOT NULL,
    at_ms   INTEGER NOT NULL
) STRICT;
