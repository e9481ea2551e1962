package commands

import (
	"encoding/binary"
	"math/bits"

	"switchyard/backends"
)

// A bitmap is a string. Its bit 0 is the highest bit of its first byte, and beyond its end are zeros.

var bitmapRows = []*Row{
	{Name: "setbit", Arity: 4, Flags: Write | DenyOOM, Keys: key("RW access update"), Categories: "bitmap", Group: "bitmap", Since: "2.2.0",
		Syntax: "key offset value:integer", Complexity: "O(1)", Summary: "Changes one bit of a string and returns what it was.", Run: setbit},
	{Name: "getbit", Arity: 3, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "bitmap", Group: "bitmap", Since: "2.2.0",
		Syntax: "key offset", Complexity: "O(1)", Summary: "Returns one bit of a string.", Run: getbit},
	{Name: "bitcount", Arity: -2, Flags: Readonly | Long, Keys: key("RO access"), Categories: "bitmap", Group: "bitmap", Since: "2.6.0",
		Syntax: "key [start end [BYTE | BIT]]", Complexity: "O(N) in the length of the range", Summary: "Counts the ones in a string or a part of it.", Run: bitcount},
	{Name: "bitpos", Arity: -3, Flags: Readonly | Long, Keys: key("RO access"), Categories: "bitmap", Group: "bitmap", Since: "2.8.7",
		Syntax: "key bit [start [end [BYTE | BIT]]]", Complexity: "O(N) in the length of the range", Summary: "Finds the first one or the first zero in a string or a part of it.", Run: bitpos},
	{Name: "bitop", Arity: -4, Flags: Write | DenyOOM | Long, Keys: []KeySpec{{2, 0, 1, "OW update"}, {3, -1, 1, "RO access"}}, Categories: "bitmap", Group: "bitmap", Since: "2.6.0",
		Syntax: "operation destkey key [key ...]", Complexity: "O(N) in the length of all strings", Summary: "Stores the AND, OR or XOR of several strings, or the NOT of one.", Run: bitop},
}

func setbit(c *Ctx, tx backends.Tx) error {
	offset, err := c.bitOffset(c.Args[2], 0)
	if err != nil {
		return err
	}
	bit, ok := parseInt(c.Args[3])
	if !ok || bit&^1 != 0 {
		return ErrBit
	}
	s, err := tx.String(c.Args[1])
	if err != nil {
		return err
	}
	value, at, mask := s.Bytes(), int(offset>>3), byte(0x80>>(offset&7))
	var old byte
	if at < len(value) {
		old = value[at]
	}
	was := old&mask != 0
	if at >= len(value) || was != (bit == 1) {
		c.notifyNew(!s.Exists(), StringEvent, "setbit", c.Args[1])
	}
	c.digits[0] = old&^mask | mask*byte(bit)
	s.SetRange(at, c.digits[:1]) // without a change too: its form is another one then
	c.Flag(was)
	return nil
}

func getbit(c *Ctx, tx backends.Tx) error {
	offset, err := c.bitOffset(c.Args[2], 0)
	if err != nil {
		return err
	}
	s, err := c.readString(tx, c.Args[1])
	if err != nil {
		return err
	}
	value := s.Bytes()
	c.Flag(offset>>3 < int64(len(value)) && bitAt(value, offset) == 1)
	return nil
}

// bitOffset reads the position of a bit that a string can have. Where width is not 0, #n stands for
// n*width; that this may overflow into a position that passes is as in Redis.
func (c *Ctx) bitOffset(arg []byte, width int64) (int64, error) {
	factor := int64(1)
	if width > 0 && len(arg) > 0 && arg[0] == '#' {
		arg, factor = arg[1:], width
	}
	n, ok := parseInt(arg)
	n *= factor
	if !ok || n < 0 || n>>3 >= c.Server.MaxStringLength() {
		return 0, ErrBitOffset
	}
	return n, nil
}

// bitcount and bitpos look at their last arguments only when there is a string, as Redis 7.0 does; 7.2
// reads them before it looks for the key.
func bitcount(c *Ctx, tx backends.Tx) error {
	s, err := c.readString(tx, c.Args[1])
	if err != nil {
		return err
	}
	if !s.Exists() {
		c.Int(0)
		return nil
	}
	value := s.Bytes()
	from, to, err := bitcountSpan(c.Args[2:], len(value))
	if err != nil {
		return err
	}
	c.Int(countOnes(value, from, to))
	return nil
}

// bitcountSpan reads [start end [BYTE | BIT]]. In Redis 7.0 nobody looks at the unit of a range that
// begins after its end, both counted from the end.
func bitcountSpan(args [][]byte, size int) (from, to int64, err error) {
	if len(args) == 1 || len(args) > 3 {
		return 0, 0, ErrSyntax
	}
	start, end, inBits := int64(0), int64(-1), false
	if len(args) > 0 {
		if start, err = integer(args[0]); err != nil {
			return 0, 0, err
		}
		if end, err = integer(args[1]); err != nil {
			return 0, 0, err
		}
		if start < 0 && end < 0 && start > end {
			return 0, -1, nil
		}
		if inBits, err = bitUnit(args[2:]); err != nil {
			return 0, 0, err
		}
	}
	from, to = span(start, end, size, inBits)
	return from, to, nil
}

