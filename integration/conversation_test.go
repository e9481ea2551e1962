package integration

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

// TestConversations plays each file in conversations/ to a real redis-server and to Switchyard: several
// clients, each on a connection of its own. What is right is what Redis answers, message by message. A
// client is a word, and comes when it is first mentioned:
//
//	A: SUBSCRIBE x      A sends a command, and both read one message, which must be the same
//	A> BLPOP q 0        A sends a command, and nobody reads
//	A<                  A reads one message more
//	A< 3                or three
//	A<> 2               or two, in whichever order they come
//	A~ TEXT: PING       A sends a command again and again until the reply has TEXT in it
//	A: CLIENT UNBLOCK <B>    where a client's name stands for its number
//	A!                  A leaves without a word; the next mention is a new connection
//	only RESP3          the conversation makes no sense in the other protocol
//	not on redis        nor on this backend
//
// Times and addresses in what MONITOR shows are left out. Commands go inline, as redis-cli reads them. That nothing came unasked shows at the next message, so a
// conversation ends with a PING of all who might have heard something.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("conversations/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
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
				other := fmt.Sprintf("\nonly RESP%d\n", 5-proto)
				if strings.Contains(string(text), other) || strings.Contains(string(text), "\nnot on "+filepath.Base(t.Name())+"\n") {
					continue
				}
				t.Run(fmt.Sprintf("%s in RESP%d", name, proto), func(t *testing.T) {
					c := &conversation{t: t, proto: proto, addrs: [2]string{oracle, p.Addr}, clients: map[string]*sides{}}
					c.play(string(text))
				})
			}
		}
	})
}

// sides are the same connection to the oracle and to the subject.
type sides [2]*conn

// shownAt is where MONITOR says when a command was run, in which database, and whose it was.
var shownAt = regexp.MustCompile(`^\+\d+\.\d{6} \[(\d+) (?:(lua)|[0-9.:]+)\] `)

// conversation is one on its way.
type conversation struct {
	t       *testing.T
	proto   int
	addrs   [2]string
	clients map[string]*sides
	ids     [2][]string // for each side, names in <> and numbers of clients by turns
	at      string      // the line, for errors
}

// play plays all lines, and waits until both servers have noticed that all have left.
func (c *conversation) play(text string) {
	director := c.client("director")
	for _, side := range director {
		side.do("FLUSHALL")
	}
	for i, line := range strings.Split(text, "\n") {
		c.at = fmt.Sprintf("line %d: %s", i+1, line)
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "only ") && !strings.HasPrefix(line, "not on ") {
			c.line(line)
		}
	}
	for name := range c.clients {
		if name != "director" {
			c.leave(name)
		}
	}
	c.at = "the end"
	c.until(director, "connected_clients:1\r\n", "INFO clients")
	c.leave("director")
}

// line plays one line.
func (c *conversation) line(line string) {
	c.t.Helper()
	end := strings.IndexAny(line, ":<>~!")
	if end < 1 {
		c.t.Fatalf("%s: who says what?", c.at)
	}
	name, what, rest := line[:end], line[end], strings.TrimSpace(line[end+1:])
	switch what {
	case ':':
		c.send(c.client(name), rest)
		c.read(c.client(name), strings.Fields(rest), 1, false)
	case '>':
		c.send(c.client(name), rest)
	case '<':
		rest, anyOrder := strings.CutPrefix(rest, ">")
		n, err := strconv.Atoi(cmp.Or(strings.TrimSpace(rest), "1"))
		if err != nil {
			c.t.Fatalf("%s: %v", c.at, err)
		}
		c.read(c.client(name), []string{"(message)"}, n, anyOrder)
	case '~':
		text, command, _ := strings.Cut(rest, ": ")
		c.until(c.client(name), text, command)
	case '!':
		c.leave(name)
	}
}

// client returns a client's connections, new ones for one who is not there.
func (c *conversation) client(name string) *sides {
	c.t.Helper()
	if c.clients[name] == nil {
		s := &sides{}
		for i, addr := range c.addrs {
			s[i] = dial(c.t, addr)
			s[i].speak(c.proto)
			c.ids[i] = append([]string{"<" + name + ">", strconv.FormatInt(s[i].do("CLIENT", "ID").int(), 10)}, c.ids[i]...)
		}
		c.clients[name] = s
	}
	return c.clients[name]
}

// leave closes a client's connections.
func (c *conversation) leave(name string) {
	for _, side := range c.client(name) {
		side.Close()
	}
	delete(c.clients, name)
}

// send has a client say something on both sides.
func (c *conversation) send(s *sides, command string) {
	c.t.Helper()
	for i, side := range s {
		side.write([]byte(strings.NewReplacer(c.ids[i]...).Replace(command) + "\r\n"))
	}
}

// read compares the next n messages to a client, the last command to whom was args.
func (c *conversation) read(s *sides, args []string, n int, anyOrder bool) {
	c.t.Helper()
	var got [2][]reply
	for i, who := range []string{"redis-server", "switchyard"} {
		for range n {
			r, err := s[i].next()
			if err != nil {
				c.t.Fatalf("%s: %s: after %q: %v", c.at, who, raws(got), err)
			}
			r.raw = shownAt.ReplaceAllString(r.raw, "+(time) [$1 $2] ")
			got[i] = append(got[i], r)
		}
		if anyOrder {
			slices.SortFunc(got[i], func(a, b reply) int { return strings.Compare(a.raw, b.raw) })
		}
	}
	for i := range n {
		if why := differ(args, got[0][i], got[1][i]); why != "" {
			c.t.Errorf("%s\n%s", c.at, why)
		}
	}
}

func raws(got [2][]reply) (list [2][]string) {
	for i := range got {
		for _, r := range got[i] {
			list[i] = append(list[i], clip(r.raw))
		}
	}
	return list
}

// until repeats a command on both sides until the reply has a text in it.
func (c *conversation) until(s *sides, text, command string) {
	c.t.Helper()
	for _, side := range s {
		eventually(c.t, c.at, func() bool {
			side.write([]byte(command + "\r\n"))
			return strings.Contains(side.reply().raw, text)
		})
	}
}
