package ordered

import (
	"encoding/binary"
	"math"

	"switchyard/backends"
)

// meta is the record of one key.
type meta struct {
	kind     backends.Type
	deadline int64 // Unix milliseconds; 0: none
	name     part  // the text of a long key
	outside  part  // what the value has outside of the record
	body     []byte
}

// part is what a version holds. Without a version there is none.
type part struct {
	version uint64
	size    uint64 // bytes of a string, elements of another type
}

const maxMeta = 2 + 8 + 2*(8+binary.MaxVarintLen64) // without the body

func (m *meta) encode() []byte {
	b := make([]byte, 2, maxMeta+len(m.body))
	b[0] = byte(m.kind)
	if m.deadline != 0 {
		b[1] |= hasDeadline
		b = binary.BigEndian.AppendUint64(b, uint64(m.deadline))
	}
	if m.name.version != 0 {
		b[1] |= hasName
		b = m.name.append(b)
	}
	if m.outside.version != 0 {
		b[1] |= hasVersion
		b = m.outside.append(b)
	}
	return append(b, m.body...)
}

func (p part) append(b []byte) []byte {
	return binary.AppendUvarint(binary.BigEndian.AppendUint64(b, p.version), p.size)
}

// decodeMeta reads a record. The body is a part of b.
func decodeMeta(b []byte) (m meta, err error) {
	const known = hasDeadline | hasName | hasVersion
	if len(b) < 2 || b[1]&^known != 0 || backends.Type(b[0]).String() == backends.None.String() {
		return meta{}, errDamaged
	}
	m.kind = backends.Type(b[0])
	flags, b := b[1], b[2:]
	if flags&hasDeadline != 0 {
		if len(b) < 8 {
			return meta{}, errDamaged
		}
		m.deadline, b = int64(binary.BigEndian.Uint64(b)), b[8:]
		if m.deadline <= 0 {
			return meta{}, errDamaged
		}
	}
	if flags&hasName != 0 {
		if m.name, b, err = decodePart(b); err != nil {
			return meta{}, err
		}
	}
	if flags&hasVersion != 0 {
		if m.outside, b, err = decodePart(b); err != nil {
			return meta{}, err
		}
	}
	if m.kind == backends.StringType && flags&hasVersion != 0 && len(b) > 0 {
		return meta{}, errDamaged
	}
	m.body = b[:len(b):len(b)]
	return m, nil
}

func decodePart(b []byte) (p part, rest []byte, err error) {
	if len(b) < 8 {
		return part{}, nil, errDamaged
	}
	p.version, b = binary.BigEndian.Uint64(b), b[8:]
	size, n := binary.Uvarint(b)
	if n <= 0 || p.version == 0 || size == 0 || size > math.MaxInt64 {
		return part{}, nil, errDamaged
	}
	p.size = size
	return p, b[n:], nil
}

// counts is the number of keys of a space.
type counts struct {
	keys    int64
	expires int64 // those with a deadline
}

func (c counts) plus(d counts) counts { return counts{c.keys + d.keys, c.expires + d.expires} }

func (c counts) encode() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(c.keys)), uint64(c.expires))
}

func decodeCounts(b []byte) (c counts, err error) {
	if len(b) != 16 {
		return counts{}, errDamaged
	}
	return counts{int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))}, nil
}
