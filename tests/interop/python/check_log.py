"""Reads and checks a log with tlog-scales (PyPI, pinned), so that the verdict
comes from code nobody of this project wrote.

    python check_log.py VKEY DIR OUT INDEX...

The checkpoint's signature and the root over all tiles are checked through the
package's library; each entry through its command line: `tlog-tiles get-leaf -c`
checks inclusion and prints the entry, which goes to OUT/INDEX.entry, and
`tlog-tiles gen-proof` writes a receipt, which goes to OUT/INDEX.tlog-proof.
The exit status is 0 when everything holds and 1 when something does not.
"""

import pathlib
import subprocess
import sys

from tlog_scales import backend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey


def check_head(vkey: str, folder: str) -> None:
    reader = TilesReader(backend.make_backend(folder))
    checkpoint = reader.get_checkpoint()
    checkpoint.verify(Vkey.from_string(vkey))
    root = reader.calculate_root_hash()
    if root != checkpoint.root_hash:
        raise ValueError(f"tiles give root {root.hex()}, checkpoint {checkpoint}")


def tlog_tiles(*arguments: str) -> bytes:
    command = str(pathlib.Path(sys.executable).with_name("tlog-tiles"))
    return subprocess.run([command, *arguments], check=True, stdout=subprocess.PIPE).stdout


def main(vkey: str, folder: str, out: str, *indexes: str) -> None:
    folder = str(pathlib.Path(folder).absolute())
    check_head(vkey, folder)
    for index in indexes:
        target = pathlib.Path(out, index)
        target.with_suffix(".entry").write_bytes(tlog_tiles("get-leaf", "-c", folder, index))
        target.with_suffix(".tlog-proof").write_bytes(tlog_tiles("gen-proof", folder, index))


if __name__ == "__main__":
    main(*sys.argv[1:])
