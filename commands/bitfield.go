package commands

import (
	"bytes"
	"encoding/binary"

	"switchyard/backends"
)

const bitfieldOperation = "<GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value:integer | INCRBY encoding offset increment>>"

var bitfieldRows = []*Row{
	{Name: "bitfield", Arity: -2, Flags: Write | DenyOOM, Keys: key("RW access update variable_flags"), KeyFlags: bitfieldKeyFlags, KeyNotes: []string{"Only read when there is nothing but GET."}, Categories: "bitmap", Group: "bitmap", Since: "3.2.0",
		Syntax:     "key [" + bitfieldOperation + " [" + bitfieldOperation + " ...]]",
		Complexity: "O(N) in the number of operations", Summary: "Reads and changes integers of any width at any bit of a string.", Run: bitfield},
	{Name: "bitfield_ro", Arity: -2, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "bitmap", Group: "bitmap", Since: "6.0.0",
		Syntax: "key [GET encoding offset [GET encoding offset ...]]", Complexity: "O(N) in the number of operations", Summary: "Reads integers of any width at any bit of a string.", Run: bitfield},
}

// bitfieldKeyFlags: with nothing but GET, BITFIELD only reads.
func bitfieldKeyFlags(args [][]byte) string {
	for o := (options{args: args[min(len(args), 2):]}); o.next(); {
		switch {
		case o.is("GET") && len(o.args) >= 2:
			o.args = o.args[2:]
		case o.is("OVERFLOW") && len(o.args) >= 1:
			o.args = o.args[1:]
		default:
			return "RW access update"
		}
	}
	return "RO access"
}

// bitfieldOp is one operation on one integer in a string.
type bitfieldOp struct {
	kind     bitfieldKind
	overflow overflow
	signed   bool
	width    uint  // in bits, 1 to 64
	offset   int64 // of the highest bit
	operand  int64 // the value of SET, the increment of INCRBY
}

type bitfieldKind int

const (
	bitfieldGet bitfieldKind = iota
	bitfieldSet
	bitfieldIncrBy
)

// overflow says what becomes of a value that does not fit.
type overflow int

const (
	overflowWrap overflow = iota
	overflowSat
	overflowFail
)

func bitfield(c *Ctx, tx backends.Tx) error {
	var room [4]bitfieldOp
	ops, err := c.parseBitfield(room[:0])
	if err != nil {
		return err
	}
	end := int64(0) // of the farthest integer to change
	for _, op := range ops {
		if op.kind != bitfieldGet {
			end = max(end, op.offset+int64(op.width))
		}
	}
	if end > 0 && c.Row.Flags&Write == 0 {
		return ErrBitfieldReadonly
	}
	s, err := tx.String(c.Args[1])
	if err != nil {
		return err
	}
	if end == 0 && !s.Exists() {
		c.miss(c.Args[1])
	}
	size := int((end + 7) >> 3)
	absent, grows, changed := !s.Exists(), size > s.Len(), false
	if grows {
		c.digits[0] = 0
		s.SetRange(size-1, c.digits[:1])
		c.made(absent, c.Args[1])
	}
	c.Array(len(ops))
	for i := range ops {
		stored, differs := c.runBitfield(s, &ops[i])
		changed = changed || differs || stored && grows
	}
	switch {
	case changed:
		c.Notify(StringEvent, "setbit", c.Args[1])
	case end > 0 && !grows:
		s.SetRange(0, nil) // its form is another one, as if it had been changed
	}
	return nil
}

