package redistest

import (
	"bufio"
	"io"
	"strconv"
)

// ReadReply appends the bytes of one reply, in RESP2 or RESP3, with all that is in it.
func ReadReply(r *bufio.Reader, to []byte) ([]byte, error) {
	line, err := r.ReadBytes('\n')
	to = append(to, line...)
	if err != nil || len(line) < 3 {
		return to, err
	}
	n, err := strconv.Atoi(string(line[1 : len(line)-2]))
	switch line[0] {
	case '$', '=':
		if n >= 0 && err == nil {
			body := make([]byte, n+2)
			_, err = io.ReadFull(r, body)
			to = append(to, body...)
		}
		return to, err
	case '%':
		n *= 2
	case '*', '~', '>':
	default:
		return to, nil
	}
	for ; n > 0 && err == nil; n-- {
		to, err = ReadReply(r, to)
	}
	return to, err
}
