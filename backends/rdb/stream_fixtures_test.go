package rdb

import (
	"slices"

	"switchyard/backends"
	"switchyard/backends/listpack"
	"switchyard/backends/streamnode"
)

// rawStream is the body of a stream in parts for join. groups ends in the last one, of which the rest has parts
// of its own.
type rawStream struct{ nodes, state, groups, pending, consumers []any }

func (s rawStream) body() []byte {
	return join(slices.Concat(s.nodes, s.state, s.groups, s.pending, s.consumers)...)
}

// nodeOf makes a listpack of what a node consists of.
func nodeOf(elements ...any) string {
	l := listpack.New(0)
	for _, e := range elements {
		switch e := e.(type) {
		case int:
			l = l.AppendInt(int64(e))
		case string:
			l = l.Append([]byte(e))
		}
	}
	return string(l)
}

func rawOf(ms, seq uint64) []byte {
	return streamnode.AppendID(nil, backends.StreamID{Ms: ms, Seq: seq})
}

// keyOf is an ID as the key of a node.
func keyOf(ms, seq uint64) string { return string(rawOf(ms, seq)) }

// firstNode has two entries with the fields of the master entry, of which one was deleted, and one of its own.
var firstNode = nodeOf(2, 1, 2, "a", "12", 0,
	2, 0, 0, "1", "x", 5,
	3, 0, 1, "y", "z", 5,
	0, 1, -1, 1, "c", "-7", 6)

// rawStreamOf is the same stream in each type, as far as that can say it.
func rawStreamOf(kind byte) rawStream {
	s := rawStream{nodes: []any{2, keyOf(1, 1), firstNode, keyOf(5, 0), nodeOf(1, 0, 1, "a", 0, 2, 0, 0, "", 4)}}
	s.state = []any{3, 6, 0}
	only := func(some bool, parts ...any) []any {
		if some {
			return parts
		}
		return nil
	}
	if kind != typeStream {
		s.state = append(s.state, 1, 1, 1, 2, 9)
	}
	s.groups = slices.Concat([]any{2, "12", 0, 0}, only(kind != typeStream, -1), []any{0, 0}, []any{"g", 5, 0}, only(kind != typeStream, 4))
	s.pending = []any{3, rawOf(1, 1), uint64(1000), 1, rawOf(2, 0), uint64(2000), 3, rawOf(9, 9), uint64(3000), 1 << 40}
	s.consumers = slices.Concat([]any{3}, rawConsumer(kind, "12", 5, rawOf(1, 1), rawOf(9, 9)),
		rawConsumer(kind, "c", 7, rawOf(2, 0)), rawConsumer(kind, "idle", 8))
	return s
}

func rawConsumer(kind byte, name string, seen uint64, ids ...any) []any {
	c := []any{name, seen}
	if kind == typeStreamActive {
		c = append(c, seen+1000)
	}
	return slices.Concat(c, []any{len(ids)}, ids)
}

