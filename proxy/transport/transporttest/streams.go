package transporttest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"switchyard/proxy/transport"
)

// bigReply is what BIG replies.
var bigReply = "+" + strings.Repeat("x", 100_000) + "\r\n"

func testWaiting(t *testing.T, build New, slow bool) {
	dial, _ := start(t, build, newEchoes(slow), 0)
	var all sync.WaitGroup
	for range 8 {
		c := dial()
		all.Go(func() {
			const n = 2000
			go func() {
				var out strings.Builder
				for i := range n {
					fmt.Fprintf(&out, "%s %d\r\n", []string{"WAIT", "PING", "PING"}[i%3], i)
					if i%7 == 0 {
						fmt.Fprint(c, out.String())
						out.Reset()
					}
				}
				fmt.Fprint(c, out.String())
			}()
			r := bufio.NewReader(c)
			for i := range n {
				want := fmt.Sprintf("+[%q %q]\r\n", []string{"WAIT", "PING", "PING"}[i%3], fmt.Sprint(i))
				if line, err := r.ReadString('\n'); err != nil || line != want {
					t.Errorf("%q, %v; want %q", line, err, want)
					return
				}
			}
		})
	}
	all.Wait()
}

func testCuts(t *testing.T, build New, slow bool) {
	dial, _ := start(t, build, newEchoes(slow), 0)
	in := "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*0\r\nPING \"a b\"\r\n\r\n*1\r\n$4\r\nWAIT\r\n*2\r\n$1\r\na\r\n$0\r\n\r\nQUIT\r\n"
	want := []string{`+["GET" "k"]`, `+["PING" "a b"]`, `+["WAIT"]`, `+["a" ""]`, `+["QUIT"]`, ""}
	for i := range len(in) {
		c := dial()
		send(t, c, in[:i])
		time.Sleep(100 * time.Microsecond) // makes two reads likely; whether there are does not matter
		send(t, c, in[i:])
		wantLines(t, bufio.NewReader(c), want...)
	}
	c := dial()
	for i := range len(in) {
		send(t, c, in[i:i+1])
	}
	wantLines(t, bufio.NewReader(c), want...)
}

// testSlowReader sends more requests than the buffers of the system hold replies, and reads none of
// them before all are sent: whoever stopped reading until its replies are read would wait for ever.
func testSlowReader(t *testing.T, build New, slow bool) {
	for _, word := range []string{"BIG", "WAIT\r\nBIG"} {
		dial, _ := start(t, build, newEchoes(slow), 0)
		c := dial()
		const n = 500                          // 50 MB
		padding := strings.Repeat("x", 20_000) // 10 MB of requests
		send(t, c, strings.Repeat(word+" "+padding+"\r\n", n))
		r := bufio.NewReaderSize(c, 1<<20)
		for range n * (1 + strings.Count(word, "WAIT")) {
			if _, err := r.ReadSlice('\n'); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// testUsage has more replies than the buffers of the system hold.
func testUsage(t *testing.T, build New, slow bool) {
	h := newEchoes(slow)
	dial, _ := start(t, build, h, 0)
	c := dial()
	const n = 300 // 30 MB
	send(t, c, strings.Repeat("BIG\r\n", n))
	wait := func(what string, is func(transport.Usage) bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			var u transport.Usage
			if conn, open := h.last.Load().(transport.Conn); open {
				u = conn.Usage()
			}
			if is(u) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: %+v", what, u)
			}
		}
	}
	wait("nothing waits for its reader", func(u transport.Usage) bool { return u.FD > 0 && u.Output > 0 })
	r := bufio.NewReaderSize(c, 1<<20)
	for range n {
		if _, err := r.ReadSlice('\n'); err != nil {
			t.Fatal(err)
		}
	}
	wait("all has been read", func(u transport.Usage) bool { return u.FD > 0 && u.Output == 0 })
	send(t, c, "QUIT\r\n")
	wait("the connection has ended", func(u transport.Usage) bool { return u == transport.Usage{} })
}

func testNoReader(t *testing.T, build New, slow bool) {
	h := newEchoes(slow)
	dial, _ := start(t, build, h, 0)
	c := dial()
	for deadline := time.Now().Add(20 * time.Second); h.executed.Load() == 0 || h.open.Load() > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("still connected after %d replies that were not read", h.executed.Load())
		}
		// It fails once the connection is closed, which is what is waited for.
		_, _ = io.WriteString(c, strings.Repeat("BIG\r\n", 100))
	}
}

const pushes = 2000

// pushWord is the request number i of a client that is now on a loop and now off it.
func pushWord(i int) string {
	switch {
	case i%400 == 0:
		return "SLOW"
	case i%400 == 200:
		return "FAST"
	case i%4 == 1:
		return "WAIT"
	}
	return "PING"
}

// pushLines is what PUSH does besides its reply.
func pushLines(c transport.Conn) {
	for i := range pushes {
		c.Push(fmt.Appendf(nil, ">%d %s\r\n", i, strings.Repeat("p", i%100)))
	}
}

