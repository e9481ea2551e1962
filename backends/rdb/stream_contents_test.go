package rdb

import (
	"fmt"

	"switchyard/backends"
)

// Texts of what a stream holds, from an engine and from XINFO STREAM FULL of Redis. Nodes are left out, and when
// consumers were last active.

func idText(id backends.StreamID) string { return fmt.Sprintf("%d-%d", id.Ms, id.Seq) }

func entryText(id string, fields []string) string { return fmt.Sprintf("%s %q", id, fields) }

func stateText(length int64, last, first, maxDeleted string, added int64) string {
	return fmt.Sprintf("%d entries to %s from %s, deleted up to %s, of %d", length, last, first, maxDeleted, added)
}

func groupText(name, last string, read int64) string {
	return fmt.Sprintf("group %q at %s, read %d", name, last, read)
}

func pendingText(id, consumer string, at, count int64) string {
	return fmt.Sprintf("%s was delivered to %q at %d, %d times", id, consumer, at, count)
}

func consumerText(name string, seen, pending int64) string {
	return fmt.Sprintf("consumer %q, seen at %d, has %d", name, seen, pending)
}

func streamTexts(s backends.Stream) (all []string) {
	state, _ := s.State()
	all = append(all, stateText(int64(state.Length), idText(state.Last), idText(state.First), idText(state.MaxDeleted), int64(state.Added)))
	s.Each(backends.StreamID{}, backends.LastStreamID, false, func(id backends.StreamID, fields [][]byte) bool {
		var texts []string
		for _, f := range fields {
			texts = append(texts, string(f))
		}
		all = append(all, entryText(idText(id), texts))
		return true
	})
	s.Groups().Each(func(name []byte, g backends.StreamGroup) bool {
		all = append(all, groupText(string(name), idText(g.State().Last), g.State().Read))
		g.EachPending(backends.StreamID{}, nil, func(id backends.StreamID, d backends.Delivery) bool {
			all = append(all, pendingText(idText(id), string(d.Consumer), d.Delivered, int64(d.Count)))
			return true
		})
		g.Consumers().Each(func(name []byte, c backends.Consumer) bool {
			all = append(all, consumerText(string(name), c.Seen, int64(g.PendingCount(name))))
			return true
		})
		return true
	})
	return all
}

// table is a reply of names and values.
type table map[string]any

func tableOf(reply any) table {
	t := table{}
	for list := list(reply); len(list) > 1; list = list[2:] {
		t[list[0].(string)] = list[1]
	}
	return t
}

func list(reply any) []any {
	l, _ := reply.([]any)
	return l
}

func (t table) text(name string) string { s, _ := t[name].(string); return s }

// int is -1 for what is not known.
func (t table) int(name string) int64 {
	if n, ok := t[name].(int64); ok {
		return n
	}
	return -1
}

func infoTexts(info []any) (all []string) {
	s := tableOf(info)
	if s.int("length") == 0 {
		s["recorded-first-entry-id"] = "0-0" // or, after a payload of Redis 5, the greatest of all
	}
	all = append(all, stateText(s.int("length"), s.text("last-generated-id"), s.text("recorded-first-entry-id"),
		s.text("max-deleted-entry-id"), s.int("entries-added")))
	for _, reply := range list(s["entries"]) {
		e := list(reply)
		var texts []string
		for _, f := range list(e[1]) {
			texts = append(texts, f.(string))
		}
		all = append(all, entryText(e[0].(string), texts))
	}
	for _, reply := range list(s["groups"]) {
		g := tableOf(reply)
		all = append(all, groupText(g.text("name"), g.text("last-delivered-id"), g.int("entries-read")))
		for _, reply := range list(g["pending"]) {
			p := list(reply)
			all = append(all, pendingText(p[0].(string), p[1].(string), p[2].(int64), p[3].(int64)))
		}
		for _, reply := range list(g["consumers"]) {
			c := tableOf(reply)
			all = append(all, consumerText(c.text("name"), c.int("seen-time"), c.int("pel-count")))
		}
	}
	return all
}
