package redis

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"switchyard/backends"
)

// What the server knows and the command table does not is learned from COMMAND INFO, whose rows are
// remembered by name. A row alone does not say everything: the flag noscript, for one, stands for
// commands that change their connection, and for scripts themselves.

const (
	maxNames   = 4096 // rows remembered; at the limit all are forgotten
	maxNameLen = 128
	// rowAge is how long a row is believed: a module can be loaded, a server be replaced.
	rowAge = time.Minute
)

// private are commands that change the state of their connection, or the server as a whole. Those
// with the flag admin are refused as well; here are also those that not every version flags.
var private = names("multi exec discard watch unwatch client auth hello select reset quit monitor sync psync replconf " +
	"shutdown debug config acl replicaof slaveof failover cluster save bgsave bgrewriteaof module wait waitaof " +
	"readonly readwrite asking restore-asking script|debug himport")

// Exceptions from what a flag says.
var (
	publishing = names("publish spublish pubsub")
	scripting  = names("eval evalsha eval_ro evalsha_ro fcall fcall_ro script function")
	// running may write without the flag write.
	running = names("eval evalsha fcall")
)

func names(s string) map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(s) {
		m[name] = true
	}
	return m
}

// row is what COMMAND INFO says of a command; nil: the server does not have it.
type row struct {
	name              string
	flags             []string
	first, last, step int
	sub               map[string]*row // by full name, as in xgroup|create
}

type catalog struct {
	mu   sync.Mutex
	rows map[string]known
}

type known struct {
	row   *row
	until time.Time
}

// Foreign describes a call of a command by what the server says of it.
func (b *Backend) Foreign(ctx context.Context, args [][]byte) (backends.ForeignCall, bool) {
	none := backends.ForeignCall{}
	if len(args) == 0 || len(args[0]) > maxNameLen {
		return none, false
	}
	r, err := b.row(ctx, strings.ToLower(string(args[0])))
	if err != nil || r == nil {
		// Without an answer the command is as unknown as the table says.
		return none, false
	}
	family := r.name
	if len(r.sub) > 0 && len(args) > 1 {
		if sub := r.sub[family+"|"+strings.ToLower(string(args[1]))]; sub != nil {
			r = sub
		}
	}
	if !shareable(family, r, args) {
		return none, false
	}
	if !r.has("write") && !running[family] {
		return none, true
	}
	call := backends.ForeignCall{Write: true}
	switch {
	case family == "function" || family == "script":
		// It writes, but no key.
	case running[family]:
		call.Whole = true // a script can write keys that it was not given
	case r.has("movablekeys"):
		if call.Keys, err = b.keysOf(ctx, args); err != nil {
			call.Whole = true
		}
	case r.first > 0:
		call.Keys = r.keys(args)
	default:
		call.Whole = true
	}
	return call, true
}

// row returns what is known of a command, asking the server when that is nothing, or old.
func (b *Backend) row(ctx context.Context, name string) (*row, error) {
	c := &b.catalog
	c.mu.Lock()
	k, ok := c.rows[name]
	c.mu.Unlock()
	if ok && time.Now().Before(k.until) {
		return k.row, nil
	}
	ctx, cancel := context.WithTimeout(ctx, b.up.timeout)
	defer cancel()
	reply, err := b.client(0).Do(ctx, "COMMAND", "INFO", name).Slice()
	if err != nil {
		return nil, err
	}
	var r *row
	if len(reply) == 1 {
		r = parseRow(reply[0])
	}
	c.remember(name, r)
	return r, nil
}

func (c *catalog) remember(name string, r *row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rows == nil || len(c.rows) >= maxNames {
		c.rows = map[string]known{}
	}
	c.rows[name] = known{r, time.Now().Add(rowAge)}
}

// parseRow reads a row of COMMAND INFO: name, arity, flags, first key, last key, step, and since
// Redis 7 ACL categories, tips, key specifications and subcommands. Nil when it is none.
func parseRow(v any) *row {
	fields, _ := v.([]any)
	if len(fields) < 6 {
		return nil
	}
	r := &row{}
	r.name, _ = fields[0].(string)
	flags, isFlags := fields[2].([]any)
	if r.name == "" || !isFlags {
		return nil
	}
	r.name = strings.ToLower(r.name)
	for _, f := range flags {
		s, _ := f.(string)
		r.flags = append(r.flags, s)
	}
	for i, n := range []*int{&r.first, &r.last, &r.step} {
		at, _ := fields[3+i].(int64)
		*n = int(at)
	}
	if len(fields) < 10 {
		return r
	}
	subs, _ := fields[9].([]any)
	for _, s := range subs {
		if sub := parseRow(s); sub != nil {
			if r.sub == nil {
				r.sub = map[string]*row{}
			}
			r.sub[sub.name] = sub
		}
	}
	return r
}

func (r *row) has(flag string) bool { return slices.Contains(r.flags, flag) }

// shareable says whether a call may be sent among those of other clients.
func shareable(family string, r *row, args [][]byte) bool {
	switch {
	case private[family], private[r.name], r.has("admin"):
		return false
	case family == "script" && len(args) > 1 && bytes.EqualFold(args[1], []byte("debug")):
		return false // before Redis 7 subcommands have no rows
	case r.has("pubsub") && !publishing[family]:
		return false
	case r.has("noscript") && !scripting[family]:
		return false
	case family == "xread":
		return !blocks(args, 1)
	case family == "xreadgroup": // GROUP and two names, which may be any words
		return !blocks(args, 4)
	}
	return !r.has("blocking")
}

// blocks finds the option BLOCK of XREAD and XREADGROUP.
func blocks(args [][]byte, from int) bool {
	for i := from; i < len(args); i++ {
		if bytes.EqualFold(args[i], []byte("streams")) {
			return false
		}
		if bytes.EqualFold(args[i], []byte("block")) {
			return true
		}
	}
	return false
}

// keys picks the arguments at the positions of the row.
func (r *row) keys(args [][]byte) (keys [][]byte) {
	last := r.last
	if last < 0 {
		last += len(args)
	}
	for i := r.first; i <= last && i < len(args); i += max(r.step, 1) {
		keys = append(keys, args[i])
	}
	return keys
}

// keysOf asks the server which arguments are keys.
func (b *Backend) keysOf(ctx context.Context, args [][]byte) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, b.up.timeout)
	defer cancel()
	ask := []any{"COMMAND", "GETKEYS"}
	for _, a := range args {
		ask = append(ask, a)
	}
	reply, err := b.client(0).Do(ctx, ask...).StringSlice()
	if err != nil {
		return nil, err
	}
	keys := make([][]byte, len(reply))
	for i, key := range reply {
		keys[i] = []byte(key)
	}
	return keys, nil
}
