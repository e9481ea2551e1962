package proxy

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"switchyard/backends"
)

// The configuration is a tree of tables. It is laid together from four layers, the later winning:
// the defaults, a file, the environment, the flags. Only then is it decoded into structs, strictly;
// for each key the tree remembers who said it, so that an error can name the line or the variable.

// Sources are the four layers.
type Sources struct {
	Defaults []byte            // config.toml as embedded in the binary
	File     string            // path of the user's file; "": none
	Environ  []string          // as os.Environ
	Flags    map[string]string // flag, with its dashes -> value
	Drivers  backends.Registry
}

// flagKeys says which key a flag overrides.
var flagKeys = map[string]string{
	"--listen": "listen", "--admin": "admin", "--backend": "backend", "--data": "data", "--log-level": "log.level",
}

const envPrefix = "SWITCHYARD_"

// Load reads and checks the configuration. Its error says in one line what is wrong and where.
func Load(src Sources) (*Config, error) {
	t := &tree{origin: map[string]string{}, drivers: src.Drivers}
	if err := toml.Unmarshal(src.Defaults, &t.root); err != nil {
		return nil, fmt.Errorf("embedded config.toml: %w", err)
	}
	known := t.paths()
	if src.File != "" {
		if err := t.addFile(src.File); err != nil {
			return nil, err
		}
	}
	if err := t.addEnviron(src.Environ, known); err != nil {
		return nil, err
	}
	for _, flag := range slices.Sorted(maps.Keys(src.Flags)) {
		t.set(flagKeys[flag], src.Flags[flag], flag)
	}
	c, err := t.decode()
	if err != nil {
		return nil, err
	}
	c.File = src.File
	return c, nil
}

type table = map[string]any

type tree struct {
	root    table
	origin  map[string]string // path -> "file:line", a variable or a flag
	drivers backends.Registry
}

// addFile lays a file over the tree. An instance that it mentions is the file's alone, since the
// keys of another driver would not fit; only the driver is the default's where the file has none.
func (t *tree) addFile(path string) error {
	doc, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var file table
	if err := toml.Unmarshal(doc, &file); err != nil {
		var e *toml.DecodeError
		if errors.As(err, &e) {
			line, _ := e.Position()
			return fmt.Errorf("%s:%d: %s", path, line, strings.TrimPrefix(e.Error(), "toml: "))
		}
		return fmt.Errorf("%s: %w", path, err)
	}
	for key, line := range keyLines(doc) {
		t.origin[key] = fmt.Sprintf("%s:%d", path, line)
	}
	instances, _ := t.root["backends"].(table)
	own, _ := file["backends"].(table)
	delete(file, "backends")
	overlay(t.root, file)
	for name, v := range own {
		before, _ := instances[name].(table)
		if inst, isTable := v.(table); isTable && inst["driver"] == nil && before != nil {
			inst["driver"] = before["driver"]
		}
		instances[name] = v
	}
	return nil
}

func overlay(dst, src table) {
	for k, v := range src {
		inner, isTable := v.(table)
		under, both := dst[k].(table)
		if isTable && both {
			overlay(under, inner)
		} else {
			dst[k] = v
		}
	}
}

// keyLines finds the line of each key of a document.
func keyLines(doc []byte) map[string]int {
	lines := map[string]int{}
	var p unstable.Parser
	p.Reset(doc)
	prefix := ""
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind != unstable.KeyValue && e.Kind != unstable.Table {
			continue
		}
		var parts []string
		line := 0
		for it := e.Key(); it.Next(); {
			parts = append(parts, string(it.Node().Data))
			line = p.Shape(it.Node().Raw).Start.Line
		}
		path := strings.Join(parts, ".")
		if e.Kind == unstable.Table {
			prefix = path + "."
		} else {
			path = prefix + path
		}
		lines[path] = line
	}
	return lines
}

// paths are all keys that an environment variable can name before the file is known: those of the
// top. Those of instances depend on their drivers and are added by addEnviron.
func (t *tree) paths() (paths []string) {
	var walk func(prefix string, in table)
	walk = func(prefix string, in table) {
		for k, v := range in {
			if inner, isTable := v.(table); !isTable {
				paths = append(paths, prefix+k)
			} else if prefix+k != "backends" {
				walk(prefix+k+".", inner)
			}
		}
	}
	walk("", t.root)
	return paths
}

// addEnviron lays variables over the tree.
func (t *tree) addEnviron(environ, known []string) error {
	byName := map[string]string{}
	for _, path := range append(known, t.instancePaths()...) {
		byName[variable(path)] = path
	}
	slices.Sort(environ)
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, envPrefix) {
			continue
		}
		path, ok := byName[name]
		if !ok {
			return fmt.Errorf("%s: no such key in the configuration", name)
		}
		t.set(path, value, name)
	}
	return nil
}

// instancePaths are the keys of all instances, by what their drivers know.
func (t *tree) instancePaths() (paths []string) {
	instances, _ := t.root["backends"].(table)
	for name, v := range instances {
		prefix := "backends." + name + "."
		paths = append(paths, prefix+"driver")
		inst, _ := v.(table)
		for key := range t.defaults(inst) {
			paths = append(paths, prefix+key)
		}
	}
	return paths
}

