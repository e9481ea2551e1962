package memory

import "math/rand/v2"

// The 24 bits of usage per key and their arithmetic are those of Redis (evict.c, version 7):
//
//	LRU:  | time of the last access in seconds: 24 bits |
//	LFU:  | minutes of the last decay: 16 bits | logarithmic counter: 8 bits |
//
// As in Redis, a change between the two while running makes old bits mean little until the keys
// are used again.
const (
	lfuStart     = 5  // of a new key, so that it is not the first to go
	lfuLogFactor = 10 // Redis's default lfu-log-factor: 255 is about a million accesses
	lfuDecayTime = 1  // Redis's default lfu-decay-time: minutes for one point
)

func minutes(now int64) uint32 { return uint32(now/60_000) & 0xffff }

// born sets the usage of a new key.
func (e *Engine) born(en *entry, now int64) {
	if policy(e.policy.Load()).lfu() {
		en.setUsage(minutes(now)<<8 | lfuStart)
	} else {
		en.setUsage(uint32(now / 1000))
	}
}

// use counts an access to a key.
func (e *Engine) use(en *entry, now int64) {
	if policy(e.policy.Load()).lfu() {
		en.setUsage(minutes(now)<<8 | increment(frequency(en.usage&usageMask, now)))
	} else {
		en.setUsage(uint32(now / 1000))
	}
}

func (e *entry) setUsage(u uint32) { e.usage = e.usage&^usageMask | u&usageMask }

// idle is how many seconds ago the last access was.
func idle(usage uint32, now int64) uint32 { return (uint32(now/1000) - usage) & usageMask }

// frequency is the counter after its decay.
func frequency(usage uint32, now int64) uint32 {
	passed := (minutes(now) - usage>>8) & 0xffff / lfuDecayTime
	counter := usage & 0xff
	return counter - min(counter, passed)
}

// increment counts one access with a chance that falls as the counter grows.
func increment(counter uint32) uint32 {
	above := max(counter, lfuStart) - lfuStart
	if counter < 255 && rand.Float64() < 1/float64(above*lfuLogFactor+1) {
		counter++
	}
	return counter
}
