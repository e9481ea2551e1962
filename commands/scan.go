package commands

import (
	"bytes"
	"slices"
	"strconv"

	"switchyard/backends"
)

var scanRows = []*Row{
	{Name: "scan", Arity: -2, Flags: Readonly | Long, Categories: "keyspace", Group: "generic", Since: "2.8.0",
		Tips:   []string{"nondeterministic_output", "request_policy:special"},
		Syntax: "cursor [MATCH pattern] [COUNT count] [TYPE type]", Complexity: "O(1) for each call", Summary: "Visits the keys of the database, some at each call.", Run: scan,
		Relay: scanRelay(1)},
	{Name: "keys", Arity: 2, Flags: Readonly | Long, Categories: "keyspace dangerous", Group: "generic", Since: "1.0.0",
		Tips:   []string{"request_policy:all_shards", "nondeterministic_output_order"},
		Syntax: "pattern", Complexity: "O(N) in the number of keys", Summary: "Returns all keys that match a pattern.", Run: keysMatching},
	{Name: "randomkey", Arity: 1, Flags: Readonly, Categories: "keyspace", Group: "generic", Since: "1.0.0",
		Tips:       []string{"request_policy:all_shards", "nondeterministic_output"},
		Complexity: "O(1)", Summary: "Returns some key.", Run: randomkey},
}

// A cursor that a client holds carries the epoch of the backend that made it above the backend's own bits. After a
// switch such a cursor starts over: keys may come twice, but none is left out. The epoch has so few
// bits that the whole fits in 63, since clients exist that read cursors as signed numbers. Cursors of
// a real Redis have as many bits as its table has buckets, far fewer than CursorBits.
const (
	epochBits  = 63 - backends.CursorBits
	cursorMask = 1<<backends.CursorBits - 1
)

func (c *Ctx) epochMark() uint64 {
	return c.Server.ScanEpoch() % (1 << epochBits) << backends.CursorBits
}

// openCursor returns the backend's own cursor.
func (c *Ctx) openCursor(arg []byte) (uint64, error) {
	n, err := cursor(arg)
	if err != nil {
		return 0, err
	}
	if n&^uint64(cursorMask) != c.epochMark() {
		return 0, nil
	}
	return n & cursorMask, nil
}

// sealCursor returns the cursor for the client; the end is 0 in every epoch.
func (c *Ctx) sealCursor(n uint64) uint64 {
	if n == 0 {
		return 0
	}
	return n | c.epochMark()
}

// A call looks at this many keys when it was not told how many.
const defaultScanCount = 10

type scanOptions struct {
	pattern  []byte
	kind     []byte
	count    int
	noValues bool
}

// parseScan reads the options of SCAN, or of the command that scans values of a type.
func parseScan(args [][]byte, of backends.Type) (s scanOptions, err error) {
	s.count = defaultScanCount
	for o := (options{args: args}); o.next(); {
		switch {
		case o.is("MATCH") && len(o.args) > 0:
			arg, _ := o.value() // there is one
			s.pattern = patternOf(arg)
		case o.is("NOVALUES"):
			if of != backends.HashType {
				return s, ErrNoValues
			}
			s.noValues = true
		case o.is("TYPE") && len(o.args) > 0 && of == backends.None:
			s.kind, _ = o.value() // there is one
		case o.is("COUNT") && len(o.args) > 0:
			arg, _ := o.value() // there is one
			n, err := integer(arg)
			if err != nil {
				return s, err
			}
			if n < 1 {
				return s, ErrSyntax
			}
			s.count = int(min(n, 1<<20)) // one call stays a bounded piece of work
		default:
			return s, ErrSyntax
		}
	}
	return s, nil
}

// patternOf is nil for the pattern that selects every key.
func patternOf(arg []byte) []byte {
	if string(arg) == "*" {
		return nil
	}
	return arg
}

func (s *scanOptions) selects(name []byte, t backends.Type) bool {
	return (s.pattern == nil || match(s.pattern, name)) &&
		(s.kind == nil || bytes.EqualFold(s.kind, []byte(t.String())))
}

func scan(c *Ctx, tx backends.Tx) error {
	at, err := c.openCursor(c.Args[1])
	if err != nil {
		return err
	}
	o, err := parseScan(c.Args[2:], backends.None)
	if err != nil {
		return err
	}
	var found [][]byte
	next := tx.Scan(at, o.count, func(name []byte, t backends.Type) {
		if o.selects(name, t) {
			found = append(found, bytes.Clone(name))
		}
	})
	c.Array(2)
	c.Text(strconv.FormatUint(c.sealCursor(next), 10))
	c.Array(len(found))
	for _, name := range found {
		c.Bulk(name)
	}
	return nil
}

// emptyScan replies for an absent key, whatever the options are.
func (c *Ctx) emptyScan() error {
	c.Array(2)
	c.Text("0")
	c.Array(0)
	return nil
}

// scanElements replies with the elements that visit shows, and the cursor that it returns. show is true
// always, so that it can be followed by another one.
func (c *Ctx) scanElements(visit func(show func(element []byte) bool) (next uint64)) error {
	start, n := len(c.Buf), 0
	next := visit(func(element []byte) bool {
		c.Bulk(element)
		n++
		return true
	})
	c.headAt(start, func(n int) {
		c.Array(2)
		c.Text(strconv.FormatUint(c.sealCursor(next), 10))
		c.Array(n)
	}, n)
	return nil
}

// scanRelay is for a command whose cursor is the argument at.
func scanRelay(at int) *Relay {
	return &Relay{Reply: scanReply, Request: func(c *Ctx, args [][]byte) ([][]byte, error) {
		return scanRequest(c, args, at)
	}}
}

var elementScanRelay = scanRelay(2)

// scanRequest gives the upstream its own cursor back.
func scanRequest(c *Ctx, args [][]byte, at int) ([][]byte, error) {
	cursor, err := c.openCursor(args[at])
	if err != nil {
		return nil, err
	}
	own := slices.Clone(args)
	own[at] = strconv.AppendUint(nil, cursor, 10)
	return own, nil
}

// scanReply marks the cursor in an upstream's reply, *2 $n cursor ..., and leaves errors alone.
func scanReply(c *Ctx, reply []byte) []byte {
	rest, isScan := bytes.CutPrefix(reply, []byte("*2\r\n$"))
	if !isScan {
		return reply
	}
	_, rest, _ = bytes.Cut(rest, []byte("\r\n"))
	digits, rest, _ := bytes.Cut(rest, []byte("\r\n"))
	n, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return reply
	}
	var marked Reply
	marked.Array(2)
	marked.Text(strconv.FormatUint(c.sealCursor(n), 10))
	return append(marked.Buf, rest...)
}

func keysMatching(c *Ctx, tx backends.Tx) error {
	o := scanOptions{pattern: patternOf(c.Args[1])}
	seen := map[string]struct{}{}
	for at, first := uint64(0), true; first || at != 0; first = false {
		at = tx.Scan(at, 1000, func(name []byte, t backends.Type) {
			if o.selects(name, t) {
				seen[string(name)] = struct{}{}
			}
		})
	}
	c.Array(len(seen))
	for name := range seen {
		c.Text(name)
	}
	return nil
}

func randomkey(c *Ctx, tx backends.Tx) error {
	name := tx.Random()
	c.BulkOrNull(name, name != nil)
	return nil
}