func bitpos(c *Ctx, tx backends.Tx) error {
	bit, err := integer(c.Args[2])
	if err != nil {
		return err
	}
	if bit&^1 != 0 {
		return ErrBitArgument
	}
	s, err := c.readString(tx, c.Args[1])
	if err != nil {
		return err
	}
	if !s.Exists() {
		c.Int(-bit)
		return nil
	}
	value := s.Bytes()
	from, to, err := bitposSpan(c.Args[3:], len(value))
	if err != nil {
		return err
	}
	at := findBit(value, from, to, bit)
	if endless := len(c.Args) < 5; at < 0 && bit == 0 && endless && from <= to {
		at = to + 1 // the first of the zeros beyond the end
	}
	c.Int(at)
	return nil
}

// bitposSpan reads [start [end [BYTE | BIT]]]. An unknown unit is refused before an end that is no number.
func bitposSpan(args [][]byte, size int) (from, to int64, err error) {
	if len(args) > 3 {
		return 0, 0, ErrSyntax
	}
	start, end, inBits := int64(0), int64(-1), false
	if len(args) > 0 {
		if start, err = integer(args[0]); err != nil {
			return 0, 0, err
		}
	}
	if len(args) > 1 {
		if inBits, err = bitUnit(args[2:]); err != nil {
			return 0, 0, err
		}
		if end, err = integer(args[1]); err != nil {
			return 0, 0, err
		}
	}
	from, to = span(start, end, size, inBits)
	return from, to, nil
}

// bitUnit reads what may follow a range: BYTE or BIT.
func bitUnit(args [][]byte) (inBits bool, err error) {
	switch {
	case len(args) == 0 || equalFold(args[0], "BYTE"):
		return false, nil
	case equalFold(args[0], "BIT"):
		return true, nil
	}
	return false, ErrSyntax
}

// span makes the positions of the first and the last bit of indexes into a string of size bytes, or
// into its bits; negative ones count from the end. from > to when nothing is between them.
func span(start, end int64, size int, inBits bool) (from, to int64) {
	n, width := int64(size), int64(8)
	if inBits {
		n, width = 8*n, 1
	}
	if start < 0 {
		start = max(start+n, 0)
	}
	if end < 0 {
		end = max(end+n, 0)
	}
	start, end = min(start, n), min(end, n-1)
	return start * width, end*width + width - 1
}

func bitAt(b []byte, at int64) int64 { return int64(b[at>>3]>>(7-at&7)) & 1 }

// countOnes counts the ones from one position to another, the last included.
func countOnes(b []byte, from, to int64) (n int64) {
	for ; from <= to && from&7 != 0; from++ {
		n += bitAt(b, from)
	}
	for ; from <= to && (to+1)&7 != 0; to-- {
		n += bitAt(b, to)
	}
	if from > to {
		return n
	}
	b = b[from>>3 : (to+1)>>3]
	for ; len(b) >= 8; b = b[8:] {
		n += int64(bits.OnesCount64(binary.NativeEndian.Uint64(b)))
	}
	for _, x := range b {
		n += int64(bits.OnesCount8(x))
	}
	return n
}

// findBit finds the first bit of a kind from one position to another, the last included; -1: none.
func findBit(b []byte, from, to, bit int64) int64 {
	for ; from <= to && from&7 != 0; from++ {
		if bitAt(b, from) == bit {
			return from
		}
	}
	other := bit - 1 // makes a one of the bit to find in each place
	for ; from+63 <= to; from += 64 {
		if word := binary.BigEndian.Uint64(b[from>>3:]) ^ uint64(other); word != 0 {
			return from + int64(bits.LeadingZeros64(word))
		}
	}
	for ; from <= to; from++ {
		if bitAt(b, from) == bit {
			return from
		}
	}
	return -1
}

func bitop(c *Ctx, tx backends.Tx) error {
	op := bitOperation(c.Args[1])
	if op == opNone {
		return ErrSyntax
	}
	if op == opNot && len(c.Args) != 4 {
		return ErrBitopNot
	}
	to, longest := c.Args[2], 0
	var sources [][]byte
	for _, name := range c.Args[3:] {
		s, err := c.readString(tx, name)
		if err != nil {
			return err
		}
		sources = append(sources, s.Bytes())
		longest = max(longest, s.Len())
	}
	c.Int(int64(longest))
	if longest == 0 {
		c.delete(tx, to)
		return nil
	}
	result := make([]byte, longest)
	copy(result, sources[0])
	if op == opNot {
		op.combine(result, result)
	}
	for _, s := range sources[1:] {
		op.combine(result, s)
	}
	made, err := replaceAs(tx, to, result, backends.Raw)
	if err != nil {
		return err
	}
	tx.SetExpiry(to, 0)
	c.notifyNew(made, StringEvent, "set", to)
	return nil
}

type bitOp int

const (
	opNone bitOp = iota
	opAnd
	opOr
	opXor
	opNot
)

func bitOperation(name []byte) bitOp {
	switch {
	case equalFold(name, "AND"):
		return opAnd
	case equalFold(name, "OR"):
		return opOr
	case equalFold(name, "XOR"):
		return opXor
	case equalFold(name, "NOT"):
		return opNot
	}
	return opNone
}

// combine changes dst by src, which is not longer and has zeros beyond its end.
func (op bitOp) combine(dst, src []byte) {
	rest := dst[len(src):]
	for ; len(src) >= 8; dst, src = dst[8:], src[8:] {
		word := op.of(binary.NativeEndian.Uint64(dst), binary.NativeEndian.Uint64(src))
		binary.NativeEndian.PutUint64(dst, word)
	}
	for i, b := range src {
		dst[i] = byte(op.of(uint64(dst[i]), uint64(b)))
	}
	if op == opAnd {
		clear(rest)
	}
}

func (op bitOp) of(a, b uint64) uint64 {
	switch op {
	case opAnd:
		return a & b
	case opOr:
		return a | b
	case opXor:
		return a ^ b
	default:
		return ^b
	}
}
