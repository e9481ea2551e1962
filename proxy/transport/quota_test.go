package transport

import (
	"testing"
	"time"
)

func TestWhatAClientMayLeaveUnread(t *testing.T) {
	for name, c := range map[string]struct {
		limit  OutputLimit
		unread []int
		want   bool // after the last
	}{
		"no limit":                     {OutputLimit{}, []int{1 << 40}, false},
		"up to the hard limit":         {OutputLimit{Hard: 10}, []int{10}, false},
		"beyond the hard limit":        {OutputLimit{Hard: 10}, []int{11}, true},
		"for a moment beyond the soft": {OutputLimit{Hard: 10, Soft: 5, Grace: time.Hour}, []int{6, 10}, false},
		"beyond the soft for too long": {OutputLimit{Soft: 5, Grace: -time.Hour}, []int{6, 6}, true},
		"not all of the time":          {OutputLimit{Soft: 5, Grace: -time.Hour}, []int{6, 5, 6}, false},
	} {
		q := Quota{Limit: c.limit}
		got := false
		for _, n := range c.unread {
			got = q.Exceeded(n)
		}
		if got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
