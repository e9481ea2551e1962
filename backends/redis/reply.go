package redis

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// A reply is relayed as it came, so all there is to know is where it ends. The reader counts the
// elements that are still to come instead of recursing, and believes no length before the bytes
// are there: whatever an upstream sends costs no more than its size.

const (
	readBuffer = 64 << 10
	// keepReply is the largest scratch buffer that stays with a reader.
	keepReply = 64 << 10
	// maxElements bounds the counts of aggregates, far above what a server could mean.
	maxElements = 1 << 32
	// readStep is how much is allocated at most for bytes that have not arrived.
	readStep = 1 << 20
)

var (
	errLength = errors.New("protocol error: impossible length")
	errLine   = errors.New("protocol error: a line does not end with CR LF")
)

// replies reads whole replies from a connection.
type replies struct {
	rd  *bufio.Reader
	buf []byte // the reply being read
}

func newReplies(rd io.Reader) *replies {
	return &replies{rd: bufio.NewReaderSize(rd, readBuffer)}
}

// next returns the next reply, skipping pushed messages, which answer nothing. The bytes are valid
// until the following call.
func (r *replies) next() ([]byte, error) {
	for {
		if cap(r.buf) > keepReply {
			r.buf = nil
		}
		r.buf = r.buf[:0]
		if err := r.value(); err != nil {
			return nil, err
		}
		if r.buf[0] != '>' {
			return r.buf, nil
		}
	}
}

// take makes the reply that next has just returned the caller's own, when it is so large that
// copying it costs more than a new buffer.
func (r *replies) take() (reply []byte, ok bool) {
	if len(r.buf) < keepReply/4 {
		return nil, false
	}
	reply, r.buf = r.buf, nil
	return reply, true
}

// value appends one value, with all that is nested in it, to buf.
func (r *replies) value() error {
	for left := int64(1); left > 0; left-- {
		line, err := r.line()
		if err != nil {
			return err
		}
		switch kind := line[0]; kind {
		case '+', '-', ':', '_', ',', '#', '(':
		case '$', '=', '!':
			n, err := length(line)
			if err != nil {
				return err
			}
			if n < 0 {
				continue
			}
			if err := r.bulk(n); err != nil {
				return err
			}
		case '*', '~', '>', '%', '|':
			n, err := length(line)
			if err != nil {
				return err
			}
			switch {
			case n < 0:
				continue
			case kind == '%':
				n *= 2
			case kind == '|': // attributes come before the value that they describe
				n = 2*n + 1
			}
			if left += n; left > maxElements {
				return errLength
			}
		default:
			return fmt.Errorf("protocol error: a reply begins with %q", kind)
		}
	}
	return nil
}

// line appends a line to buf and returns it without its end.
func (r *replies) line() ([]byte, error) {
	start := len(r.buf)
	for {
		part, err := r.rd.ReadSlice('\n')
		r.buf = append(r.buf, part...)
		if err == nil {
			break
		}
		if err != bufio.ErrBufferFull {
			return nil, err
		}
	}
	line := r.buf[start:]
	if n := len(line); n < 3 || line[n-2] != '\r' {
		return nil, errLine
	}
	return line[:len(line)-2], nil
}

// bulk appends n bytes and their line end to buf.
func (r *replies) bulk(n int64) error {
	for n += 2; n > 0; {
		step := int(min(n, readStep))
		start := len(r.buf)
		r.buf = append(r.buf, make([]byte, step)...)
		if _, err := io.ReadFull(r.rd, r.buf[start:]); err != nil {
			return err
		}
		n -= int64(step)
	}
	if !bytes.HasSuffix(r.buf, crlf) {
		return errLine
	}
	return nil
}

// length is the number after the first byte of a line; -1 is a null.
func length(line []byte) (int64, error) {
	digits := line[1:]
	if len(digits) == 0 || len(digits) > 10 {
		return 0, errLength
	}
	if string(digits) == "-1" {
		return -1, nil
	}
	var n int64
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, errLength
		}
		n = 10*n + int64(d-'0')
	}
	return n, nil
}

var crlf = []byte("\r\n")

// appendCommand encodes a command.
func appendCommand[T string | []byte](dst []byte, args []T) []byte {
	dst = append(dst, '*')
	dst = strconv.AppendInt(dst, int64(len(args)), 10)
	dst = append(dst, crlf...)
	for _, a := range args {
		dst = append(dst, '$')
		dst = strconv.AppendInt(dst, int64(len(a)), 10)
		dst = append(dst, crlf...)
		dst = append(dst, a...)
		dst = append(dst, crlf...)
	}
	return dst
}

// errorText is the message of an error reply in either form.
func errorText(reply []byte) string {
	if reply[0] == '!' {
		_, reply, _ = bytes.Cut(reply, crlf)
		return string(bytes.TrimSuffix(reply, crlf))
	}
	return string(bytes.TrimSuffix(reply[1:], crlf))
}
