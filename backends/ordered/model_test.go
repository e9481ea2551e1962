package ordered

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"switchyard/backends"
)

// typed is a value of the model.
type typed struct {
	kind backends.Type
	at   int64
	hash map[string]modelField
	set  map[string]bool
	list []string
	zset map[string]float64

	stream *modelStream // nil when there is none
}

type modelField struct {
	value string
	at    int64
}

func (v *typed) clone() *typed {
	c := *v
	c.hash, c.set, c.zset = maps.Clone(v.hash), maps.Clone(v.set), maps.Clone(v.zset)
	c.list, c.stream = slices.Clone(v.list), v.stream.clone()
	return &c
}

// len is 0 when the value is not there.
func (v *typed) len() int {
	if v.stream != nil {
		return 1
	}
	return len(v.hash) + len(v.set) + len(v.list) + len(v.zset)
}

func (v *typed) String() string {
	return fmt.Sprintf("{%v until %d: %.500v %.500v %.500v %.500v %.3000s}", v.kind, v.at, v.hash, v.set, v.list, v.zset, v.stream)
}

// typedModel is what an engine should hold at a time.
type typedModel struct {
	now  int64
	keys map[place]*typed
}

func (m *typedModel) clone() *typedModel {
	c := &typedModel{m.now, map[place]*typed{}}
	for p, v := range m.keys {
		c.keys[p] = v.clone()
	}
	return c
}

// settle drops what has expired or become empty.
func (m *typedModel) settle() {
	for p, v := range m.keys {
		maps.DeleteFunc(v.hash, func(_ string, f modelField) bool { return f.at != 0 && f.at <= m.now })
		if v.len() == 0 || v.at != 0 && v.at <= m.now {
			delete(m.keys, p)
		}
	}
}

var modelKinds = []backends.Type{backends.HashType, backends.SetType, backends.ListType, backends.ZSetType, backends.StreamType}

func (m *typedModel) place(r *rand.Rand) place {
	key := fmt.Sprint("k", r.IntN(8))
	if r.IntN(60) == 0 {
		key = strings.Repeat(key, maxName)
	}
	return place{r.IntN(modelDatabases), key}
}

// step does one random operation to both.
func (m *typedModel) step(r *rand.Rand, tx backends.Tx) error {
	m.settle()
	a, b := m.place(r), m.place(r)
	in, key := tx.In(a.db), []byte(a.key)
	old, there := m.keys[a]
	switch n := r.IntN(60); {
	case n == 0:
		if in.Delete(key) != there {
			return fmt.Errorf("delete of %.20v: there is %v", a, there)
		}
		delete(m.keys, a)
	case n == 1:
		at := m.now + int64(r.IntN(20))
		if in.SetExpiry(key, at); there {
			old.at = at
		}
	case n == 2:
		if in.Copy(key, b.db, []byte(b.key)); there {
			m.keys[b] = old.clone()
		}
	case n == 3:
		if in.Move(key, b.db, []byte(b.key)); there && a != b {
			m.keys[b] = old
			delete(m.keys, a)
		}
	case n == 4 && r.IntN(10) == 0:
		in.Flush()
		maps.DeleteFunc(m.keys, func(p place, _ *typed) bool { return p.db == a.db })
	default:
		kind := modelKinds[int(a.key[1]-'0')%len(modelKinds)]
		if !there {
			old = &typed{kind: kind, hash: map[string]modelField{}, set: map[string]bool{}, zset: map[string]float64{}}
			m.keys[a] = old
		}
		return m.stepIn(r, in, key, old)
	}
	return nil
}

// stepIn changes a value a few times.
func (m *typedModel) stepIn(r *rand.Rand, in backends.Tx, key []byte, v *typed) error {
	shrink := r.IntN(3) == 0
	for range 1 + r.IntN(12) {
		if v.len() == 0 {
			v.at = 0 // it is a new one, if anything
		}
		var err error
		switch v.kind {
		case backends.HashType:
			err = m.stepHash(r, in, key, v.hash, shrink)
		case backends.SetType:
			err = stepSet(r, in, key, v.set, shrink)
		case backends.ListType:
			v.list, err = stepList(r, in, key, v.list, shrink)
		case backends.ZSetType:
			err = stepZSet(r, in, key, v.zset, shrink)
		case backends.StreamType:
			v.stream, err = stepStream(r, in, key, v.stream, shrink)
		}
		if err != nil {
			return fmt.Errorf("%s %.20q: %w", v.kind, key, err)
		}
		m.settle()
		if v.len() == 0 && in.Type(key) != backends.None {
			return fmt.Errorf("%s %.20q is empty and there", v.kind, key)
		}
		if v.len() == 0 {
			return nil // the model has dropped it
		}
	}
	return nil
}

