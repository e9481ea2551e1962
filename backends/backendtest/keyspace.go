package backendtest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"switchyard/backends"
)

func testStrings(t *testing.T, e backends.Engine) {
	big := strings.Repeat("v", 3<<20)
	for key, value := range map[string]string{
		"plain": "value", "": "empty key", "empty value": "", "\x00\xff\r\n": "\x00\xfe",
		strings.Repeat("k", 100_000): "big key", "big value": big,
	} {
		wantValue(t, e, 0, key, "-")
		set(t, e, key, value)
		wantValue(t, e, 0, key, value)
		wantValue(t, e, 1, key, "-")
	}
	do(t, e, write("r"), func(tx backends.Tx) error {
		v, err := tx.String([]byte("r"))
		if err != nil {
			return err
		}
		v.Set([]byte("abcdef"))
		v.Set([]byte("ab"))
		v.SetRange(4, []byte("x"))
		v.SetRange(v.Len(), []byte("yz"))
		v.SetRange(0, []byte("A"))
		if got := v.Bytes(); !bytes.Equal(got, []byte("Ab\x00\x00xyz")) || v.Len() != 7 {
			t.Errorf("ranges made %q", got)
		}
		if tx.Type([]byte("r")) != backends.StringType || !tx.Touch([]byte("r")) {
			t.Error("a key just written is absent")
		}
		if !tx.Delete([]byte("r")) || tx.Delete([]byte("r")) || v.Exists() || v.Bytes() != nil {
			t.Error("a deleted key is there")
		}
		v.Set([]byte("again"))
		return nil
	})
	wantValue(t, e, 0, "r", "again")
}

// testFailing: as in Redis, nothing is undone that was done before the error.
func testFailing(t *testing.T, e backends.Engine) {
	failure := errors.New("the body failed")
	a := write("k")
	a.Now = start
	c, err := e.Do(context.Background(), &a, backends.BodyFunc(func(tx backends.Tx) error {
		v, err := tx.String([]byte("k"))
		if err != nil {
			return err
		}
		v.Set([]byte("v"))
		return failure
	}))
	if !errors.Is(err, failure) {
		t.Errorf("%v", err)
	}
	if err := c.Wait(context.Background()); err != nil {
		t.Error(err)
	}
	wantValue(t, e, 0, "k", "v")
}

func testExpiry(t *testing.T, e backends.Engine) {
	k := []byte("k")
	set(t, e, "k", "v")
	do(t, e, write("k"), func(tx backends.Tx) error {
		tx.SetExpiry([]byte("k"), start+10)
		v, err := tx.String(k)
		if err == nil {
			v.Set([]byte("w"))
		}
		if at := tx.Expiry(k); at != start+10 {
			t.Errorf("a write changed the deadline to %d", at)
		}
		return err
	})
	if got := get(t, e, 0, "k", start+9); got != "w" {
		t.Errorf("before its deadline: %q", got)
	}
	if got := get(t, e, 0, "k", start+10); got != "-" {
		t.Errorf("at its deadline: %q", got)
	}
	late := write("k")
	late.Now = start + 10
	do(t, e, late, func(tx backends.Tx) error {
		if tx.Type(k) != backends.None || tx.Touch(k) || tx.Delete(k) || tx.Expiry(k) != 0 {
			t.Error("an expired key is there")
		}
		v, err := tx.String(k)
		if err == nil {
			v.SetRange(0, []byte("new"))
		}
		if tx.Expiry(k) != 0 {
			t.Error("a new key has the deadline of the expired one")
		}
		tx.SetExpiry(k, start+20)
		tx.SetExpiry(k, 0)
		return err
	})
	if got := get(t, e, 0, "k", start+100); got != "new" {
		t.Errorf("without a deadline: %q", got)
	}
	do(t, e, write("k"), func(tx backends.Tx) error {
		if tx.SetExpiry(k, start); tx.Type(k) != backends.None {
			t.Error("a deadline in the past leaves the key")
		}
		return nil
	})
}

func testMove(t *testing.T, e backends.Engine) {
	set(t, e, "a", "1")
	set(t, e, "b", "2")
	do(t, e, write("a", "b", "c"), func(tx backends.Tx) error {
		tx.SetExpiry([]byte("a"), start+5)
		tx.Move([]byte("a"), 0, []byte("a"))
		tx.Copy([]byte("a"), 0, []byte("a"))
		tx.Move([]byte("c"), 0, []byte("b"))
		tx.Copy([]byte("a"), 1, []byte("a"))
		tx.Move([]byte("a"), 0, []byte("b"))
		if tx.Expiry([]byte("b")) != start+5 || tx.In(1).Expiry([]byte("a")) != start+5 {
			t.Error("the deadline stayed behind")
		}
		v, err := tx.String([]byte("b"))
		if err == nil {
			v.SetRange(0, []byte("X"))
		}
		return err
	})
	wantValue(t, e, 0, "a", "-")
	wantValue(t, e, 0, "b", "X")
	wantValue(t, e, 1, "a", "1")
}

func testFlushSwap(t *testing.T, e backends.Engine) {
	set(t, e, "a", "1")
	everything := backends.Access{All: true, Write: true}
	do(t, e, everything, func(tx backends.Tx) error {
		tx.Swap(1)
		return nil
	})
	wantValue(t, e, 0, "a", "-")
	wantValue(t, e, 1, "a", "1")
	set(t, e, "b", "2")
	do(t, e, everything, func(tx backends.Tx) error {
		if tx.Len() != 1 || tx.In(1).Len() != 1 {
			t.Errorf("%d and %d keys, want one each", tx.Len(), tx.In(1).Len())
		}
		tx.In(1).Flush()
		return nil
	})
	wantValue(t, e, 1, "a", "-")
	wantValue(t, e, 0, "b", "2")
}