// defaults are what an instance's driver knows, with its defaults.
func (t *tree) defaults(inst table) table {
	name, _ := inst["driver"].(string)
	d, ok := t.drivers.Find(name)
	if !ok {
		return nil
	}
	var defaults table
	doc, err := toml.Marshal(d.Config())
	if err == nil {
		err = toml.Unmarshal(doc, &defaults)
	}
	if err != nil {
		panic(fmt.Sprintf("driver %s: the configuration cannot be written as TOML: %v", name, err))
	}
	return defaults
}

// variable is the name of the environment variable for a path.
func variable(path string) string {
	return envPrefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(path))
}

// set puts a value that came as text at a path. It becomes a number or a truth value where the
// default is one; what does not fit is left as text for decode to refuse.
func (t *tree) set(path, text, origin string) {
	t.origin[path] = origin
	parts := strings.Split(path, ".")
	in := t.root
	for _, p := range parts[:len(parts)-1] {
		inner, isTable := in[p].(table)
		if !isTable {
			inner = table{}
			in[p] = inner
		}
		in = inner
	}
	key := parts[len(parts)-1]
	like := in[key]
	if len(parts) == 3 && parts[0] == "backends" {
		like = t.defaults(in)[key]
	}
	in[key] = parseLike(text, like)
}

func parseLike(text string, like any) any {
	var v any
	err := errors.ErrUnsupported
	switch like.(type) {
	case int64:
		v, err = strconv.ParseInt(text, 10, 64)
	case float64:
		v, err = strconv.ParseFloat(text, 64)
	case bool:
		v, err = strconv.ParseBool(text)
	}
	if err != nil {
		return text
	}
	return v
}

func (t *tree) decode() (*Config, error) {
	instances, isTable := t.root["backends"].(table)
	if !isTable {
		return nil, t.fault("backends", "must be a table")
	}
	top := table{}
	overlay(top, t.root)
	delete(top, "backends")
	c := &Config{Backends: map[string]Instance{}}
	if err := t.decodeInto(top, "", c); err != nil {
		return nil, err
	}
	taken := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(instances)) {
		v := instances[name]
		if other := taken[variable(name)]; other != "" {
			return nil, t.fault("backends."+name, "cannot be told from [backends."+other+"] in the environment")
		}
		taken[variable(name)] = name
		inst, err := t.instance(name, v)
		if err != nil {
			return nil, err
		}
		c.Backends[name] = inst
	}
	return c, t.at("", c.check())
}

func (t *tree) instance(name string, v any) (Instance, error) {
	path := "backends." + name
	in, isTable := v.(table)
	driver, isText := in["driver"].(string)
	if !isTable || !validName(name) {
		return Instance{}, t.fault(path, "must be a table with a name of letters, digits, - and _")
	}
	if !isText {
		return Instance{}, t.fault(path, "driver is missing, one of "+t.drivers.Names())
	}
	d, ok := t.drivers.Find(driver)
	if !ok {
		return Instance{}, t.fault(path+".driver", fmt.Sprintf("no such driver: %q, only %s", driver, t.drivers.Names()))
	}
	rest := table{}
	overlay(rest, in)
	delete(rest, "driver")
	config := d.Config()
	if err := t.decodeInto(rest, path+".", config); err != nil {
		return Instance{}, err
	}
	return Instance{driver, config, d.Capabilities}, t.at(path+".", config.Check())
}

// validName keeps instance names fit for folders and metrics.
func validName(name string) bool {
	for _, c := range name {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return name != ""
}

// decodeInto decodes a table strictly. prefix is the path before its keys.
func (t *tree) decodeInto(in table, prefix string, v any) error {
	doc, err := toml.Marshal(in)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	err = toml.NewDecoder(bytes.NewReader(doc)).DisallowUnknownFields().Decode(v)
	var missing *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case errors.As(err, &missing):
		return t.fault(prefix+strings.Join(missing.Errors[0].Key(), "."), "unknown key")
	case errors.As(err, &wrong):
		line, _ := wrong.Position()
		path := cmp.Or(strings.Join(wrong.Key(), "."), keyAt(doc, line))
		return t.fault(prefix+path, plain(wrong))
	}
	return err
}

// plain says in the terms of TOML what the decoder says in those of Go.
func plain(e *toml.DecodeError) string {
	text := strings.TrimPrefix(e.Error(), "toml: ")
	given, field, isMismatch := strings.Cut(text, " into struct field ")
	if !isMismatch {
		return text
	}
	given = strings.TrimPrefix(given, "cannot decode TOML ")
	_, kind, _ := strings.Cut(field, " of type ")
	return "must be " + tomlKind(kind) + ", not " + tomlKind(given)
}

func tomlKind(name string) string {
	switch {
	case strings.HasPrefix(name, "int"):
		return "an integer"
	case strings.HasPrefix(name, "float"):
		return "a float"
	case strings.HasPrefix(name, "bool"):
		return "a boolean"
	case name == "string":
		return "a string"
	}
	return "of another type"
}

// keyAt is the key on a line of a document that has none over several lines.
func keyAt(doc []byte, line int) string {
	for key, at := range keyLines(doc) {
		if at == line {
			return key
		}
	}
	return ""
}

// at adds the place to a KeyError.
func (t *tree) at(prefix string, err error) error {
	var e *backends.KeyError
	if errors.As(err, &e) {
		return t.fault(prefix+e.Key, e.Why)
	}
	return err
}

// fault is an error about one key: where it was said, which it is, what is wrong.
func (t *tree) fault(path, why string) error {
	if where := t.origin[path]; where != "" {
		return fmt.Errorf("%s: %s: %s", where, path, why)
	}
	return fmt.Errorf("configuration: %s: %s", path, why)
}
