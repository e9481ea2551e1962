package ordered

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/coocood/freecache"
)

// recordCache holds the newest values of records that were read or written lately, the absent ones too. A
// store answers in many microseconds what is not in its newest table: Badger asks all its levels even
// for a key that it has found, because a newer version may lie anywhere.
//
// The cache needs no locks and no invalidation of its own, because whoever puts a record in holds a stripe of its key, and has
// held it or seen that no writer had it since the record was read (look.go): nobody changes it in between. An
// entry says of which group its value is, since a reader waits until what it has seen is durable, and of which epoch
// of the queue: when a group is lost, all entries are as good as gone.
//
// The entries lie in a few large blocks, where the garbage collector does not look.
type recordCache struct {
	c   *freecache.Cache
	now atomic.Uint32 // seconds, by which entries age
}

// cachedValue is how long a value may be to have an entry. Longer ones would drive out many, and gain little.
const cachedValue = 8 << 10

// An entry is
//
//	epoch of the queue: 8 | number of the group: 8 | value
//
// without a value when the record is absent. The group is 0 when it was durable.
const cacheHeader = 16

// newRecordCache makes a cache of about so many bytes; nil when there are none, which caches nothing.
func newRecordCache(bytes int64) *recordCache {
	if bytes <= 0 {
		return nil
	}
	r := &recordCache{}
	r.c = freecache.NewCacheCustomTimer(int(bytes), r)
	return r
}

// Now implements freecache.Timer.
func (r *recordCache) Now() uint32 { return r.now.Load() }

// age tells the time, in Unix milliseconds.
func (r *recordCache) age(now int64) {
	if r != nil {
		r.now.Store(uint32(now / 1000))
	}
}

// caches says whether a record is one of those that are read by their key under its stripe.
func (r *recordCache) caches(key string, value []byte) bool {
	return r != nil && (key[0] == tagKey || key[0] == tagVersion) && len(value) <= cachedValue
}

// get returns the value, nil when absent, and the number of the group it is from.
func (r *recordCache) get(key string, epoch uint64) (value []byte, group uint64, ok bool) {
	if !r.caches(key, nil) {
		return nil, 0, false
	}
	entry, err := r.c.Get(raw(key))
	if err != nil || binary.LittleEndian.Uint64(entry) != epoch {
		return nil, 0, false
	}
	group = binary.LittleEndian.Uint64(entry[8:])
	if len(entry) > cacheHeader {
		value = entry[cacheHeader:]
	}
	return value, group, true
}

// put remembers a value. What cannot be remembered must not be there with an older value.
func (r *recordCache) put(key string, value []byte, epoch, group uint64) {
	if !r.caches(key, value) {
		r.drop(key)
		return
	}
	var short [256]byte
	entry := binary.LittleEndian.AppendUint64(short[:0], epoch)
	entry = append(binary.LittleEndian.AppendUint64(entry, group), value...)
	if r.c.Set(raw(key), entry, 0) != nil {
		r.drop(key)
	}
}

// drop forgets what is known of a record.
func (r *recordCache) drop(key string) {
	if r.caches(key, nil) {
		r.c.Del(raw(key))
	}
}
