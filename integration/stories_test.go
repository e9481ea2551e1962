package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

// TestStories sends the lines of each file in oracle/ to a real redis-server and to Switchyard.
// They go as inline commands, so that a line means what redis-cli would make of it. "!gone k" waits
// until the key has expired on both.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("oracle/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	onEveryBackend(t, func(t *testing.T, p *process) {
		oracle := redistest.Start(t).Addr
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name := strings.TrimSuffix(filepath.Base(file), ".txt")
			for proto := 2; proto <= 3; proto++ {
				t.Run(fmt.Sprintf("%s in RESP%d", name, proto), func(t *testing.T) {
					tell(t, string(text), proto, oracle, p.Addr)
				})
			}
		}
	})
}

// tell compares the replies to one story.
func tell(t *testing.T, story string, proto int, oracleAddr, subjectAddr string) {
	oracle, subject := dial(t, oracleAddr), dial(t, subjectAddr)
	for _, c := range []*conn{oracle, subject} {
		c.speak(proto)
		c.do("FLUSHALL")
	}
	for i, line := range strings.Split(story, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if words[0] == "!gone" {
			for _, c := range []*conn{oracle, subject} {
				eventually(t, line, func() bool { return c.do("EXISTS", words[1]).raw == ":0\r\n" })
			}
			continue
		}
		want, err := answer(oracle, line)
		if err != nil {
			t.Fatalf("line %d: %s: redis-server: %v", i+1, line, err)
		}
		got, err := answer(subject, line)
		if err != nil {
			t.Fatalf("line %d: %s: want %q: %v", i+1, line, want.raw, err)
		}
		if words[0] == "dbsize" {
			want, got = askUntilAlike(oracle, subject, words)
		}
		if why := differ(words, want, got); why != "" {
			t.Errorf("line %d: %s\nwant %q\ngot  %q", i+1, line, clip(want.raw), clip(got.raw))
		}
	}
}

// answer sends one line. SCAN goes on to the end, since cursors are each server's own.
func answer(c *conn, line string) (reply, error) {
	words := strings.Fields(strings.ReplaceAll(line, `""`, "\x00"))
	if words[0] == "scan" && len(words) > 1 && (words[1] == "0" || words[1] == "\x00") {
		words[1] = strings.Trim(words[1], "\x00")
		r := scanAll(c, words)
		r.raw = strings.Join(sorted(r), " ") + r.raw
		return r, nil
	}
	if _, err := c.Write([]byte(line + "\r\n")); err != nil {
		return reply{}, err
	}
	return c.next()
}
