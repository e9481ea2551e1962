package main

import (
	"strings"
	"testing"
	"time"
)

func TestWeighingCountsWhatTheDataTakes(t *testing.T) {
	o := tiny(t)
	o.memory = weighableNames()
	o.keys = 20_000
	y := &yard{dir: t.TempDir()}
	var progress strings.Builder
	all, err := weigh(t.Context(), o, y, &progress)
	if err != nil || len(y.running) > 0 {
		t.Fatalf("%v; still running: %v", err, y.running)
	}
	least := map[string]float64{"strings": 16 + 16, "hashes": 17 + 10*(6+16), "zsets": 17 + 100*19} // names and values alone
	keys := map[string]int{"strings": 20_000, "hashes": 20_000, "zsets": 2000}
	for _, p := range all {
		if p.Error != "" || p.Keys != keys[p.Data] {
			t.Errorf("%d %s: %s", p.Keys, p.Data, p.Error)
		}
		if want := least[p.Data]; p.used() < want || p.used() > 10*want {
			t.Errorf("%s: %.0f bytes used for a key of %.0f", p.Data, p.used(), want)
		}
		if p.resident() <= 0 || p.Rested.Peak < p.Rested.Resident {
			t.Errorf("%s: %.0f bytes resident for a key; %+v", p.Data, p.resident(), p.Rested)
		}
	}
	if len(all) != len(weighables) {
		t.Errorf("%d footprints", len(all))
	}
}

func TestAServerThatDiesCannotBeWeighed(t *testing.T) {
	s := started(t)
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.weigh(t.Context()); err == nil || !strings.Contains(err.Error(), "redis ended (signal: killed)") {
		t.Errorf("dying: %v", err)
	}
	<-s.exited
	if _, err := s.weigh(t.Context()); err == nil || !strings.Contains(err.Error(), "redis ended (signal: killed)") {
		t.Errorf("dead: %v", err)
	}
}

func TestFootprintsShowBytesPerKeyAndRatios(t *testing.T) {
	weighed := func(name, data string, resident, used int64) *footprint {
		return &footprint{Server: name, Data: data, Keys: 10, server: &server{spec: find(name)},
			Empty:  weight{Resident: 1000, Peak: 2000, Used: 100},
			Filled: weight{Resident: 4000, Peak: 4000, Used: 100 + used},
			Rested: weight{Resident: 1000 + resident, Peak: 5000, Used: 100 + used}}
	}
	broken := weighed("sy-memory", "zsets", 1, 1)
	broken.Error = "sy-memory ended"
	all := []*footprint{
		weighed("redis", "strings", 1000, 800), weighed("sy-memory", "strings", 1500, 400),
		weighed("sy-memory", "hashes", 1500, 400), // its reference is missing
		weighed("redis", "zsets", -10, 800), broken,
	}
	o := defaults
	var out strings.Builder
	printFootprints(&out, o, all)
	got := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"redis strings 10 100 1.00 300 400 80 1.00 ",
		"sy-memory strings 10 150 1.50 300 400 40 0.50 ",
		"sy-memory hashes 10 150 - 300 400 40 - ",
		"redis zsets 10 -1 - 300 400 80 1.00 ",
		"sy-memory zsets 10 failed ",
		"rested for 2m10s",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if err := failures(nil, all); err == nil || err.Error() != "sy-memory ended" {
		t.Errorf("the program's error is %v", err)
	}
}

func TestAWholeRunTakesAboutHalfAnHour(t *testing.T) {
	if got := defaults.estimate(); got < 15*time.Minute || got > 30*time.Minute {
		t.Errorf("it is estimated to take %v", got)
	}
}
