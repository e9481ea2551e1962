package commands

import (
	"bytes"

	"switchyard/backends"
	"switchyard/commands/hll"
)

var hllRows = []*Row{
	{Name: "pfadd", Arity: -2, Flags: Write | DenyOOM | Fast, Keys: key("RW insert"), Categories: "hyperloglog", Group: "hyperloglog", Since: "2.8.9",
		Syntax: "key [element [element ...]]", Complexity: "O(1) for each element", Summary: "Adds elements to a HyperLogLog.", Run: pfadd},
	{Name: "pfcount", Arity: -2, Flags: Readonly | Long | MayWrite | Rewrites, Keys: keys("RW access"), KeyNotes: []string{"RW because the estimate is kept in the value."}, Categories: "hyperloglog", Group: "hyperloglog", Since: "2.8.9",
		Syntax: "key [key ...]", Complexity: "O(N) in the number of keys", Summary: "Estimates how many distinct elements were added to one HyperLogLog or several.", Run: pfcount},
	{Name: "pfmerge", Arity: -2, Flags: Write | DenyOOM | Long, Keys: []KeySpec{{1, 0, 1, "RW access insert"}, {2, -1, 1, "RO access"}}, Categories: "hyperloglog", Group: "hyperloglog", Since: "2.8.9",
		Syntax: "destkey [sourcekey [sourcekey ...]]", Complexity: "O(N) in the number of keys", Summary: "Adds what was added to several HyperLogLogs to another one.", Run: pfmerge},
	{Name: "pfselftest", Arity: 1, Flags: Admin | Long, Categories: "hyperloglog", Group: "hyperloglog", Since: "2.8.9",
		Complexity: "O(1)", Summary: "Checks whether HyperLogLogs are counted right.", Serve: pfselftest},
	{Name: "pfdebug", Arity: 3, Flags: Write | DenyOOM | Admin, Keys: []KeySpec{{2, 0, 1, "RW access"}}, Categories: "hyperloglog", Group: "hyperloglog", Since: "2.8.9",
		Syntax: "subcommand key", Complexity: "O(1) in the number of elements", Summary: "Shows how a HyperLogLog is stored.", Run: pfdebug},
}

// sketch opens a HyperLogLog; it is nil where there is none.
func sketch(s backends.String, err error) (backends.String, hll.Sketch, error) {
	if err != nil || !s.Exists() {
		return s, nil, err
	}
	h := hll.Sketch(s.Bytes())
	if !h.Valid() {
		return nil, nil, ErrNotHLL
	}
	return s, h, nil
}

// unshare makes the string of a HyperLogLog raw, which Redis does before it looks whether there is anything to change.
func unshare(tx backends.Tx, key []byte, s backends.String) hll.Sketch {
	if tx.Encoding(key) != "raw" {
		s.SetRange(0, nil)
	}
	return s.Bytes()
}

func pfadd(c *Ctx, tx backends.Tx) error {
	s, h, err := sketch(tx.String(c.Args[1]))
	if err != nil {
		return err
	}
	if h != nil {
		h = unshare(tx, c.Args[1], s)
	}
	var changed bool
	if h != nil && h.Dense() {
		changed = c.addToDense(s)
	} else if changed, err = c.addToSparse(s, h); err != nil {
		return err
	}
	if changed {
		c.notifyNew(h == nil, StringEvent, "pfadd", c.Args[1])
	}
	c.Flag(changed)
	return nil
}

// addToDense changes the registers alone that an element raises.
func (c *Ctx) addToDense(s backends.String) (changed bool) {
	for _, element := range c.Args[2:] {
		h := hll.Sketch(s.Bytes())
		i, rank := hll.Locate(element)
		if old, _ := h.Register(i); old >= rank { // a dense one has all registers
			continue
		}
		changed = true
		offset, patch := h.AppendPatch(c.digits[:0], i, rank)
		s.SetRange(offset, patch)
	}
	if h := hll.Sketch(s.Bytes()); changed && !h.Stale() {
		offset, patch := h.AppendStale(c.digits[:0])
		s.SetRange(offset, patch)
	}
	return changed
}

// addToSparse rewrites the sketch, which is short. What was added before it is found to be corrupted
// stays, as in Redis.
func (c *Ctx) addToSparse(s backends.String, h hll.Sketch) (changed bool, err error) {
	if h == nil {
		h, changed = hll.New(), true
	}
	for _, element := range c.Args[2:] {
		i, rank := hll.Locate(element)
		old, ok := h.Register(i)
		if ok && old < rank {
			if !changed {
				h = bytes.Clone(h)
			}
			h, ok = h.Raise(i, rank)
			changed = changed || ok
		}
		if !ok {
			err = ErrCorruptedHLL
			break
		}
	}
	if changed {
		h.Invalidate()
		s.SetAs(h, backends.Raw)
	}
	return changed, err
}

