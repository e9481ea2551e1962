package lua

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"
)

// Error is what a client is told, without the leading '-'. It begins with a code, such as ERR.
type Error string

func (e Error) Error() string { return string(e) }

// Flags say what a script or a function wants to be allowed.
type Flags uint8

// The flags of Redis 7.
const (
	NoWrites Flags = 1 << iota
	AllowOOM
	AllowStale
	NoCluster
	AllowCrossSlotKeys
)

// flagNames are in Redis's order, by which FUNCTION LIST shows them.
var flagNames = []struct {
	name string
	flag Flags
}{
	{"no-writes", NoWrites},
	{"allow-oom", AllowOOM},
	{"allow-stale", AllowStale},
	{"no-cluster", NoCluster},
	{"allow-cross-slot-keys", AllowCrossSlotKeys},
}

// Names returns the names of the flags that are set, in Redis's order.
func (f Flags) Names() (names []string) {
	for _, n := range flagNames {
		if f&n.flag != 0 {
			names = append(names, n.name)
		}
	}
	return names
}

func flagNamed(name string) (f Flags, ok bool) {
	for _, n := range flagNames {
		if n.name == name {
			return n.flag, true
		}
	}
	return 0, false
}

// SHA1 is the name of a script: the SHA-1 of its text in lower-case hexadecimal digits.
func SHA1(text []byte) string {
	sum := sha1.Sum(text)
	return hex.EncodeToString(sum[:])
}

// scriptShebang reads the first line of a script, if it is one that names its engine and flags. What
// is left begins with the end of that line, so that lines keep their numbers. In such a line Redis reads a zero byte as the
// end of all.
func scriptShebang(body string) (code string, flags Flags, err error) {
	if !strings.HasPrefix(body, "#!") {
		return body, 0, nil
	}
	line, _, ok := strings.Cut(body, "\n")
	if !ok || strings.Contains(line, "\x00") {
		return "", 0, Error("ERR Invalid script shebang")
	}
	parts, ok := splitWords(line)
	if !ok || len(parts) == 0 {
		return "", 0, Error("ERR Invalid engine in script shebang")
	}
	if parts[0] != "#!lua" {
		return "", 0, Error("ERR Unexpected engine in script shebang: " + parts[0])
	}
	for _, p := range parts[1:] {
		list, ok := strings.CutPrefix(p, "flags=")
		if !ok {
			return "", 0, Error("ERR Unknown lua shebang option: " + p)
		}
		for _, name := range splitList(list) {
			f, ok := flagNamed(name)
			if !ok {
				return "", 0, Error("ERR Unexpected flag in script shebang: " + name)
			}
			flags |= f
		}
	}
	return body[len(line):], flags, nil
}

func splitList(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// libraryShebang reads the first line of a library, which must name its engine and itself.
func libraryShebang(body string) (name, code string, err error) {
	if !strings.HasPrefix(body, "#!") {
		return "", "", Error("ERR Missing library metadata")
	}
	line, _, ok := strings.Cut(body, "\n")
	if !ok || strings.Contains(line, "\x00") {
		return "", "", Error("ERR Invalid library metadata")
	}
	parts, ok := splitWords(line)
	if !ok || len(parts) == 0 {
		return "", "", Error("ERR Invalid library metadata")
	}
	named := false
	for _, p := range parts[1:] {
		value, ok := cutPrefixFold(p, "name=")
		switch {
		case !ok:
			return "", "", Error("ERR Invalid metadata value given: " + p)
		case named:
			return "", "", Error("ERR Invalid metadata value, name argument was given multiple times")
		}
		name, named = value, true
	}
	if !named {
		return "", "", Error("ERR Library name was not given")
	}
	if !isName(name) {
		return "", "", Error("ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long")
	}
	if engine := parts[0][2:]; !strings.EqualFold(engine, "lua") {
		return "", "", Error("ERR Engine '" + engine + "' not found")
	}
	return name, body[len(line):], nil
}

func cutPrefixFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

func isName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlpha(c) && !isDigit(c) && c != '_' {
			return false
		}
	}
	return s != ""
}

// splitWords cuts a line into words as Redis does everywhere: "..." with escapes and '...' are one
// word, and must be followed by a space. It fails when a quote is not closed.
func splitWords(line string) (words []string, ok bool) {
	for i := 0; ; {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		if i == len(line) {
			return words, true
		}
		var word []byte
		word, i = nextWord(line, i)
		if i < 0 {
			return nil, false
		}
		words = append(words, string(word))
	}
}

// nextWord returns the word at i and where it ends, or -1 when its quotes are wrong.
func nextWord(line string, i int) (word []byte, end int) {
	for i < len(line) && !isSpace(line[i]) {
		quote := line[i]
		if quote != '"' && quote != '\'' {
			word, i = append(word, quote), i+1
			continue
		}
		for i++; ; i++ {
			if i == len(line) {
				return nil, -1
			}
			c := line[i]
			if c == quote {
				break
			}
			if c == '\\' && i+1 < len(line) {
				c, i = unescape(line, i, quote)
			}
			word = append(word, c)
		}
		if i++; i < len(line) && !isSpace(line[i]) {
			return nil, -1
		}
	}
	return word, i
}

// unescape returns the byte that the backslash at i makes, and where its escape ends.
func unescape(line string, i int, quote byte) (c byte, last int) {
	next := line[i+1]
	if quote == '\'' {
		if next == '\'' {
			return next, i + 1
		}
		return '\\', i
	}
	if next == 'x' && i+3 < len(line) {
		if b, err := hex.DecodeString(line[i+2 : i+4]); err == nil {
			return b[0], i + 3
		}
	}
	if at := strings.IndexByte("nrtba", next); at >= 0 {
		return "\n\r\t\b\a"[at], i + 1
	}
	return next, i + 1
}
