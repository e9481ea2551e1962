package integration

import "strconv"

// Streams whose IDs come from the clock are the key "clock": see follow_test.go.
const streamLines = `
	8* xadd <x> [ nomkstream ] <newid> <pairs>
	2* xadd <x> [ nomkstream ] <trim> <newid> <pairs>
	xadd 'clock' [ nomkstream | maxlen 20 ] * <pairs>
	xrange 'clock' - +
	xlen <x>
	2* xdel <x> <id> { <id> }
	xtrim <x> <trim>
	2* xrange <x> <idbound> <idbound> [ count <index> ]
	xrange <x> - +
	2* xrevrange <x> <idbound> <idbound> [ count <index> ]
	2* xread { count <index> } <streams>
	xinfo stream <x>
	2* xinfo stream <x> full { count <index> }
	2* xinfo groups <x>
	xinfo consumers <x> <group>
	xinfo consumers <x> <group>
	xsetid <x> <id> { entriesadded <index> | maxdeletedid <id> }
	xsetid <x> <newid> { entriesadded <index> | maxdeletedid <id> }
	3* xgroup create <x> <group> ( 0 | 0 | $ | <id> ) { mkstream | mkstream | entriesread <index> }
	xgroup setid <x> <group> ( 0 | $ | <id> ) { entriesread <index> }
	xgroup createconsumer <x> <group> <consumer>
	xgroup delconsumer <x> <group> <consumer>
	xgroup ( destroy | help | nosuch | createconsumer | delconsumer ) [ <x> ] [ <group> ]
	4* xreadgroup group <group> <consumer> { count <index> | noack } <groupstreams>
	2* xreadgroup group <group> <consumer> count 3 streams <x> >
	2* xack <x> <group> <id> { <id> }
	2* xpending <x> <group>
	2* xpending <x> <group> [ idle <idle> ] <idbound> <idbound> <index> [ <consumer> ]
	xpending <x> <group> - + 100
	2* xclaim <x> <group> <consumer> <idle> <id> { <id> } { idle <claimed> | time <when> | retrycount <index> | force | force | justid | lastid <id> }
	2* xautoclaim <x> <group> <consumer> <idle> ( 0 | 0-0 | <idbound> ) { count <index> | justid }
	del <x>
`

var streamMakers = map[string]maker{
	"x":        key("x"),
	"id":       one((*generator).id),
	"newid":    one((*generator).newID),
	"idbound":  one((*generator).idBound),
	"group":    oneOf("g1", "g1", "g1", "g2", "g2", "g3", ""),
	"consumer": oneOf("c1", "c2", "c3", ""),
	"pairs":    (*generator).pairs,
	"trim":     (*generator).trim,
	"streams":  func(g *generator) []string { return g.streams("$", "0", g.id()) },
	// One stream as a rule: what is read from the others, nobody acknowledges.
	"groupstreams": func(g *generator) []string { return g.streams(">", ">", ">", "0", g.id()) },
	"idle":         oneOf("0", "0", "0", "0", "0", "100000000", "-1", "x", ""), // far from any idle time
	"claimed":      oneOf("0", "1000000000", "-5", "x"),
	"when":         oneOf("1000", "0", "-5", "x"),
}

// id mostly is near the ends of the streams.
func (g *generator) id() string {
	switch g.r.IntN(40) {
	case 0:
		return g.pick("", "x", "-", "+", "$", ">", "5-*", "5-", "-5", "1-2-3", "18446744073709551616", "05-1", "1-x", "(1")
	case 1:
		return g.pick("18446744073709551615-18446744073709551615", "18446744073709551615", "0-0", "0", "9223372036854775808-1")
	}
	id := strconv.Itoa(max(0, g.lastID+5-g.r.IntN(1+g.r.IntN(100))))
	if g.maybe(50) {
		return id
	}
	return id + "-" + strconv.Itoa(g.r.IntN(4))
}

func (g *generator) idBound() string {
	return g.pick("", "", "", "(") + g.pick("-", "+", g.id(), g.id(), g.id())
}

// newID mostly is behind what is there.
func (g *generator) newID() string {
	if g.maybe(4) {
		if id := g.id(); len(id) < 15 { // a stream whose last ID is the last of all takes no more
			return id
		}
	}
	g.lastID += g.r.IntN(2)
	return strconv.Itoa(g.lastID) + g.pick("", "-1", "-*", "-*", "-2")
}

// pairs are the fields of an entry. They are smaller than what a node takes: from an entry that is larger,
// Redis 7.0 goes on in memory that it has freed.
func (g *generator) pairs() []string {
	switch g.r.IntN(5) {
	case 0:
		return []string{g.element(), g.element(), g.element(), g.element()}
	case 1:
		return []string{"f", g.element()}
	case 2:
		return []string{"a", "1", "b", "2"}
	}
	return []string{"f", "v", "g", strconv.Itoa(g.r.IntN(1000))}
}

func (g *generator) trim() (args []string) {
	how, limit := g.option("maxlen"), strconv.Itoa(g.r.IntN(60)-1)
	if g.maybe(50) {
		how, limit = g.option("minid"), g.id()
	}
	args = []string{how}
	approximate := g.maybe(50)
	if approximate {
		args = append(args, "~")
	} else if g.maybe(30) {
		args = append(args, "=")
	}
	args = append(args, limit)
	if approximate && g.maybe(40) || g.maybe(3) {
		args = append(args, g.option("limit"), g.index())
	}
	return args
}

// streams are some streams, and an ID for each.
func (g *generator) streams(ids ...string) []string {
	var keys, from []string
	for range 1 + g.r.IntN(1+g.r.IntN(3)) {
		keys, from = append(keys, g.keyOf("x")), append(from, g.pick(ids...))
	}
	return append(append([]string{g.option("streams")}, keys...), from...)
}
