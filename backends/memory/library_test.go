package memory

import (
	"errors"
	"testing"

	"switchyard/backends"
)

func TestLibrariesObeyTheLimit(t *testing.T) {
	e := open(t, func(c *Config) { c.MaxMemory = "10kb" })
	defer e.Close()
	ctx := t.Context()
	if err := e.SetLibraries(ctx, []byte("two of them")); err != nil {
		t.Fatal(err)
	}
	if err := fill(e, 0, 1000, 1); !errors.Is(err, backends.ErrNoSpace) {
		t.Fatalf("it is not full: %v", err)
	}
	if err := e.SetLibraries(ctx, []byte("two of them and one")); !errors.Is(err, backends.ErrNoSpace) {
		t.Errorf("more of them: %v", err)
	}
	if got, err := e.Libraries(ctx); string(got) != "two of them" || err != nil {
		t.Errorf("what was refused is kept: %q, %v", got, err)
	}
	if err := e.SetLibraries(ctx, []byte("one")); err != nil {
		t.Errorf("less of them: %v", err)
	}
	// With a policy room is made for them, by the next write: who holds all keys must not wait for it.
	if err := e.SetLimits(backends.Limits{Bytes: 1 << 10, Policy: "allkeys-random", Samples: 5}); err != nil {
		t.Fatal(err)
	}
	_, err := e.Do(ctx, &backends.Access{All: true}, backends.BodyFunc(func(backends.Tx) error {
		return e.SetLibraries(ctx, []byte("one and another"))
	}))
	if err != nil {
		t.Error(err)
	}
}
