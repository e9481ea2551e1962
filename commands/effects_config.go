package commands

import "strings"

// The value of notify-keyspace-events: which classes of events are published, and in which of two channels.
const (
	KeyspaceChannel Class = 1 << (iota + 14) // K: that of the key, which is told the event
	KeyeventChannel                          // E: that of the event, which is told the key
)

// allEvents are those of A. Keys that are missed or new are told of only to who asks for that.
const allEvents = GenericEvent | StringEvent | ListEvent | SetEvent | HashEvent | ZSetEvent |
	ExpiredEvent | EvictedEvent | StreamEvent | ModuleEvent

// WrongEventClass says what is wrong with a value that ParseEvents does not take.
const WrongEventClass = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."

// eventLetters are in the order in which Redis prints them, and all of allEvents together as A.
var eventLetters = []struct {
	letter byte
	class  Class
}{
	{'A', allEvents}, {'g', GenericEvent}, {'$', StringEvent}, {'l', ListEvent}, {'s', SetEvent}, {'h', HashEvent}, {'z', ZSetEvent},
	{'x', ExpiredEvent}, {'e', EvictedEvent}, {'t', StreamEvent}, {'d', ModuleEvent}, {'n', NewKeyEvent},
	{'K', KeyspaceChannel}, {'E', KeyeventChannel}, {'m', KeyMissEvent},
}

// ParseEvents reads letters in any order.
func ParseEvents(text string) (c Class, ok bool) {
	for _, letter := range []byte(cString([]byte(text))) {
		known := false
		for _, l := range eventLetters {
			if l.letter == letter {
				c |= l.class
				known = true
			}
		}
		if !known {
			return 0, false
		}
	}
	return c, true
}

// String prints what ParseEvents reads, as CONFIG GET of Redis does: there A hides that new keys are told of.
func (c Class) String() string {
	var text strings.Builder
	if c&allEvents == allEvents {
		c &^= NewKeyEvent
	}
	for _, l := range eventLetters {
		if c&l.class == l.class {
			text.WriteByte(l.letter)
			c &^= l.class
		}
	}
	return text.String()
}
