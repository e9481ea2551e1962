package integration

import "strconv"

const bitmapLines = `
	4* setbit <b> <bit> ( 0 | 1 | 1 | 1 | 2 | <junk> )
	getbit <b> <bit>
	bitcount <b>
	bitcount <b> <bitindex> [ <bitindex> ] [ bit | byte | foo ]
	2* bitcount <b> <bitindex> <bitindex> [ bit | byte ]
	bitpos <b> ( 0 | 1 | 2 )
	2* bitpos <b> ( 0 | 1 | 1 | <junk> ) <bitindex> [ <bitindex> ] [ bit | byte | foo ]
	bitpos <b> ( 0 | 1 ) <bitindex> <bitindex> ( bit | byte )
	2* bitop ( and | or | xor ) <b> <b> { <b> }
	bitop ( not | not | nand ) <b> <b> [ <b> ]
	4* bitfield <b> { get <width> <slot> | set <width> <slot> <wide> | incrby <width> <slot> <wide> | overflow ( sat | wrap | fail | foo ) }
	bitfield <b> overflow ( sat | wrap | fail ) incrby <width> <slot> <wide> { incrby <width> <slot> <wide> }
	bitfield_ro <b> { get <width> <slot> } [ set u8 0 1 | overflow sat | foo ]
	set <b> <value>
	append <b> <value>
	getrange <b> 0 -1
	del <b>
`

var bitmapMakers = map[string]maker{
	"b":        key("b"),
	"bit":      one((*generator).bit),
	"bitindex": one((*generator).bitIndex),
	"width": oneOf("i64", "u63", "i1", "u1", "i8", "u8", "u7", "i9", "u31", "i32", "u33", "i63", "u2",
		"u64", "i65", "u0", "i0", "x8", "", "u", "i-1", "U8"),
	"slot": one((*generator).slot),
	"wide": one((*generator).wide),
}

// bit is the place of a bit. It is small or hopeless: one in between would make a huge string.
func (g *generator) bit() string {
	if g.maybe(8) {
		return g.pick("", "x", "-1", "#1", "01", "4294967296", "9223372036854775807", "9223372036854775808")
	}
	return strconv.Itoa(g.r.IntN(200))
}

func (g *generator) bitIndex() string {
	if g.maybe(10) {
		return g.pick("-9223372036854775808", "9223372036854775807", "-9223372036854775807", "1152921504606846976", "2305843009213693951", "x", "", "1.5")
	}
	return strconv.Itoa(g.r.IntN(120) - 60)
}

// slot is where an integer in a bitmap begins.
func (g *generator) slot() string {
	switch g.r.IntN(20) {
	case 0:
		return g.bit()
	case 1:
		return g.pick("#9223372036854775807", "#-1", "#x", "#", "#4294967296", "##1")
	case 2, 3, 4, 5, 6, 7, 8:
		return "#" + strconv.Itoa(g.r.IntN(12))
	}
	return strconv.Itoa(g.r.IntN(150))
}

// wide is an integer with any number of bits.
func (g *generator) wide() string {
	if g.maybe(15) {
		return g.integer()
	}
	return strconv.FormatInt(int64(g.r.Uint64())>>g.r.IntN(64), 10)
}

// What is put into a sketch from outside never ends in half an opcode, of which Redis would look for the other half
// behind the string.
const hllLines = `
	4* pfadd <p> { <element> }
	3* pfadd <p> <elements>
	3* pfcount <p> { <p> }
	2* pfmerge <p> { <p> }
	pfdebug ( encoding | decode | todense | nosuch ) <p>
	2* object encoding <p>
	strlen <p>
	get <p>
	getrange <p> 0 20
	setrange <p> ( 0 | 4 | 5 | 15 ) ( x | y )
	setrange <p> 0 'HYLL'
	append <p> ( 1 | 22 | 333333 )
	sadd <p> x
	set <p> <value>
	3* del <p>
`

var hllMakers = map[string]maker{
	"p":       key("p"),
	"element": one(func(g *generator) string { return strconv.Itoa(g.r.IntN(5000)) }),
	// So many that a few calls make a sparse one dense.
	"elements": func(g *generator) (list []string) {
		from := g.r.IntN(100_000)
		for i := range 50 + g.r.IntN(400) {
			list = append(list, "e"+strconv.Itoa(from+i))
		}
		return list
	},
}
