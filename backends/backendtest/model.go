package backendtest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"switchyard/backends"
)

type modelValue struct {
	text string
	at   int64
}

// testModel runs random operations on the engine and on a Go map.
func testModel(t *testing.T, e backends.Engine) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	model := map[string]modelValue{}
	now := start
	for step := range 3000 {
		now += int64(r.IntN(3))
		for k, v := range model {
			if v.at != 0 && v.at <= now {
				delete(model, k)
			}
		}
		a, b := fmt.Sprint("k", r.IntN(20)), fmt.Sprint("k", r.IntN(20))
		access := write(a, b)
		access.Now = now
		do(t, e, access, func(tx backends.Tx) error {
			if err := modelStep(r, tx, model, a, b); err != nil {
				return fmt.Errorf("seed %d, step %d: %w", seed, step, err)
			}
			return nil
		})
		old, there := model[a]
		if want := map[bool]string{true: old.text, false: "-"}[there]; get(t, e, 0, a, now) != want {
			t.Fatalf("seed %d, step %d: %s is not %q", seed, step, a, want)
		}
	}
}

// modelStep does one random operation to both.
func modelStep(r *rand.Rand, tx backends.Tx, model map[string]modelValue, a, b string) error {
	v, err := tx.String([]byte(a))
	if err != nil {
		return err
	}
	old, there := model[a]
	text := fmt.Sprint(r.IntN(1 << r.IntN(60)))
	switch r.IntN(6) {
	case 0:
		v.Set([]byte(text))
		model[a] = modelValue{text, old.at}
	case 1:
		v.SetRange(v.Len(), []byte(text))
		model[a] = modelValue{old.text + text, old.at}
	case 2:
		if tx.Delete([]byte(a)) != there {
			return fmt.Errorf("delete of %s: there is %v", a, there)
		}
		delete(model, a)
	case 3:
		at := tx.Expiry([]byte(a))
		if at != old.at {
			return fmt.Errorf("the deadline of %s is %d, want %d", a, at, old.at)
		}
		if at = start + 1 + int64(r.IntN(6000)); there {
			if tx.SetExpiry([]byte(a), at); tx.Type([]byte(a)) == backends.None {
				delete(model, a)
			} else {
				model[a] = modelValue{old.text, at}
			}
		}
	case 4:
		tx.Copy([]byte(a), 0, []byte(b))
		if there {
			model[b] = old
		}
	case 5:
		if tx.Move([]byte(a), 0, []byte(b)); there && a != b {
			model[b] = old
			delete(model, a)
		}
	}
	return nil
}
