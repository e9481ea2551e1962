package commands

import (
	"math/rand/v2"
	"testing"

	"switchyard/integration/redistest"
)

func TestEventClassesAreReadAndPrintedAsByRedis(t *testing.T) {
	redis := dialOracle(t, redistest.Start(t).Addr)
	const parameter = "notify-keyspace-events"
	compare := func(text string) {
		t.Helper()
		theirs := string(redis.do("CONFIG", "SET", parameter, text))
		classes, ok := ParseEvents(text)
		var ours Reply
		if ours.OK(); !ok {
			ours = Reply{}
			ours.Error(string(ParameterRefused(parameter, WrongEventClass)))
		}
		if string(ours.Buf) != theirs {
			t.Errorf("%q: here %q, in Redis %q", text, ours.Buf, theirs)
		}
		if !ok {
			return
		}
		pair := listOf(parseReply(t, redis.do("CONFIG", "GET", parameter)))
		if printed := classes.String(); printed != pair[1] {
			t.Errorf("%q is printed as %q, by Redis as %q", text, printed, pair[1])
		}
	}
	for _, text := range []string{"", "A", "AKE", "KEA", "An", "Am", "Anm", "AKEnm", "mnA", "g$lshzxetd", "g$lshzxet", "dtexzhsl$g",
		"Ex", "Kx", "KK", "gg", "B", "a", "Ag", "gB", "Bg", " ", "K E", "A\x00", "é"} {
		compare(text)
	}
	const letters = "KEg$lshzxetmdn"
	for i := range letters {
		compare(letters[i : i+1])
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var text []byte
		for range random.IntN(20) {
			text = append(text, letters[random.IntN(len(letters))])
		}
		compare(string(text))
	}
}
