// Package archtest holds the house in shape: which package may import which, and how long a file may
// be. It runs with the other tests, so that `go test ./...` alone tells the truth.
package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "switchyard"

// rule says what the packages that match from may import of ours. A pattern is a package below
// the module, "" the module's own, or "x/..." for x and all below it. The first rule that matches
// counts, and a package without one may import nothing of ours.
type rule struct {
	from string
	may  []string
}

// Imports point one way: main -> proxy -> commands -> backends <- drivers.
var rules = []rule{
	{"", []string{"proxy/...", "backends/all"}}, // main
	{"proxy/switching", []string{"backends", "backends/rdb"}},
	{"proxy/transport/...", []string{"proxy/transport/..."}},
	{"proxy/admin", nil},
	{"proxy/pubsub", nil},
	{"proxy/tracking", nil},
	{"proxy/wait", nil},
	{"proxy/cli", []string{"proxy/...", "backends"}},
	{"proxy/...", []string{"proxy/...", "commands", "backends", "backends/rdb"}},
	{"commands/lua", nil},
	{"commands/...", []string{"commands/...", "backends", "backends/rdb"}},
	{"backends/all", []string{"backends", "backends/memory", "backends/badger", "backends/redis"}},
	{"backends/listpack", nil},
	{"backends/intset", nil},
	{"backends/streamnode", []string{"backends", "backends/listpack"}},
	{"backends/rdb", []string{"backends", "backends/listpack", "backends/intset", "backends/streamnode"}},
	{"backends/backendtest", []string{"backends", "backends/rdb"}},
	{"backends/memory", []string{"backends", "backends/rdb", "backends/listpack", "backends/intset", "backends/streamnode"}},
	{"backends/ordered/...", []string{"backends", "backends/rdb", "backends/listpack", "backends/intset", "backends/streamnode"}},
	{"backends/badger", []string{"backends", "backends/rdb", "backends/ordered"}},
	{"backends/redis", []string{"backends", "backends/rdb"}},
	{"integration/redistest", nil},
	{"integration/...", []string{"integration/redistest"}},
}

// testsMay is what tests may import beyond what their package may: the oracle, the suite that every
// backend passes, and, outside of integration, any backend to try things on.
var testsMay = []string{"integration/redistest", "backends/..."}

func matches(pattern, pkg string) bool {
	below, isTree := strings.CutSuffix(pattern, "/...")
	return pkg == below || isTree && strings.HasPrefix(pkg, below+"/")
}

func allowed(list []string, pkg string) bool {
	return slices.ContainsFunc(list, func(pattern string) bool { return matches(pattern, pkg) })
}

// forbidden explains what is wrong with an import, or returns "".
func forbidden(from, to string, inTest bool) string {
	var may []string
	for _, r := range rules {
		if matches(r.from, from) {
			may = r.may
			break
		}
	}
	switch {
	case from == to, allowed(may, to):
		return ""
	case inTest && matches("integration/...", from):
	case inTest && allowed(testsMay, to):
		return ""
	}
	return fmt.Sprintf("%s imports %s, and may import only %q", path.Join(module, from), path.Join(module, to), may)
}

// listed is what go list says of a package.
type listed struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func list(t *testing.T) (packages []listed) {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = root(t)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, complaint.Bytes())
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// root is the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func ours(importPath string) (pkg string, ok bool) {
	if importPath == module {
		return "", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

func TestImportsPointOneWay(t *testing.T) {
	packages := list(t)
	if len(packages) < 5 {
		t.Fatalf("go list sees only %d packages", len(packages))
	}
	for _, p := range packages {
		from, isOurs := ours(p.ImportPath)
		if !isOurs {
			continue
		}
		check := func(imports []string, inTest bool) {
			for _, i := range imports {
				if to, isOurs := ours(i); isOurs {
					if why := forbidden(from, to, inTest); why != "" {
						t.Error(why)
					}
				}
			}
		}
		check(p.Imports, false)
		check(p.TestImports, true)
		check(p.XTestImports, true)
	}
}

func TestTheRulesForbidWhatTheyShould(t *testing.T) {
	for _, c := range []struct {
		from, to string
		inTest   bool
		ok       bool
	}{
		{"", "proxy/cli", false, true},
		{"", "backends/all", false, true},
		{"", "backends/memory", false, false},
		{"proxy", "backends/all", false, false},
		{"proxy", "backends/all", true, true},
		{"proxy", "backends/memory", false, false},
		{"commands", "proxy", false, false},
		{"commands", "proxy", true, false},
		{"commands", "backends/memory", false, false},
		{"commands", "commands/lua", false, true},
		{"commands/lua", "commands", false, false},
		{"commands", "backends/memory", true, true},
		{"backends", "commands", false, false},
		{"backends/memory", "commands", false, false},
		{"backends/badger", "proxy", true, false},
		{"backends/badger", "backends/ordered", false, true},
		{"backends/ordered", "backends/badger", false, false},
		{"backends/rdb", "backends/memory", false, false},
		{"backends/streamnode", "backends/listpack", false, true},
		{"backends/streamnode", "backends/memory", false, false},
		{"proxy/switching", "proxy", false, false},
		{"proxy/pubsub", "commands", false, false},
		{"proxy", "proxy/pubsub", false, true},
		{"proxy/switching", "commands", false, false},
		{"proxy/switching", "backends/rdb", false, true},
		{"integration", "integration/redistest", true, true},
		{"integration", "backends", true, false},
		{"integration/bench", "proxy", false, false},
		{"new", "backends", false, false},
	} {
		if why := forbidden(c.from, c.to, c.inTest); why == "" != c.ok {
			t.Errorf("%q -> %q, in a test %v: %q", c.from, c.to, c.inTest, why)
		}
	}
}

// longest is the hard stop; the aim is 400.
const longest = 600

func TestFilesFitTheHead(t *testing.T) {
	top := root(t)
	err := filepath.WalkDir(top, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && file != top {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		b, err := os.ReadFile(file)
		if n := bytes.Count(b, []byte("\n")); n > longest {
			t.Errorf("%s has %d lines, more than %d: split it by subject", file, n, longest)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
