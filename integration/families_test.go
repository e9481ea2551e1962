package integration

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// family is the commands about one type, or those around all types.
type family struct {
	name   string
	share  int    // how often it is chosen, beside others
	prefix string // of its keys; "" for what is part of every episode
	strict bool   // no other family writes to its keys, since what it holds must be special
	lines  string
	makers map[string]maker
	not    []string // the backends that do not have it

	grammars []grammar // of lines, each as often as its weight says
}

// families are everything that is generated.
var families = []family{
	{name: "strings", share: 10, prefix: "k", lines: stringLines, makers: stringMakers},
	{name: "bitmaps", share: 10, prefix: "b", lines: bitmapLines, makers: bitmapMakers},
	{name: "hyperloglog", share: 10, prefix: "p", strict: true, lines: hllLines, makers: hllMakers},
	{name: "lcs", share: 5, prefix: "t", strict: true, lines: lcsLines, makers: lcsMakers},
	{name: "hashes", share: 10, prefix: "h", lines: hashLines, makers: hashMakers},
	{name: "lists", share: 10, prefix: "l", lines: listLines, makers: listMakers},
	{name: "sets", share: 10, prefix: "s", lines: setLines, makers: setMakers},
	{name: "sorted sets", share: 10, prefix: "z", lines: zsetLines, makers: zsetMakers},
	{name: "ranges of members", share: 5, prefix: "lex", strict: true, lines: lexLines, makers: zsetMakers},
	{name: "geo", share: 10, prefix: "geo", strict: true, lines: geoLines, makers: geoMakers},
	{name: "streams", share: 10, prefix: "x", lines: streamLines, makers: streamMakers},
	{name: "sort", share: 8, prefix: "o", strict: true, lines: sortLines, makers: sortMakers},
	{name: "keys", share: 4, lines: keyLines, makers: keyMakers},
	{name: "expiry", share: 2, lines: expiryLines},
	{name: "dump", share: 2, lines: dumpLines, makers: dumpMakers},
	{name: "connection", share: 1, lines: connectionLines, makers: connectionMakers},
	// The limits of the upstream are not those of Switchyard.
	{name: "limits", share: 1, lines: limitLines, makers: limitMakers, not: []string{"redis"}},
}

// familiesOf returns what is generated for a backend.
func familiesOf(t testing.TB, backend string) (list []family) {
	t.Helper()
	for _, f := range families {
		if slices.Contains(f.not, backend) {
			continue
		}
		grammars, err := parseGrammars(f.lines, f.makers)
		if err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		for _, g := range grammars {
			for range g.weight {
				f.grammars = append(f.grammars, g)
			}
		}
		list = append(list, f)
	}
	return list
}

// call makes a call of one of the family's commands.
func (f family) call(g *generator) []string {
	return g.expand(nil, f.grammars[g.r.IntN(len(f.grammars))].body)
}

// seededGenerator makes commands of all families.
func seededGenerator(t testing.TB) *generator {
	r, _ := newRand(t)
	return newGenerator(r, familiesOf(t, ""), []string{"no dump"})
}

func TestTheSameSeedMakesTheSameCommands(t *testing.T) {
	make := func() (list [][]string) {
		g := newGenerator(rand.New(rand.NewPCG(7, 0)), familiesOf(t, "memory"), []string{"no dump"})
		g.now = 1_700_000_000
		for range 5 {
			g.begin()
			for range 200 {
				list = append(list, g.next())
			}
		}
		return list
	}
	if !slices.EqualFunc(make(), make(), slices.Equal[[]string]) {
		t.Error("two generators with one seed differ")
	}
}
