package commands

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"switchyard/backends"
	"switchyard/integration/redistest"
)

func TestPatternsAreThoseOfRedis(t *testing.T) {
	redis := redistest.Start(t)
	o := dialOracle(t, redis.Addr)
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	word := func(alphabet string, longest int) string {
		b := make([]byte, r.IntN(longest+1))
		for i := range b {
			b[i] = alphabet[r.IntN(len(alphabet))]
		}
		return string(b)
	}
	names := map[string]bool{"": true}
	call := []string{"MSET"}
	for range 400 {
		name := word(`abcA-]^\[*?`, 5)
		names[name] = true
		call = append(call, name, "v")
	}
	o.do(call...)
	o.do("SET", "", "v")
	patterns := []string{"", "*", "**", "?", "[", "[]", "[^", "[^]", "[a", "[a-", "[a-]", "[a-c", "[c-a]", `[\`, `[\]]`, `[\]`, `\`, `\\`, `*\`, "[^a]*", "[]]", "[[]", "[a-c-e]", "[-a]", "[^^]", `[a-\]]`, `[\a-c]`, "*?*a*"}
	for range 3000 {
		patterns = append(patterns, word(`abc[]^-\*?`, 7))
	}
	for _, pattern := range patterns {
		matched := map[string]bool{}
		for _, k := range parseReply(t, o.do("KEYS", pattern)).([]any) {
			matched[k.(string)] = true
		}
		for name := range names {
			o := scanOptions{pattern: patternOf([]byte(pattern))}
			if got := o.selects([]byte(name), backends.StringType); got != matched[name] {
				t.Errorf("seed %d: %q matches %q: %v here, %v in Redis", seed, pattern, name, got, matched[name])
			}
		}
	}
}

func TestAHostilePatternCostsLittle(t *testing.T) {
	pattern, name := strings.Repeat("*a", 1000)+"b", strings.Repeat("a", 10_000)
	start := time.Now()
	if match([]byte(pattern), []byte(name)) {
		t.Error("matches")
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}

func FuzzMatch(f *testing.F) {
	f.Add([]byte("a*[b-d]\\?"), []byte("axc?"))
	f.Add([]byte("[^"), []byte("a"))
	f.Add([]byte("[\\"), []byte("\\"))
	f.Fuzz(func(t *testing.T, pattern, name []byte) {
		match(pattern, name)
		var literal []byte
		for _, c := range name {
			literal = append(literal, '\\', c)
		}
		if !match(literal, name) {
			t.Errorf("%q does not match itself", name)
		}
		if !match(append(literal, "**"...), append(name, "more"...)) {
			t.Errorf("%q is no beginning of itself", name)
		}
	})
}
