// Package rdb speaks Redis's own format for values: what DUMP returns and RESTORE takes. It is how
// keys travel between any two backends, so everything that moves a key between them is here too.
//
// Start with value.go, the frame around a value. length.go has the lengths and strings of which all
// types are made, lzf.go the compression, crc64.go the checksum. move.go makes a backends.Mover of
// any engine.
package rdb

import (
	"encoding/binary"
	"errors"
	"fmt"

	"switchyard/backends"
)

// A payload is
//
//	type, 1 byte | body | version, 2 bytes little-endian | CRC-64 of all before, 8 bytes little-endian
//
// Bytes that the body leaves over are ignored, as Redis does.
const (
	footer = 10

	// version is what Redis 7.0 writes: nothing that we write needs more.
	version = 10
	// newest is the version of Redis 7.4, the newest that is read.
	newest = 12
)

// Errors about a payload. The first two reach the client word for word.
var (
	ErrChecksum = errors.New("ERR DUMP payload version or checksum are wrong")
	ErrFormat   = errors.New("ERR Bad data format")
	// ErrUnsupported says that the payload is sound but of a type that no engine here can
	// hold yet. It is wrapped by an error that names the type.
	ErrUnsupported = errors.New("ERR unsupported data type")
)

const typeString = 0

// foreign names the types that Redis knows and that are not supported, by type byte.
var foreign = map[byte]string{
	1: "list", 2: "set", 3: "zset", 4: "hash", 5: "zset",
	6: "module", 7: "module",
	9: "hash", 10: "list", 11: "set", 12: "zset", 13: "hash",
	14: "list", 15: "stream", 16: "hash", 17: "zset", 18: "list", 19: "stream",
	20: "set", 21: "stream", 22: "hash", 23: "hash", 24: "hash", 25: "hash",
}

// Dump returns the payload of a key as DUMP does, without its expiry; nil when it is absent. It
// has the bytes that Redis 7.0 with rdbcompression would send.
func Dump(tx backends.Tx, key []byte) []byte {
	switch tx.Type(key) {
	case backends.StringType:
		s, err := tx.String(key)
		if err != nil || !s.Exists() {
			return nil
		}
		return seal(appendString([]byte{typeString}, s.Bytes()))
	default:
		return nil
	}
}

// seal puts the frame's end behind a type byte and a body.
func seal(p []byte) []byte {
	p = binary.LittleEndian.AppendUint16(p, version)
	return binary.LittleEndian.AppendUint64(p, checksum(p))
}

// Restore makes key what the payload says, without expiry, whatever it was before. An unusable
// payload changes nothing: the error is ErrChecksum, ErrFormat, or wraps ErrUnsupported.
func Restore(tx backends.Tx, key, payload []byte) error {
	v, err := parse(payload)
	if err != nil {
		return err
	}
	return v.write(tx, key)
}

// value is a payload that was understood and can be written.
type value interface {
	write(tx backends.Tx, key []byte) error
}

// parse checks a payload and reads it. The value may share memory with it.
func parse(payload []byte) (value, error) {
	if len(payload) < footer {
		return nil, ErrChecksum
	}
	end := len(payload) - footer
	if binary.LittleEndian.Uint16(payload[end:]) > newest || !sealed(payload) {
		return nil, ErrChecksum
	}
	r := reader{p: payload[:end]}
	kind := r.byte()
	if name, known := foreign[kind]; known {
		return nil, fmt.Errorf("%w: %s", ErrUnsupported, name)
	}
	if r.bad || kind != typeString {
		return nil, ErrFormat
	}
	s := r.string()
	if r.bad {
		return nil, ErrFormat
	}
	return stringValue(s), nil
}

type stringValue []byte

func (v stringValue) write(tx backends.Tx, key []byte) error {
	tx.Delete(key) // whatever its type, and with its expiry
	s, err := tx.String(key)
	if err != nil {
		return err
	}
	s.Set(v)
	return nil
}
