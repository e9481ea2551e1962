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
	Class Class  // 0: a change that Redis has no event for
	Event string // by Redis's name
	Key   []byte // valid until the call returns
}

// Observer is told what calls do, from inside of their transactions, where the keys are locked: so whoever locks one
// of them later can know.
type Observer interface {
	// Observed says whether anybody wants to know. It is asked for each effect, and must be quick.
	Observed() bool
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
		c.Client.Affect(Effect{db, class, event, key})
	}
}

// Touch says that the call has changed a key, where Redis tells no event but those who watch the key.
func (c *Ctx) Touch(key []byte) { c.Notify(0, "", key) }
