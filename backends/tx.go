package backends

import "strconv"

// Type is what kind of value a key holds.
type Type uint8

const (
	None Type = iota
	StringType
	ListType
	SetType
	ZSetType
	HashType
	StreamType
)

// String is the type's name as TYPE replies it.
func (t Type) String() string {
	names := [...]string{"none", "string", "list", "set", "zset", "hash", "stream"}
	if int(t) >= len(names) {
		return names[None] // a damaged record may say anything
	}
	return names[t]
}

// CursorBits is the size of an engine's SCAN cursor. The bits above are the proxy's: it marks
// cursors with the switch after which they were made.
const CursorBits = 48

// Tx is a transaction. It opens keys as typed views. An absent key opens as an empty value of the
// type asked for: writing to it creates it, taking its last element away removes it. A key whose
// expiry is not after Access.Now is absent.
//
// Opening fails with ErrWrongType or not at all. No method fails one by one: the first I/O error is
// kept, what follows does nothing, and Engine.Do returns the error. A body touches only the keys
// that its Access names, in any database, unless that is Open; methods of Database see all keys.
type Tx interface {
	Keyspace
	Database
	// In is the same transaction in another database.
	In(db int) Tx
	String(key []byte) (String, error)
	List(key []byte) (List, error)
	Set(key []byte) (Set, error)
	ZSet(key []byte) (ZSet, error)
	Hash(key []byte) (Hash, error)
	Stream(key []byte) (Stream, error)
	// AnyLength lets the body put elements into compact collections, as long as it is on, however long the limits of
	// Compact say that they may be: RESTORE of Redis leaves what it finds in a listpack there. The limits on their
	// number hold.
	AnyLength(on bool)
}

// Keyspace is what can be done to a key whatever its type.
type Keyspace interface {
	// Type is None for an absent key. Of the methods here only Touch counts as an access to the key.
	Type(key []byte) Type
	// Encoding is how the value of a key is kept, in the words of OBJECT ENCODING; "" for an absent key.
	Encoding(key []byte) string
	// Use is what is known of a key's size and of how it is used; false for an absent key.
	Use(key []byte) (Use, bool)
	// Touch counts as an access to the key, and says whether it exists.
	Touch(key []byte) bool
	// SetUse makes what is known of how an existing key was used Idle, or Frequency where accesses are counted, as far
	// as the engine keeps such things. One that is negative is left alone.
	SetUse(key []byte, idle, frequency int64)
	// Expiry is the key's deadline in Unix milliseconds; 0: absent, or without expiry.
	Expiry(key []byte) int64
	// SetExpiry sets the deadline of an existing key; 0 removes it. A deadline that is not
	// after Access.Now removes the key.
	SetExpiry(key []byte, at int64)
	// Delete removes the key, in time that does not depend on its size, and says whether it existed.
	Delete(key []byte) bool
	// Move gives the value and the expiry of an existing key to the key to in database db,
	// replacing what is there. It does nothing when both are the same key.
	Move(from []byte, db int, to []byte)
	// Copy is Move that leaves the original.
	Copy(from []byte, db int, to []byte)
}

// Use is what an engine knows of one key beside its value. Zeros are unknown.
type Use struct {
	Bytes     int64 // what the key and its value take
	Idle      int64 // seconds since the last access, unless accesses are counted
	Counted   bool  // accesses are counted, for an LFU eviction policy
	Frequency int64 // how many, on Redis's logarithmic scale from 0 to 255
	Shared    bool  // a string in the form Shortest: if it is a small integer, Redis shares it among keys
}

// Database is what can be done to a numbered database as a whole.
type Database interface {
	// Len counts the keys, including expired ones that were not removed yet.
	Len() int64
	// Scan visits about count keys from cursor on and returns the cursor to go on with, 0 at
	// the end. Every key that is there from the first call (with cursor 0) to the last is
	// visited at least once. A cursor is below 1<<CursorBits; any number is a valid one. fn must not
	// write, and key is valid until it returns.
	Scan(cursor uint64, count int, fn func(key []byte, t Type)) (next uint64)
	// Random returns some key, each with about the same chance; nil when there is none.
	Random() []byte
	// Flush removes all keys. It needs Access.All or Access.Open.
	Flush()
	// Swap exchanges this database with another. It needs Access.All or Access.Open.
	Swap(db int)
}

// String is one string value, up to 512 MB.
type String interface {
	// Exists tells an empty string from an absent one.
	Exists() bool
	Len() int
	// Bytes is the value, nil when absent. It is valid until the next write to the key or the
	// end of the transaction, and must not be changed.
	Bytes() []byte
	// Set replaces the value and keeps the expiry. value is copied.
	Set(value []byte)
	// SetAs is Set with something else for OBJECT ENCODING to say than what is the shortest.
	SetAs(value []byte, form StringForm)
	// SetRange overwrites the value from offset on, filling a gap with zero bytes, and keeps
	// the expiry. An append is a SetRange at Len. data is copied. The form is Raw from then on, also when there is no
	// data and the value stays as it is.
	SetRange(offset int, data []byte)
}

// StringForm is how a string came to be, as far as Redis lets that be seen: it looks for a shorter encoding only where a
// value comes from a client.
type StringForm uint8

const (
	Shortest StringForm = iota // what fits: int, embstr or raw
	Embedded                   // an integer is not looked for
	Raw                        // nothing is
	Unshared                   // what fits, but no other key shares it; a copy is made so
)

// Encoding is what OBJECT ENCODING says of a string: int for the text of a 64-bit integer, embstr for
// one that Redis keeps in one piece with its object, raw for others.
func (f StringForm) Encoding(value []byte) string {
	const longestInt, longestEmbedded = 20, 44
	if f == Raw {
		return "raw"
	}
	if f != Embedded && len(value) <= longestInt {
		if n, err := strconv.ParseInt(string(value), 10, 64); err == nil && strconv.FormatInt(n, 10) == string(value) {
			return "int"
		}
	}
	if len(value) <= longestEmbedded {
		return "embstr"
	}
	return "raw"
}
