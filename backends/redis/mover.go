package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"switchyard/backends"
)

// Sizes of one pipeline, and of one step of SCAN: large enough to hide the round trip, small enough
// for the server's other clients.
const (
	moveKeys  = 256
	moveBytes = 8 << 20
	scanCount = 1000
)

var errExpiry = errors.New("an expiry that is no number")

// EachKey visits all keys by SCAN.
func (b *Backend) EachKey(ctx context.Context, db int, fn func(key []byte) error) error {
	c := b.client(db)
	for cursor := uint64(0); ; {
		keys, next, err := c.Scan(ctx, cursor, "", scanCount).Result()
		if err != nil {
			return b.up.wrap(fmt.Errorf("scan of database %d: %w", db, err))
		}
		for _, key := range keys {
			if err := fn([]byte(key)); err != nil {
				return err
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// Dump reads each value and then its expiry: a key that expires in between has none any more, and
// counts as absent. When it is written in between the two may not match; a switch follows writes,
// and copies it again.
func (b *Backend) Dump(ctx context.Context, db int, keys [][]byte) ([]backends.Value, error) {
	vals := make([]backends.Value, 0, len(keys))
	for len(keys) > 0 {
		n := min(len(keys), moveKeys)
		part, err := b.dump(ctx, db, keys[:n])
		if err != nil {
			return nil, b.up.wrap(err)
		}
		vals, keys = append(vals, part...), keys[n:]
	}
	return vals, nil
}

func (b *Backend) dump(ctx context.Context, db int, keys [][]byte) ([]backends.Value, error) {
	relative := b.noExpireTime.Load()
	expiry := "PEXPIRETIME"
	if relative {
		expiry = "PTTL"
	}
	pipe := b.client(db).Pipeline()
	clock := pipe.Time(ctx) // PTTL counts from the server's own time
	payloads, expiries := make([]*goredis.Cmd, len(keys)), make([]*goredis.Cmd, len(keys))
	for i, key := range keys {
		payloads[i] = pipe.Do(ctx, "DUMP", key)
		expiries[i] = pipe.Do(ctx, expiry, key)
	}
	// Every reply is looked at below; this is about those that did not come.
	if _, err := pipe.Exec(ctx); err != nil && !isReply(err) {
		return nil, err
	}
	if err := expiries[0].Err(); !relative && err != nil && strings.Contains(err.Error(), "unknown command") {
		b.noExpireTime.Store(true) // older than Redis 7
		return b.dump(ctx, db, keys)
	}
	now, err := clock.Result()
	if err != nil {
		return nil, err
	}
	vals := make([]backends.Value, len(keys))
	for i, key := range keys {
		if vals[i], err = dumped(key, payloads[i], expiries[i]); err != nil {
			return nil, fmt.Errorf("dump of %.64q: %w", key, err)
		}
		if relative && vals[i].ExpireAt > 0 {
			vals[i].ExpireAt += now.UnixMilli()
		}
	}
	return vals, nil
}

// dumped makes a value of the replies to DUMP and PEXPIRETIME or PTTL, which are -1 without an
// expiry and -2 without a key.
func dumped(key []byte, payload, expiry *goredis.Cmd) (backends.Value, error) {
	none := backends.Value{Key: key}
	text, err := payload.Text()
	if errors.Is(err, goredis.Nil) {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	at, err := expiry.Int64()
	switch {
	case err != nil:
		return none, err
	case at == -2:
		return none, nil
	case at == -1:
		return backends.Value{Key: key, Payload: []byte(text)}, nil
	case at < 0:
		return none, errExpiry
	}
	// An expiry of 0 would read as none; PTTL says 0 in the key's last millisecond.
	return backends.Value{Key: key, Payload: []byte(text), ExpireAt: max(at, 1)}, nil
}

// Restore writes values in pipelines. They are as durable as the server's own writes.
func (b *Backend) Restore(ctx context.Context, db int, vals []backends.Value) error {
	for len(vals) > 0 {
		n, size := 0, 0
		for n < len(vals) && n < moveKeys && size < moveBytes {
			size += len(vals[n].Payload)
			n++
		}
		if err := b.restore(ctx, db, vals[:n]); err != nil {
			return b.up.wrap(err)
		}
		vals = vals[n:]
	}
	return nil
}

func (b *Backend) restore(ctx context.Context, db int, vals []backends.Value) error {
	now := time.Now().UnixMilli()
	pipe := b.client(db).Pipeline()
	cmds := make([]*goredis.Cmd, len(vals))
	for i, v := range vals {
		if v.Payload == nil || v.ExpireAt != 0 && v.ExpireAt <= now {
			cmds[i] = pipe.Do(ctx, "DEL", v.Key)
		} else {
			cmds[i] = pipe.Do(ctx, "RESTORE", v.Key, v.ExpireAt, v.Payload, "REPLACE", "ABSTTL")
		}
	}
	if _, err := pipe.Exec(ctx); err != nil && !isReply(err) {
		return err
	}
	for i, v := range vals {
		if err := cmds[i].Err(); err != nil {
			return fmt.Errorf("restore of %.64q in database %d: %w", v.Key, db, err)
		}
	}
	return nil
}

// Flush removes all keys of all databases of the server. They are gone when it returns; their memory
// is freed in the background.
func (b *Backend) Flush(ctx context.Context) error {
	return b.up.wrap(b.client(0).FlushAllAsync(ctx).Err())
}
