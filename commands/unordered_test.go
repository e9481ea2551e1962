package commands

import (
	"fmt"
	"slices"
	"strings"
)

// Replies of hashes and sets whose order, or choice, is not determined are compared by what they say.

// askOracle puts a call to Redis. Where a call removes random members, Redis is made to remove the same
// ones: from then on both have the same set again.
func (p *pair) askOracle(call []string, ours string) string {
	if strings.HasPrefix(strings.ToLower(call[0]), "x") {
		return p.askAboutStream(call, ours)
	}
	if !strings.EqualFold(call[0], "SPOP") || len(call) < 2 {
		return string(p.oracle.do(call...))
	}
	popped := listOf(parseReply(p.t, []byte(ours)))
	size, _ := parseReply(p.t, p.oracle.do("SCARD", call[1])).(int64)
	if len(popped) == 0 || int64(len(popped)) == size {
		return string(p.oracle.do(call...))
	}
	removed := string(p.oracle.do(append([]string{"SREM", call[1]}, popped...)...))
	if removed == fmt.Sprintf(":%d\r\n", len(popped)) {
		return ours
	}
	return removed
}

// listOf are the elements of a list or a set, or a single string, as texts.
func listOf(v any) (list []string) {
	var all []any
	switch v := v.(type) {
	case []any:
		all = v
	case replySet:
		all = v
	case replyMap:
		all = v
	case string:
		return []string{v}
	}
	for _, e := range all {
		list = append(list, fmt.Sprint(e))
	}
	return list
}

// pairsOf joins every two elements.
func pairsOf(list []string) (pairs []string) {
	for i := 0; i+1 < len(list); i += 2 {
		pairs = append(pairs, fmt.Sprintf("%q=%q", list[i], list[i+1]))
	}
	return pairs
}

func sameElements(a, b []string) bool {
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// unordered compares two replies to a call whose order is not determined.
func (p *pair) unordered(call []string, ours, theirs string) bool {
	name := strings.ToLower(call[0])
	if len(call) < 2 || ours[0] == '-' || theirs[0] == '-' {
		return false
	}
	a, b := parseReply(p.t, []byte(ours)), parseReply(p.t, []byte(theirs))
	sameKind := fmt.Sprintf("%T", a) == fmt.Sprintf("%T", b)
	switch name {
	case "sinter", "sunion", "sdiff", "spop":
		return sameKind && sameElements(listOf(a), listOf(b))
	case "smembers", "hkeys", "hvals":
		return sameKind && p.hashed(call[1]) && sameElements(listOf(a), listOf(b))
	case "hgetall":
		return sameKind && p.hashed(call[1]) && sameElements(pairsOf(listOf(a)), pairsOf(listOf(b)))
	case "sscan", "hscan":
		return p.sameScan(call, a, b)
	case "srandmember", "hrandfield":
		return p.sameChoice(name, call, a, b)
	case "object":
		return p.sameEncoding(call[2], fmt.Sprint(a), fmt.Sprint(b))
	case "memory":
		return ours[0] == ':' && theirs[0] == ':'
	}
	return false
}

// hashed says whether Redis keeps the value in a hash table, which has no order.
func (p *pair) hashed(key string) bool {
	return string(p.oracle.do("OBJECT", "ENCODING", key)) == "$9\r\nhashtable\r\n"
}

// sameEncoding allows for what Redis 7.2, which keeps small lists and sets in listpacks, does otherwise than
// 7.0, and for SDIFFSTORE, which in Redis may make a set of more than what is left in the end.
func (p *pair) sameEncoding(key, ours, theirs string) bool {
	switch ours + " " + theirs {
	case "listpack quicklist":
		return true
	case "listpack hashtable":
		return p.isSmallSet(key, 128, func(m string) bool { return len(m) <= 64 })
	case "intset hashtable":
		return p.isSmallSet(key, 512, func(m string) bool { _, isInt := parseInt([]byte(m)); return isInt })
	}
	return false
}

// isSmallSet says whether a set has at most so many members, all of a kind.
func (p *pair) isSmallSet(key string, most int, kind func(m string) bool) bool {
	members := listOf(parseReply(p.t, p.rig.do("SMEMBERS", key)))
	return len(members) > 0 && len(members) <= most && !slices.ContainsFunc(members, func(m string) bool { return !kind(m) })
}

func (p *pair) sameScan(call []string, a, b any) bool {
	ours, ok := a.([]any)
	theirs, ok2 := b.([]any)
	if !ok || !ok2 || len(ours) != 2 || len(theirs) != 2 || !p.hashed(call[1]) {
		return false
	}
	if len(call) == 3 {
		return true // without a COUNT that spans all, each shows what it likes
	}
	if ours[0] != theirs[0] {
		return false
	}
	x, y := listOf(ours[1]), listOf(theirs[1])
	if strings.EqualFold(call[0], "hscan") {
		x, y = pairsOf(x), pairsOf(y)
	}
	return sameElements(x, y)
}

// sameChoice says whether both chose as many, and ours are such that Redis could have chosen them. In RESP3
// the members that SRANDMEMBER chose are a set in Redis 7.0, and a list since 7.2.
func (p *pair) sameChoice(name string, call []string, a, b any) bool {
	if _, isSet := b.(replySet); isSet && name == "srandmember" {
		b = []any(b.(replySet))
	}
	if fmt.Sprintf("%T", a) != fmt.Sprintf("%T", b) {
		return false
	}
	x, y := listOf(a), listOf(b)
	if len(x) != len(y) {
		return false
	}
	if len(call) > 2 && call[2][0] != '-' && len(call) == 3 && len(slices.Compact(slices.Sorted(slices.Values(x)))) != len(x) {
		return false
	}
	all := listOf(parseReply(p.t, p.oracle.do(map[string]string{"srandmember": "SMEMBERS", "hrandfield": "HGETALL"}[name], call[1])))
	for _, e := range x {
		if inner := strings.TrimSuffix(strings.TrimPrefix(e, "["), "]"); !slices.Contains(all, e) && inner == e {
			return false
		}
	}
	return true
}
