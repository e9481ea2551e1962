package integration

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A grammar is a call in the notation of Redis's documentation, from which calls are made:
//
//	3* set <k> <value> { nx | xx | get | ex <seconds> }
//
//	word      itself, in some case
//	'word'    itself, as it is
//	<maker>   what the maker of that name makes: one argument, none or several
//	[ a | b ] mostly nothing, or one of the alternatives
//	{ a | b } any number of them, contradictions and repetitions included
//	( a | b ) exactly one of them
//	3*        in front: it is made three times as often as others
type grammar struct {
	weight int
	body   []term
}

// term is a part of a grammar: a word, a maker, or alternatives.
type term struct {
	word         string
	make         maker
	bracket      byte // of the alternatives: one of ( [ {; 0 for none
	alternatives [][]term
}

// maker makes arguments.
type maker func(g *generator) []string

// one is the maker of what f returns.
func one(f func(g *generator) string) maker {
	return func(g *generator) []string { return []string{f(g)} }
}

// oneOf makes one of the words, as they are.
func oneOf(words ...string) maker {
	return one(func(g *generator) string { return g.pick(words...) })
}

// key makes names of keys that begin with prefix.
func key(prefix string) maker {
	return one(func(g *generator) string { return g.keyOf(prefix) })
}

// parseGrammars reads a grammar per line. Its makers are the family's own, or those of all.
func parseGrammars(lines string, own map[string]maker) (list []grammar, err error) {
	all := maps.Clone(commonMakers())
	maps.Copy(all, own)
	for line := range strings.Lines(lines) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		g := grammar{weight: 1}
		if n, isWeight := strings.CutSuffix(words[0], "*"); isWeight {
			if g.weight, err = strconv.Atoi(n); err != nil {
				return nil, fmt.Errorf("%s: %w", line, err)
			}
			words = words[1:]
		}
		alternatives, rest, err := parseAlternatives(words, "", all)
		if err != nil || len(rest) > 0 || len(alternatives) != 1 {
			return nil, fmt.Errorf("%q: left over: %q: %v", line, rest, err)
		}
		g.body = alternatives[0]
		list = append(list, g)
	}
	return list, nil
}

var closing = map[string]string{"(": ")", "[": "]", "{": "}"}

// parseAlternatives reads up to the word end, or up to the end of all if that is "".
func parseAlternatives(words []string, end string, makers map[string]maker) (list [][]term, rest []string, err error) {
	list = [][]term{nil}
	for len(words) > 0 && words[0] != end {
		word := words[0]
		words = words[1:]
		t := term{word: word}
		switch {
		case word == "|":
			list = append(list, nil)
			continue
		case strings.Contains(")]}", word):
			return nil, nil, fmt.Errorf("%s closes nothing", word)
		case closing[word] != "":
			t.bracket = word[0]
			if t.alternatives, words, err = parseAlternatives(words, closing[word], makers); err != nil {
				return nil, nil, err
			}
			if len(words) == 0 {
				return nil, nil, fmt.Errorf("%s is not closed", word)
			}
			words = words[1:]
		case word[0] == '\'':
			t.make = oneOf(strings.Trim(word, "'"))
		case word[0] == '<' && word[len(word)-1] == '>':
			if t.make = makers[word[1:len(word)-1]]; t.make == nil {
				return nil, nil, fmt.Errorf("there is no maker %s", word)
			}
		}
		list[len(list)-1] = append(list[len(list)-1], t)
	}
	return list, words, nil
}

// expand appends what the terms stand for.
func (g *generator) expand(args []string, terms []term) []string {
	for _, t := range terms {
		times := 1
		switch {
		case t.make != nil:
			args = append(args, t.make(g)...)
			continue
		case t.bracket == 0 && len(args) == 0:
			args = append(args, t.word) // the command's name: next varies its case
			continue
		case t.bracket == 0:
			args = append(args, g.option(t.word))
			continue
		case t.bracket == '[' && g.maybe(60):
			times = 0
		case t.bracket == '{':
			for times = 0; times < 8 && g.maybe(50); {
				times++
			}
		}
		for range times {
			args = g.expand(args, t.alternatives[g.r.IntN(len(t.alternatives))])
		}
	}
	return args
}

func TestGrammarsMakeWhatTheySay(t *testing.T) {
	for lines, want := range map[string][]string{
		"get <a>":             {"get A"},
		"2* get <a>\nttl <a>": {"get A", "ttl A"},
		"x ( <a> | <a> <a> )": {"x A", "x A A"},
		"x [ <a> ] <a>":       {"x A", "x A A"},
		"x [ <a> { <b> } ]":   {"x", "x A", "x A B B", "x A B B B B"},
		"x 'abc' <a>":         {"x abc A"},
		"( x | y ) <none>":    {"x", "y"},
	} {
		g := seededGenerator(t)
		own := map[string]maker{"a": oneOf("A"), "b": oneOf("B"), "none": func(*generator) []string { return nil }}
		list, err := parseGrammars(lines, own)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for range 2000 {
			seen[strings.Join(g.expand(nil, list[g.r.IntN(len(list))].body), " ")] = true
		}
		for _, call := range want {
			if !seen[call] {
				t.Errorf("%q does not make %q, but %q", lines, call, slices.Collect(maps.Keys(seen)))
			}
		}
	}
	for _, wrong := range []string{"x <nosuch>", "x [ y", "x ]", "x ( a ] )", "| x", "y* x"} {
		if list, err := parseGrammars(wrong, nil); err == nil {
			t.Errorf("%q is a grammar: %v", wrong, list)
		}
	}
}
