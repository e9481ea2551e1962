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
//	y | deadline: 8 | space: 4 | hash: 6 | name -> 1                        one per hash with fields that expire
//	v | version: 8 | element             -> a part of a value               see below
//	g | v | version: 8                   -> 1                               garbage: a version to sweep
//	g | s | space: 4                     -> 1                               garbage: a space to sweep
//	u | number: 4                        -> a chunk of the libraries of functions (library.go)
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
//	type: 1 | flags: 1 | [deadline: 8] | [version: 8 | length: uvarint] | [version: 8 | size: uvarint] |
//	                     hasDeadline     hasName                          hasVersion
//	[fields: 8 | timed: uvarint] | body
//	hasFields
//
// Two more bits of the flags are what OBJECT ENCODING says where the rest does not tell: of a string its
// backends.StringForm, of another type its guise (collection.go).
//
// The first version holds the text of a long key, in chunks. The second holds what the value has
// outside of the record: the chunks of a long string, the elements of other types; the size is bytes or
// elements, of a stream with those in the record. No field of a hash expires before the deadline called fields, which is in the index y; timed is how
// many fields outside of the record have a deadline. A version belongs to one key and is never used again, so whoever drops a value writes its garbage
// record and is done.
//
// The body of a string is a short string itself. That of another type is its form, one byte, and
//
//	p   a listpack: of a hash field, value, ...; of a sorted set member, score, ... in order
//	i   an intset
//	t   a listpack of field, value, deadline, ...; 0 is no deadline
//	m   nothing: the members of the hash or set are elsewhere
//	n   the root of the tree of the list or sorted set
//	s   the state of a stream, and its last entries (stream.go)
//
// p, i and t are byte for byte what Redis has for such a small value. So a small value is one record,
// read and written as a whole, and a large one is many, of which a command touches those it is about.
//
// Under the version of a value are
//
//	v | version: 8 | number: 4                          -> a chunk of a string, or of the text of a key
//	v | version: 8 | 'm' | hash: 6 | name               -> a member of a hash, a set or a sorted set (member.go)
//	v | version: 8 | 'x' | deadline: 8 | hash: 6 | name -> 1, one per field that expires
//	v | version: 8 | 'n' | node: 8                      -> a node of the tree of a list or a sorted set (node.go),
//	                                                       or of a tree of a stream; its root is node 0
//	v | version: 8 | 'b' | ms: 8 | seq: 8               -> a block of entries of a stream, by its first ID (stream.go)
//	v | version: 8 | 'g' | label                        -> a consumer group, which has a version too (stream_group.go)
//	v | version: 8 | 'u' | label                        -> a consumer, under its group's version
//	v | version: 8 | 'c' | id: 8 | number: 4            -> a chunk of a text that is too long for a record above
//
// Numbers of nodes and chunks are taken from where versions are, so they are never used again either,
// and a copy of a value is its records under another version.
const (
	tagFormat    = 'f'
	tagEpoch     = 'e'
	tagNext      = 's'
	tagDatabase  = 'd'
	tagCounts    = 'c'
	tagKey       = 'k'
	tagDeadline  = 'x'
	tagFields    = 'y'
	tagVersion   = 'v'
	tagGarbage   = 'g'
	tagLog       = 'l'
	tagMarker    = 'm'
	tagLibraries = 'u'

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

	tagMember = 'm' // under a version
	tagExpiry = 'x'
	tagNode   = 'n'
	tagChunk  = 'c'

	tagBlock    = 'b' // of a stream
	tagGroup    = 'g'
	tagConsumer = 'u'
)

const (
	hasDeadline = 1 << iota
	hasName
	hasVersion
	hasFields
)

const (
	guiseShift = 4 // of the flags
	guiseMask  = 3 << guiseShift
)

// present is the value of a record that says all by being there.
var present = []byte{1}

var errDamaged = errors.New("the record is damaged, or was written by a newer version")

