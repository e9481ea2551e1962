package listpack

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// fixture is old bytes with what they hold.
type fixture struct {
	name  string
	bytes string
	want  []string
}

// zipItem is an element of a ziplist with the head to write it with: what the writer of a ziplist
// chooses by the value is chosen by the test.
type zipItem struct {
	head, text string
	want       string
}

func zipString(s string) zipItem {
	n := len(s)
	switch {
	case n < 1<<6:
		return zipItem{string([]byte{byte(n)}), s, s}
	case n < 1<<14:
		return zipItem{string([]byte{0x40 | byte(n>>8), byte(n)}), s, s}
	default:
		return zipItem{string(binary.BigEndian.AppendUint32([]byte{0x80}, uint32(n))), s, s}
	}
}

// ziplist writes a ziplist. wide: with five bytes for the size of each element before.
func ziplist(wide bool, items ...zipItem) string {
	b := make([]byte, zipHeader)
	before, tail := 0, zipHeader
	for _, it := range items {
		tail = len(b)
		if wide || before >= zipMark {
			b = binary.LittleEndian.AppendUint32(append(b, zipMark), uint32(before))
		} else {
			b = append(b, byte(before))
		}
		b = append(append(b, it.head...), it.text...)
		before = len(b) - tail
	}
	b = append(b, end)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint32(b[4:], uint32(tail))
	binary.LittleEndian.PutUint16(b[8:], uint16(len(items)))
	return string(b)
}

func ziplists() []fixture {
	integers := []zipItem{
		{"\xf1", "", "0"}, {"\xf6", "", "5"}, {"\xfd", "", "12"},
		{"\xfe", "\x0d", "13"}, {"\xfe", "\x80", "-128"}, {"\xfe", "\xff", "-1"},
		{"\xc0", "\x80\x00", "128"}, {"\xc0", "\x00\x80", "-32768"},
		{"\xf0", "\x00\x80\x00", "32768"}, {"\xf0", "\x00\x00\x80", "-8388608"}, {"\xf0", "\xff\xff\x7f", "8388607"},
		{"\xd0", "\x00\x00\x00\x80", "-2147483648"}, {"\xd0", "\xff\xff\xff\x7f", "2147483647"},
		{"\xe0", "\x00\x00\x00\x00\x00\x00\x00\x80", "-9223372036854775808"},
		{"\xe0", "\xff\xff\xff\xff\xff\xff\xff\x7f", "9223372036854775807"},
	}
	var texts []zipItem
	for _, n := range []int{1, 63, 64, 250, 251, 252, 253, 16383, 16384} {
		texts = append(texts, zipString(strings.Repeat("t", n-1)+"!"))
	}
	mixed := []zipItem{zipString("f"), integers[0], zipString("\x00\xff"), texts[6], zipString("12"), integers[9]}
	all := []fixture{{"the example in ziplist.c", "\x0f\x00\x00\x00\x0c\x00\x00\x00\x02\x00\x00\xf3\x02\xf6\xff", []string{"2", "5"}}}
	for name, items := range map[string][]zipItem{"integers": integers, "strings": texts, "both": mixed} {
		var want []string
		for _, it := range items {
			want = append(want, it.want)
		}
		all = append(all, fixture{name, ziplist(false, items...), want}, fixture{name + ", wide", ziplist(true, items...), want})
	}
	return all
}