func modelName(r *rand.Rand) string {
	switch n := r.IntN(300); {
	case n == 0:
		return strings.Repeat("long name ", maxName/10+1+r.IntN(2))
	case n < 20:
		return strings.Repeat("common prefix ", 3) + fmt.Sprint(r.IntN(8))
	case n < 60:
		return fmt.Sprint(r.IntN(1<<r.IntN(60)) - 5)
	case n < 62:
		return ""
	}
	return fmt.Sprint("e", r.IntN(50))
}

func (m *typedModel) stepHash(r *rand.Rand, in backends.Tx, key []byte, h map[string]modelField, shrink bool) error {
	v, err := in.Hash(key)
	if err != nil {
		return err
	}
	name := modelName(r)
	if shrink {
		for name = range h {
			break
		}
	}
	old, there := h[name]
	if value, ok := v.Get([]byte(name)); ok != there || string(value) != old.value || v.FieldDeadline([]byte(name)) != old.at {
		return fmt.Errorf("field %.20q is %.20q, %v, want %.20q, %v", name, value, ok, old.value, there)
	}
	switch n := r.IntN(6); {
	case shrink || n == 0:
		if v.Delete([]byte(name)) != there {
			return fmt.Errorf("field %.20q: there is %v", name, there)
		}
		delete(h, name)
	case n == 1:
		at := m.now + int64(r.IntN(15))
		if r.IntN(4) == 0 {
			at = 0
		}
		if v.SetFieldDeadline([]byte(name), at); there {
			if h[name] = (modelField{old.value, at}); at != 0 && at <= m.now {
				delete(h, name)
			}
		}
	default:
		value := strings.Repeat(fmt.Sprint(r.IntN(100)), r.IntN(1+r.IntN(40)))
		if v.Put([]byte(name), []byte(value)) == there {
			return fmt.Errorf("field %.20q: there is %v", name, there)
		}
		h[name] = modelField{value: value}
	}
	return nil
}

func stepSet(r *rand.Rand, in backends.Tx, key []byte, s map[string]bool, shrink bool) error {
	v, err := in.Set(key)
	if err != nil {
		return err
	}
	name := modelName(r)
	if len(s) == 0 || s["1"] && r.IntN(3) > 0 {
		name = fmt.Sprint(r.IntN(5)) // an intset now and then
	}
	if shrink {
		name = string(v.Random())
	}
	if len(s) != v.Len() || s[name] != v.Has([]byte(name)) {
		return fmt.Errorf("%d members, want %d; %.20q is %v", v.Len(), len(s), name, v.Has([]byte(name)))
	}
	if shrink {
		if v.Remove([]byte(name)) != s[name] {
			return fmt.Errorf("%.20q: there is %v", name, s[name])
		}
		delete(s, name)
		return nil
	}
	if v.Add([]byte(name)) == s[name] {
		return fmt.Errorf("%.20q: there is %v", name, s[name])
	}
	s[name] = true
	return nil
}

func stepList(r *rand.Rand, in backends.Tx, key []byte, l []string, shrink bool) ([]string, error) {
	v, err := in.List(key)
	if err != nil {
		return nil, err
	}
	n := len(l)
	if v.Len() != n {
		return nil, fmt.Errorf("%d elements, want %d", v.Len(), n)
	}
	element, at := modelName(r), r.IntN(n+1)
	switch op := r.IntN(6); {
	case n > 0 && shrink && op < 2:
		unwanted, back, left := l[r.IntN(n)], r.IntN(2) == 0, 1+r.IntN(5)
		return filterBoth(v, l, unwanted, back, left), nil
	case n > 0 && shrink:
		at = []int{0, n - 1, r.IntN(n)}[r.IntN(3)]
		count := min(1+r.IntN(4), n-at)
		v.Remove(at, count)
		return slices.Delete(l, at, at+count), nil
	case n > 0 && op == 0:
		v.Put(min(at, n-1), []byte(element))
		l[min(at, n-1)] = element
		return l, nil
	case op < 3:
		v.Push(true, []byte(element))
		return slices.Insert(l, 0, element), nil
	case op < 5:
		v.Push(false, []byte(element))
		return append(l, element), nil
	}
	v.Insert(at, []byte(element))
	return slices.Insert(l, at, element), nil
}

