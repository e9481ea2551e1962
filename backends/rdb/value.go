// Package rdb speaks Redis's own format for values: what DUMP returns and RESTORE takes. It is how
// keys travel between any two backends, so everything that moves a key between them is here too.
//
// Start with value.go, the frame around a value. length.go has the lengths and strings of which all
// types are made, collection.go what lists, sets, sorted sets and hashes share, and each of these has a
// file. Streams have three, of which stream.go comes first. lzf.go is the compression, crc64.go the
// checksum. move.go makes a backends.Mover of any engine.
package rdb

import (
	"encoding/binary"
	"errors"
	"fmt"

	"switchyard/backends"
	"switchyard/backends/listpack"
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

// readers are the types that are read: all encodings that Redis 5 to 7.4 writes, and older ones that
// these read.
var readers = map[byte]func(*reader) value{
	typeString: readString,

	typeList:        readList,
	typeListZiplist: readListZiplist,
	typeQuicklist:   readQuicklist,
	typeQuicklist2:  readQuicklist2,

	typeSet:         readSet,
	typeIntset:      readIntset,
	typeSetListpack: packed(readSetListpack),

	typeZSetText:     readZSetText,
	typeZSet:         readZSet,
	typeZSetZiplist:  packed(packedZSet(listpack.FromZiplist)),
	typeZSetListpack: packed(packedZSet(plainListpack)),

	typeHash:            readHash,
	typeHashZipmap:      packedHash(listpack.FromZipmap),
	typeHashZiplist:     packed(packedHash(listpack.FromZiplist)),
	typeHashListpack:    packed(packedHash(plainListpack)),
	typeHashMetadataRC:  readHashMetadataRC,
	typeHashMetadata:    readHashMetadata,
	typeHashDeadlinesRC: packed(readHashDeadlinesRC),
	typeHashDeadlines:   packed(readHashDeadlines),

	typeStream:       readStream(typeStream),
	typeStreamState:  readStream(typeStreamState),
	typeStreamActive: readStream(typeStreamActive),
}

// foreign names the types that Redis knows and that are not supported, by type byte.
var foreign = map[byte]string{6: "module", 7: "module"}

// Dump returns the payload of a key as DUMP does, without its expiry; nil when it is absent. It
// has the bytes that Redis 7.0 with rdbcompression would send, where Redis defines an order, and
// Redis 7.0 can load it, unless it is a hash with field expiry. Of a stream it lacks when consumers were last
// active, which 7.0 does not know. The error wraps ErrUnsupported.
//
// A payload has no limit, but Restore refuses strings of more than 512 MB in it, a blob included, as no
// engine holds any.
func Dump(tx backends.Tx, key []byte) ([]byte, error) {
	switch t := tx.Type(key); t {
	case backends.None:
		return nil, nil
	case backends.StringType:
		return dumpString(tx, key), nil
	case backends.ListType:
		return dumpList(tx, key), nil
	case backends.SetType:
		return dumpSet(tx, key), nil
	case backends.ZSetType:
		return dumpZSet(tx, key), nil
	case backends.HashType:
		return dumpHash(tx, key), nil
	case backends.StreamType:
		return dumpStream(tx, key), nil
	default:
		// Not nothing: a switch would take the key for absent.
		return nil, fmt.Errorf("%w: %s", ErrUnsupported, t)
	}
}

// seal puts the frame's end behind a type byte and a body.
func seal(p []byte, version uint16) []byte {
	p = binary.LittleEndian.AppendUint16(p, version)
	return binary.LittleEndian.AppendUint64(p, checksum(p))
}

// unseal checks the frame of a payload and returns what is in it.
func unseal(payload []byte) (body []byte, err error) {
	end := len(payload) - footer
	if end < 0 || binary.LittleEndian.Uint16(payload[end:]) > newest || !sealed(payload) {
		return nil, ErrChecksum
	}
	return payload[:end], nil
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
	body, err := unseal(payload)
	if err != nil {
		return nil, err
	}
	r := reader{p: body}
	kind := r.byte()
	if name, known := foreign[kind]; known {
		return nil, fmt.Errorf("%w: %s", ErrUnsupported, name)
	}
	read, known := readers[kind]
	if r.bad || !known {
		return nil, ErrFormat
	}
	v := read(&r)
	if r.bad {
		return nil, ErrFormat
	}
	return v, nil
}

// packedValue is what came as the bytes of a small value, and stays one if it does not have too many elements.
type packedValue struct{ value }

// packed has what read returns written as it came.
func packed(read func(*reader) value) func(*reader) value {
	return func(r *reader) value { return packedValue{read(r)} }
}

func (v packedValue) write(tx backends.Tx, key []byte) error {
	tx.AnyLength(true)
	defer tx.AnyLength(false)
	return v.value.write(tx, key)
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

func readString(r *reader) value { return stringValue(r.string()) }

func dumpString(tx backends.Tx, key []byte) []byte {
	s, err := tx.String(key)
	if err != nil || !s.Exists() {
		return nil
	}
	return seal(appendString([]byte{typeString}, s.Bytes()), version)
}
