package rdb

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

var someLibraries = []string{
	"#!lua name=a\nredis.register_function('fa', function() return 1 end)",
	"#!lua name=b\nredis.register_function('fb', function() return 2 end) --" + strings.Repeat("x", 1000),
}

func TestRedisTakesLibrariesAndGivesThemBack(t *testing.T) {
	c := redistest.Start(t).Client()
	ctx := context.Background()
	if err := c.FunctionRestore(ctx, string(DumpLibraries(someLibraries))).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := c.FCall(ctx, "fb", nil).Int(); n != 2 || err != nil {
		t.Errorf("it returns %d, %v", n, err)
	}
	payload, err := c.FunctionDump(ctx).Result()
	if err != nil {
		t.Fatal(err)
	}
	codes, err := Libraries([]byte(payload))
	slices.Sort(codes)
	if err != nil || !slices.Equal(codes, someLibraries) {
		t.Errorf("%q, %v", codes, err)
	}
	c.FunctionFlush(ctx)
	empty, _ := c.FunctionDump(ctx).Result()
	if ours := DumpLibraries(nil); string(ours) != empty {
		t.Errorf("without any it is %q, not %q", ours, empty)
	}
}

func TestDamagedLibrariesAreRefused(t *testing.T) {
	whole := DumpLibraries(someLibraries)
	for _, c := range []struct {
		name    string
		payload []byte
		want    error
	}{
		{"nothing", nil, ErrChecksum},
		{"half", whole[:len(whole)/2], ErrChecksum},
		{"another checksum", append(whole[:len(whole)-1:len(whole)-1], whole[len(whole)-1]+1), ErrChecksum},
		{"a newer version", seal([]byte{opcodeLibrary, 1, 'x'}, newest+1), ErrChecksum},
		{"a draft", seal([]byte{opcodeLibraryDraft, 1, 'x'}, version), ErrLibraryDraft},
		{"a value", seal([]byte{0, 1, 'x'}, version), ErrNoLibrary},
		{"a code that ends early", seal([]byte{opcodeLibrary, 5, 'x'}, version), ErrLibrary},
	} {
		if codes, err := Libraries(c.payload); !errors.Is(err, c.want) || codes != nil {
			t.Errorf("%s: %q, %v", c.name, codes, err)
		}
	}
}

func FuzzLibraries(f *testing.F) {
	f.Add(DumpLibraries(someLibraries))
	f.Add(DumpLibraries(nil))
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) >= footer && !sealed(p) {
			p = seal(p[:len(p)-footer:len(p)-footer], version)
		}
		codes, err := Libraries(p)
		if err != nil {
			return
		}
		again, err := Libraries(DumpLibraries(codes))
		if err != nil || !slices.Equal(again, codes) {
			t.Fatalf("%q comes back as %q, %v", codes, again, err)
		}
		if len(codes) == 0 && !bytes.Equal(p[:len(p)-footer], nil) {
			t.Fatalf("%q has no library", p)
		}
	})
}