// pfcount keeps the estimate of a single key in its string, as Redis does.
func pfcount(c *Ctx, tx backends.Tx) error {
	if len(c.Args) > 2 {
		var all hll.Registers
		if _, err := c.unite(&all, tx); err != nil {
			return err
		}
		c.Int(int64(all.Estimate()))
		return nil
	}
	s, h, err := sketch(c.readString(tx, c.Args[1]))
	if err != nil {
		return err
	}
	if h == nil {
		c.Int(0)
		return nil
	}
	n, ok := h.Cached()
	if !ok || tx.Encoding(c.Args[1]) != "raw" {
		if _, err := c.rewrites(); err != nil {
			return err
		}
		h = unshare(tx, c.Args[1], s)
	}
	if !ok {
		if n, ok = h.Estimate(); !ok {
			return ErrCorruptedHLL
		}
		s.SetRange(hll.AppendEstimate(c.digits[:0], n))
		c.rewritten(c.Args[1])
	}
	c.Int(int64(n))
	return nil
}

// unite adds the HyperLogLogs at the keys of the call to all, and says whether one of them is dense.
func (c *Ctx) unite(all *hll.Registers, tx backends.Tx) (dense bool, err error) {
	for _, name := range c.Args[1:] {
		_, h, err := sketch(c.readString(tx, name))
		if err != nil {
			return false, err
		}
		if h == nil {
			continue
		}
		dense = dense || h.Dense()
		if !all.Add(h) {
			return false, ErrCorruptedHLL
		}
	}
	return dense, nil
}

func pfmerge(c *Ctx, tx backends.Tx) error {
	var all hll.Registers
	dense, err := c.unite(&all, tx)
	if err != nil {
		return err
	}
	s, h, err := sketch(tx.String(c.Args[1]))
	if err != nil {
		return err
	}
	absent := h == nil
	if absent {
		h = hll.New()
	}
	if dense {
		h = all.Dense(h)
	} else {
		// A register at a time, since the bytes depend on the order.
		h = bytes.Clone(h)
		for i, rank := range all {
			if rank > 0 {
				h, _ = h.Raise(i, rank) // it was read before, so it is not corrupted
			}
		}
	}
	h.Invalidate()
	s.SetAs(h, backends.Raw)
	c.notifyNew(absent, StringEvent, "pfadd", c.Args[1])
	c.OK()
	return nil
}

func pfdebug(c *Ctx, tx backends.Tx) error {
	s, h, err := sketch(tx.String(c.Args[2]))
	if err != nil {
		return err
	}
	if h == nil {
		return ErrNoSuchHLL
	}
	h = unshare(tx, c.Args[2], s)
	switch sub := c.Args[1]; {
	case equalFold(sub, "GETREG"):
		return c.debugRegisters(s, h)
	case equalFold(sub, "DECODE"):
		if h.Dense() {
			return ErrHLLNotSparse
		}
		c.Bulk(h.AppendText(nil))
	case equalFold(sub, "ENCODING"):
		if h.Dense() {
			c.Status("dense")
		} else {
			c.Status("sparse")
		}
	case equalFold(sub, "TODENSE"):
		converted, err := toDense(s, h)
		c.Flag(converted)
		return err
	default:
		return unknownPFDebug(sub)
	}
	return nil
}

// debugRegisters replies all registers, and makes the sketch dense, as Redis does.
func (c *Ctx) debugRegisters(s backends.String, h hll.Sketch) error {
	var all hll.Registers
	if !all.Add(h) {
		return ErrCorruptedHLL
	}
	c.Array(len(all))
	for _, value := range all {
		c.Int(int64(value))
	}
	_, err := toDense(s, h)
	return err
}

// toDense stores the sketch as a dense one, unless it is.
func toDense(s backends.String, h hll.Sketch) (converted bool, err error) {
	if h.Dense() {
		return false, nil
	}
	d, ok := h.ToDense()
	if !ok {
		return false, ErrCorruptedHLL
	}
	s.SetAs(d, backends.Raw)
	return true, nil
}

func pfselftest(c *Ctx) error {
	if err := hll.SelfTest(); err != nil {
		return Error("TESTFAILED " + err.Error())
	}
	c.Status("OK")
	return nil
}
