package ordered

import (
	"encoding/binary"
	"fmt"
	"time"
)

// A store takes only so much in one Apply, but a transaction may be an MSET of a million keys or
// a string of 512 MB, and others see all of it or nothing, whenever the power fails. So a group that
// is too large is written twice: first as a log, in as many pieces as it takes, then one record, the
// marker, says that the log is complete. From here on the group is durable, and its ops are applied
// in pieces; readers see them in the queue until all are in. At last the marker goes, and then
// the log. Open goes on with a marker that it finds, and throws away a log without one.

// logBytes is the least size of a log record. With one more op it stays below a megabyte, from
// which on Badger would keep it elsewhere.
const logBytes = 256 << 10

var markerKey = text([]byte{tagMarker})

// applyLarge is apply for what does not fit into one Apply.
func (c *committer) applyLarge(ops []Op) error {
	n, err := c.writeLog(ops)
	if err == nil {
		err = c.flush()
	}
	if err == nil {
		err = c.apply([]Op{{markerKey, binary.BigEndian.AppendUint32(nil, n)}})
	}
	if err == nil {
		err = c.flush()
	}
	c.discardLog(n)
	if err != nil {
		return err
	}
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		if err = c.limits.pieces(ops, c.kv.Apply); err == nil {
			err = c.flush()
		}
		if err == nil {
			err = c.kv.Apply([]Op{{Key: markerKey}})
		}
		if err == nil {
			return nil
		}
		// The marker is durable, so there is no way back: Open would find it.
		c.q.block(err)
		select {
		case <-time.After(pause):
		case <-c.stop:
			return err
		}
	}
}

// discardLog has the records of a log removed before the next group. Without a marker they take
// space and mean nothing.
func (c *committer) discardLog(n uint32) {
	for i := range n {
		c.trash = append(c.trash, Op{Key: numberKey(tagLog, i)})
	}
}

// writeLog writes ops as a log and returns the number of its records.
func (c *committer) writeLog(ops []Op) (n uint32, err error) {
	var records []Op
	var size int
	var buf []byte
	flush := func() error {
		err := c.apply(records)
		records, size = nil, 0
		return err
	}
	for i, op := range ops {
		buf = appendOp(buf, op)
		if len(buf) < logBytes && i < len(ops)-1 {
			continue
		}
		record := Op{numberKey(tagLog, n), buf}
		if len(records) > 0 && size+record.size() > c.limits.Bytes {
			if err := flush(); err != nil {
				return n, err
			}
		}
		n++
		records, size, buf = append(records, record), size+record.size(), nil
	}
	return n, flush()
}

func appendOp(b []byte, op Op) []byte {
	b = append(binary.AppendUvarint(b, uint64(len(op.Key))), op.Key...)
	return append(binary.AppendUvarint(b, uint64(len(op.Value))), op.Value...)
}

// parseOps is the inverse of appendOp, for as many as there are.
func parseOps(b []byte) (ops []Op, err error) {
	field := func() (f []byte) {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			err = errDamaged
			return nil
		}
		f, b = b[n:n+int(size)], b[n+int(size):]
		return f
	}
	for len(b) > 0 && err == nil {
		op := Op{Key: string(field())}
		if value := field(); len(value) > 0 {
			op.Value = value
		}
		ops = append(ops, op)
	}
	return ops, err
}

// recoverLarge ends a large group that was under way when the process ended.
func recoverLarge(kv KV) error {
	r, err := kv.Snapshot()
	if err != nil {
		return err
	}
	defer r.Close()
	marker, ok, err := r.Get(markerKey)
	if err != nil {
		return err
	}
	if ok {
		if err := replay(kv, r, marker); err != nil {
			return fmt.Errorf("log of a large transaction: %w", err)
		}
	}
	var log []Op
	from := text([]byte{tagLog})
	err = r.Scan(from, after(from), func(key, _ []byte) bool {
		log = append(log, Op{Key: string(key)})
		return true
	})
	if err != nil {
		return err
	}
	return kv.Limits().pieces(log, kv.Apply)
}

func replay(kv KV, r Reader, marker []byte) error {
	if len(marker) != 4 {
		return errDamaged
	}
	for i := range binary.BigEndian.Uint32(marker) {
		record, ok, err := r.Get(numberKey(tagLog, i))
		if err != nil {
			return err
		}
		ops, err := parseOps(record)
		if err != nil || !ok {
			return errDamaged
		}
		if err := kv.Limits().pieces(ops, kv.Apply); err != nil {
			return err
		}
	}
	return kv.Apply([]Op{{Key: markerKey}})
}
