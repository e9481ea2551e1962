package rdb

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"

	"switchyard/backends"
	"switchyard/backends/memory"
)

var background = context.Background()

// contents is a value of any type in a form that can be compared: lists and streams in their order, anything else
// sorted.
type contents struct {
	kind     string
	elements []string
}

func (c contents) equal(d contents) bool {
	return c.kind == d.kind && slices.Equal(c.elements, d.elements)
}

func pairText(field, value []byte, at int64) string { return fmt.Sprintf("%q=%q@%d", field, value, at) }

// scoreText makes one of both zeros, since a listpack does.
func scoreText(member []byte, score float64) string { return fmt.Sprintf("%q:%v", member, score+0) }

// heldBy is what an engine has at a key.
func heldBy(tx backends.Tx, key []byte) (c contents) {
	c.kind = tx.Type(key).String()
	add := func(format string, args ...any) bool {
		c.elements = append(c.elements, fmt.Sprintf(format, args...))
		return true
	}
	switch tx.Type(key) {
	case backends.StringType:
		s, _ := tx.String(key)
		add("%q", s.Bytes())
	case backends.ListType:
		l, _ := tx.List(key)
		l.Each(0, false, func(e []byte) bool { return add("%q", e) })
		return c
	case backends.SetType:
		s, _ := tx.Set(key)
		s.Each(func(m []byte) bool { return add("%q", m) })
	case backends.ZSetType:
		z, _ := tx.ZSet(key)
		z.Each(0, false, func(m []byte, score float64) bool { return add("%s", scoreText(m, score)) })
	case backends.HashType:
		h, _ := tx.Hash(key)
		h.Each(func(f, v []byte) bool { return add("%s", pairText(f, v, h.FieldDeadline(f))) })
	case backends.StreamType:
		s, _ := tx.Stream(key)
		c.elements = streamTexts(s)
		return c
	}
	slices.Sort(c.elements)
	return c
}

// heldByRedis asks for what Redis has at a key; the answer is there after the pipeline was executed.
func heldByRedis(p redis.Pipeliner, key string) func() (contents, error) {
	kind := p.Type(background, key)
	read := map[string]*redis.Cmd{
		"string": p.Do(background, "get", key),
		"list":   p.Do(background, "lrange", key, 0, -1),
		"set":    p.Do(background, "smembers", key),
		"zset":   p.Do(background, "zrange", key, 0, -1, "withscores"),
		"hash":   p.Do(background, "hgetall", key),
		"stream": p.Do(background, "xinfo", "stream", key, "full", "count", 0),
	}
	return func() (contents, error) {
		c := contents{kind: kind.Val()}
		cmd, ok := read[c.kind]
		if !ok {
			return c, kind.Err()
		}
		switch c.kind {
		case "stream":
			info, err := cmd.Slice()
			c.elements = infoTexts(info)
			return c, err
		case "string":
			text, err := cmd.Text()
			c.elements = []string{strconv.Quote(text)}
			return c, err
		}
		texts, err := cmd.StringSlice()
		if c.kind != "hash" && c.kind != "zset" {
			for _, text := range texts {
				c.elements = append(c.elements, strconv.Quote(text))
			}
		} else {
			for i := 0; i+1 < len(texts); i += 2 {
				if c.kind == "hash" {
					c.elements = append(c.elements, pairText([]byte(texts[i]), []byte(texts[i+1]), 0))
					continue
				}
				score, err := strconv.ParseFloat(texts[i+1], 64)
				if err != nil {
					return c, err
				}
				c.elements = append(c.elements, scoreText([]byte(texts[i]), score))
			}
		}
		if c.kind != "list" {
			slices.Sort(c.elements)
		}
		return c, err
	}
}

// runner runs a body in a transaction of some engine.
type runner func(body func(tx backends.Tx) error) error

// openMemory opens a memory engine for the time of a test.
func openMemory(t testing.TB, limits *backends.Compact) backends.Engine {
	t.Helper()
	b, err := memory.Driver.Config().Open(background, backends.Env{Name: "memory", Compact: limits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b.(backends.Engine)
}

// on runs bodies in transactions of an engine on a key "k".
func on(e backends.Engine) runner {
	return func(body func(tx backends.Tx) error) error {
		a := &backends.Access{Keys: [][]byte{[]byte("k")}, Write: true, Now: 1}
		_, err := e.Do(background, a, backends.BodyFunc(body))
		return err
	}
}

// engines are one fake and one real engine, each with a key "k".
func engines(t testing.TB) map[string]runner {
	t.Helper()
	limits := backends.NewCompact()
	limits.HashEntries.Store(512)
	return map[string]runner{"fake": on(newFake()), "memory": on(openMemory(t, limits))}
}

// taken restores a payload as "k" and returns what it holds then, how it is kept, and its own dump.
func (run runner) taken(payload []byte) (c contents, encoding string, dump []byte, err error) {
	err = run(func(tx backends.Tx) error {
		key := []byte("k")
		if err := Restore(tx, key, payload); err != nil {
			return err
		}
		c, encoding = heldBy(tx, key), tx.Encoding(key)
		var err error
		dump, err = Dump(tx, key)
		return err
	})
	return c, encoding, dump, err
}
