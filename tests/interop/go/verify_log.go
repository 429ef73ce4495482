// Command verify_log checks a log and its receipts with the Go project's own
// transparency-log packages, golang.org/x/mod/sumdb/note and .../tlog, so that
// the verdict comes from code nobody of this project wrote.
//
//	verify_log log VKEY DIR [OLD-CHECKPOINT]
//	verify_log receipt VKEY RECEIPT ENTRY
//	verify_log cosigned VKEY WITNESS-VKEY CHECKPOINT
//
// It builds with Debian's packages and without any module proxy:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run verify_log.go ...
//
// The exit status is 0 when everything holds and 1 when something does not.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// tileHeight is fixed by c2sp.org/tlog-tiles; sumdb names it in its paths.
const tileHeight = 8

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "verify_log:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "log":
		return verifyLog(args[1], args[2], "")
	case len(args) == 4 && args[0] == "log":
		return verifyLog(args[1], args[2], args[3])
	case len(args) == 4 && args[0] == "receipt":
		return verifyReceipt(args[1], args[2], args[3])
	case len(args) == 4 && args[0] == "cosigned":
		return verifyCosigned(args[1], args[2], args[3])
	}
	return fmt.Errorf("usage: verify_log log VKEY DIR [OLD-CHECKPOINT] | receipt VKEY RECEIPT ENTRY | cosigned VKEY WITNESS-VKEY CHECKPOINT")
}

// openCheckpoint checks the signature and reads the three lines. sumdb's own
// parser insists on its own first line, so only note and ParseHash are used.
func openCheckpoint(vkey string, text []byte) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	signed, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return tlog.Tree{}, fmt.Errorf("checkpoint has other than three lines")
	}
	if lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("checkpoint of %q, key of %q", lines[0], verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, err
	}
	return tlog.Tree{N: size, Hash: root}, nil
}

func verifyLog(vkey, dir, oldCheckpoint string) error {
	text, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(vkey, text)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	hashes, err := rebuild(dir, tree.N)
	if err != nil {
		return err
	}
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			if index < 0 || index >= int64(len(hashes)) {
				return nil, fmt.Errorf("no stored hash %d", index)
			}
			found[i] = hashes[index]
		}
		return found, nil
	})
	root, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return err
	}
	if tree.N > 0 && root != tree.Hash {
		return fmt.Errorf("entries give root %v, checkpoint says %v", root, tree.Hash)
	}
	if err := compareTiles(dir, tree.N, reader); err != nil {
		return err
	}
	if oldCheckpoint != "" {
		if err := compareOld(vkey, oldCheckpoint, tree, reader); err != nil {
			return err
		}
	}
	fmt.Printf("%d entries, root %v\n", tree.N, tree.Hash)
	return nil
}

// rebuild reads every entry bundle and returns the stored hashes of the tree.
func rebuild(dir string, size int64) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = hashes[index]
		}
		return found, nil
	})
	const width = int64(1) << tileHeight
	for first := int64(0); first < size; first += width {
		count := size - first
		if count > width {
			count = width
		}
		tile := tlog.Tile{H: tileHeight, L: -1, N: first / width, W: int(count)}
		bundle, err := os.ReadFile(filepath.Join(dir, c2spPath(tile)))
		if err != nil {
			return nil, err
		}
		for i := int64(0); i < count; i++ {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return nil, fmt.Errorf("entry %d: bundle ends early", first+i)
			}
			length := int(binary.BigEndian.Uint16(bundle))
			more, err := tlog.StoredHashes(first+i, bundle[2:2+length], reader)
			if err != nil {
				return nil, err
			}
			hashes = append(hashes, more...)
			bundle = bundle[2+length:]
		}
		if len(bundle) != 0 {
			return nil, fmt.Errorf("entry %d: %d bytes after the last entry", first+count-1, len(bundle))
		}
	}
	return hashes, nil
}

// compareTiles has sumdb make every tile the tree needs and compares the files.
func compareTiles(dir string, size int64, reader tlog.HashReader) error {
	tiles := tlog.NewTiles(tileHeight, 0, size)
	for i, tile := range tiles {
		// sumdb lists a last tile at every width up to the one the tree has;
		// only that one must be served.
		if i+1 < len(tiles) && tiles[i+1].L == tile.L && tiles[i+1].N == tile.N {
			continue
		}
		want, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			return err
		}
		got, err := os.ReadFile(filepath.Join(dir, c2spPath(tile)))
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("%s differs", c2spPath(tile))
		}
	}
	return nil
}

// c2spPath drops the height from sumdb's path and calls its data tiles entries.
func c2spPath(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
	return "tile/" + strings.Replace(path, "data/", "entries/", 1)
}

func compareOld(vkey, file string, tree tlog.Tree, reader tlog.HashReader) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	old, err := openCheckpoint(vkey, text)
	if err != nil {
		return fmt.Errorf("old checkpoint: %w", err)
	}
	proof, err := tlog.ProveTree(tree.N, old.N, reader)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
}

func verifyReceipt(vkey, receiptFile, entryFile string) error {
	receipt, err := os.ReadFile(receiptFile)
	if err != nil {
		return err
	}
	entry, err := os.ReadFile(entryFile)
	if err != nil {
		return err
	}
	head, checkpoint, found := strings.Cut(string(receipt), "\n\n")
	if !found {
		return fmt.Errorf("receipt has no blank line before its checkpoint")
	}
	tree, err := openCheckpoint(vkey, []byte(checkpoint))
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(head, "\n")
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not a c2sp.org/tlog-proof@v1")
	}
	lines = lines[1:]
	if strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if len(lines) == 0 {
		return fmt.Errorf("no index line")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

// cosigner verifies c2sp.org/tlog-cosignature v1 (type 0x04) for sumdb's note
// package, which knows only the type of logs.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
	time uint64
}

func newCosigner(vkey string) (*cosigner, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("malformed witness key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, err
	}
	if len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return nil, fmt.Errorf("not the key of an Ed25519 cosigner")
	}
	digest := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	hash := binary.BigEndian.Uint32(digest[:])
	if parts[1] != fmt.Sprintf("%08x", hash) {
		return nil, fmt.Errorf("the hash is not that of the witness key")
	}
	return &cosigner{name: parts[0], hash: hash, key: key[1:]}, nil
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }

func (c *cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	c.time = binary.BigEndian.Uint64(sig)
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", c.time, msg)
	return ed25519.Verify(c.key, []byte(signed), sig[8:])
}

func verifyCosigned(vkey, witnessVkey, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(vkey, text)
	if err != nil {
		return err
	}
	witness, err := newCosigner(witnessVkey)
	if err != nil {
		return err
	}
	if _, err := note.Open(text, note.VerifierList(witness)); err != nil {
		return fmt.Errorf("cosignature: %w", err)
	}
	fmt.Printf("%d entries, cosigned at %d\n", tree.N, witness.time)
	return nil
}
