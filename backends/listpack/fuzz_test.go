package listpack

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// mend gives b the header and the end of a list, so that more than the check of those is tested.
func mend(b []byte) []byte {
	b = append(make([]byte, headerSize, headerSize+len(b)+1), b...)
	b = append(b, end)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint16(b[4:], uncounted)
	return b
}

// mendZip does the same for a ziplist, mendZipmap for a zipmap.
func mendZip(b []byte) []byte {
	b = append(append(make([]byte, zipHeader, zipHeader+len(b)+1), b...), end)
	tail := zipHeader
	for pos := zipHeader; pos < len(b)-1; {
		tail = pos
		e, ok := readZipEntry(b[pos : len(b)-1])
		if !ok {
			break
		}
		pos += e.size
	}
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint32(b[4:], uint32(tail))
	binary.LittleEndian.PutUint16(b[8:], uncounted)
	return b
}

func mendZipmap(b []byte) []byte { return append(append([]byte{zipmapLong}, b...), end) }

// Whatever is valid can be read both ways, and edited, and is still valid.
func FuzzValid(f *testing.F) {
	f.Add([]byte(build([][]byte{[]byte("a"), []byte("1000"), bytes.Repeat([]byte("b"), 200)})), uint64(1))
	f.Add([]byte("\x01\x01\x82ab\x03\xdf\xff\x02\xf1\x00\x80\x03\xf2\x00\x00\x80\x04"), uint64(2))
	f.Add([]byte("\xf4\x00\x00\x00\x00\x00\x00\x00\x80\x09\xe0\x01a\x03\xf0\x01\x00\x00\x00a\x06"), uint64(3))
	f.Add([]byte("\xf0\xff\xff\xff\xff\x06"), uint64(4))
	f.Add([]byte("\x00\x81"), uint64(5)) // a back-length that reaches into the element
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		for _, b := range [][]byte{b, mend(b)} {
			if Valid(b) == nil {
				walkAndEdit(t, bytes.Clone(b), seed)
			}
		}
	})
}

func walkAndEdit(t *testing.T, l List, seed uint64) {
	m := texts(l)
	if err := check(l, m); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 0))
	all := edges()
	for i := range m {
		if i < 10 && checkFind(l, m, m[i], i%3) != nil {
			t.Fatal(checkFind(l, m, m[i], i%3))
		}
	}
	for range 5 {
		var did string
		l, m, did = step(r, all, l, m)
		if err := check(l, m); err != nil {
			t.Fatalf("%s: %v", did, err)
		}
	}
}

// seed has the short fixtures, whole and without what a mend adds to both ends.
func seed(f *testing.F, all []fixture, header int) {
	for _, z := range all {
		if len(z.bytes) < 1000 {
			f.Add([]byte(z.bytes))
			f.Add([]byte(z.bytes[header : len(z.bytes)-1]))
		}
	}
}

func FuzzZiplist(f *testing.F) {
	seed(f, ziplists(), zipHeader)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, b := range [][]byte{b, mendZip(b)} {
			elements, err := Ziplist(b)
			l, err2 := FromZiplist(b)
			if (err == nil) != (err2 == nil) {
				t.Fatal(err, err2)
			}
			if err != nil {
				continue
			}
			var m [][]byte
			for e := range elements {
				m = append(m, bytes.Clone(e))
			}
			if err := check(l, m); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzZipmap(f *testing.F) {
	seed(f, zipmaps(), 1)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, b := range [][]byte{b, mendZipmap(b)} {
			pairs, err := Zipmap(b)
			l, err2 := FromZipmap(b)
			if (err == nil) != (err2 == nil) {
				t.Fatal(err, err2)
			}
			if err != nil {
				continue
			}
			var m [][]byte
			for field, value := range pairs {
				m = append(m, field, value)
			}
			if err := check(l, m); err != nil {
				t.Fatal(err)
			}
		}
	})
}