func (c *Ctx) parseBitfield(ops []bitfieldOp) ([]bitfieldOp, error) {
	policy := overflowWrap
	for o := (options{args: c.Args[2:]}); o.next(); {
		op := bitfieldOp{overflow: policy}
		switch {
		case o.is("GET") && len(o.args) >= 2:
		case o.is("SET") && len(o.args) >= 3:
			op.kind = bitfieldSet
		case o.is("INCRBY") && len(o.args) >= 3:
			op.kind = bitfieldIncrBy
		case o.is("OVERFLOW") && len(o.args) >= 1:
			var err error
			if policy, err = parseOverflow(&o); err != nil {
				return nil, err
			}
			continue
		default:
			return nil, ErrSyntax
		}
		if err := c.parseInteger(&o, &op); err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	return ops, nil
}

func parseOverflow(o *options) (overflow, error) {
	o.next()
	switch {
	case o.is("WRAP"):
		return overflowWrap, nil
	case o.is("SAT"):
		return overflowSat, nil
	case o.is("FAIL"):
		return overflowFail, nil
	}
	return 0, ErrOverflowType
}

// parseInteger reads type, offset and operand of an operation, whose number was checked.
func (c *Ctx) parseInteger(o *options, op *bitfieldOp) (err error) {
	o.next()
	if op.signed, op.width, err = parseBitfieldType(o.opt); err != nil {
		return err
	}
	o.next()
	if op.offset, err = c.bitOffset(o.opt, int64(op.width)); err != nil {
		return err
	}
	if op.kind != bitfieldGet {
		o.next()
		op.operand, err = integer(o.opt)
	}
	return err
}

// parseBitfieldType reads i1 to i64 and u1 to u63; in Redis a zero byte ends it.
func parseBitfieldType(arg []byte) (signed bool, width uint, err error) {
	arg, _, _ = bytes.Cut(arg, []byte{0})
	if len(arg) == 0 || arg[0] != 'i' && arg[0] != 'u' {
		return false, 0, ErrBitfieldType
	}
	signed = arg[0] == 'i'
	n, ok := parseInt(arg[1:])
	if !ok || n < 1 || n > 64 || n == 64 && !signed {
		return false, 0, ErrBitfieldType
	}
	return signed, uint(n), nil
}

// runBitfield performs an operation on a string that is long enough for it, and replies. It says whether that
// has stored a value, and another one than before.
func (c *Ctx) runBitfield(s backends.String, op *bitfieldOp) (stored, differs bool) {
	old := op.load(s.Bytes())
	if op.kind == bitfieldGet {
		c.Int(old)
		return false, false
	}
	value, incr := old, op.operand
	if op.kind == bitfieldSet {
		value, incr = op.operand, 0
	}
	value, fits := op.sum(value, incr)
	if !fits && op.overflow == overflowFail {
		c.Null()
		return false, false
	}
	if op.kind == bitfieldSet {
		c.Int(old)
	} else {
		c.Int(value)
	}
	if value != old {
		n := op.patch(c.digits[:9], s.Bytes(), uint64(value))
		s.SetRange(int(op.offset>>3), c.digits[:n])
	}
	return true, value != old
}

// load reads the integer from a string, beyond whose end are zeros.
func (op *bitfieldOp) load(b []byte) int64 {
	var near [9]byte
	if at := op.offset >> 3; at < int64(len(b)) {
		copy(near[:], b[at:])
	}
	shift := uint(op.offset & 7)
	top := binary.BigEndian.Uint64(near[:])<<shift | uint64(near[8])>>(8-shift)
	return op.extend(top >> (64 - op.width))
}

// extend makes an integer of its lowest bits.
func (op *bitfieldOp) extend(low uint64) int64 {
	unused := 64 - op.width
	if op.signed {
		return int64(low<<unused) >> unused
	}
	return int64(low << unused >> unused)
}

// patch writes to dst, which has room for 9, the bytes from the integer's first on that hold it, when
// in b it is replaced by value, and returns how many they are.
func (op *bitfieldOp) patch(dst, b []byte, value uint64) int {
	clear(dst)
	copy(dst, b[op.offset>>3:])
	shift, unused := uint(op.offset&7), 64-op.width
	value <<= unused
	mask := ^uint64(0) << unused
	first := binary.BigEndian.Uint64(dst)&^(mask>>shift) | value>>shift
	binary.BigEndian.PutUint64(dst, first)
	dst[8] = dst[8]&^byte(mask<<(8-shift)) | byte(value<<(8-shift))
	return int(shift+op.width+7) / 8
}

// sum adds incr to value, as far as the integer can hold the result; what becomes of one that it cannot
// hold depends on the operation, and is nothing for FAIL.
func (op *bitfieldOp) sum(value, incr int64) (sum int64, fits bool) {
	lowest, highest, over, under := op.limits(value, incr)
	switch {
	case !over && !under:
		return value + incr, true
	case op.overflow == overflowWrap:
		return op.extend(uint64(value + incr)), false
	case over:
		return highest, false
	default:
		return lowest, false
	}
}

// limits says in which direction value+incr leaves what the integer can hold. The differences may overflow
// themselves, so that some values far below the lowest count as above the highest: as in Redis, where
// SET i8 0 -9223372036854775808 with OVERFLOW SAT stores 127.
func (op *bitfieldOp) limits(value, incr int64) (lowest, highest int64, over, under bool) {
	if !op.signed {
		highest = int64(1)<<op.width - 1
		over = uint64(value) > uint64(highest) || incr > 0 && incr > highest-value
		return 0, highest, over, incr < 0 && incr < -value
	}
	highest = int64(1)<<(op.width-1) - 1
	lowest = -highest - 1
	up, down, narrow := highest-value, lowest-value, op.width < 64
	over = value > highest || narrow && incr > up || value >= 0 && incr > 0 && incr > up
	under = value < lowest || narrow && incr < down || value < 0 && incr < 0 && incr < down
	return lowest, highest, over, under
}