func zipmap(pairs ...string) string {
	b := []byte{byte(min(len(pairs)/2, zipmapLong))}
	length := func(n int) {
		if n < zipmapLong {
			b = append(b, byte(n))
		} else {
			b = binary.LittleEndian.AppendUint32(append(b, zipmapLong), uint32(n))
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		length(len(pairs[i]))
		b = append(b, pairs[i]...)
		length(len(pairs[i+1]))
		spare := i / 2 % 4
		b = append(append(b, byte(spare)), pairs[i+1]...)
		b = append(b, strings.Repeat("?", spare)...)
	}
	return string(append(b, end))
}

func zipmaps() []fixture {
	some := []string{"a", "1", "b", "", "", "0", "c", strings.Repeat("v", 253), strings.Repeat("f", 254), strings.Repeat("v", 300), "\xff", "\xfe\xff"}
	var many []string
	for i := range 300 {
		many = append(many, strings.Repeat("n", i), "v")
	}
	return []fixture{
		{"the example in zipmap.c", "\x02\x03foo\x03\x00bar\x05hello\x05\x00world\xff", []string{"foo", "bar", "hello", "world"}},
		{"some pairs", zipmap(some...), some},
		{"more pairs than are counted", zipmap(many...), many},
	}
}

func TestZiplistsAreRead(t *testing.T) {
	for _, z := range append(ziplists(), fixture{"an empty one", ziplist(false), nil}) {
		elements, err := Ziplist([]byte(z.bytes))
		if err != nil {
			t.Fatalf("%s: %v", z.name, err)
		}
		var got []string
		for e := range elements {
			got = append(got, string(e))
		}
		l, err := FromZiplist([]byte(z.bytes))
		if err != nil || !sameTexts(l, z.want) || strings.Join(got, "|") != strings.Join(z.want, "|") {
			t.Errorf("%s: %v %.200q, as a list %.200q", z.name, err, got, texts(l))
		}
		for range elements {
			break // a walk may end early
		}
	}
}

func TestZipmapsAreRead(t *testing.T) {
	for _, z := range zipmaps() {
		pairs, err := Zipmap([]byte(z.bytes))
		if err != nil {
			t.Fatalf("%s: %v", z.name, err)
		}
		var got []string
		for field, value := range pairs {
			got = append(got, string(field), string(value))
		}
		l, err := FromZipmap([]byte(z.bytes))
		if err != nil || !sameTexts(l, z.want) || strings.Join(got, "|") != strings.Join(z.want, "|") {
			t.Errorf("%s: %v %.200q, as a list %.200q", z.name, err, got, texts(l))
		}
		for range pairs {
			break
		}
	}
}

// sameTexts says whether the list holds want, stored as Redis would store it.
func sameTexts(l List, want []string) bool {
	m := New(0)
	for _, v := range want {
		m = m.Append([]byte(v))
	}
	return bytes.Equal(l, m)
}

func TestDamagedOldBytesAreErrors(t *testing.T) {
	for name, b := range map[string]string{
		"nothing":                   "",
		"no end":                    "\x0b\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00",
		"another size":              "\x0c\x00\x00\x00\x0a\x00\x00\x00\x00\x00\xff",
		"a tail behind the end":     "\x0b\x00\x00\x00\x0b\x00\x00\x00\x00\x00\xff",
		"a tail before the last":    "\x0f\x00\x00\x00\x0a\x00\x00\x00\x02\x00\x00\xf3\x02\xf6\xff",
		"another count":             "\x0f\x00\x00\x00\x0c\x00\x00\x00\x03\x00\x00\xf3\x02\xf6\xff",
		"another size before":       "\x0f\x00\x00\x00\x0c\x00\x00\x00\x02\x00\x00\xf3\x03\xf6\xff",
		"an unknown integer":        "\x0f\x00\x00\x00\x0c\x00\x00\x00\x02\x00\x00\xf3\x02\xc1\xff",
		"a string over the end":     "\x0f\x00\x00\x00\x0c\x00\x00\x00\x02\x00\x00\xf3\x02\x01\xff",
		"a size cut":                "\x0f\x00\x00\x00\x0c\x00\x00\x00\x02\x00\x00\xf3\xfe\x02\xff",
		"a head that is missing":    "\x0e\x00\x00\x00\x0c\x00\x00\x00\x02\x00\x00\xf3\x02\xff",
		"an end in the middle":      "\x0f\x00\x00\x00\x0c\x00\x00\x00\x02\x00\x00\xf3\xff\xff\xff",
		"a length of four billions": ziplist(false, zipItem{"\x80\xff\xff\xff\xff", "", ""}),
	} {
		if _, err := Ziplist([]byte(b)); err == nil {
			t.Errorf("ziplist with %s: no error", name)
		}
		if _, err := FromZiplist([]byte(b)); err == nil {
			t.Errorf("ziplist with %s: no error", name)
		}
	}
	for name, b := range map[string]string{
		"nothing":                   "",
		"no end":                    "\x00",
		"another count":             "\x02\x01a\x01\x00b\xff",
		"a field over the end":      "\x01\x06a\x01\x00b\xff",
		"a value over the end":      "\x01\x01a\x02\x00b\xff",
		"spare bytes over the end":  "\x01\x01a\x01\x01b\xff",
		"no value":                  "\x01\x01a\xff",
		"no spare":                  "\x01\x01a\x00\xff",
		"an end in the middle":      "\x01\x01a\xff\x00b\xff",
		"half a length":             "\x01\xfe\x01\x00\xff",
		"a long length of little":   "\x01\xfe\x01\x00\x00\x00a\x01\x00b\xff",
		"a length of four billions": "\x01\xfe\xff\xff\xff\xffa\x01\x00b\xff",
	} {
		if _, err := Zipmap([]byte(b)); err == nil {
			t.Errorf("zipmap with %s: no error", name)
		}
		if _, err := FromZipmap([]byte(b)); err == nil {
			t.Errorf("zipmap with %s: no error", name)
		}
	}
}

func TestDamagedListsAreErrors(t *testing.T) {
	for name, b := range map[string]string{
		"nothing":                   "",
		"no end":                    "\x07\x00\x00\x00\x00\x00\x00",
		"another size":              "\x08\x00\x00\x00\x00\x00\xff",
		"another count":             "\x07\x00\x00\x00\x01\x00\xff",
		"no back-length":            "\x08\x00\x00\x00\x01\x00\x01\xff",
		"another back-length":       "\x09\x00\x00\x00\x01\x00\x01\x02\xff",
		"a long back-length":        "\x09\x00\x00\x00\x01\x00\x00\x81\xff",
		"a string over the end":     "\x0a\x00\x00\x00\x01\x00\x82ab\xff",
		"half a head":               "\x08\x00\x00\x00\x01\x00\xe0\xff",
		"half a long head":          "\x0b\x00\x00\x00\x01\x00\xf0\x00\x00\x00\xff",
		"half an integer":           "\x0b\x00\x00\x00\x01\x00\xf4\x00\x00\x00\xff",
		"an unknown head":           "\x09\x00\x00\x00\x01\x00\xf5\x01\xff",
		"an end in the middle":      "\x09\x00\x00\x00\x01\x00\xff\x01\xff",
		"a length of four billions": string(mend([]byte("\xf0\xff\xff\xff\xffabc\x08"))),
	} {
		if Valid([]byte(b)) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := Valid(New(0)); err != nil {
		t.Error(err)
	}
}
