package integration

import (
	"strconv"
	"strings"
)

const hashLines = `
	4* ( hset | hset | hset | hmset ) <h> <field> <hvalue> { <field> <hvalue> }
	hset <h> <manyfields>
	hsetnx <h> <field> <hvalue>
	2* hget <h> <field>
	hmget <h> <field> { <field> }
	2* hgetall <h>
	( hkeys | hvals | hlen ) <h>
	( hstrlen | hexists ) <h> <field>
	2* hdel <h> <field> { <field> }
	hdel <h> <fewfields>
	2* hincrby <h> <number> <int>
	2* hincrbyfloat <h> <number> <float>
	hrandfield <h>
	2* hrandfield <h> <count> [ withvalues | foo ]
	2* hscan <h> <cursor> { match <fieldpattern> | count <scancount> }
	del <h>
`

var hashMakers = map[string]maker{
	"h":      key("h"),
	"field":  one((*generator).field),
	"hvalue": one((*generator).elementOrLong),
	// What is counted mostly is a number.
	"number":       one(func(g *generator) string { return g.pick("n1", "n2", "n3", g.field()) }),
	"fieldpattern": oneOf("*", "f1*", "f?", "n[12]", "", "*5*"),
	"manyfields": func(g *generator) (args []string) {
		for _, f := range g.fieldsInARow(60, 150) {
			args = append(args, f, g.pick("v", "1", "3.5"))
		}
		return args
	},
	"fewfields": func(g *generator) []string { return g.fieldsInARow(1, 150) },
}

// field is one of few, or an odd one.
func (g *generator) field() string {
	if g.maybe(10) {
		return g.pick("", "a", "-5", "17", "\x00", "9223372036854775807", strings.Repeat("f", 63+g.r.IntN(3)))
	}
	return "f" + strconv.Itoa(g.r.IntN(30))
}

// fieldsInARow are so many that a hash outgrows its listpack, or shrinks again.
func (g *generator) fieldsInARow(least, more int) (list []string) {
	from := g.r.IntN(300)
	for i := range least + g.r.IntN(more) {
		list = append(list, "f"+strconv.Itoa(from+i))
	}
	return list
}

// elementOrLong is an element of a collection, or one that is about as long as the compact ones may be.
func (g *generator) elementOrLong() string {
	if g.maybe(5) {
		return strings.Repeat("v", 63+g.r.IntN(3))
	}
	if g.maybe(3) {
		return g.value()
	}
	return g.element()
}

// element is short, and often what others are too.
func (g *generator) element() string {
	switch g.r.IntN(6) {
	case 0:
		return g.integer()
	case 1:
		return g.pick("", "\x00", "\r\n", "\xff\xfe", "007", "-0", "1.5", "10", "hello world")
	case 2:
		return "m" + strconv.Itoa(g.r.IntN(100))
	}
	return g.pick("a", "b", "c", "d", "e", "1", "2", "3")
}
