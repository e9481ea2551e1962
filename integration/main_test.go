// Package integration tests Switchyard from outside: it builds the binary, runs it as a process and
// talks to it through sockets, redis-cli and go-redis. It imports nothing of ours but redistest, so
// that nothing but what a user sees is taken for granted.
//
// What is right is what a real redis-server answers, wherever Redis has an answer: the stories in
// oracle/ and the generated commands of TestDifferential hold no expected reply at all.
//
// Start with process_test.go (a running Switchyard) and resp_test.go (a connection that sees bytes).
//
// A seed makes a random test repeatable, a duration makes it long:
//
//	go test ./integration -run Differential -seed 42
//	go test ./integration -run Differential -soak 10m -timeout 0
//	go test ./integration -run Vanish -visits 50000 -timeout 0
//	go test ./integration -run Differential/memory -commands 10000000 -plain -timeout 0
package integration

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

var (
	seedFlag      = flag.Uint64("seed", 0, "the seed of random tests; 0: another one at each run")
	transportFlag = flag.String("transport", "auto", "the transport to test: auto, eventloop or redcon")
	soakFlag      = flag.Duration("soak", 0, "how long random tests go on; 0: some seconds")
	visitsFlag    = flag.Int("visits", 1000, "how many clients vanish on each backend, in all states in turn")
	plainFlag     = flag.Bool("plain", false, "test a binary without the race detector, which is several times as fast")
)

// binary is the Switchyard under test, with the race detector inside unless -plain: a race that any test
// causes is a process that does not exit with status 0.
var binary string

// everyBackend names the instances of the default configuration.
var everyBackend = []string{"memory", "badger", "redis"}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "switchyard-integration-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "switchyard")
	build := exec.Command("go", "build", "-race="+strconv.FormatBool(!*plainFlag), "-o", binary, "..")
	var out bytes.Buffer
	build.Stdout, build.Stderr = &out, &out
	if err := build.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "building switchyard: %v\n%s", err, out.Bytes())
		return 1
	}
	return m.Run()
}

// newRand returns a source of randomness whose seed is printed when the test fails.
func newRand(t testing.TB) (r *rand.Rand, seed uint64) {
	seed = *seedFlag
	if seed == 0 {
		seed = rand.Uint64N(1 << 32)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with: go test ./integration -run '%s' -seed %d", t.Name(), seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0)), seed
}

// eventually waits for a condition that must come true.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("still not after 30 seconds: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// onEveryBackend runs f as a parallel subtest per backend, on a Switchyard of its own.
func onEveryBackend(t *testing.T, f func(t *testing.T, p *process)) {
	for _, name := range everyBackend {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, start(t, settings{Backend: name}))
		})
	}
}
