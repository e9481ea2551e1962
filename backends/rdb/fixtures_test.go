package rdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"switchyard/backends"
	"switchyard/backends/intset"
	"switchyard/backends/listpack"
)

// fixture is a body as some Redis writes it, with what it holds.
type fixture struct {
	name     string
	kind     byte
	body     []byte
	elements []string // as in contents
	held     string   // the type that it is
}

// payload frames the body with the version that the type needs.
func (f *fixture) payload() []byte {
	v := uint16(version)
	if f.kind > typeStreamActive {
		v = timedVersion
	} else if !f.knownTo70() {
		v = 11
	}
	return frame(v, append([]byte{f.kind}, f.body...)...)
}

// knownTo70 says whether Redis 7.0 has this type.
func (f *fixture) knownTo70() bool { return f.kind <= typeStreamState }

// join puts parts of a body behind each other: a string is one, an int a length, bytes are as they are.
func join(parts ...any) []byte {
	var p []byte
	for _, part := range parts {
		switch part := part.(type) {
		case string:
			p = appendString(p, []byte(part))
		case int:
			p = appendLength(p, uint64(part))
		case uint64:
			p = binary.LittleEndian.AppendUint64(p, part)
		case float64:
			p = binary.LittleEndian.AppendUint64(p, math.Float64bits(part))
		case []byte:
			p = append(p, part...)
		}
	}
	return p
}

func packOf(elements ...string) string {
	l := listpack.New(0)
	for _, e := range elements {
		l = l.Append([]byte(e))
	}
	return string(l)
}

func intsOf(members ...int64) string {
	s := intset.New()
	for _, n := range members {
		s, _ = s.Add(n)
	}
	return string(s)
}

// zipOf writes a ziplist. What reads like a small integer is stored as one, as Redis did.
func zipOf(elements ...string) string {
	b := make([]byte, 10)
	before, tail := 0, len(b)
	for _, e := range elements {
		tail = len(b)
		if before < 254 {
			b = append(b, byte(before))
		} else {
			b = binary.LittleEndian.AppendUint32(append(b, 254), uint32(before))
		}
		if n, ok := smallInteger([]byte(e)); !ok {
			b = append(appendLength(b, uint64(len(e))), e...) // the forms of the lengths are the same
		} else if n >= 0 && n <= 12 {
			b = append(b, 0xf1+byte(n))
		} else if n == int64(int8(n)) {
			b = append(b, 0xfe, byte(n))
		} else {
			b = binary.LittleEndian.AppendUint32(append(b, 0xd0), uint32(n))
		}
		before = len(b) - tail
	}
	b = append(b, 255)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint32(b[4:], uint32(tail))
	binary.LittleEndian.PutUint16(b[8:], uint16(len(elements)))
	return string(b)
}

func text(s string) []byte { return append([]byte{byte(len(s))}, s...) }

const soon, later = 5_000_000_000_000, 5_000_000_100_000 // deadlines