// text is b as a string, without a copy: b must not be changed any more.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// raw is s as bytes, likewise.
func raw(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

func hashOf(key []byte) uint64 { return xxhash.Sum64(key) }

// recordKey is the key of the meta record of a key.
func recordKey(space uint32, hash uint64, key []byte) string {
	b := make([]byte, 0, nameAt+1+min(len(key), maxName))
	b = append(b, tagKey)
	b = binary.BigEndian.AppendUint32(b, space)
	return text(appendName(b, hash, key))
}

// appendName adds the hash of a key, and its name.
func appendName(b []byte, hash uint64, key []byte) []byte {
	b = append(b, cursorKey(hash>>(64-hashBits))...)
	if len(key) <= maxName {
		return append(append(b, shortKey), key...)
	}
	sum := sha256.Sum256(key)
	return append(append(b, hashed), sum[:]...)
}

// splitName takes apart what appendName added; the key is nil when only its hash is there.
func splitName(b []byte) (hash uint64, key []byte, err error) {
	const hashBytes = nameAt - hashAt
	if len(b) <= hashBytes {
		return 0, nil, errDamaged
	}
	var h [8]byte
	copy(h[2:], b[:hashBytes])
	hash = binary.BigEndian.Uint64(h[:])
	switch b[hashBytes] {
	case shortKey:
		return hash, b[hashBytes+1:], nil
	case hashed:
		return hash, nil, nil
	}
	return 0, nil, errDamaged
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
	space = binary.BigEndian.Uint32(raw(rk[spaceAt:hashAt]))
	hash, key, err = splitName(raw(rk[hashAt:]))
	return space, hash, key, err
}

// spaceKey is where the records of a space begin, from a hash of 48 bits on.
func spaceKey(space uint32, hash uint64) string {
	b := binary.BigEndian.AppendUint32([]byte{tagKey}, space)
	return text(append(b, cursorKey(hash)...))
}

// deadlineKey is the key of the record by which the cleaner finds a key, or with tagFields a hash.
func deadlineKey(tag byte, at int64, rk string) string {
	b := make([]byte, 0, len(rk)+8)
	b = binary.BigEndian.AppendUint64(append(b, tag), uint64(at))
	return text(append(b, rk[spaceAt:]...))
}

// splitDeadlineKey is the inverse of deadlineKey.
func splitDeadlineKey(xk string) (at int64, rk string, err error) {
	const deadlineBytes = 8
	if len(xk) <= deadlineBytes+nameAt {
		return 0, "", errDamaged
	}
	at = int64(binary.BigEndian.Uint64(raw(xk[1:])))
	return at, string(rune(tagKey)) + xk[1+deadlineBytes:], nil
}

func numberKey(tag byte, n uint32) string {
	return text(binary.BigEndian.AppendUint32([]byte{tag}, n))
}

func versionKey(version uint64) string {
	return text(binary.BigEndian.AppendUint64([]byte{tagVersion}, version))
}

func chunkKey(p part, n int) string {
	b := make([]byte, 0, 1+8+1+8+4)
	if p.owner != 0 {
		b = append(elementKey(b, p.owner, tagChunk), binary.BigEndian.AppendUint64(nil, p.version)...)
	} else {
		b = binary.BigEndian.AppendUint64(append(b, tagVersion), p.version)
	}
	return text(binary.BigEndian.AppendUint32(b, uint32(n)))
}

// elementKey adds what the keys of one kind of element under a version begin with.
func elementKey(b []byte, version uint64, tag byte) []byte {
	return append(binary.BigEndian.AppendUint64(append(b, tagVersion), version), tag)
}

func memberKey(version uint64, member []byte) string {
	b := elementKey(make([]byte, 0, 1+8+1+nameAt+min(len(member), maxName)), version, tagMember)
	return text(appendName(b, hashOf(member), member))
}

// memberFrom is where the records of members begin, from a hash of 48 bits on.
func memberFrom(version, hash uint64) string {
	return text(append(elementKey(nil, version, tagMember), cursorKey(hash)...))
}

const memberAt = 1 + 8 + 1 // where the hash begins in the key of a member's record

// expiryKey is the key of the record by which the cleaner finds a field, whose own record has the key mk.
func expiryKey(at int64, mk string) string {
	b := append(make([]byte, 0, len(mk)+8), mk[:memberAt-1]...)
	b = binary.BigEndian.AppendUint64(append(b, tagExpiry), uint64(at))
	return text(append(b, mk[memberAt:]...))
}

// splitExpiryKey is the inverse of expiryKey.
func splitExpiryKey(xk string) (at int64, mk string, err error) {
	if len(xk) <= memberAt+8 {
		return 0, "", errDamaged
	}
	at = int64(binary.BigEndian.Uint64(raw(xk[memberAt:])))
	return at, xk[:memberAt-1] + string(rune(tagMember)) + xk[memberAt+8:], nil
}

func expiryFrom(version uint64, at int64) string {
	return text(binary.BigEndian.AppendUint64(elementKey(nil, version, tagExpiry), uint64(at)))
}

func nodeKey(version, id uint64) string {
	b := elementKey(make([]byte, 0, 1+8+1+8), version, tagNode)
	return text(binary.BigEndian.AppendUint64(b, id))
}

func blockKey(version uint64, master backends.StreamID) string {
	return text(append(elementKey(make([]byte, 0, 1+8+1+idBytes), version, tagBlock), idKey(master)...))
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
