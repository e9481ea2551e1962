package badger

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchyard/backends"
)

// The test binary is also the process that gets killed: with crashDir set it writes pairs of keys
// until then, and says on its standard output which are acknowledged.
const (
	crashDir  = "SWITCHYARD_TEST_CRASH_DIR"
	crashSync = "SWITCHYARD_TEST_CRASH_SYNC"
	writers   = 8
	behind    = 20  // a writer deletes some of the pairs that are so much older
	bigEvery  = 150 // one of so many pairs makes a transaction that does not fit into one of Badger's
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		writeUntilKilled(dir, os.Getenv(crashSync))
		return
	}
	goleak.VerifyTestMain(m)
}

func writeUntilKilled(dir, sync string) {
	c := defaults()
	c.Sync, c.Memory = sync, "64mb"
	b, err := c.Open(context.Background(), backends.Env{Name: "crash", Dir: dir, Databases: 1})
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(1)
	}
	e := b.(*Backend)
	first := time.Now().UnixMilli() // later than those of earlier rounds
	for w := range writers {
		go func() {
			for i := first; ; i++ {
				if err := writePair(e, w, i); err != nil {
					fmt.Println("write:", err)
					os.Exit(1)
				}
				// One short line is one write, so the lines of the writers do not mix.
				_, _ = os.Stdout.WriteString(fmt.Sprintf("%d %d\n", w, i))
			}
		}()
	}
	select {}
}

func pairKeys(writer int, i int64) [][]byte {
	return [][]byte{fmt.Appendf(nil, "a:%d:%d", writer, i), fmt.Appendf(nil, "b:%d:%d", writer, i)}
}

func pairValue(i int64) []byte {
	if i%bigEvery == 0 {
		return []byte(strings.Repeat(fmt.Sprint(i), 50_000))
	}
	return fmt.Append(nil, i)
}

// writePair writes both keys, deletes an older pair, and slides the writer's window.
func writePair(e *Backend, writer int, i int64) error {
	ks := pairKeys(writer, i)
	a := &backends.Access{Keys: append(ks, pairKeys(writer, i-behind)...), Write: true, Now: 1}
	a.Keys = append(a.Keys, windowKeys(writer)...)
	return commit(e, a, func(tx backends.Tx) error {
		for _, k := range ks {
			v, err := tx.String(k)
			if err != nil {
				return err
			}
			v.Set(pairValue(i))
			tx.SetExpiry(k, 4e12+i)
		}
		if i%7 == 0 {
			tx.Delete(a.Keys[2])
			tx.Delete(a.Keys[3])
		}
		return slide(tx, writer, i)
	})
}

func commit(e *Backend, a *backends.Access, body backends.BodyFunc) error {
	c, err := e.Do(context.Background(), a, body)
	if err != nil {
		return err
	}
	return c.Wait(context.Background())
}

func TestAKilledProcessLosesNothingAcknowledged(t *testing.T) {
	for _, mode := range []string{"always", "everysec", "no"} {
		t.Run(mode, func(t *testing.T) {
			dir := t.TempDir()
			for range 3 {
				acked := killAfter(t, dir, mode, time.Duration(100+rand.IntN(400))*time.Millisecond)
				if t.Failed() {
					return
				}
				checkPairs(t, dir, acked)
			}
		})
	}
}

// span is what a writer has acknowledged in one life.
type span struct{ first, last int64 }

// killAfter lets the process write for some time after its first acknowledgement.
func killAfter(t *testing.T, dir, mode string, d time.Duration) map[int]span {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir, crashSync+"="+mode)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	acked := map[int]span{}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var w int
		var i int64
		if _, err := fmt.Sscanf(lines.Text(), "%d %d", &w, &i); err != nil {
			t.Errorf("the process says %q", lines.Text())
			break
		}
		once.Do(func() { time.AfterFunc(d, func() { _ = cmd.Process.Kill() }) })
		s, ok := acked[w]
		if !ok {
			s.first = i
		}
		if ok && i != s.last+1 {
			t.Errorf("writer %d acknowledged %d after %d", w, i, s.last)
		}
		s.last = i
		acked[w] = s
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
	return acked
}

func checkPairs(t *testing.T, dir string, acked map[int]span) {
	t.Helper()
	b := openIn(t, dir, func(c *Config) { c.Memory = "64mb" })
	defer b.Close()
	total := 0
	for w, s := range acked {
		total += int(s.last - s.first + 1)
		for i := s.first; i <= s.last+2; i++ {
			checkPair(t, b, w, i, s)
		}
		checkWindow(t, b, w, s.last)
	}
	t.Logf("%d transactions were acknowledged", total)
	// The keys of earlier lives are there too, so the count is compared with a walk.
	var keys int64
	a := &backends.Access{All: true, Now: 1}
	err := commit(b, a, func(tx backends.Tx) error {
		tx.Scan(0, 1<<30, func([]byte, backends.Type) { keys++ })
		if n := tx.Len(); n != keys {
			t.Errorf("%d keys are counted, %d are there", n, keys)
		}
		return nil
	})
	st, statsErr := b.Stats(context.Background())
	if err != nil || statsErr != nil || st.Expires() != keys {
		t.Errorf("%d keys expire of %d (%v, %v)", st.Expires(), keys, err, statsErr)
	}
}

// checkPair checks that both keys are there or none, and both if they must be.
func checkPair(t *testing.T, b *Backend, w int, i int64, s span) {
	t.Helper()
	ks := pairKeys(w, i)
	err := commit(b, &backends.Access{Keys: ks, Now: 1}, func(tx backends.Tx) error {
		var there [2]bool
		for n, k := range ks {
			v, err := tx.String(k)
			if err != nil {
				return err
			}
			if there[n] = v.Exists(); there[n] && (string(v.Bytes()) != string(pairValue(i)) || tx.Expiry(k) != 4e12+i) {
				t.Errorf("%s has the wrong value or deadline", k)
			}
		}
		// A later transaction may have deleted the pair; if it was not acknowledged, it may be either.
		later := i + behind
		deleted, either := later%7 == 0 && later <= s.last, i > s.last || later%7 == 0 && later > s.last
		if there[0] != there[1] || !either && there[0] == deleted {
			t.Errorf("pair %d of writer %d, which acknowledged up to %d: %v", i, w, s.last, there)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
