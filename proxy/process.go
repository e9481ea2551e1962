package proxy

import (
	"bufio"
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is what the operating system says about this process and its machine; what it does not
// say is 0.
type process struct {
	resident, peak, machine int64   // bytes
	allocated               int64   // bytes, of what the Go runtime holds
	system, user            float64 // seconds of processor time
}

func readProcess() (p process) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err == nil {
		p.system = time.Duration(usage.Stime.Nano()).Seconds()
		p.user = time.Duration(usage.Utime.Nano()).Seconds()
	}
	status := readKilobytes("/proc/self/status")
	p.resident, p.peak = status["VmRSS"], status["VmHWM"]
	p.machine = readKilobytes("/proc/meminfo")["MemTotal"]
	inUse := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(inUse)
	for _, s := range inUse {
		p.allocated += int64(s.Value.Uint64())
	}
	return p
}

// readKilobytes reads the lines "Name:   123 kB" of a file, as bytes. Without the file there are none.
func readKilobytes(path string) map[string]int64 {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	sizes := map[string]int64{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		digits, isSize := strings.CutSuffix(strings.TrimSpace(value), " kB")
		if n, err := strconv.ParseInt(digits, 10, 64); isSize && err == nil {
			sizes[name] = n << 10
		}
	}
	return sizes
}