func filterBoth(v backends.List, l []string, unwanted string, back bool, most int) []string {
	left := most
	v.Filter(back, func(element []byte) (remove, more bool) {
		if remove = string(element) == unwanted; remove {
			left--
		}
		return remove, left > 0
	})
	if back {
		slices.Reverse(l)
	}
	l = slices.DeleteFunc(l, func(element string) bool {
		if element == unwanted {
			most--
		}
		return element == unwanted && most >= 0
	})
	if back {
		slices.Reverse(l)
	}
	return l
}

func stepZSet(r *rand.Rand, in backends.Tx, key []byte, z map[string]float64, shrink bool) error {
	v, err := in.ZSet(key)
	if err != nil {
		return err
	}
	name, score := modelName(r), float64(r.IntN(40))/4
	if shrink && len(z) > 0 {
		v.Each(r.IntN(len(z)), r.IntN(2) == 0, func(member []byte, _ float64) bool { name = string(member); return false })
	}
	old, there := z[name]
	if got, ok := v.Score([]byte(name)); ok != there || got != old || v.Len() != len(z) {
		return fmt.Errorf("%.20q of %d (%d) has %v, %v, want %v, %v", name, v.Len(), len(z), got, ok, old, there)
	}
	before := 0
	for member, s := range z {
		if order(s, []byte(member), old, []byte(name)) < 0 {
			before++
		}
	}
	if rank, ok := v.Rank([]byte(name)); ok != there || ok && rank != before {
		return fmt.Errorf("%.20q has rank %d, %v, want %d", name, rank, ok, before)
	}
	if shrink {
		if v.Remove([]byte(name)) != there {
			return fmt.Errorf("%.20q: there is %v", name, there)
		}
		delete(z, name)
		return nil
	}
	if v.Put([]byte(name), score) == there {
		return fmt.Errorf("%.20q: there is %v", name, there)
	}
	z[name] = score
	return nil
}

// at runs body as a write of everything at a time, and waits until it is durable.
func at(e *Engine, now int64, body func(tx backends.Tx) error) error {
	c, err := e.Do(context.Background(), &backends.Access{All: true, Write: true, Now: now}, backends.BodyFunc(body))
	if err == nil {
		err = c.Wait(context.Background())
	}
	return err
}

// typedContents reads everything.
func typedContents(t *testing.T, e *Engine, now int64) *typedModel {
	t.Helper()
	m := &typedModel{now, map[place]*typed{}}
	c, err := e.Do(context.Background(), &backends.Access{All: true, Now: now}, backends.BodyFunc(func(tx backends.Tx) error {
		for db := range modelDatabases {
			in := tx.In(db)
			var keys [][]byte
			in.Scan(0, 1<<30, func(key []byte, _ backends.Type) { keys = append(keys, bytes.Clone(key)) })
			for _, key := range keys {
				v, err := readTyped(in, key)
				if err != nil {
					return err
				}
				m.keys[place{db, string(key)}] = v
			}
		}
		return nil
	}))
	if err == nil {
		err = c.Wait(context.Background())
	}
	if err != nil {
		t.Error(err)
	}
	return m
}

func readTyped(in backends.Tx, key []byte) (*typed, error) {
	v := &typed{kind: in.Type(key), at: in.Expiry(key), hash: map[string]modelField{}, set: map[string]bool{}, zset: map[string]float64{}}
	switch v.kind {
	case backends.HashType:
		h, err := in.Hash(key)
		if err != nil {
			return nil, err
		}
		h.Each(func(field, value []byte) bool {
			v.hash[string(field)] = modelField{string(value), h.FieldDeadline(field)}
			return true
		})
	case backends.SetType:
		s, err := in.Set(key)
		if err != nil {
			return nil, err
		}
		s.Each(func(member []byte) bool { v.set[string(member)] = true; return true })
	case backends.ListType:
		l, err := in.List(key)
		if err != nil {
			return nil, err
		}
		l.Each(0, false, func(element []byte) bool { v.list = append(v.list, string(element)); return true })
	case backends.ZSetType:
		z, err := in.ZSet(key)
		if err != nil {
			return nil, err
		}
		z.Each(0, false, func(member []byte, score float64) bool { v.zset[string(member)] = score; return true })
	case backends.StreamType:
		s, err := in.Stream(key)
		if err != nil {
			return nil, err
		}
		v.stream = readStream(s)
	}
	return v, nil
}

