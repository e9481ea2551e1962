package rdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"switchyard/backends"
)

// dumped is the payload of a string.
func dumped(s []byte) []byte { return seal(appendString([]byte{typeString}, s), version) }

// frame seals any body with any version.
func frame(v uint16, body ...byte) []byte {
	p := binary.LittleEndian.AppendUint16(body, v)
	return binary.LittleEndian.AppendUint64(p, checksum(p))
}

// restored is what a payload makes of a key.
func restored(payload []byte) ([]byte, error) {
	e := newFake()
	err := e.with(1, func(tx backends.Tx) error { return Restore(tx, []byte("k"), payload) })
	return e.dbs[0]["k"].val, err
}

// sample is a random string, now and then a number, and often one that compresses well.
func sample(r *rand.Rand) []byte {
	switch r.IntN(6) {
	case 0:
		return fmt.Appendf(nil, "%d", int64(r.Uint64())>>r.IntN(64))
	case 1:
		return []byte(strings.Repeat(fmt.Sprint(r.IntN(1000)), r.IntN(400)))
	}
	n, letters := r.IntN(1<<r.IntN(15)+1), 1+r.IntN(1<<r.IntN(9))
	b := make([]byte, 0, n+64)
	for len(b) < n {
		if len(b) > 0 && r.IntN(8) == 0 { // something said before
			from := r.IntN(len(b))
			b = append(b, b[from:min(len(b), from+r.IntN(300))]...)
			continue
		}
		b = append(b, byte(r.IntN(letters)))
	}
	return b
}

func TestChecksumIsTheOneThatRedisDocuments(t *testing.T) {
	if got := checksum([]byte("123456789")); got != 0xe9c6d914c4b8d9ca {
		t.Fatalf("%x", got)
	}
}

func TestWhatIsDumpedCanBeRestored(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		s := sample(r)
		got, err := restored(dumped(s))
		if err != nil || !bytes.Equal(got, s) {
			t.Fatalf("%q came back as %q, %v", s, got, err)
		}
	}
}

