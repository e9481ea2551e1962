package switching

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestAJournalComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	if s, err := Load(path); err != nil || !reflect.DeepEqual(s, State{}) {
		t.Fatalf("without a file: %v, %v", s, err)
	}
	want := State{Backend: "memory", Switches: 3}.Begin("memory", "badger", Copy)
	for range 2 { // also over an older one
		if err := Save(path, want); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := Load(path); err != nil || !reflect.DeepEqual(s, want) {
		t.Fatalf("%+v, %v", s, err)
	}
	if _, err := os.Stat(path + ".new"); !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

func TestTheJournalKnowsPartialCopies(t *testing.T) {
	begun := State{}.Begin("a", "b", Copy)
	if !begun.Holds("b") || begun.Backend != "a" || begun.Phase != Copying {
		t.Fatalf("%+v", begun)
	}
	if s := begun.Failed(true); s.Holds("b") || s.Backend != "a" || s.Phase != Idle {
		t.Fatalf("%+v", s)
	}
	if s := begun.Failed(false); !s.Holds("b") || s.Phase != Idle {
		t.Fatalf("%+v", s)
	}
	if s := begun.Flipped(); s.Holds("b") || s.Backend != "b" || s.Switches != 1 {
		t.Fatalf("%+v", s)
	}
	if s := (State{}).Begin("a", "b", Merge); s.Holds("b") {
		t.Fatalf("a merge is no partial copy: %+v", s)
	}
}

func TestDamagedJournalsAreErrors(t *testing.T) {
	for _, text := range []string{"", "{", "[]", "{} {}", `{"backend":1}`, `{"other":1}`, `{"phase":"copying"}`, `{"phase":"x","target":"a"}`, `{"switches":-1}`} {
		path := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := Load(path); err == nil {
			t.Errorf("%q gave %+v", text, s)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"backend":"memory","switches":3,"phase":"copying","target":"badger","partial":["badger"]}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Load(path)
		if err != nil {
			return
		}
		if err := Save(path, s); err != nil {
			t.Fatal(err)
		}
		if again, err := Load(path); err != nil || again.Backend != s.Backend || again.Phase != s.Phase {
			t.Fatalf("%+v became %+v, %v", s, again, err)
		}
	})
}
