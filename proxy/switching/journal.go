package switching

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// The journal is one small file under the data folder:
//
//	{"backend":"memory","switches":3,"phase":"copying","target":"badger","partial":["badger"]}
//
// It is written before a switch touches its target, at the flip, and after a failure was cleaned
// up. So a process that finds phase copying at its start knows that the switch died: it goes on
// with backend, and target is in partial. The next switch to an instance in partial may empty it.

// Phase is what a switch was doing.
type Phase string

const (
	Idle    Phase = ""
	Copying Phase = "copying"
)

// State is what survives a restart.
type State struct {
	Backend  string   `json:"backend"`           // the active instance; "": none was ever chosen
	Switches int64    `json:"switches"`          // how many succeeded
	Phase    Phase    `json:"phase,omitempty"`   // of the switch to Target
	Target   string   `json:"target,omitempty"`  // while Phase is not Idle
	Partial  []string `json:"partial,omitempty"` // instances that may hold an incomplete copy
}

// Begin is the state once a switch from the instance from to the instance to has begun. What a
// Merge leaves behind is not a partial copy: emptying it would take the target's own keys as well.
func (s State) Begin(from, to string, mode Mode) State {
	s.Backend, s.Phase, s.Target = from, Copying, to
	if (mode == Copy || mode == Flush) && !s.Holds(to) {
		s.Partial = append(slices.Clone(s.Partial), to)
	}
	return s
}

// Flipped is the state once that switch has succeeded.
func (s State) Flipped() State {
	s.Backend = s.Target
	s.Switches++
	return s.Failed(true)
}

// Failed is the state once that switch has failed. clean: the target holds nothing of it.
func (s State) Failed(clean bool) State {
	if clean {
		s.Partial = slices.DeleteFunc(slices.Clone(s.Partial), func(name string) bool { return name == s.Target })
	}
	s.Phase, s.Target = Idle, ""
	return s
}

// Holds says whether an instance may hold an incomplete copy.
func (s State) Holds(name string) bool { return slices.Contains(s.Partial, name) }

// maxJournal is far more than any journal has.
const maxJournal = 1 << 20

// Load reads a journal. Without a file the State is zero. A file that makes no sense is an error:
// guessing the active backend could lose data.
func Load(path string) (State, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return State{}, nil
	}
	if err != nil {
		return State{}, fmt.Errorf("journal: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxJournal))
	if err = errors.Join(err, f.Close()); err != nil {
		return State{}, fmt.Errorf("journal: %w", err)
	}
	s, err := decode(b)
	if err != nil {
		return State{}, fmt.Errorf("journal %s: %w", path, err)
	}
	return s, nil
}

func decode(b []byte) (State, error) {
	var s State
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return State{}, err
	}
	if d.More() {
		return State{}, errors.New("more than one state")
	}
	switch {
	case s.Switches < 0:
		return State{}, errors.New("a negative number of switches")
	case s.Phase != Idle && s.Phase != Copying:
		return State{}, fmt.Errorf("no such phase: %q", s.Phase)
	case (s.Phase == Idle) != (s.Target == ""):
		return State{}, errors.New("phase and target do not agree")
	}
	return s, nil
}

// Save replaces a journal: when it returns nil the new state is durable, and whenever the process
// dies the file has either the old state or the new one. With an error the file has the old state.
func Save(path string, s State) error {
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("journal: %w", err)
	}
	if err := replaceFile(path, append(b, '\n')); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		// The new state is in the file, but maybe not on the disk: nobody may act on it.
		return fmt.Errorf("journal: %w", errors.Join(err, putBack(path, old)))
	}
	return nil
}

// replaceFile gives a file another content at once.
func replaceFile(path string, b []byte) error {
	temp := path + ".new"
	if err := writeSynced(temp, b); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// putBack makes the file what it was; nil: it was not there.
func putBack(path string, old []byte) error {
	if old == nil {
		return os.Remove(path)
	}
	return replaceFile(path, old)
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}
