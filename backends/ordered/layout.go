package ordered

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"switchyard/backends"
)

// What is in the store. Integers are big-endian, so that their order is the order of the keys.
//
//	f                                    -> format: 1                       written once
//	e                                    -> epoch: 8                        + 1 with each open
//	s                                    -> next space: 4
//	d | database: 4                      -> space: 4                        absent: the number itself
//	c | space: 4                         -> keys: 8 | expires: 8            exact, in the same Apply
//	k | space: 4 | hash: 6 | name        -> meta record                     one per key
//	x | deadline: 8 | space: 4 | hash: 6 | name -> 1                        one per key that expires
//	v | version: 8 | element             -> a part of a value               a chunk: element is its number: 4
//	g | v | version: 8                   -> 1                               garbage: a version to sweep
//	g | s | space: 4                     -> 1                               garbage: a space to sweep
//	l | number: 4, m                     a large transaction under way (large.go)
//
// A name is the byte 0 and the key, or the byte 1 and the SHA-256 of a key that is too long for a
// store. Keys are ordered by hash, which makes SCAN stateless: a cursor is the first hash not
// visited yet, and keys with the same hash are visited together.
//
// A space is what a numbered database holds. FLUSHDB gives the database a new space and leaves the
// old one to the sweeper, SWAPDB swaps two numbers: neither looks at a key.
//
// A meta record is one key:
//
//	type: 1 | flags: 1 | [deadline: 8] | [version: 8 | length: uvarint] | [version: 8 | size: uvarint] | body
//	                     hasDeadline     hasName                          hasVersion
//
// The first version holds the text of a long key, in chunks. The second holds what the value has
// outside of the record: the chunks of a long string, the elements of other types. The body is the rest: a
// short string itself. A version belongs to one key and is never used again, so whoever drops
// a value writes its garbage record and is done.
const (
	tagFormat   = 'f'
	tagEpoch    = 'e'
	tagNext     = 's'
	tagDatabase = 'd'
	tagCounts   = 'c'
	tagKey      = 'k'
	tagDeadline = 'x'
	tagVersion  = 'v'
	tagGarbage  = 'g'
	tagLog      = 'l'
	tagMarker   = 'm'

	formatVersion = 1

	hashBits = backends.CursorBits
	maxName  = 16 << 10 // bytes; Badger takes 65,000, bbolt 32,768
	firstNew = 1 << 31  // spaces below are those of the databases before their first flush
	idBits   = 40       // of a version; the bits above are the epoch

	spaceAt  = 1 // where the fields of a record's key begin
	hashAt   = spaceAt + 4
	nameAt   = hashAt + 6
	shortKey = 0
	hashed   = 1
)

const (
	hasDeadline = 1 << iota
	hasName
	hasVersion
)

// present is the value of a record that says all by being there.
var present = []byte{1}

var errDamaged = errors.New("the record is damaged, or was written by a newer version")

// text is b as a string, without a copy: b must not be changed any more.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func hashOf(key []byte) uint64 { return xxhash.Sum64(key) }

// recordKey is the key of the meta record of a key.
func recordKey(space uint32, hash uint64, key []byte) string {
	b := make([]byte, 0, nameAt+1+min(len(key), maxName))
	b = append(b, tagKey)
	b = binary.BigEndian.AppendUint32(b, space)
	b = append(b, cursorKey(hash>>(64-hashBits))...)
	if len(key) <= maxName {
		return text(append(append(b, shortKey), key...))
	}
	sum := sha256.Sum256(key)
	return text(append(append(b, hashed), sum[:]...))
}

// cursorKey is the first 48 bits of a hash in the key of a record.
func cursorKey(hash uint64) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], hash)
	return b[2:]
}

// splitRecordKey takes the key of a meta record apart; the key is nil when only its hash is there.
func splitRecordKey(rk string) (space uint32, hash uint64, key []byte, err error) {
	if len(rk) <= nameAt || rk[0] != tagKey {
		return 0, 0, nil, errDamaged
	}
	b := []byte(rk)
	var h [8]byte
	copy(h[2:], b[hashAt:])
	space, hash = binary.BigEndian.Uint32(b[spaceAt:]), binary.BigEndian.Uint64(h[:])
	switch b[nameAt] {
	case shortKey:
		return space, hash, b[nameAt+1:], nil
	case hashed:
		return space, hash, nil, nil
	}
	return 0, 0, nil, errDamaged
}

// spaceKey is where the records of a space begin, from a hash of 48 bits on.
func spaceKey(space uint32, hash uint64) string {
	b := binary.BigEndian.AppendUint32([]byte{tagKey}, space)
	return text(append(b, cursorKey(hash)...))
}

// deadlineKey is the key of the record by which the cleaner finds a key.
func deadlineKey(at int64, rk string) string {
	b := make([]byte, 0, len(rk)+8)
	b = binary.BigEndian.AppendUint64(append(b, tagDeadline), uint64(at))
	return text(append(b, rk[spaceAt:]...))
}

// splitDeadlineKey is the inverse of deadlineKey.
func splitDeadlineKey(xk string) (at int64, rk string, err error) {
	const deadlineBytes = 8
	if len(xk) <= deadlineBytes+nameAt || xk[0] != tagDeadline {
		return 0, "", errDamaged
	}
	at = int64(binary.BigEndian.Uint64([]byte(xk[1:])))
	return at, string(rune(tagKey)) + xk[1+deadlineBytes:], nil
}

func numberKey(tag byte, n uint32) string {
	return text(binary.BigEndian.AppendUint32([]byte{tag}, n))
}

func versionKey(version uint64) string {
	return text(binary.BigEndian.AppendUint64([]byte{tagVersion}, version))
}

func chunkKey(version uint64, n int) string {
	b := binary.BigEndian.AppendUint64([]byte{tagVersion}, version)
	return text(binary.BigEndian.AppendUint32(b, uint32(n)))
}

// garbage is what the sweeper has to do: a version, or a space when version is 0.
type garbage struct {
	version uint64
	space   uint32
}

func (g garbage) key() string {
	if g.version == 0 {
		return text(binary.BigEndian.AppendUint32([]byte{tagGarbage, tagNext}, g.space))
	}
	return text(binary.BigEndian.AppendUint64([]byte{tagGarbage, tagVersion}, g.version))
}

func parseGarbage(key []byte) (g garbage, err error) {
	switch {
	case len(key) == 6 && key[1] == tagNext:
		g.space = binary.BigEndian.Uint32(key[2:])
	case len(key) == 10 && key[1] == tagVersion:
		g.version = binary.BigEndian.Uint64(key[2:])
	default:
		err = errDamaged
	}
	return g, err
}

// after is the first key behind all those that begin with prefix, whose last byte is not 255.
func after(prefix string) string {
	b := []byte(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i]++; b[i] != 0 {
			return text(b[:i+1])
		}
	}
	return "\xff"
}
