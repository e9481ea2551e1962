package lua

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fuzzed runs a script on foreign bytes. Whatever they are, the reply is one of a script, and not of a
// mistake of the VM or of ours.
func fuzzed(t *testing.T, r *Runtime, s *Script, host Host, args ...string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	reply, err := r.Run(ctx, s, nil, byteSlices(args), host, 3, nil)
	if err != nil {
		return // it took too long, which is the script's own affair
	}
	if len(reply) < 3 || strings.Contains(string(reply), "runtime error: ") {
		t.Errorf("%q", reply)
	}
}

func fuzzScript(f *testing.F, script string) (*Runtime, *Script) {
	s, err := Compile([]byte(script))
	if err != nil {
		f.Fatal(err)
	}
	return New(Options{}), s
}

// addScripts adds all scripts of the comparisons.
func addScripts(f *testing.F) {
	files, err := filepath.Glob("testdata/scripts/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			f.Add([]byte(strings.ReplaceAll(line, `\n`, "\n")))
		}
	}
}

func FuzzCompile(f *testing.F) {
	addScripts(f)
	f.Add([]byte(program(1)))
	r := New(Options{})
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := Compile(body)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "ERR ") || strings.Contains(err.Error(), "runtime error: ") {
				t.Error(err)
			}
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		reply, err := r.Run(ctx, s, nil, nil, cannedReplies, 2, nil)
		if err == nil && (len(reply) < 3 || strings.Contains(string(reply), "runtime error: ") && !strings.Contains(string(body), "runtime")) {
			t.Errorf("%q", reply)
		}
	})
}

func FuzzLibrary(f *testing.F) {
	f.Add([]byte(functions))
	f.Add([]byte("#!lua name=lib\nredis.register_function('f', function() return 1 end)"))
	r := New(Options{})
	f.Fuzz(func(t *testing.T, code []byte) {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		l, err := r.LoadLibrary(ctx, code, nil)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "ERR ") || strings.Contains(err.Error(), "runtime error: ") {
				t.Error(err)
			}
			return
		}
		if len(l.Functions) == 0 {
			t.Error("no functions")
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,-3e4,true,false,null,"x\u0041\ud83d\ude00\n"]}`, "[", "nan", "-inf", "0x1p4", `"`, `{"a":{}}`, " [ ] "} {
		f.Add(s)
	}
	r, s := fuzzScript(f, "local v = cjson.decode(ARGV[1]) return {cjson.encode(v), v, cmsgpack.pack(v)}")
	f.Fuzz(func(t *testing.T, text string) { fuzzed(t, r, s, cannedReplies, text) })
}

func FuzzMsgpack(f *testing.F) {
	for _, s := range []string{"\x01\xa1x\x92\x01\x02\x81\xa1a\x01", "\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff", "\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a", "\xdb\xff\xff\xff\xff"} {
		f.Add(s)
	}
	r, s := fuzzScript(f, "local t = {cmsgpack.unpack(ARGV[1])} return {cmsgpack.pack(unpack(t)), t, {pcall(cmsgpack.unpack_limit, ARGV[1], #ARGV[1] % 3, #ARGV[1] % 5)}}")
	f.Fuzz(func(t *testing.T, text string) { fuzzed(t, r, s, cannedReplies, text) })
}

func FuzzStruct(f *testing.F) {
	for _, s := range []string{">!4bBhHlLTi3I7fdxsc2", "bc0", "i32", "c2147483647", "!8 d"} {
		f.Add(s, "\x03abcdefgh\x00ijklmnop")
	}
	r, s := fuzzScript(f, "return {{pcall(struct.size, ARGV[1])}, {pcall(struct.unpack, ARGV[1], ARGV[2])}, {pcall(struct.pack, ARGV[1], 1, 2.5, ARGV[2], -3, 4)}}")
	f.Fuzz(func(t *testing.T, format, data string) { fuzzed(t, r, s, cannedReplies, format, data) })
}

func FuzzPattern(f *testing.F) {
	for _, p := range []string{"(a*(.)%w(%s*))", "%b()", "%f[%a]%a+", "^[^%s]-$", "()%1"} {
		f.Add("THE (quick) fox", p, "%0%1")
	}
	r, s := fuzzScript(f, "return {{pcall(string.find, ARGV[1], ARGV[2])}, {pcall(string.gsub, ARGV[1], ARGV[2], ARGV[3])}, {pcall(string.format, ARGV[3], 1, 2, 3)}}")
	f.Fuzz(func(t *testing.T, subject, pattern, replacement string) {
		fuzzed(t, r, s, cannedReplies, subject, pattern, replacement)
	})
}

func FuzzReply(f *testing.F) {
	for _, s := range []string{"+OK\r\n", "-ERR x\r\n", ":1\r\n", "$1\r\nx\r\n", "$-1\r\n", "*2\r\n:1\r\n$-1\r\n", "%1\r\n+a\r\n,1.5\r\n", "~1\r\n#t\r\n", "_\r\n", "(123\r\n", "=5\r\ntxt:x\r\n", "|1\r\n+a\r\n+b\r\n:1\r\n", "*1000000000\r\n"} {
		f.Add([]byte(s))
	}
	r, s := fuzzScript(f, "redis.setresp(3) local v = redis.pcall('X') return {v, {map = {a = v}}, {set = {a = v}}}")
	f.Fuzz(func(t *testing.T, reply []byte) {
		fuzzed(t, r, s, canned{map[string][]byte{"X": reply}})
	})
}