func streamFixtures() []fixture {
	entries := []string{entryText("1-1", []string{"a", "1", "12", "x"}), entryText("2-0", []string{"c", "-7"}), entryText("5-0", []string{"a", ""})}
	held := func(state string, reads ...int64) []string {
		return slices.Concat([]string{state}, entries, []string{
			groupText("12", "0-0", reads[0]), groupText("g", "5-0", reads[1]),
			pendingText("1-1", "12", 1000, 1), pendingText("2-0", "c", 2000, 3), pendingText("9-9", "12", 3000, 1<<40),
			consumerText("12", 5, 2), consumerText("c", 7, 1), consumerText("idle", 8, 0),
		})
	}
	whole := held(stateText(3, "6-0", "1-1", "1-2", 9), -1, 4)
	places := rawStreamOf(typeStream)
	places.pending, places.consumers = nil, nil
	places.groups = []any{6, "0", 0, 5, 0, 0, "1", 1, 1, 0, 0, "2", 2, 0, 0, 0, "5", 5, 0, 0, 0, "6", 6, 0, 0, 0, "7", 6, 1, 0, 0}
	gone := rawStream{nodes: []any{0}, state: []any{0, 7, 7}, groups: []any{1, "g", 8, 0, 0, 0}}
	return []fixture{
		{"a stream of Redis 5", typeStream, rawStreamOf(typeStream).body(), held(stateText(3, "6-0", "1-1", "0-0", 3), 0, -1), "stream"},
		{"a stream", typeStreamState, rawStreamOf(typeStreamState).body(), whole, "stream"},
		{"a stream of Redis 7.2", typeStreamActive, rawStreamOf(typeStreamActive).body(), whole, "stream"},
		{"groups at several places of a stream of Redis 5", typeStream, places.body(), slices.Concat(
			[]string{stateText(3, "6-0", "1-1", "0-0", 3)}, entries,
			[]string{groupText("0", "0-5", 0), groupText("1", "1-1", 1), groupText("2", "2-0", -1), groupText("5", "5-0", -1),
				groupText("6", "6-0", 3), groupText("7", "6-1", -1)}), "stream"},
		{"an empty stream of Redis 5", typeStream, gone.body(),
			[]string{stateText(0, "7-7", "0-0", "0-0", 0), groupText("g", "8-0", 0)}, "stream"},
		{"an empty stream", typeStreamState, join(0, 0, 7, 8, 0, 0, 5, 5, 100, 0), []string{stateText(0, "7-8", "0-0", "5-5", 100)}, "stream"},
		{"a stream that never had an entry", typeStreamState, join(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), []string{stateText(0, "0-0", "0-0", "0-0", 0)}, "stream"},
		{"a node of nothing but deleted entries", typeStreamState,
			join(1, keyOf(1, 1), nodeOf(0, 1, 1, "f", 0, 3, 0, 0, "v", 4), 0, 1, 1, 0, 0, 1, 1, 1, 0), []string{stateText(0, "1-1", "0-0", "1-1", 1)}, "stream"},
		{"the greatest IDs", typeStreamState,
			join(1, keyOf(1, 1<<63), nodeOf(2, 0, 1, "f", 0, 2, 0, 0, "v", 4, 2, -2, 1<<63-1, "w", 4), 2, -1, -1, 1, []byte("\x81\x80\x00\x00\x00\x00\x00\x00\x00"), 0, 0, 2, 0),
			[]string{stateText(2, "18446744073709551615-18446744073709551615", "1-9223372036854775808", "0-0", 2),
				entryText("1-9223372036854775808", []string{"f", "v"}), entryText("18446744073709551615-18446744073709551615", []string{"f", "w"})}, "stream"},
	}
}

