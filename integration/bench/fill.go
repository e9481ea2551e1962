package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	fillTimeout = 2 * time.Minute // for one batch, on the slowest of disks
	fillKeys    = 100             // in one MSET
	fillBatch   = 128 << 10       // bytes that are sent before replies are read

	memberPrefix = "member:"
)

// family is a kind of keys: the prefix and 12 digits.
type family struct {
	name     string
	prefix   string // of strings and counters: that of redis-benchmark's own tests
	share    int    // one key for so many of --keys; a key of many elements stands for several
	elements int    // in one key
	batch    int    // keys that one call of write creates
	write    func(f *filler, d dataset, first, n int)
}

var (
	plainStrings = family{"strings", "key:", 1, 1, fillKeys, writeStrings}
	counters     = family{"counters", "counter:", 1, 1, fillKeys, writeStrings}
	hashes       = family{"hashes", "hash:", 50, 10, 1, writeHash}
	lists        = family{"lists", "list:", 50, 10, 1, writeList}
	sets         = family{"sets", "set:", 50, 10, 1, writeSet}
	sortedSets   = family{"zsets", "zset:", 50, 10, 1, writeSortedSet}
	streams      = family{"streams", "stream:", 500, 100, 1, writeStream}
	rates        = family{"rates", "rate:", 50, 1, fillKeys, writeRates}
)

// keys is how many of the family there are when --keys says all.
func (fa family) keys(all int) int { return max(1, all/fa.share) }

// dataset is a family with its sizes.
type dataset struct {
	family
	count    int // of keys
	elements int // in each
	value    string
}

// fill writes every key that the runs may ask for, so that GET always finds one, and SET and INCR always
// replace one, from the first run to the last. redis-benchmark cannot: its keys are random, so a million
// requests leave a third of a million keys out.
func fill(ctx context.Context, addr string, o options) error {
	return write(ctx, addr, o.datasets())
}

// datasets are those of the chosen workloads, each once.
func (o *options) datasets() []dataset {
	var all []dataset
	for _, name := range o.commands {
		fa := workloadOf(name).family
		if slices.ContainsFunc(all, func(d dataset) bool { return d.prefix == fa.prefix }) {
			continue
		}
		value := payload
		if fa.prefix == counters.prefix {
			value = "0"
		}
		all = append(all, dataset{family: fa, count: fa.keys(o.keys), elements: fa.elements, value: value})
	}
	return all
}

// write fills a server with the datasets.
func write(ctx context.Context, addr string, all []dataset) error {
	f, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	defer func() { _ = f.conn.Close() }() // every reply has been read by then
	defer context.AfterFunc(ctx, func() { _ = f.conn.Close() })()
	for _, d := range all {
		if err := f.fill(d); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return nil
}

// filler is a client that pipelines.
type filler struct {
	conn    net.Conn
	replies *bufio.Reader
	batch   []byte
	sent    int // commands in the batch
}

func dial(ctx context.Context, addr string) (*filler, error) {
	d := net.Dialer{Timeout: readyTimeout}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &filler{conn: c, replies: bufio.NewReader(c)}, nil
}

func (f *filler) fill(d dataset) error {
	for first := 0; first < d.count; first += d.batch {
		d.write(f, d, first, min(d.batch, d.count-first))
		if len(f.batch) < fillBatch {
			continue
		}
		if err := f.flush(); err != nil {
			return err
		}
	}
	return f.flush()
}

func (f *filler) flush() error {
	_, err := f.ask()
	return err
}

// ask sends the batch and returns the last reply.
func (f *filler) ask() (last string, err error) {
	if err := f.conn.SetDeadline(time.Now().Add(fillTimeout)); err != nil {
		return "", err
	}
	if _, err := f.conn.Write(f.batch); err != nil {
		return "", err
	}
	for ; f.sent > 0; f.sent-- {
		if last, err = f.reply(); err != nil {
			return "", err
		}
	}
	f.batch = f.batch[:0]
	return last, nil
}

// reply reads one that is no array. An error of the server is an error.
func (f *filler) reply() (string, error) {
	line, err := f.replies.ReadString('\n')
	if err != nil {
		return "", err
	}
	text := strings.TrimSuffix(line[1:], "\r\n")
	switch line[0] {
	case '+', ':':
		return text, nil
	case '$':
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return "", fmt.Errorf("the server answered %q", line)
		}
		bulk := make([]byte, n+2)
		_, err = io.ReadFull(f.replies, bulk)
		return string(bulk[:n]), err
	}
	return "", fmt.Errorf("the server answered %q", line)
}

// begin is followed by as many arguments.
func (f *filler) begin(command string, arguments int) {
	f.sent++
	f.batch = fmt.Appendf(f.batch, "*%d\r\n", 1+arguments)
	f.add(command)
}

func (f *filler) add(argument string) {
	f.batch = append(f.batch, '$')
	f.batch = strconv.AppendInt(f.batch, int64(len(argument)), 10)
	f.batch = append(f.batch, "\r\n"...)
	f.batch = append(f.batch, argument...)
	f.batch = append(f.batch, "\r\n"...)
}

// numbered is a name as redis-benchmark makes them.
func numbered(prefix string, i int) string { return fmt.Sprintf("%s%012d", prefix, i) }

func fieldName(i int) string { return "field" + strconv.Itoa(i) }

func writeStrings(f *filler, d dataset, first, n int) {
	f.begin("MSET", 2*n)
	for i := first; i < first+n; i++ {
		f.add(numbered(d.prefix, i))
		f.add(d.value)
	}
}

// writeRates gives the server the script that counts them, too.
func writeRates(f *filler, d dataset, first, n int) {
	if first == 0 {
		f.begin("SCRIPT", 2)
		f.add("LOAD")
		f.add(rateLimiter)
	}
	d.value = "0"
	writeStrings(f, d, first, n)
}

func writeHash(f *filler, d dataset, key, _ int) {
	f.begin("HSET", 1+2*d.elements)
	f.add(numbered(d.prefix, key))
	for i := range d.elements {
		f.add(fieldName(i))
		f.add(d.value)
	}
}

func writeList(f *filler, d dataset, key, _ int) {
	f.begin("RPUSH", 1+d.elements)
	f.add(numbered(d.prefix, key))
	for range d.elements {
		f.add(d.value)
	}
}

func writeSet(f *filler, d dataset, key, _ int) {
	f.begin("SADD", 1+d.elements)
	f.add(numbered(d.prefix, key))
	for i := range d.elements {
		f.add(numbered(memberPrefix, i))
	}
}

// writeSortedSet spreads scores over the numbers that ZADD draws its own from, so that a member that gets
// one moves to any place.
func writeSortedSet(f *filler, d dataset, key, _ int) {
	f.begin("ZADD", 1+2*d.elements)
	f.add(numbered(d.prefix, key))
	for i := range d.elements {
		f.add(strconv.Itoa(i * d.count / d.elements))
		f.add(numbered(memberPrefix, i))
	}
}

func writeStream(f *filler, d dataset, key, _ int) {
	for range d.elements {
		f.begin("XADD", 4)
		f.add(numbered(d.prefix, key))
		f.add("*")
		f.add("field")
		f.add(d.value)
	}
}
