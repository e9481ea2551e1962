package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// machine is what numbers cannot be read without.
type machine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	OS    string `json:"os"`
	Go    string `json:"go"`
	Redis string `json:"redis_server"`
	Load  string `json:"load_average_at_start"`
	Disk  disk   `json:"disk"`
}

// disk is where the servers keep their files. Fsync is the median of several synced writes of 4 KiB.
type disk struct {
	Dir        string        `json:"dir"`
	FileSystem string        `json:"file_system"`
	Fsync      time.Duration `json:"fsync_ns"`
}

// inspect also is what notices that a tool is missing, before anything is started.
func inspect() (machine, error) {
	m := machine{Cores: runtime.NumCPU(), Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH}
	if m.OS != "linux/"+runtime.GOARCH {
		return m, fmt.Errorf("the processor time of servers is read from Linux's /proc; this is %s", m.OS)
	}
	for tool, pkg := range map[string]string{"redis-benchmark": "redis-tools", "redis-server": "redis-server"} {
		if _, err := exec.LookPath(tool); err != nil {
			return m, fmt.Errorf("%s is missing: install the package %s (as root: apt-get install %s)", tool, pkg, pkg)
		}
	}
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return m, err
	}
	m.CPU = cpuModel(string(info))
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return m, err
	}
	m.Load = strings.Join(strings.Fields(string(load))[:1], "")
	version, err := exec.Command("redis-server", "--version").Output()
	if err != nil {
		return m, fmt.Errorf("redis-server --version: %w", err)
	}
	m.Redis = redisVersion(string(version))
	return m, nil
}

var modelName = regexp.MustCompile(`(?m)^model name\s*:\s*(.+)$`)

// cpuModel is the first processor's name; ARM's /proc/cpuinfo has none.
func cpuModel(cpuinfo string) string {
	if f := modelName.FindStringSubmatch(cpuinfo); f != nil {
		return strings.TrimSpace(f[1])
	}
	return "unnamed " + runtime.GOARCH
}

var redisVersionField = regexp.MustCompile(`\bv=(\S+)`)

func redisVersion(text string) string {
	if f := redisVersionField.FindStringSubmatch(text); f != nil {
		return f[1]
	}
	return strings.TrimSpace(text)
}

func inspectDisk(dir string) (disk, error) {
	d := disk{Dir: dir, FileSystem: "unknown"}
	if out, err := exec.Command("stat", "-f", "-c", "%T", dir).Output(); err == nil {
		d.FileSystem = strings.TrimSpace(string(out))
	}
	f, err := os.CreateTemp(dir, "fsync-")
	if err != nil {
		return d, err
	}
	defer func() { _ = f.Close() }() // its content does not matter
	const tries = 20
	var took []float64
	for range tries {
		begin := time.Now()
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return d, err
		}
		if err := f.Sync(); err != nil {
			return d, err
		}
		took = append(took, float64(time.Since(begin)))
	}
	d.Fsync = time.Duration(median(took))
	return d, nil
}

func (m machine) print(w io.Writer) {
	fmt.Fprintf(w, "cpu:   %s, %d cores, load average %s at the start\n", m.CPU, m.Cores, m.Load)
	fmt.Fprintf(w, "with:  %s, redis-server %s, %s\n", m.Go, m.Redis, m.OS)
	fmt.Fprintf(w, "files: %s (%s), a synced write of 4 KiB takes %v\n", m.Disk.Dir, m.Disk.FileSystem, m.Disk.Fsync.Round(time.Microsecond))
	if m.Disk.FileSystem == "tmpfs" {
		fmt.Fprintln(w, "       this is memory: what is said below about synced writes says nothing about a disk; set TMPDIR")
	}
}
