package transport

import "time"

// OutputLimit says how much a client may leave unread before it is disconnected. 0 is no limit.
type OutputLimit struct {
	Hard  int64         // bytes that it may not exceed at all
	Soft  int64         // bytes that it may not exceed for longer than Grace
	Grace time.Duration // how long that is
}

// Quota watches how much one client leaves unread.
type Quota struct {
	Limit OutputLimit
	over  time.Time // since when it is beyond the soft limit; zero: it is not
}

// Exceeded takes note of how many bytes are unread now, and says whether that is too much.
func (q *Quota) Exceeded(unread int) bool {
	n := int64(unread)
	switch {
	case q.Limit.Soft == 0 || n <= q.Limit.Soft:
		q.over = time.Time{}
	case q.over.IsZero():
		q.over = time.Now()
	case time.Since(q.over) > q.Limit.Grace:
		return true
	}
	return q.Limit.Hard > 0 && n > q.Limit.Hard
}