// streamDamages are bodies of streams that are refused.
func streamDamages() (all []fixture) {
	body := func(name string, kind byte, parts ...any) {
		all = append(all, fixture{name: name, kind: kind, body: join(parts...)})
	}
	// A stream of one node, otherwise empty.
	node := func(name string, ms, seq uint64, elements ...any) {
		body(name, typeStreamState, 1, keyOf(ms, seq), nodeOf(elements...), 1, 9, 0, ms, seq, 0, 0, 9, 0)
	}
	one := []any{1, 0, 1, "f", 0, 2, 0, 0, "v", 4}
	with := func(at int, e any) []any { // in place of an element of one
		return slices.Concat(one[:at], []any{e}, one[at+1:])
	}
	node("a node for no entries", 1, 1, 0, 0, 1, "f", 0)
	node("a node that is only a master entry", 1, 1, one[:5]...)
	node("too many live entries", 1, 1, with(0, 2)...)
	node("too few live entries", 1, 1, with(0, 0)...)
	node("too many deleted entries", 1, 1, with(1, 1)...)
	node("entries below none", 1, 1, slices.Concat([]any{-1, 2}, one[2:])...)
	node("a word for a count", 1, 1, with(0, "x")...)
	node("a master entry without fields", 1, 1, slices.Concat([]any{1, 0, 0, 0}, one[5:8], []any{3})...)
	node("a master entry of countless fields", 1, 1, with(2, 1<<62)...)
	node("a master entry without end", 1, 1, with(4, 1)...)
	node("a word for flags", 1, 1, with(5, "x")...)
	node("an unknown flag", 1, 1, with(5, 6)...)
	node("a word in an ID", 1, 1, with(6, "x")...)
	node("an entry that miscounts its elements", 1, 1, with(9, 5)...)
	node("an entry that is cut", 1, 1, one[:9]...)
	node("an entry with a field of its own and no value", 1, 1, slices.Concat(one[:5], []any{0, 0, 0, 1, "g", 6})...)
	node("an entry without fields", 1, 1, slices.Concat(one[:5], []any{0, 0, 0, 0, 4})...)
	node("an entry of less than no fields", 1, 1, slices.Concat(one[:5], []any{0, 0, 0, -1, 4})...)
	node("an entry 0-0", 0, 0, one...)
	node("an entry before its node", 2, 1, with(6, -1)...)
	node("the same entry twice", 1, 1, slices.Concat(with(0, 2), one[5:])...)
	node("an entry before the last one", 1, 1, slices.Concat(with(0, 2), one[5:7], []any{-1, "v", 4})...)
	node("something behind the entries", 1, 1, slices.Concat(one, []any{0})...)

	nodes := func(name string, parts ...any) {
		s := rawStreamOf(typeStreamState)
		s.nodes = parts
		all = append(all, fixture{name: name, kind: typeStreamState, body: s.body()})
	}
	second := nodeOf(1, 0, 1, "a", 0, 2, 0, 0, "", 4)
	nodes("countless nodes", 1<<60, keyOf(1, 1), firstNode)
	nodes("a mark for a number of nodes", []byte{0xc1}, keyOf(1, 1), firstNode)
	nodes("a short key", 2, keyOf(1, 1), firstNode, keyOf(5, 0)[:15], second)
	nodes("a key that is a number", 2, keyOf(1, 1), firstNode, "5000", second)
	nodes("an empty listpack", 2, keyOf(1, 1), nodeOf(), keyOf(5, 0), second)
	nodes("no listpack", 2, keyOf(1, 1), firstNode, keyOf(5, 0), "second")
	nodes("a listpack without end", 2, keyOf(1, 1), firstNode, keyOf(5, 0), second[:len(second)-1]+"\xfe")
	nodes("bytes behind a listpack", 2, keyOf(1, 1), firstNode, keyOf(5, 0), second+"\xff")
	nodes("the same node twice", 2, keyOf(5, 0), second, keyOf(5, 0), second)
	nodes("nodes that descend", 2, keyOf(5, 0), second, keyOf(1, 1), firstNode)
	nodes("a node among another's entries", 2, keyOf(1, 1), firstNode, keyOf(2, 0), nodeOf(with(6, 3)...))

	for _, kind := range []byte{typeStream, typeStreamState, typeStreamActive} {
		state := func(name string, change func(s *rawStream)) {
			s := rawStreamOf(kind)
			change(&s)
			all = append(all, fixture{name: name, kind: kind, body: s.body()})
		}
		state("a length that is wrong", func(s *rawStream) { s.state[0] = 4 })
		state("a last ID before the last entry", func(s *rawStream) { s.state[1] = 4 })
		state("a mark in an ID", func(s *rawStream) { s.state[1] = []byte{0xc6} })
		state("no groups", func(s *rawStream) { s.groups, s.pending, s.consumers = nil, nil, nil })
		state("countless groups", func(s *rawStream) { s.groups[0] = 1 << 60 })
		state("a group is missing", func(s *rawStream) { s.groups[0] = 3 })
		state("a group twice", func(s *rawStream) { s.groups[slices.Index(s.groups, any("g"))] = "12" })
		state("countless pending entries", func(s *rawStream) { s.pending[0] = 1 << 60 })
		state("half a pending ID", func(s *rawStream) { s.pending, s.consumers = []any{1, rawOf(1, 1)[:9]}, nil })
		state("countless consumers", func(s *rawStream) { s.consumers[0] = 1 << 60 })
		state("a time that is cut", func(s *rawStream) { s.consumers = []any{1, "c", []byte("1234")} })

		group := func(name string, pending []any, consumers ...[]any) {
			state(name, func(s *rawStream) {
				s.pending, s.consumers = pending, slices.Concat([]any{len(consumers)}, slices.Concat(consumers...))
			})
		}
		a, b := []any{rawOf(1, 1), uint64(1000), 1}, []any{rawOf(2, 0), uint64(1000), 1}
		one, two := slices.Concat([]any{1}, a), slices.Concat([]any{2}, a, b)
		has := func(name string, ids ...any) []any { return rawConsumer(kind, name, 5, ids...) }
		group("a pending entry without consumer", two, has("c", rawOf(1, 1)))
		group("a consumer's entry that is not pending", two, has("c", rawOf(1, 1), rawOf(2, 1)))
		group("more entries than are pending", one, has("c", rawOf(1, 1), rawOf(2, 0)))
		group("an entry twice for a consumer", two, has("c", rawOf(1, 1), rawOf(1, 1)))
		group("an entry of two consumers", one, has("c", rawOf(1, 1)), has("d", rawOf(1, 1)))
		group("a consumer twice", two, has("c", rawOf(1, 1)), has("c", rawOf(2, 0)))
		group("a pending entry twice", slices.Concat([]any{2}, a, a), has("c", rawOf(1, 1)))
		group("pending entries that descend", slices.Concat([]any{2}, b, a), has("c", rawOf(1, 1), rawOf(2, 0)))
	}
	body("less read than unknown", typeStreamState, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, "g", 0, 0, -2, 0, 0)
	return all
}

// deadly are damages at which Redis 7.0 uses memory that it has freed.
var deadly = map[string]bool{"an entry twice for a consumer": true}
