package backends

// Hash is one hash: values by field. A field whose deadline is not after Access.Now is absent, and so is
// a hash that has no other fields.
type Hash interface {
	// Len counts the fields, including expired ones that were not removed yet.
	Len() int
	// Get returns the value of a field. It is valid until the next write to the key or the end
	// of the transaction, and must not be changed.
	Get(field []byte) (value []byte, ok bool)
	// Put sets a field without deadline and says whether it is new. Both are copied.
	Put(field, value []byte) (created bool)
	// Delete removes a field and says whether it existed.
	Delete(field []byte) bool
	// Each visits all fields until fn says not to go on: those of a small hash in the order in which they
	// came, unless some have a deadline. Both are valid until fn returns. fn must not write.
	Each(fn func(field, value []byte) (more bool))
	// Scan visits about count fields as Database.Scan visits keys. A small hash is visited whole.
	Scan(cursor uint64, count int, fn func(field, value []byte)) (next uint64)
	// Random returns some field, each with about the same chance, valid as those of Each are until the next
	// call of Random; ok is false when there is none.
	Random() (field, value []byte, ok bool)
	// Deadlines are about the expiry of single fields.
	FieldExpiry
}

// FieldExpiry is the expiry of the fields of a hash.
type FieldExpiry interface {
	// FieldDeadline is when a field expires in Unix milliseconds; 0: absent, or without expiry.
	FieldDeadline(field []byte) int64
	// SetFieldDeadline sets the deadline of an existing field; 0 removes it. A deadline that is
	// not after Access.Now removes the field.
	SetFieldDeadline(field []byte, at int64)
}