func fixtures() []fixture {
	long := strings.Repeat("long ", 100)
	list := []string{`"a"`, `"-7"`, `""`, `"100000"`, fmt.Sprintf("%q", long), `"a"`}
	raw := []string{"a", "-7", "", "100000", long, "a"}
	set := []string{`"-32769"`, `"12"`, `"m"`}
	ints := []string{`"-32769"`, `"12"`, `"70000"`}
	zset := []string{`"12":-1.5`, `"a":2`, `"b":+Inf`, `"c":-Inf`}
	hash := []string{`"1"="f"@0`, fmt.Sprintf(`"f"=%q@0`, long), `"g"=""@0`}
	timed := []string{fmt.Sprintf(`"1"="f"@%d`, soon), fmt.Sprintf(`"f"="v"@%d`, later), `"g"=""@0`}
	pairs := []string{"g", "", "f", long, "1", "f"}
	return append(streamFixtures(), []fixture{
		{"a string", typeString, join("hello"), []string{`"hello"`}, "string"},
		{"a list", typeList, join(6, "a", "-7", "", "100000", long, "a"), list, "list"},
		{"a list in a ziplist", typeListZiplist, join(zipOf(raw...)), list, "list"},
		{"a quicklist of ziplists", typeQuicklist, join(3, zipOf(raw[:2]...), zipOf(), zipOf(raw[2:]...)), list, "list"},
		{"a quicklist", typeQuicklist2, join(4, 2, packOf("a"), 1, "-7", 2, packOf("", "100000"), 2, packOf(long, "a")), list, "list"},
		{"a quicklist with an empty node", typeQuicklist2, join(2, 2, packOf(), 2, packOf(raw...)), list, "list"},
		{"a set", typeSet, join(3, "m", "12", "-32769"), set, "set"},
		{"an intset", typeIntset, join(intsOf(12, -32769, 70000)), ints, "set"},
		{"a set in a listpack", typeSetListpack, join(packOf("m", "12", "-32769")), set, "set"},
		{"a sorted set with texts", typeZSetText, join(4, "b", []byte{254}, "a", text("2"), "12", text("-1.5"), "c", []byte{255}), zset, "zset"},
		{"a sorted set", typeZSet, join(4, "b", math.Inf(1), "a", 2.0, "12", -1.5, "c", math.Inf(-1)), zset, "zset"},
		{"a sorted set in a ziplist", typeZSetZiplist, join(zipOf("c", "-inf", "12", "-1.5", "a", "2", "b", "inf")), zset, "zset"},
		{"a sorted set in a listpack", typeZSetListpack, join(packOf("c", "-inf", "12", "-1.5", "a", "2", "b", "inf")), zset, "zset"},
		{"a sorted set that is not sorted", typeZSetListpack, join(packOf("a", "2", "b", "inf", "c", "-inf", "12", "-1.50")), zset, "zset"},
		{"a hash", typeHash, join(3, "g", "", "f", long, "1", "f"), hash, "hash"},
		{"a hash in a zipmap", typeHashZipmap, join("\x03\x01g\x00\x00\x01f\xfe\xf4\x01\x00\x00\x01" + long + "?\x011\x01\x02f??\xff"), hash, "hash"},
		{"a hash in a ziplist", typeHashZiplist, join(zipOf(pairs...)), hash, "hash"},
		{"a hash in a listpack", typeHashListpack, join(packOf(pairs...)), hash, "hash"},
		{"a hash with deadlines, before the release", typeHashMetadataRC, join(3, later, "f", "v", 0, "g", "", soon, "1", "f"), timed, "hash"},
		{"a hash with deadlines", typeHashMetadata, join(uint64(soon), 3, later-soon+1, "f", "v", 0, "g", "", 1, "1", "f"), timed, "hash"},
		{"deadlines in a listpack, before the release", typeHashDeadlinesRC,
			join(packOf("1", "f", fmt.Sprint(soon), "f", "v", fmt.Sprint(later), "g", "", "0")), timed, "hash"},
		{"deadlines in a listpack", typeHashDeadlines,
			join(uint64(soon), packOf("1", "f", fmt.Sprint(soon), "f", "v", fmt.Sprint(later), "g", "", "0")), timed, "hash"},
	}...)
}

func TestEveryEncodingIsRead(t *testing.T) {
	all := engines(t)
	seen := map[byte]bool{}
	for _, f := range fixtures() {
		seen[f.kind] = true
		want := contents{f.held, f.elements}
		for name, run := range all {
			got, _, dump, err := run.taken(f.payload())
			if err != nil || !got.equal(want) {
				t.Errorf("%s in %s: %v\n%.300q\n%.300q", f.name, name, err, got, want)
				continue
			}
			if again, _, _, err := run.taken(dump); err != nil || !again.equal(want) {
				t.Errorf("%s in %s, dumped: %v %.300q", f.name, name, err, again)
			}
		}
	}
	for kind := range readers {
		if !seen[kind] {
			t.Errorf("there is no fixture of type %d", kind)
		}
	}
}

func TestRedisReadsTheFixturesAsWeDo(t *testing.T) {
	c, ctx := startRedis(t), t.Context()
	for _, f := range fixtures() {
		if !f.knownTo70() {
			continue
		}
		p := c.Pipeline()
		p.RestoreReplace(ctx, "k", 0, string(f.payload()))
		held := heldByRedis(p, "k")
		_, _ = p.Exec(ctx) // most reads are of another type on purpose
		if got, err := held(); err != nil || !got.equal(contents{f.held, f.elements}) {
			t.Errorf("%s: %v %.300q", f.name, err, got)
		}
	}
}

