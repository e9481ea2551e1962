package commands

import "switchyard/backends"

// Class is a class of keyspace events, which notify-keyspace-events names by a letter.
type Class uint16

const (
	GenericEvent Class = 1 << iota // g: of any type of key
	StringEvent                    // $
	ListEvent                      // l
	SetEvent                       // s
	HashEvent                      // h
	ZSetEvent                      // z
	ExpiredEvent                   // x
	EvictedEvent                   // e
	StreamEvent                    // t
	KeyMissEvent                   // m
	ModuleEvent                    // d
	NewKeyEvent                    // n
)

// Effect is what a call did to a key.
type Effect struct {
	DB    int
	Class Class  // 0 with All
	Event string // by Redis's name
	Key   []byte // valid until the call returns
	All   bool   // all keys of the database may be others than before; there is neither a key nor an event
	Kept  bool   // those who watch the key do not learn of it: it is as it was, or Redis does not tell them
	Read  bool   // a command that Rewrites, which reads the key as it is now
	First bool   // with Read: the client has read it for the first time, so it has no older copy
}

// Observer is told what calls do, from inside of their transactions, where the keys are locked: so whoever locks one
// of them later can know.
type Observer interface {
	// Observed says whether anybody wants to know. It is asked for each effect, and must be quick.
	Observed() bool
	// ObservesMisses says the same of keys that are read and are not there.
	ObservesMisses() bool
	// Tracked says whether a switch follows what is written. Calls that are open must name it then.
	Tracked() bool
	// Replacing is told before a database loses all its keys, or gets those of another one; by is -1
	// when there are none.
	Replacing(tx backends.Tx, db, by int)
}

// Notify says that the call has changed a key of the current database, or what else has happened to it that is an
// event in Redis. Events are told in the order in which Redis has them.
func (c *Ctx) Notify(class Class, event string, key []byte) {
	c.NotifyIn(c.Client.DB(), class, event, key)
}

// NotifyIn is Notify for a key of another database.
func (c *Ctx) NotifyIn(db int, class Class, event string, key []byte) {
	if c.Server.Observed() {
		c.Client.Affect(Effect{DB: db, Class: class, Event: event, Key: key})
	}
}

// rewritten says that a command which Rewrites has changed a key. There is no event.
func (c *Ctx) rewritten(key []byte) {
	if c.Server.Observed() {
		c.Client.Affect(Effect{DB: c.Client.DB(), Key: key, Read: true})
	}
}

// tell is Notify for an event that is no change to who watches the key.
func (c *Ctx) tell(class Class, event string, key []byte) {
	if c.Server.Observed() {
		c.Client.Affect(Effect{DB: c.Client.DB(), Class: class, Event: event, Key: key, Kept: true})
	}
}

// notifyAll says that all keys of a database may be others than before, when they are. Those who watch them learn of it
// from Observer.Replacing.
func (c *Ctx) notifyAll(db int) {
	if c.Server.Observed() {
		c.Client.Affect(Effect{DB: db, All: true, Kept: true})
	}
}

// notifyNew is Notify for what may have made the key.
func (c *Ctx) notifyNew(made bool, class Class, event string, key []byte) {
	c.made(made, key)
	c.Notify(class, event, key)
}

func (c *Ctx) made(really bool, key []byte) {
	if really {
		c.Notify(NewKeyEvent, "new", key)
	}
}

// notifyLess is Notify for what has taken elements away, and with the last of them the key.
func (c *Ctx) notifyLess(left int, class Class, event string, key []byte) {
	c.Notify(class, event, key)
	if left == 0 {
		c.Notify(GenericEvent, "del", key)
	}
}

// notifyStored is Notify for a key that n elements have replaced. None of them remove it.
func (c *Ctx) notifyStored(existed bool, n int, class Class, event string, key []byte) {
	switch {
	case n > 0:
		c.notifyNew(!existed, class, event, key)
	case existed:
		c.Notify(GenericEvent, "del", key)
	}
}

// miss says that the call has read a key that is not there.
func (c *Ctx) miss(key []byte) {
	if c.Server.ObservesMisses() {
		c.tell(KeyMissEvent, "keymiss", key)
	}
}

// What follows opens a key that the call only reads.

func (c *Ctx) readString(tx backends.Tx, key []byte) (backends.String, error) {
	s, err := tx.String(key)
	if err == nil && !s.Exists() {
		c.miss(key)
	}
	return s, err
}

func (c *Ctx) readList(tx backends.Tx, key []byte) (backends.List, error) {
	l, err := tx.List(key)
	if err == nil && l.Len() == 0 {
		c.miss(key)
	}
	return l, err
}

func (c *Ctx) readSet(tx backends.Tx, key []byte) (backends.Set, error) {
	s, err := tx.Set(key)
	if err == nil && s.Len() == 0 {
		c.miss(key)
	}
	return s, err
}

func (c *Ctx) readZSet(tx backends.Tx, key []byte) (backends.ZSet, error) {
	z, err := tx.ZSet(key)
	if err == nil && z.Len() == 0 {
		c.miss(key)
	}
	return z, err
}

func (c *Ctx) readHash(tx backends.Tx, key []byte) (backends.Hash, error) {
	h, err := tx.Hash(key)
	if err == nil && h.Len() == 0 {
		c.miss(key)
	}
	return h, err
}

func (c *Ctx) readStream(tx backends.Tx, key []byte) (backends.Stream, error) {
	s, err := tx.Stream(key)
	if err == nil {
		if _, exists := s.State(); !exists {
			c.miss(key)
		}
	}
	return s, err
}
