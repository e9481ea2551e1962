package commands

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestTheReadmeListsEveryCommandAndNoOther(t *testing.T) {
	doc, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(doc), "\n## Commands\n")
	section, _, _ = strings.Cut(section, "\nWhat differs")
	listed := map[string]bool{}
	for _, row := range strings.Split(section, "\n") {
		if cells := strings.Split(row, "|"); len(cells) == 4 {
			outside := regexp.MustCompile(`\([^)]*\)`).ReplaceAllString(cells[2], "")
			for _, name := range strings.Split(outside, ",") {
				listed[strings.ToLower(strings.TrimSpace(name))] = true
			}
		}
	}
	delete(listed, "commands") // the heading
	for _, r := range NewTable().Commands() {
		if !listed[r.Name] {
			t.Errorf("%s is missing", strings.ToUpper(r.Name))
		}
		delete(listed, r.Name)
	}
	delete(listed, "---")
	for name := range listed {
		t.Errorf("%q is no command", name)
	}
}