func TestDumpOfNothingIsNil(t *testing.T) {
	err := newFake().with(1, func(tx backends.Tx) error {
		if p, err := Dump(tx, []byte("k")); p != nil || err != nil {
			t.Errorf("%q", p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRestoreReplacesValueAndExpiry(t *testing.T) {
	e := newFake()
	e.dbs[0]["k"] = fakeKey{val: []byte("old"), at: 100}
	err := e.with(1, func(tx backends.Tx) error { return Restore(tx, []byte("k"), dumped([]byte("new"))) })
	if k := e.dbs[0]["k"]; err != nil || string(k.val) != "new" || k.at != 0 {
		t.Fatalf("%q, %v", k.val, err)
	}
}

func TestBadPayloadsChangeNothing(t *testing.T) {
	good := dumped([]byte("value"))
	flipped := bytes.Clone(good)
	flipped[2] ^= 1
	for name, c := range map[string]struct {
		payload []byte
		want    error
	}{
		"nothing":                {nil, ErrChecksum},
		"too short":              {good[:9], ErrChecksum},
		"cut":                    {good[:len(good)-1], ErrChecksum},
		"a changed byte":         {flipped, ErrChecksum},
		"a version from ahead":   {frame(newest+1, 0, 1, 'a'), ErrChecksum},
		"no type":                {frame(10), ErrFormat},
		"an unknown type":        {frame(10, 8, 1, 'a'), ErrFormat},
		"a type of a whole file": {frame(10, 255), ErrFormat},
		"no length":              {frame(10, 0), ErrFormat},
		"half a length":          {frame(10, 0, 0x41), ErrFormat},
		"half a long length":     {frame(10, 0, 0x80, 0, 0), ErrFormat},
		"an odd length":          {frame(10, 0, 0x82, 'a'), ErrFormat},
		"too few bytes":          {frame(10, 0, 3, 'a', 'b'), ErrFormat},
		"a huge length":          {frame(10, 0, 0x81, 255, 255, 255, 255, 255, 255, 255, 255), ErrFormat},
		"half an integer":        {frame(10, 0, 0xc2, 1, 2, 3), ErrFormat},
		"an unknown encoding":    {frame(10, 0, 0xc4, 1), ErrFormat},
		"LZF that claims much":   {frame(10, 0, 0xc3, 2, 0x80, 0x10, 0, 0, 0, 0, 'a'), ErrFormat},
		"LZF that is cut":        {frame(10, 0, 0xc3, 9, 9, 0), ErrFormat},
		"LZF from before it":     {frame(10, 0, 0xc3, 2, 3, 0x20, 0), ErrFormat},
		"a list of nothing":      {frame(10, 18, 0), ErrFormat},
		"a stream that is short": {frame(10, 19, 0), ErrFormat},
		"a module":               {frame(10, 7, 0), ErrUnsupported},
	} {
		e := newFake()
		e.dbs[0]["k"] = fakeKey{val: []byte("old"), at: 100}
		err := e.with(1, func(tx backends.Tx) error { return Restore(tx, []byte("k"), c.payload) })
		if k := e.dbs[0]["k"]; !errors.Is(err, c.want) || string(k.val) != "old" || k.at != 100 {
			t.Errorf("%s: %v, want %v; the key is %q", name, err, c.want, k.val)
		}
	}
	if _, err := restored(frame(12, 6)); err == nil || err.Error() != "ERR unsupported data type: module" {
		t.Error(err)
	}
}

func TestVersionsUpToTheNewestAreRead(t *testing.T) {
	for v := range uint16(newest + 1) {
		if s, err := restored(frame(v, 0, 1, 'a')); err != nil || string(s) != "a" {
			t.Errorf("version %d: %q, %v", v, s, err)
		}
	}
}

func FuzzRestore(f *testing.F) {
	for _, p := range fromRedis {
		f.Add([]byte(p))
	}
	for _, list := range [][]fixture{fixtures(), damages()} {
		for _, x := range list {
			f.Add(x.payload())
		}
	}
	all := engines(f)
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) >= footer && !sealed(p) { // nearly always: mend it, so that more than the check is tested
			if _, err := restored(p); !errors.Is(err, ErrChecksum) {
				t.Fatalf("a wrong checksum gave %v", err)
			}
			p = seal(bytes.Clone(p[:len(p)-footer]), version)
		}
		for name, run := range all {
			held, _, dump, err := run.taken(p)
			if err != nil || held.kind == "none" { // all fields may have expired
				continue
			}
			if again, _, _, err := run.taken(dump); err != nil || !again.equal(held) {
				t.Fatalf("%s: %.1000q became %.1000q, %v", name, held, again, err)
			}
		}
	})
}

// lzfCompress is compress with a result to keep.
func lzfCompress(in []byte, limit int) []byte {
	t := lzfTables.Get().(*lzfTable)
	defer t.release(len(in))
	return bytes.Clone(t.compress(in, limit))
}

func FuzzLZF(f *testing.F) {
	f.Add([]byte("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), uint64(264))
	f.Add([]byte("\x01ab\x20\x01"), uint64(5))
	f.Add([]byte("\x00a\xe0\xff\x00"), uint64(265))
	f.Fuzz(func(t *testing.T, b []byte, size uint64) {
		if out, err := lzfDecompress(b, size); err == nil && uint64(len(out)) != size {
			t.Fatalf("%d bytes instead of %d", len(out), size)
		}
		packed := lzfCompress(b, len(b)+len(b)/32+8)
		if len(b) == 0 {
			return
		}
		if out, err := lzfDecompress(packed, uint64(len(b))); err != nil || !bytes.Equal(out, b) {
			t.Fatalf("%q came back as %q, %v", b, out, err)
		}
		if len(packed) > 1 && len(lzfCompress(b, len(packed)-1)) > len(packed)-1 {
			t.Fatal("more than the limit")
		}
	})
}

func BenchmarkDump(b *testing.B) {
	for _, n := range []int{8, 100, 4096} {
		s := []byte(strings.Repeat("some text, ", n/11+1))[:n]
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(n))
			for b.Loop() {
				dumped(s)
			}
		})
	}
}
