package commands

import "testing"

func TestPrefixesOverlapWhereOneBeginsWithAnother(t *testing.T) {
	has := []string{"a", "long:"}
	if p, yes := overlapping(has, "lo"); !yes || p != "long:" {
		t.Errorf("lo overlaps with %q, %v", p, yes)
	}
	if p, yes := overlapping(has, "ab"); !yes || p != "a" {
		t.Errorf("ab overlaps with %q, %v", p, yes)
	}
	if p, yes := overlapping(has, "b"); yes {
		t.Errorf("b overlaps with %q", p)
	}
}