// testPushes has a client that is on a loop, off it and on it again while it gets pushes.
func testPushes(t *testing.T, build New, slow bool) {
	dial, _ := start(t, build, newEchoes(slow), 0)
	c := dial()
	const n = 3000
	go func() {
		fmt.Fprint(c, "PUSH\r\n")
		for i := range n {
			fmt.Fprintf(c, "%s %d\r\n", pushWord(i), i)
		}
	}()
	r := bufio.NewReader(c)
	first := "+[\"PUSH\"]\r\n" // pushes may overtake the reply to what has caused them
	for pushed, replied := 0, 0; pushed < pushes || replied < n; {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == first {
			first = ""
			continue
		}
		want := fmt.Sprintf("+[%q %q]\r\n", pushWord(replied), fmt.Sprint(replied))
		if line[0] == '>' {
			want = fmt.Sprintf(">%d %s\r\n", pushed, strings.Repeat("p", pushed%100))
			pushed++
		} else {
			replied++
		}
		if line != want {
			t.Fatalf("%q, want %q", line, want)
		}
	}
}

// testOwnPushes has a session that sends what it has to say now as replies and now as a push with all
// replies before it: the client must not see a difference.
func testOwnPushes(t *testing.T, build New, slow bool) {
	dial, _ := start(t, build, newEchoes(slow), 0)
	c := dial()
	const n = 3000
	words := []string{"SAY", "PING", "WAIT", "PING", "SAY", "SAY", "PING"}
	go func() {
		var batch strings.Builder
		for i := range n {
			fmt.Fprintf(&batch, "%s %d\r\n", words[i%len(words)], i)
			if i%11 == 0 {
				fmt.Fprint(c, batch.String())
				batch.Reset()
			}
		}
		fmt.Fprint(c, batch.String()+"SAY bye\r\nQUIT\r\n")
	}()
	r := bufio.NewReader(c)
	for i := range n {
		word := words[i%len(words)]
		wantLines(t, r, fmt.Sprintf("%c[%q %q]", map[bool]byte{true: '>', false: '+'}[word == "SAY"], word, fmt.Sprint(i)))
	}
	wantLines(t, r, `>["SAY" "bye"]`, `+["QUIT"]`, "")
	c = dial()
	send(t, c, "SAY x\r\n*1\r\n:1\r\n")
	wantLines(t, bufio.NewReader(c), `>["SAY" "x"]`, "-ERR Protocol error: expected '$', got ':'", "")
}

// testPushBehind has a session push while it gives its replies out: who reads them must not see the push first.
func testPushBehind(t *testing.T, build New, slow bool) {
	dial, _ := start(t, build, newEchoes(slow), 0)
	c := dial()
	r := bufio.NewReader(c)
	for i := range 500 {
		batch := [][]string{{}, {"PING"}, {"WAIT"}, {"PING", "WAIT"}}[i%4] // what comes before it
		send(t, c, strings.Join(append(batch, fmt.Sprint("BEHIND ", i), ""), "\r\n"))
		for _, word := range batch {
			wantLines(t, r, fmt.Sprintf("+[%q]", word))
		}
		wantLines(t, r, fmt.Sprintf("+[%q %q]", "BEHIND", fmt.Sprint(i)), fmt.Sprintf(">[%q %q]", "BEHIND", fmt.Sprint(i)))
	}
}

// ownLimit is what BOUND asks for.
var ownLimit = transport.OutputLimit{Hard: 1 << 20}

// testBound pushes more than that and the buffers of the system hold, and much less than the limit of the transport.
func testBound(t *testing.T, build New, slow bool) {
	h := newEchoes(slow)
	dial, _ := start(t, build, h, 0)
	c := dial()
	send(t, c, "BOUND\r\n")
	wantLines(t, bufio.NewReader(c), `+["BOUND"]`)
	conn := h.last.Load().(transport.Conn)
	pushed := 0
	for deadline := time.Now().Add(20 * time.Second); h.open.Load() > 0; pushed += len(bigReply) {
		if time.Now().After(deadline) {
			t.Fatalf("still connected after %d bytes that were not read", pushed)
		}
		conn.Push([]byte(bigReply))
		if u := conn.Usage(); u.Output > int(ownLimit.Hard)+len(bigReply) {
			t.Fatalf("%d bytes wait", u.Output)
		}
	}
}

// testFairness has as many greedy clients as there may be loops, and one with a short question.
func testFairness(t *testing.T, build New, slow bool) {
	dial, _ := start(t, build, newEchoes(slow), 0)
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		c := dial()
		all.Go(func() { greedy(c, stop) })
	}
	polite := make([]*bufio.ReadWriter, 8)
	for i := range polite {
		c := dial()
		polite[i] = bufio.NewReadWriter(bufio.NewReader(c), bufio.NewWriter(c))
	}
	begun := time.Now()
	const rounds = 5
	for range rounds {
		for _, p := range polite {
			fmt.Fprint(p, "PING\r\n")
			if err := p.Flush(); err != nil {
				t.Fatal(err)
			}
			wantLines(t, p.Reader, `+["PING"]`)
		}
	}
	if each := time.Since(begun) / (rounds * 8); each > time.Second {
		t.Errorf("a question took %v", each)
	}
	close(stop)
	all.Wait()
}

// greedy writes without end, and throws away what it reads.
func greedy(c net.Conn, stop chan struct{}) {
	go func() {
		<-stop
		_ = c.Close() // which ends both loops below
	}()
	go func() { _, _ = io.Copy(io.Discard, c) }()
	batch := strings.Repeat("*1\r\n$4\r\nPING\r\n", 10_000)
	for {
		if _, err := io.WriteString(c, batch); err != nil {
			return
		}
	}
}
