package commands

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Replies about streams tell times, and Redis 7.2 tells more than 7.0, which is the oracle. Where 7.2 does other
// things, 7.0 is made to follow.

// askAboutStream puts a call to Redis 7.0, as Redis 7.2 would take it: who asks for entries is a consumer
// even when there are none, and XSETID does not go back behind what was deleted.
func (p *pair) askAboutStream(call []string, ours string) string {
	if ours == "-"+string(ErrSetIDDeleted)+"\r\n" {
		return ours
	}
	reply := string(p.oracle.do(call...))
	var raw [][]byte
	for _, arg := range call {
		raw = append(raw, []byte(arg))
	}
	switch name := strings.ToLower(call[0]); {
	case ours[0] == '-':
	case name == "xreadgroup":
		group := slices.IndexFunc(call, func(arg string) bool { return strings.EqualFold(arg, "GROUP") })
		for _, key := range readKeys(nil, raw) {
			p.oracle.do("XGROUP", "CREATECONSUMER", string(key), call[group+1], call[group+2])
		}
	case name == "xclaim", name == "xautoclaim":
		p.oracle.do("XGROUP", "CREATECONSUMER", call[1], call[2], call[3])
	}
	return reply
}

// reworded are errors of Redis 7.2 and, where it has other words for them, of 7.0.
var reworded = [][2]Error{
	{unbalancedStreams("xread", '$'), "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified."},
	{unbalancedStreams("xreadgroup", '>'), "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified."},
	{ErrStreamIDSmall, ErrStreamTooLarge},
}

// sameStreams compares such replies, but for times, which may differ by slack milliseconds.
func sameStreams(t testing.TB, ours, theirs string, slack int64) bool {
	for _, e := range reworded {
		if ours == "-"+string(e[0])+"\r\n" && theirs == "-"+string(e[1])+"\r\n" {
			return true
		}
	}
	return sameParts(parseReply(t, []byte(ours)), parseReply(t, []byte(theirs)), slack)
}

// newFields are those of XINFO that came with Redis 7.2.
var newFields = []string{"inactive", "active-time"}

// In 7.2 a consumer is seen whenever it asks, in 7.0 when it gets something: the field, and by what its value may be
// greater here.
var seenFields = map[any]int64{"idle": -1, "seen-time": 1}

func sameParts(a, b any, slack int64) bool {
	switch x := a.(type) {
	case string:
		y, isString := b.(string)
		return isString && (x == y || closeIDs(x, y, slack))
	case []any:
		y, isList := b.([]any)
		return isList && sameLists(withoutNew(x), y, slack)
	case replyMap:
		y, isMap := b.(replyMap)
		return isMap && sameLists(withoutNew(x), y, slack)
	}
	return a == b
}

// withoutNew is a list without the fields that Redis 7.0 does not know, and their values.
func withoutNew(list []any) (old []any) {
	for i := 0; i < len(list); i++ {
		if name, isText := list[i].(string); isText && slices.Contains(newFields, name) {
			i++
			continue
		}
		old = append(old, list[i])
	}
	return old
}

func sameLists(a, b []any, slack int64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, isInt := a[i].(int64)
		y, isInt2 := b[i].(int64)
		if isInt && isInt2 && i > 0 {
			later, isSeen := seenFields[a[i-1]]
			if isSeen && (y-x)*later <= slack || i == timeOfDelivery(a) && max(x-y, y-x) <= slack {
				continue
			}
		}
		if !sameParts(a[i], b[i], slack) {
			return false
		}
	}
	return true
}

// timeOfDelivery is where the time is in a pending entry: ID, perhaps the consumer, time, count.
func timeOfDelivery(list []any) int {
	for i, v := range list {
		_, isText := v.(string)
		if isText != (i < len(list)-2) || isText && i == 0 && !strings.Contains(v.(string), "-") {
			return -1
		}
	}
	if n := len(list); n == 3 || n == 4 {
		return n - 2
	}
	return -1
}

// closeIDs compares two IDs that were made from the time.
func closeIDs(a, b string, slack int64) bool {
	x, seq, ok := strings.Cut(a, "-")
	y, seq2, ok2 := strings.Cut(b, "-")
	m, err := strconv.ParseInt(x, 10, 64)
	n, err2 := strconv.ParseInt(y, 10, 64)
	const past = 1_600_000_000_000
	return ok && ok2 && err == nil && err2 == nil && m > past && n > past && seq != "" && seq2 != "" && math.Abs(float64(m-n)) <= float64(slack)
}
