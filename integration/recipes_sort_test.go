package integration

import "strings"

// The keys of this family hold what can be sorted. Weights that are equal leave the order open where they are compared as text: see
// looseSort.
const sortLines = `
	4* rpush <olist> <sortable> { <sortable> }
	2* sadd <oset> <sortable> { <sortable> }
	2* zadd <ozset> <weight> <sortable> { <weight> <sortable> }
	mset <weightkey> <weight> <weightkey> <weight>
	hset <weightkey> f <weight>
	del <weightkey>
	( ltrim | lrange ) <olist> 0 30
	smembers <oset>
	2* del <o>
	6* sort <o> { asc | desc | limit <index> <index> | get <pattern> | by <sortby> }
	3* sort <o> alpha { asc | desc | limit <index> <index> | get <pattern> }
	sort <olist> alpha by <sortby> { asc | desc }
	2* sort_ro <o> { asc | desc | alpha | limit <index> <index> | get <pattern> | store <o> }
	2* sort <o> { asc | desc | limit <index> <index> | get <pattern> } store <olist>
	sort <o> alpha { asc | desc } store <olist>
	setnx <o> x
	2* object encoding <o>
`

var sortMakers = map[string]maker{
	"o":     oneOf("o0", "o1", "o2", "o3"),
	"olist": oneOf("o0", "o0", "o0", "o1", "o1", "o1", "o2"),
	"oset":  oneOf("o2", "o2", "o2", "o3"),
	"ozset": oneOf("o3", "o3", "o3", "o2"),
	"sortable": oneOf("1", "2", "3.5", "-1", "0x10", "10", "1e3", "inf", "", "01", "9223372036854775807", "2", "5",
		"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "a", "b"),
	"weight":    oneOf("5", "4.5", "-2", "1", "2", "3", "0", "inf", "1e300", "7"),
	"weightkey": oneOf("w_1", "w_2", "w_3", "w_4", "w_5", "w_a"),
	"sortby":    oneOf("w_*", "w_*->f", "nosort", "*", "w_*", "w_*->nosuch", ""),
	"pattern":   oneOf("w_*", "#", "w_*->f", "w_*_x", "nosuch", "*", "w_*->"),
}

// looseSort says whether a call of SORT leaves the order open: elements are compared by the text of their
// weights, which may be equal, or come as they lie in what may be a set.
func looseSort(args []string) bool {
	by, alpha, unsorted := false, hasWord(args, "alpha"), false
	for i, word := range args {
		if i > 1 && strings.EqualFold(args[i-1], "by") {
			by = true
			unsorted = unsorted || !strings.Contains(word, "*")
		}
	}
	mayBeSet := args[1] != "o0" && args[1] != "o1"
	return by && (alpha || unsorted && mayBeSet)
}
