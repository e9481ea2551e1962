package rdb

import (
	"testing"

	"switchyard/backends"
)

// Types before that of Redis 7.2 do not tell when a consumer was last active: it is taken to be when it was seen.
func TestWhenAConsumerWasActiveIsRead(t *testing.T) {
	for kind, active := range map[byte]int64{typeStream: 5, typeStreamState: 5, typeStreamActive: 1005} {
		payload := frame(version, append([]byte{kind}, rawStreamOf(kind).body()...)...)
		for name, run := range engines(t) {
			if _, _, _, err := run.taken(payload); err != nil {
				t.Fatal(err)
			}
			err := run(func(tx backends.Tx) error {
				s, err := tx.Stream([]byte("k"))
				if err != nil {
					return err
				}
				g, ok := s.Groups().Get([]byte("g"))
				if !ok {
					t.Fatal("the group is not there")
				}
				if c, ok := g.Consumers().Get([]byte("12")); !ok || c != (backends.Consumer{Seen: 5, Active: active}) {
					t.Errorf("%s, type %d: a consumer is %+v, %v", name, kind, c, ok)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// streamless is a transaction of an engine that holds no streams.
type streamless struct{ backends.Tx }

func (streamless) Stream([]byte) (backends.Stream, error) { return nil, backends.ErrNoType }

func TestAnEngineWithoutStreamsLosesNothing(t *testing.T) {
	payload := frame(version, append([]byte{typeStreamState}, rawStreamOf(typeStreamState).body()...)...)
	for name, run := range engines(t) {
		if _, _, _, err := run.taken(dumped([]byte("old"))); err != nil {
			t.Fatal(err)
		}
		err := run(func(tx backends.Tx) error {
			if err := Restore(streamless{tx}, []byte("k"), payload); err != backends.ErrNoType {
				t.Errorf("%s: %v", name, err)
			}
			if held := heldBy(tx, []byte("k")); held.kind != "string" {
				t.Errorf("%s: the key is a %s", name, held.kind)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// An engine without nodes gets those that XADD would have made, with the defaults of Redis.
func TestNodesAreMadeForAStreamWithoutAny(t *testing.T) {
	dumps := map[string]string{}
	for name, run := range engines(t) {
		err := run(func(tx backends.Tx) error {
			s, err := tx.Stream([]byte("k"))
			if err != nil {
				return err
			}
			for i := range uint64(1000) {
				fields := [][]byte{[]byte("field"), make([]byte, i%7*30), []byte("12"), []byte("-7")}
				if i%11 == 0 {
					fields = fields[2:]
				}
				if i%400 == 150 {
					fields[1] = make([]byte, 9000)
				}
				s.Append(backends.StreamID{Ms: 5 + i/10, Seq: i % 10}, fields)
			}
			dump, err := Dump(tx, []byte("k"))
			dumps[name] = string(dump)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(dumps["fake"]) == 0 || dumps["fake"] != dumps["memory"] {
		t.Errorf("without nodes %.500q\nwith nodes    %.500q", dumps["fake"], dumps["memory"])
	}
}
