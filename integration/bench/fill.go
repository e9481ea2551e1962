package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// Key prefixes that redis-benchmark's own tests use, before 12 digits.
const (
	stringPrefix  = "key:"
	counterPrefix = "counter:"
)

const (
	fillTimeout  = 5 * time.Minute
	fillKeys     = 100 // in one MSET
	fillPipeline = 20  // MSETs before their replies are read
)

// fill writes every key that the runs may ask for, so that GET always finds one, and SET and INCR always
// replace one, from the first run to the last. redis-benchmark cannot: its keys are random, so a million
// requests leave a third of a million keys out.
func fill(ctx context.Context, addr string, o options) error {
	d := net.Dialer{Timeout: readyTimeout}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // every reply has been read by then
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	if err := c.SetDeadline(time.Now().Add(fillTimeout)); err != nil {
		return err
	}
	f := &filler{conn: c, replies: bufio.NewReader(c)}
	if err := f.write(stringPrefix, strings.Repeat("x", valueSize), o.keys); err != nil {
		return err
	}
	if slices.Contains(o.commands, "INCR") {
		return f.write(counterPrefix, "0", o.keys)
	}
	return nil
}

type filler struct {
	conn    net.Conn
	replies *bufio.Reader
	batch   []byte
	sent    int // MSETs in the batch
}

func (f *filler) write(prefix, value string, keys int) error {
	for first := 0; first < keys; first += fillKeys {
		n := min(fillKeys, keys-first)
		f.batch = fmt.Appendf(f.batch, "*%d\r\n$4\r\nMSET\r\n", 1+2*n)
		for i := first; i < first+n; i++ {
			f.batch = fmt.Appendf(f.batch, "$%d\r\n%s%012d\r\n$%d\r\n%s\r\n", len(prefix)+12, prefix, i, len(value), value)
		}
		if f.sent++; f.sent == fillPipeline {
			if err := f.flush(); err != nil {
				return err
			}
		}
	}
	return f.flush()
}

func (f *filler) flush() error {
	if _, err := f.conn.Write(f.batch); err != nil {
		return err
	}
	for ; f.sent > 0; f.sent-- {
		line, err := f.replies.ReadString('\n')
		if err != nil {
			return err
		}
		if line != "+OK\r\n" {
			return fmt.Errorf("MSET answered %q", line)
		}
	}
	f.batch = f.batch[:0]
	return nil
}
