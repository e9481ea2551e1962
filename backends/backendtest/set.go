package backendtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"switchyard/backends"
)

// setParts are the parts about sets.
var setParts = []part{
	{"sets", testSets},
	{"an empty set is gone", testEmptySet},
	{"small sets have an order", testSetOrder},
	{"sets are copied and moved", testSetTransfer},
	{"a scan of a set keeps its promise", testSetScan},
	{"random members are fair", testSetRandom},
	{"sets agree with a model", testSetModel},
}

// withSet runs body on the set at key.
func withSet(t testing.TB, e backends.Engine, key string, body func(tx backends.Tx, s backends.Set)) {
	t.Helper()
	do(t, e, write(key), func(tx backends.Tx) error {
		s, err := tx.Set([]byte(key))
		if err == nil {
			body(tx, s)
		}
		return err
	})
}

func membersOf(s backends.Set) (all []string) {
	s.Each(func(member []byte) bool {
		all = append(all, string(member))
		return true
	})
	return all
}

func wantMembers(t testing.TB, s backends.Set, want ...string) {
	t.Helper()
	got := membersOf(s)
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) || s.Len() != len(want) {
		t.Errorf("%d members, %.200q, want %d, %.200q", s.Len(), got, len(want), want)
	}
	for _, m := range want {
		if !s.Has([]byte(m)) {
			t.Errorf("%.20q is no member", m)
		}
	}
}

func testSets(t *testing.T, e backends.Engine) {
	members := []string{"1", "-5", "9223372036854775807", "", "01", "\x00\xff", strings.Repeat("m", 70_000)}
	withSet(t, e, "s", func(tx backends.Tx, s backends.Set) {
		if s.Has([]byte("1")) || s.Remove([]byte("1")) || s.Len() != 0 {
			t.Error("an absent set has members")
		}
		for i, m := range members {
			if !s.Add([]byte(m)) || s.Add([]byte(m)) {
				t.Errorf("%.20q is not new, or new twice", m)
			}
			wantMembers(t, s, slices.Clone(members[:i+1])...)
		}
		if tx.Type([]byte("s")) != backends.SetType || s.Has([]byte("+1")) || s.Has([]byte("9223372036854775808")) {
			t.Error("what is no member is there")
		}
		if _, err := tx.String([]byte("s")); err != backends.ErrWrongType {
			t.Errorf("a set opened as a string: %v", err)
		}
		seen := 0
		s.Each(func([]byte) bool { seen++; return seen < 2 })
		if seen != 2 {
			t.Errorf("a walk that was to end after 2 members saw %d", seen)
		}
	})
}

func testEmptySet(t *testing.T, e backends.Engine) {
	for _, members := range [][]string{{"1", "2"}, {"a", "1"}, {"a", strings.Repeat("b", 100)}} {
		withSet(t, e, "s", func(tx backends.Tx, s backends.Set) {
			for _, m := range members {
				s.Add([]byte(m))
			}
			for _, m := range members {
				if !s.Remove([]byte(m)) || s.Remove([]byte(m)) {
					t.Errorf("%.20q is not there, or there twice", m)
				}
			}
			if tx.Type([]byte("s")) != backends.None || s.Len() != 0 || s.Random() != nil {
				t.Error("a set without members is there")
			}
			s.Add([]byte("again"))
			wantMembers(t, s, "again")
			if !tx.Delete([]byte("s")) || s.Len() != 0 {
				t.Error("a deleted set is there")
			}
		})
	}
}

func testSetOrder(t *testing.T, e backends.Engine) {
	for _, c := range []struct{ name, add, want string }{
		{"ints", "5 -3 12 7 0", "-3 0 5 7 12"},
		{"texts", "b a d c 3 1", "b a d c 3 1"},
		{"mixed", "5 3 a 1", "3 5 a 1"},
	} {
		withSet(t, e, c.name, func(_ backends.Tx, s backends.Set) {
			for _, m := range strings.Fields(c.add) {
				s.Add([]byte(m))
			}
			if got := strings.Join(membersOf(s), " "); got != c.want {
				t.Errorf("%s come as %s", c.add, got)
			}
		})
	}
}

