-- Version 2: rows of imports.
--
-- Rows come in many small transactions before the act that makes them visible; until then they
-- are staged and may be thrown away. The act's own transaction only notes its index here.

CREATE TABLE imports (
    number INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 1000000000),
    name   TEXT NOT NULL UNIQUE,
    rows   INTEGER NOT NULL CHECK (rows BETWEEN 0 AND 4294967295),
    entry  INTEGER UNIQUE REFERENCES entries (idx)
) STRICT;

CREATE TRIGGER imports_begin_staged BEFORE INSERT ON imports
WHEN NEW.entry IS NOT NULL OR NEW.rows <> 0
BEGIN SELECT RAISE(ABORT, 'an import begins staged and empty'); END;

CREATE TRIGGER imports_are_settled_once BEFORE UPDATE ON imports
WHEN OLD.entry IS NOT NULL OR NEW.number <> OLD.number OR NEW.name <> OLD.name
BEGIN SELECT RAISE(ABORT, 'an import that is in the log is never changed'); END;

CREATE TRIGGER imports_are_kept BEFORE DELETE ON imports WHEN OLD.entry IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'an import that is in the log is never deleted'); END;

-- place = number of the import * 2^32 + number of the row.
CREATE TABLE import_rows (
    place  INTEGER PRIMARY KEY,
    bytes  BLOB NOT NULL CHECK (length(bytes) <= 65535),
    erased INTEGER NOT NULL DEFAULT 0 CHECK (erased IN (0, 1)),
    salt   BLOB NOT NULL CHECK (length(salt) = 32),
    private BLOB NOT NULL
) STRICT;

CREATE TRIGGER import_rows_are_staged BEFORE INSERT ON import_rows
WHEN NEW.erased <> 0 OR NOT EXISTS (SELECT 1 FROM imports WHERE number = NEW.place >> 32 AND entry IS NULL)
BEGIN SELECT RAISE(ABORT, 'a row may only be added to a staged import'); END;

CREATE TRIGGER import_rows_are_only_erased BEFORE UPDATE ON import_rows
WHEN OLD.erased <> 0 OR NEW.erased <> 1 OR NEW.place <> OLD.place OR NEW.bytes <> OLD.bytes
  OR NEW.salt <> zeroblob(32) OR NEW.private <> zeroblob(length(OLD.private))
BEGIN SELECT RAISE(ABORT, 'a row may only be erased'); END;

CREATE TRIGGER import_rows_are_kept BEFORE DELETE ON import_rows
WHEN EXISTS (SELECT 1 FROM imports WHERE number = OLD.place >> 32 AND entry IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'a row of an import that is in the log is never deleted'); END;
