package rdb

import (
	"encoding/binary"
	"hash/crc64"
)

// Redis ends a payload with the CRC-64 of Jones: polynomial ad93d23594c935a9, reflected, starting
// at zero and not inverted at the end. hash/crc64 inverts both at the start and at the end, so
// inverting once more on either side gives Redis's value at the speed of the standard library.

// jones is the table of the polynomial, its bits reversed as hash/crc64 wants them.
var jones = crc64.MakeTable(0x95ac9329ac4bc9b5)

// checksum is Redis's CRC-64 of p.
func checksum(p []byte) uint64 { return ^crc64.Update(^uint64(0), jones, p) }

// sealed says whether p ends with the checksum of what comes before.
func sealed(p []byte) bool {
	body := p[:len(p)-8]
	return binary.LittleEndian.Uint64(p[len(body):]) == checksum(body)
}