func testSetTransfer(t *testing.T, e backends.Engine) {
	large := make([]string, 1000)
	for i := range large {
		large[i] = fmt.Sprint("member:", i)
	}
	for name, members := range map[string][]string{"ints": {"1", "2"}, "texts": {"a", "b"}, "large": large} {
		withSet(t, e, name, func(_ backends.Tx, s backends.Set) {
			for _, m := range members {
				s.Add([]byte(m))
			}
		})
		do(t, e, write(name, "copy", "moved"), func(tx backends.Tx) error {
			tx.Copy([]byte(name), 0, []byte("copy"))
			tx.Move([]byte(name), 0, []byte("moved"))
			c, err := tx.Set([]byte("copy"))
			if err != nil {
				return err
			}
			c.Remove([]byte(members[0]))
			c.Add([]byte("other"))
			m, err := tx.Set([]byte("moved"))
			if err != nil {
				return err
			}
			wantMembers(t, m, slices.Clone(members)...)
			wantMembers(t, c, append(slices.Clone(members[1:]), "other")...)
			if tx.Type([]byte(name)) != backends.None {
				t.Error("what was moved is there")
			}
			return nil
		})
	}
}

func testSetScan(t *testing.T, e backends.Engine) {
	const stays = 600
	withSet(t, e, "s", func(_ backends.Tx, s backends.Set) {
		for i := range stays {
			s.Add(fmt.Append(nil, "stays:", i))
		}
	})
	for round := range 3 {
		seen := map[string]bool{}
		for cursor, first, step := uint64(0), true, 0; cursor != 0 || first; first, step = false, step+1 {
			withSet(t, e, "s", func(_ backends.Tx, s backends.Set) {
				cursor = s.Scan(cursor, 10, func(member []byte) { seen[string(member)] = true })
				for i := 50 * step; i < 50*step+50; i++ {
					if round == 1 {
						s.Add(fmt.Append(nil, "comes:", i))
					} else if round == 2 {
						s.Remove(fmt.Append(nil, "comes:", i))
					}
				}
			})
			if cursor >= 1<<backends.CursorBits {
				t.Fatalf("cursor %d is too large", cursor)
			}
		}
		for i := range stays {
			if !seen[fmt.Sprint("stays:", i)] {
				t.Errorf("round %d: the walk left out member %d", round, i)
			}
		}
	}
}

func testSetRandom(t *testing.T, e backends.Engine) {
	for name, format := range map[string]string{"ints": "%d", "texts": "m%d"} {
		for _, n := range []int{5, 700} {
			withSet(t, e, name, func(_ backends.Tx, s backends.Set) {
				for i := range n {
					s.Add(fmt.Appendf(nil, format, i))
				}
				count := map[string]int{}
				const each = 100
				for range n * each {
					count[string(s.Random())]++
				}
				for i := range n {
					if c := count[fmt.Sprintf(format, i)]; c < each/4 || c > each*4 {
						t.Errorf("%s: member %d of %d was drawn %d times, expected about %d", name, i, n, c, each)
					}
				}
			})
		}
	}
}

func testSetModel(t *testing.T, e backends.Engine) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for _, kind := range []string{"%d", "m%d", "mixed"} {
		model := map[string]bool{}
		for step := range 1500 {
			format := kind
			if kind == "mixed" {
				format = []string{"%d", "m%d", "%080d"}[min(r.IntN(step/50+1), 2)]
			}
			member := fmt.Sprintf(format, r.IntN(700)-300)
			withSet(t, e, "s", func(_ backends.Tx, s backends.Set) {
				if err := setStep(s, model, member, r.IntN(10) < 7-step/500*2); err != nil {
					t.Fatalf("seed %d, step %d: %v", seed, step, err)
				}
				if step%100 == 0 {
					wantMembers(t, s, slices.Collect(maps.Keys(model))...)
				}
			})
		}
		do(t, e, write("s"), func(tx backends.Tx) error { tx.Delete([]byte("s")); return nil })
	}
}

// setStep adds a member to both, or removes it.
func setStep(s backends.Set, model map[string]bool, member string, add bool) error {
	there := model[member]
	if s.Has([]byte(member)) != there || s.Len() != len(model) {
		return fmt.Errorf("of %d members %q is one: %v, of %d it should be: %v", s.Len(), member, !there, len(model), there)
	}
	if add {
		model[member] = true
		if s.Add([]byte(member)) == there {
			return fmt.Errorf("%q is new: %v", member, there)
		}
		return nil
	}
	delete(model, member)
	if s.Remove([]byte(member)) != there {
		return fmt.Errorf("%q was there: %v", member, !there)
	}
	return nil
}
