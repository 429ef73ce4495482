"""Checks receipts of rows by the four steps of docs/import.md, with the
standard library's hashes and nothing of Weir's. Only the signature of the
checkpoint is left to others (the Go packages check it in another test)."""

import base64
import hashlib
import json
import sys


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root(leaf, index, size, proof):
    """RFC 9162 section 2.1.3.2."""
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        assert sn > 0, "the proof is too long"
        if fn & 1 or fn == sn:
            r = sha(b"\1", p, r)
            while fn & 1 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha(b"\1", r, p)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0, "the proof is too short"
    return r


for line in open(sys.argv[1], encoding="utf-8"):
    row = json.loads(line)["row"]
    head, checkpoint = row["receipt"].split("\n\n", 1)
    lines = head.split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    index = int(next(l for l in lines if l.startswith("index ")).split()[1])
    hashes = [base64.b64decode(l) for l in lines[1:] if l and not l.startswith(("index ", "extra "))]
    _, size, tree = checkpoint.split("\n")[:3]
    assert index == row["act"]
    assert root(sha(b"\0", row["entry"].encode()), index, int(size), hashes) == base64.b64decode(tree)
    public = json.loads(row["entry"])["public"]
    assert public["rows"] == row["of"]
    proof = [base64.b64decode(p) for p in row["proof"]]
    got = root(sha(b"\0", row["bytes"].encode()), row["row"], row["of"], proof)
    assert "sha256:" + got.hex() == public["root"]
    says = json.loads(row["bytes"])
    committed = sha(bytes.fromhex(row["salt"]), row["private"].encode()).hex()
    assert says["private"] == "sha256:" + committed
    handle = json.loads(row["private"])["handle"]
    what = "account" if says["subject"].startswith("a-") else "party"
    print(f"{what} acme/{handle} of {row['of']} rows")
