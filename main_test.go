package main

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"switchyard/backends/all"
	"switchyard/proxy"
)

// table reads TOML as a tree.
func table(t *testing.T, doc []byte) (tree map[string]any) {
	t.Helper()
	if err := toml.Unmarshal(doc, &tree); err != nil {
		t.Fatal(err)
	}
	return tree
}

// paths lists the keys of a tree.
func paths(prefix string, tree map[string]any) (list []string) {
	for _, k := range slices.Sorted(maps.Keys(tree)) {
		if inner, isTable := tree[k].(map[string]any); isTable {
			list = append(list, paths(prefix+k+".", inner)...)
		} else {
			list = append(list, prefix+k)
		}
	}
	return list
}

func wantKeys(t *testing.T, where string, got, want map[string]any) {
	t.Helper()
	if g, w := paths("", got), paths("", want); !slices.Equal(g, w) {
		t.Errorf("%s has the keys %q, the code %q", where, g, w)
	}
}

func TestConfigTomlHasEveryKeyAndItsDefault(t *testing.T) {
	c, err := proxy.Load(proxy.Sources{Defaults: config, Drivers: all.Drivers})
	if err != nil {
		t.Fatal(err)
	}
	file := table(t, config)
	instances := file["backends"].(map[string]any)
	delete(file, "backends")
	written, err := toml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	wantKeys(t, "config.toml", file, table(t, written))
	for _, d := range all.Drivers {
		declared, isTable := instances[d.Name].(map[string]any)
		if !isTable {
			t.Errorf("config.toml declares no [backends.%s]", d.Name)
			continue
		}
		if got, want := c.Backends[d.Name].Config, d.Config(); !reflect.DeepEqual(got, want) {
			t.Errorf("[backends.%s] is %+v, the driver's defaults are %+v", d.Name, got, want)
		}
		defaults, err := toml.Marshal(d.Config())
		if err != nil {
			t.Fatal(err)
		}
		delete(declared, "driver")
		wantKeys(t, "[backends."+d.Name+"]", declared, table(t, defaults))
	}
}