// damages are bodies that are refused.
func damages() []fixture {
	pack := func(kind byte, elements ...string) fixture {
		return fixture{kind: kind, body: join(packOf(elements...))}
	}
	named := func(name string, f fixture) fixture { f.name = name; return f }
	body := func(kind byte, parts ...any) fixture { return fixture{kind: kind, body: join(parts...)} }
	flip := func(kind byte, blob string) fixture { // the end is none
		return body(kind, blob[:len(blob)-1]+"\xfe")
	}
	all := []fixture{
		named("a list that is short", body(typeList, 3, "a", "b")),
		named("a huge list", body(typeList, 1<<60, "a")),
		named("a quicklist of nothing", body(typeQuicklist, 2, zipOf(), zipOf())),
		named("a quicklist with an empty string", body(typeQuicklist, 2, zipOf("a"), "")),
		named("a quicklist 2 of nothing", body(typeQuicklist2, 1, 2, packOf())),
		named("a plain node of nothing", body(typeQuicklist2, 1, 1, "")),
		named("an unknown node", body(typeQuicklist2, 1, 3, packOf("a"))),
		named("a number for a blob", body(typeQuicklist2, 1, 2, "12")),
		named("a member twice", body(typeSet, 3, "a", "b", "a")),
		named("a number twice", body(typeSet, 3, "1", "2", []byte{1, '1'})),
		named("a member twice in a listpack", pack(typeSetListpack, "a", "b", "a")),
		named("an intset of nothing", body(typeIntset, intsOf())),
		named("an intset without order", body(typeIntset, "\x02\x00\x00\x00\x02\x00\x00\x00\x02\x00\x01\x00")),
		named("an intset of odd width", body(typeIntset, "\x03\x00\x00\x00\x01\x00\x00\x00abc")),
		named("NaN as text", body(typeZSetText, 1, "a", []byte{253})),
		named("nan as text", body(typeZSetText, 1, "a", text("nan"))),
		named("no text", body(typeZSetText, 1, "a", text(""))),
		named("a word as text", body(typeZSetText, 1, "a", text("one"))),
		named("half a text", body(typeZSetText, 1, "a", []byte{9, '1'})),
		named("NaN", body(typeZSet, 1, "a", math.NaN())),
		named("half a score", body(typeZSet, 1, "a", []byte("1234567"))),
		named("a member with two scores", body(typeZSet, 2, "a", 1.0, "a", 2.0)),
		named("a score missing", pack(typeZSetListpack, "a", "1", "b")),
		named("a member with two scores in a listpack", pack(typeZSetListpack, "a", "1", "a", "2")),
		named("nan in a listpack", pack(typeZSetListpack, "a", "nan")),
		named("an underscore in a listpack", pack(typeZSetListpack, "a", "2_5")),
		named("a word in a listpack", pack(typeZSetListpack, "a", "one")),
		named("a score missing in a ziplist", body(typeZSetZiplist, zipOf("a", "1", "b"))),
		named("a value missing", body(typeHash, 2, "f", "v", "g")),
		named("a field twice", body(typeHash, 2, "f", "v", "f", "w")),
		named("a field twice in a listpack", pack(typeHashListpack, "f", "v", "f", "w")),
		named("a value missing in a listpack", pack(typeHashListpack, "f", "v", "g")),
		named("a field twice in a ziplist", body(typeHashZiplist, zipOf("f", "v", "f", "w"))),
		named("a field twice in a zipmap", body(typeHashZipmap, "\x02\x01f\x01\x00v\x01f\x01\x00w\xff")),
		named("a zipmap of nothing", body(typeHashZipmap, "\x00\xff")),
		named("half an earliest deadline", body(typeHashMetadata, []byte("1234567"))),
		named("an earliest deadline too late", body(typeHashMetadata, uint64(1<<48), 1, 0, "f", "v")),
		named("a deadline too late", body(typeHashMetadata, uint64(1<<48-1), 1, 2, "f", "v")),
		named("a wait that wraps around", body(typeHashMetadata, uint64(5), 1, []byte("\x81\xff\xff\xff\xff\xff\xff\xff\xff"), "f", "v")),
		named("a wait that is a string", body(typeHashMetadataRC, 1, []byte{0xc0}, "f", "v")),
		named("an early deadline too late", body(typeHashMetadataRC, 1, 1<<48, "f", "v")),
		named("a timed field twice", body(typeHashMetadataRC, 2, 0, "f", "v", 0, "f", "v")),
		named("a deadline missing", pack(typeHashDeadlinesRC, "f", "v", "1", "g", "w")),
		named("a deadline that is a word", pack(typeHashDeadlinesRC, "f", "v", "one")),
		named("a deadline below 0", pack(typeHashDeadlinesRC, "f", "v", "-1")),
		named("a deadline in a listpack too late", pack(typeHashDeadlinesRC, "f", "v", fmt.Sprint(1<<48))),
		named("deadlines that descend", pack(typeHashDeadlinesRC, "f", "v", "2", "g", "w", "1")),
		named("a deadline after none", pack(typeHashDeadlinesRC, "f", "v", "0", "g", "w", "1")),
		named("no blob behind an earliest deadline", body(typeHashDeadlines, uint64(5))),
	}
	for _, kind := range []byte{typeList, typeQuicklist, typeQuicklist2, typeSet, typeZSetText, typeZSet, typeHash, typeHashMetadataRC} {
		all = append(all, named("nothing", body(kind, 0)), named("no count", body(kind)), named("a count that is a string", body(kind, []byte{0xc1}, "a", "b")))
	}
	for _, kind := range []byte{typeSetListpack, typeZSetListpack, typeHashListpack, typeHashDeadlinesRC} {
		all = append(all, named("an empty listpack", pack(kind)), named("no end", flip(kind, packOf("a", "1", "0"))),
			named("bytes behind the end", body(kind, packOf("a", "1")+"\xff")), named("half a blob", body(kind, 20, []byte("abc"))))
	}
	for _, kind := range []byte{typeListZiplist, typeZSetZiplist, typeHashZiplist} {
		all = append(all, named("an empty ziplist", body(kind, zipOf())), named("no end", flip(kind, zipOf("a", "1"))),
			named("bytes behind the end", body(kind, zipOf("a", "1")+"\xff")), named("no blob", body(kind, "")))
	}
	return append(all, streamDamages()...)
}

