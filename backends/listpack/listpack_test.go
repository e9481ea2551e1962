package listpack

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// edges are values next to each limit of the format.
func edges() []string {
	var all []string
	for _, bits := range []int{7, 12, 15, 23, 31} {
		for _, d := range []int64{-1, 0, 1} {
			all = append(all, strconv.FormatInt(1<<bits+d, 10), strconv.FormatInt(-1<<bits+d, 10))
		}
	}
	all = append(all, "0", "1", "-1", "9223372036854775807", "9223372036854775806", "-9223372036854775808",
		"-9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551615",
		"18446744073709551616", "99999999999999999999", "-9999999999999999999", "10000000000000000000",
		"", "-", "00", "01", "-0", "-01", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "1a", "1\x00", "\x00\xff\r\n")
	for _, n := range []int{1, 62, 63, 64, 125, 126, 127, 128, 4094, 4095, 4096} {
		all = append(all, strings.Repeat("x", n))
	}
	return all
}

// sample is a random value: an edge, an integer, or a string, sometimes of digits.
func sample(r *rand.Rand, all []string) []byte {
	switch r.IntN(4) {
	case 0:
		return []byte(all[r.IntN(len(all))])
	case 1:
		return strconv.AppendInt(nil, int64(r.Uint64())>>r.IntN(64), 10)
	case 2:
		b := make([]byte, r.IntN(6))
		for i := range b {
			b[i] = "-0123456789"[r.IntN(11)]
		}
		return b
	}
	b := make([]byte, r.IntN(1<<r.IntN(9)+1))
	for i := range b {
		b[i] = byte(r.IntN(256))
	}
	return b
}

// texts are the elements of a list; none of nil, which stands beside an error.
func texts(l List) [][]byte {
	if l == nil {
		return nil
	}
	var all [][]byte
	var scratch [20]byte
	for pos := l.First(); pos != 0; pos = l.Next(pos) {
		all = append(all, bytes.Clone(l.Get(pos, &scratch)))
	}
	return all
}

func build(values [][]byte) List {
	l := New(0)
	for _, v := range values {
		l = l.Append(v)
	}
	return l
}

// check compares a list with what should be in it, both ways and by every index.
func check(l List, want [][]byte) error {
	if err := Valid(l); err != nil {
		return err
	}
	if l.Len() != len(want) {
		return fmt.Errorf("%d elements instead of %d", l.Len(), len(want))
	}
	var scratch [20]byte
	front, rear := l.First(), l.Last()
	for i := range want {
		j := len(want) - 1 - i
		if got := l.Get(front, &scratch); !bytes.Equal(got, want[i]) {
			return fmt.Errorf("element %d is %q instead of %q", i, got, want[i])
		}
		if got := l.Get(rear, &scratch); !bytes.Equal(got, want[j]) {
			return fmt.Errorf("element %d from behind is %q instead of %q", j, got, want[j])
		}
		if l.Seek(i) != front || l.Seek(i-len(want)) != front {
			return fmt.Errorf("seek %d: %d and %d instead of %d", i, l.Seek(i), l.Seek(i-len(want)), front)
		}
		if n, isInt := l.Int(front); isInt && strconv.FormatInt(n, 10) != string(want[i]) {
			return fmt.Errorf("element %d is %d instead of %s", i, n, want[i])
		}
		front, rear = l.Next(front), l.Prev(rear)
	}
	if front != 0 || rear != 0 || l.Seek(len(want)) != 0 || l.Seek(-len(want)-1) != 0 {
		return fmt.Errorf("there is something behind the ends")
	}
	return nil
}

func TestEveryEdgeComesBack(t *testing.T) {
	l := New(0)
	var want [][]byte
	for _, v := range edges() {
		before := len(l)
		l = l.Append([]byte(v))
		if got := EntrySize([]byte(v)); got != len(l)-before {
			t.Errorf("%.30q: size %d instead of %d", v, got, len(l)-before)
		}
		n, err := strconv.ParseInt(v, 10, 64)
		canonical := err == nil && strconv.FormatInt(n, 10) == v
		if got, isInt := l.Int(before - 1); isInt != canonical || isInt && got != n {
			t.Errorf("%.30q: %d, %t", v, got, isInt)
		}
		if canonical && !bytes.Equal(l, l[:before-1:before-1].ended().AppendInt(n)) {
			t.Errorf("%s: AppendInt has other bytes", v)
		}
		want = append(want, []byte(v))
	}
	if err := check(l, want); err != nil {
		t.Fatal(err)
	}
	for i, v := range want {
		if pos := l.Find(l.First(), v, 0); pos != l.Seek(i) || !l.Equal(pos, v) {
			t.Errorf("%.30q is found at %d instead of %d", v, pos, l.Seek(i))
		}
	}
}

// ended makes a list of one that was cut before its end.
func (l List) ended() List {
	l = append(l, end)
	l.setSize()
	l.setCounted(0)
	l.setCounted(len(texts(l)))
	return l
}

