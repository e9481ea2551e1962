package listpack

import (
	"fmt"
	"testing"
)

// hash is a list of n fields with their values.
func hash(n int) List {
	l := New(0)
	for i := range n {
		l = l.Append(fmt.Appendf(nil, "field:%d", i)).Append(fmt.Appendf(nil, "value of %d", i))
	}
	return l
}

func numbers(n int) List {
	l := New(0)
	for i := range n {
		l = l.AppendInt(int64(i) * int64(i) * 37)
	}
	return l
}

func BenchmarkFind(b *testing.B) {
	for _, c := range []struct {
		name  string
		list  List
		value string
		skip  int
	}{
		{"the last of 128 strings", hash(64), "value of 63", 0},
		{"the last of 128 fields", hash(128), "field:127", 1},
		{"the last of 128 integers", numbers(128), fmt.Sprint(127 * 127 * 37), 0},
		{"a string that is none of 128 integers", numbers(128), "a", 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			value := []byte(c.value)
			for b.Loop() {
				c.list.Find(headerSize, value, c.skip)
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, value := range []string{"12345", "some text"} {
		b.Run(value, func(b *testing.B) {
			b.ReportAllocs()
			l, v := New(4096), []byte(value)
			for b.Loop() {
				if cap(l)-len(l) < 16 {
					l = l[:headerSize+1]
					l[headerSize] = end
					l.setCounted(0)
				}
				l = l.Append(v)
			}
		})
	}
}

func BenchmarkReplace(b *testing.B) {
	for name, values := range map[string][2]string{
		"by the same size":  {"abc", "def"},
		"by another size":   {"abc", "defghi"},
		"integer by itself": {"1000", "1001"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			l := hash(128)
			pos, one, other := l.Seek(129), []byte(values[0]), []byte(values[1])
			for b.Loop() {
				l = l.Replace(pos, one)
				one, other = other, one
			}
		})
	}
}

func BenchmarkPrependAndDelete(b *testing.B) {
	b.ReportAllocs()
	l, v := hash(128), []byte("some text")
	for b.Loop() {
		l = l.Prepend(v)
		l, _ = l.Delete(headerSize, 1)
	}
}

func BenchmarkIterate(b *testing.B) {
	for name, l := range map[string]List{"128 strings": hash(64), "128 integers": numbers(128)} {
		b.Run(name+" forward", func(b *testing.B) {
			b.ReportAllocs()
			var scratch [20]byte
			n := 0
			for b.Loop() {
				for pos := l.First(); pos != 0; pos = l.Next(pos) {
					n += len(l.Get(pos, &scratch))
				}
			}
		})
		b.Run(name+" backward", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for pos := l.Last(); pos != 0; {
					pos = l.Prev(pos)
				}
			}
		})
	}
}

func BenchmarkValid(b *testing.B) {
	b.ReportAllocs()
	l := hash(64)
	for b.Loop() {
		if err := Valid(l); err != nil {
			b.Fatal(err)
		}
	}
}