func TestDamagedCollectionsChangeNothing(t *testing.T) {
	old := dumped([]byte("old"))
	for name, run := range engines(t) {
		for _, f := range damages() {
			if _, _, _, err := run.taken(old); err != nil {
				t.Fatal(err)
			}
			_, _, _, err := run.taken(f.payload())
			held := contents{}
			if readErr := run(func(tx backends.Tx) error { held = heldBy(tx, []byte("k")); return nil }); readErr != nil {
				t.Fatal(readErr)
			}
			if err != ErrFormat || held.elements[0] != `"old"` {
				t.Errorf("%s of type %d in %s: %v, and the key is %q", f.name, f.kind, name, err, held)
			}
		}
	}
}

// careful are the damages that Redis takes: a text that is no number as a score in a blob, the mark of an
// encoding as a count, a body that is too short, because it reads on into the footer, and much that contradicts
// itself in a stream.
var careful = map[string]bool{
	"nan in a listpack": true, "a word in a listpack": true, "a count that is a string": true,
	"an underscore in a listpack": true, "half a text": true, "half a score": true,

	"a node for no entries": true, "entries below none": true, "a master entry without fields": true, "an unknown flag": true,
	"an entry without fields": true, "an entry 0-0": true, "an entry before its node": true, "the same entry twice": true,
	"an entry before the last one": true, "a mark for a number of nodes": true, "nodes that descend": true,
	"a node among another's entries": true, "a length that is wrong": true, "a last ID before the last entry": true,
	"a mark in an ID": true, "less read than unknown": true, "pending entries that descend": true, "an entry of two consumers": true,
}

func TestRedisRefusesDamagedCollectionsToo(t *testing.T) {
	c, ctx := startRedis(t), t.Context()
	for _, f := range damages() {
		if deadly[f.name] || !f.knownTo70() {
			continue
		}
		err := c.RestoreReplace(ctx, "k", 0, string(f.payload())).Err()
		if err == nil && !careful[f.name] {
			t.Errorf("Redis takes %s of type %d", f.name, f.kind)
		}
	}
}

func TestACountClaimsNothing(t *testing.T) {
	for _, kind := range []byte{typeList, typeSet, typeZSet, typeHash, typeHashMetadataRC, typeQuicklist2, typeStream, typeStreamState} {
		p := frame(version, append([]byte{kind}, join(math.MaxInt64, "a", "b")...)...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = parse(p) // which is refused
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 200<<10 {
			t.Errorf("%d bytes for a damaged payload of type %d", n, kind)
		}
	}
}

func TestFieldsWhoseTimeHasComeAreNotRestored(t *testing.T) {
	p := frame(timedVersion, append([]byte{typeHashMetadataRC}, join(2, 1, "old", "v", soon, "new", "v")...)...)
	gone := frame(timedVersion, append([]byte{typeHashMetadataRC}, join(1, 1, "old", "v")...)...)
	for name, run := range engines(t) {
		got, _, dump, err := run.taken(p)
		want := contents{"hash", []string{fmt.Sprintf(`"new"="v"@%d`, soon)}}
		if err != nil || !got.equal(want) || !bytes.HasPrefix(dump, append([]byte{typeHashMetadata}, join(uint64(soon), 1, 1, "new")...)) {
			t.Errorf("%s: %v %q, dumped as %q", name, err, got, dump)
		}
		if got, _, dump, err := run.taken(gone); err != nil || got.kind != "none" || dump != nil {
			t.Errorf("%s: %v %q, dumped as %q", name, err, got, dump)
		}
	}
}