// step does the same at random to a list and to a plain slice.
func step(r *rand.Rand, all []string, l List, m [][]byte) (List, [][]byte, string) {
	v := sample(r, all)
	if len(m) == 0 {
		return l.Append(v), append(m, v), "append"
	}
	i := r.IntN(len(m))
	pos := l.Seek(i)
	switch op := r.IntN(12); op {
	case 0:
		return l.Prepend(v), slices.Insert(m, 0, v), "prepend"
	case 1:
		return l.InsertBefore(pos, v), slices.Insert(m, i, v), "insert before"
	case 2:
		return l.InsertAfter(pos, v), slices.Insert(m, i+1, v), "insert after"
	case 3:
		return l.InsertBefore(0, v), append(m, v), "insert before nothing"
	case 4, 5:
		m[i] = v
		return l.Replace(pos, v), m, "replace"
	case 6:
		n := int64(r.Uint64()) >> r.IntN(64)
		m[i] = strconv.AppendInt(nil, n, 10)
		return l.ReplaceInt(pos, n), m, "replace by an integer"
	case 7:
		n := r.IntN(4)
		rest, next := l.Delete(pos, n)
		m = slices.Delete(m, i, min(i+n, len(m)))
		if next != rest.Seek(i) {
			return rest, m, "delete, which names the wrong successor"
		}
		return rest, m, "delete"
	case 8:
		n := r.IntN(6)
		index := i - r.IntN(2)*len(m)
		return l.DeleteRange(index, n), slices.Delete(m, i, min(i+n, len(m))), "delete a range"
	case 9:
		before, after := l.SplitAt(i - r.IntN(2)*len(m))
		if r.IntN(2) == 0 {
			return after.Concat(before), slices.Concat(m[i:], m[:i]), "split, join the other way round"
		}
		return before.Concat(after), m, "split, join"
	default:
		return l.Append(v), append(m, v), "append"
	}
}

func TestRandomEditsAgreeWithASlice(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	all := edges()
	for range 60 {
		l, m := New(r.IntN(100)), [][]byte(nil)
		for range 150 {
			var did string
			if l, m, did = step(r, all, l, m); len(m) == 0 {
				m = nil
			}
			if err := check(l, m); err != nil {
				t.Fatalf("seed %d: %s: %v", seed, did, err)
			}
			if !bytes.Equal(l, build(m)) {
				t.Fatalf("seed %d: %s: other bytes than a list made at once", seed, did)
			}
			v := sample(r, all)
			skip := r.IntN(3)
			if err := checkFind(l, m, v, skip); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
	}
}

func checkFind(l List, m [][]byte, v []byte, skip int) error {
	want := 0
	for i := 0; i < len(m); i += skip + 1 {
		if bytes.Equal(m[i], v) {
			want = l.Seek(i)
			break
		}
	}
	if got := l.Find(l.First(), v, skip); got != want {
		return fmt.Errorf("%.30q with skip %d is found at %d instead of %d", v, skip, got, want)
	}
	return nil
}

func TestManyElementsAreCounted(t *testing.T) {
	l := New(1 << 18)
	for i := range uncounted + 10 {
		if l = l.AppendInt(int64(i % 100)); l.Len() != i+1 {
			t.Fatalf("%d instead of %d", l.Len(), i+1)
		}
	}
	if err := Valid(l); err != nil || l.Seek(uncounted+9) != l.Last() || l.Seek(-uncounted-10) != l.First() || l.Seek(uncounted+10) != 0 {
		t.Fatal(err, "seek")
	}
	before, after := slices.Clone(l).SplitAt(-5)
	if before.Len() != uncounted+5 || after.Len() != 5 || Valid(before) != nil || Valid(after) != nil {
		t.Fatal(before.Len(), after.Len())
	}
	if l = before.Concat(after); l.Len() != uncounted+10 {
		t.Fatal(l.Len())
	}
	l, _ = l.Delete(l.First(), 100)
	if l.Len() != uncounted-90 || l.counted() != uncounted || Valid(l) != nil {
		t.Fatalf("%d, header %d", l.Len(), l.counted())
	}
	if l = l.DeleteRange(0, 1); l.Len() != uncounted-91 || l.counted() != l.Len() {
		t.Fatalf("%d, header %d", l.Len(), l.counted())
	}
}

func TestForeignIntegersInStringsAreFound(t *testing.T) {
	l := New(0).Append([]byte("x5")).Append([]byte("end"))
	l[headerSize+1] = '5' // now "55", which Redis would not write
	if err := Valid(l); err != nil {
		t.Fatal(err)
	}
	l = append(List{}, l...)
	if pos := l.Find(l.First(), []byte("55"), 0); pos != headerSize || !l.Equal(pos, []byte("55")) {
		t.Fatal(pos)
	}
	if _, isInt := l.Int(headerSize); isInt {
		t.Fatal("it is not stored as an integer")
	}
}

func TestFitsUpToTheLimitOfRedis(t *testing.T) {
	l := New(0)
	if !l.Fits(safe-len(l)) || l.Fits(safe-len(l)+1) {
		t.Fatal("not 1 GB")
	}
}

func TestEditsWithRoomAllocateNothing(t *testing.T) {
	l := New(1 << 12)
	value, number := []byte("some text"), []byte("-123456")
	var scratch [20]byte
	n := testing.AllocsPerRun(100, func() {
		l = l.Append(value).Append(number).Prepend(value).AppendInt(5)
		l = l.Replace(l.Find(l.First(), number, 0), value)
		l.Get(l.Last(), &scratch)
		l = l.InsertAfter(l.Seek(1), number)
		l, _ = l.Delete(l.First(), 5)
	})
	if n != 0 || l.Len() != 0 {
		t.Fatalf("%v allocations, %d elements", n, l.Len())
	}
}
