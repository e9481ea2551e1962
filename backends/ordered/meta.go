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
	fields   int64 // no field of a hash expires earlier; 0: none expires
	timed    int   // how many fields have a deadline, of a hash whose fields are outside
	form     form  // of a value that is no string
	guise    form  // of the same
	text     backends.StringForm
	body     []byte
}

// part is what a version holds. Without a version there is none.
type part struct {
	version uint64
	size    uint64 // bytes of a string, elements of another type
	owner   uint64 // not 0: the part is under this version, which is that of a collection
}

const maxMeta = 2 + 8 + 3*(8+binary.MaxVarintLen64) + 1 // without the body

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
	if m.fields != 0 {
		b[1] |= hasFields
		b = binary.AppendUvarint(binary.BigEndian.AppendUint64(b, uint64(m.fields)), uint64(m.timed))
	}
	if m.kind == backends.StringType {
		b[1] |= byte(m.text) << guiseShift
	} else {
		b[1] |= m.guise.number(m.kind) << guiseShift
		b = append(b, byte(m.form))
	}
	return append(b, m.body...)
}

func (p part) append(b []byte) []byte {
	return binary.AppendUvarint(binary.BigEndian.AppendUint64(b, p.version), p.size)
}

// decodeMeta reads a record. The body is a part of b.
func decodeMeta(b []byte) (m meta, err error) {
	const known = hasDeadline | hasName | hasVersion | hasFields | guiseMask
	if len(b) < 2 || b[1]&^known != 0 || b[0] == byte(backends.None) || b[0] > byte(backends.StreamType) {
		return meta{}, errDamaged
	}
	m.kind = backends.Type(b[0])
	flags, b := b[1], b[2:]
	if flags&hasDeadline != 0 {
		if m.deadline, b, err = decodeDeadline(b); err != nil {
			return meta{}, err
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
	if flags&hasFields != 0 {
		if m.fields, b, err = decodeDeadline(b); err != nil {
			return meta{}, err
		}
		timed, n := binary.Uvarint(b)
		if n <= 0 || timed > math.MaxInt64 {
			return meta{}, errDamaged
		}
		m.timed, b = int(timed), b[n:]
	}
	return m, m.decodeBody(b, flags&guiseMask>>guiseShift)
}

func (m *meta) decodeBody(b []byte, guise byte) error {
	if m.kind == backends.StringType {
		m.text = backends.StringForm(guise)
	} else {
		if len(b) == 0 || int(guise) >= len(guises[m.kind]) {
			return errDamaged
		}
		m.guise = guises[m.kind][guise]
		m.form, b = form(b[0]), b[1:]
	}
	m.body = b[:len(b):len(b)]
	if m.kind == backends.StringType && m.outside.version != 0 && len(b) > 0 || m.fields != 0 && m.kind != backends.HashType {
		return errDamaged
	}
	return nil
}

func decodeDeadline(b []byte) (at int64, rest []byte, err error) {
	if len(b) < 8 {
		return 0, nil, errDamaged
	}
	if at = int64(binary.BigEndian.Uint64(b)); at <= 0 {
		return 0, nil, errDamaged
	}
	return at, b[8:], nil
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