func (m *typedModel) differs(got *typedModel) string {
	for p, v := range m.keys {
		g := got.keys[p]
		if g == nil || g.kind != v.kind || g.at != v.at || !reflect.DeepEqual(g.hash, v.hash) || !maps.Equal(g.set, v.set) ||
			!slices.Equal(g.list, v.list) || !maps.Equal(g.zset, v.zset) || g.stream.String() != v.stream.String() {
			return fmt.Sprintf("%.30v is\n%v, want\n%v", p, g, v)
		}
	}
	if len(got.keys) != len(m.keys) {
		return fmt.Sprintf("there are %d keys, want %d", len(got.keys), len(m.keys))
	}
	return ""
}

// tinyTypes makes everything small, so that values change their form all the time.
func tinyTypes(o *Options) {
	tiny(o)
	o.Compact = backends.NewCompact()
	o.Compact.HashEntries.Store(5)
	o.Compact.HashValue.Store(20)
	o.Compact.ListSize.Store(8)
	o.Compact.SetIntegers.Store(4)
	o.Compact.SetEntries.Store(6)
	o.Compact.SetValue.Store(20)
	o.Compact.ZSetEntries.Store(6)
	o.Compact.ZSetValue.Store(20)
	o.Compact.StreamEntries.Store(4)
}

// TestTypesAndCrashesAgreeWithAModel is TestOperationsAndCrashesAgreeWithAModel for the other types, and
// looks at the structure of what is in the store.
func TestTypesAndCrashesAgreeWithAModel(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	s, m := newStore(), &typedModel{start, map[place]*typed{}}
	s.syncs = r.IntN(2) == 0
	for crash := range 30 {
		e := open(t, s, tinyTypes)
		m.now += int64(r.IntN(3))
		m.settle()
		if diff := m.differs(typedContents(t, e, m.now)); diff != "" {
			t.Fatalf("seed %d, crash %d: %s", seed, crash, diff)
		}
		checkStore(t, s, e.o)
		applies := 1 + r.IntN(40)
		s.when(func([]Op) error {
			if applies--; applies < 0 {
				return errDisk
			}
			return nil
		})
		for !t.Failed() {
			next := m.clone()
			next.now += int64(r.IntN(2))
			err := at(e, next.now, func(tx backends.Tx) error {
				for range 1 + r.IntN(20) {
					if err := next.step(r, tx); err != nil {
						return err
					}
				}
				return nil
			})
			if errors.Is(err, errDisk) || errors.Is(err, errOvertook) { // the sweeper's write failed
				break
			}
			if err != nil {
				t.Fatalf("seed %d, crash %d: %v", seed, crash, err)
			}
			next.settle()
			m = next
		}
		after := s.crashed()
		shut(t, e)
		s = after
		if t.Failed() {
			t.Fatalf("seed %d, crash %d", seed, crash)
		}
	}
	wantNothingLeft(t, s, m)
}

// wantNothingLeft deletes all keys of the model.
func wantNothingLeft(t *testing.T, s *store, m *typedModel) {
	t.Helper()
	e := open(t, s, tinyTypes)
	err := at(e, m.now, func(tx backends.Tx) error {
		for p := range m.keys {
			if !tx.In(p.db).Delete([]byte(p.key)) {
				t.Errorf("%.20v is not there", p)
			}
		}
		for db := range modelDatabases {
			tx.In(db).Flush() // what has expired
		}
		return nil
	})
	if err == nil {
		err = e.Sweep(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	shut(t, e)
	for _, tag := range []byte{tagKey, tagDeadline, tagFields, tagVersion, tagGarbage} {
		if n := s.count(tag); n != 0 {
			t.Errorf("%d records %q are left", n, tag)
		}
	}
}
