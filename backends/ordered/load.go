package ordered

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
)

var errForeign = errors.New("the store holds something else than a database of this program")

// load reads what an engine keeps in memory, and begins a new epoch.
func (e *Engine) load() error {
	if err := recoverLarge(e.kv); err != nil {
		return err
	}
	s, err := openSnapshot(e.kv)
	if err != nil {
		return err
	}
	defer s.release()
	if err := checkFormat(s); err != nil {
		return err
	}
	sp, err := loadSpaces(s, e.o.Databases)
	if err != nil {
		return err
	}
	cs, err := loadCounts(s)
	if err != nil {
		return err
	}
	if e.sweeper.todo, err = loadGarbage(s); err != nil {
		return err
	}
	if err := e.beginEpoch(s); err != nil {
		return err
	}
	base, err := openSnapshot(e.kv)
	if err != nil {
		return err
	}
	e.assemble(base, cs, sp)
	return nil
}

// beginEpoch makes the versions of this life differ from those of all earlier ones.
func (e *Engine) beginEpoch(r Reader) error {
	epoch, err := number(r, text([]byte{tagEpoch}), 8)
	if err != nil {
		return err
	}
	epoch++
	e.ids.Store(epoch << idBits)
	return e.kv.Apply([]Op{
		{text([]byte{tagFormat}), []byte{formatVersion}},
		{text([]byte{tagEpoch}), binary.BigEndian.AppendUint64(nil, epoch)},
	})
}

// assemble makes the queue and its committer.
func (e *Engine) assemble(base *snapshot, cs map[uint32]counts, sp *spaces) {
	limits := e.kv.Limits()
	e.queue = queue{
		// The committer adds the counts to what is in a group.
		limits: Limits{limits.Ops * 9 / 10, limits.Bytes * 9 / 10},
		work:   make(chan struct{}, 1), room: make(chan struct{}),
		base: base, counts: cs, spaces: sp,
	}
	e.writer = committer{
		kv: e.kv, limits: limits, q: &e.queue,
		applied: ledger{maps.Clone(cs), sp}, landed: ledger{maps.Clone(cs), sp},
		durable: func(g *group) { e.sweeper.add(g.garbage) },
		// A deadline whose removal was lost is there again.
		lost: func() { e.cleaner.expect(0) },
	}
	if s, ok := e.kv.(Syncer); ok && s.Syncs() {
		e.writer.syncer = s
	}
}

// checkFormat refuses a store of another format. An empty one has none yet.
func checkFormat(r Reader) error {
	format, ok, err := r.Get(text([]byte{tagFormat}))
	if err != nil {
		return err
	}
	if ok {
		if len(format) != 1 || format[0] != formatVersion {
			return fmt.Errorf("the store has format %x, this program knows format %d", format, formatVersion)
		}
		return nil
	}
	err = r.Scan("\x00", "\xff", func(_, _ []byte) bool { ok = true; return false })
	if ok {
		return errForeign
	}
	return err
}

// number reads a record that is one number of so many bytes; 0 when absent.
func number(r Reader, key string, bytes int) (uint64, error) {
	b, ok, err := r.Get(key)
	if err != nil || !ok {
		return 0, err
	}
	return parseNumber(key, b, bytes)
}

func parseNumber(key string, b []byte, bytes int) (n uint64, err error) {
	if len(b) != bytes {
		return 0, fmt.Errorf("record %q: %w", key, errDamaged)
	}
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n, nil
}

func loadSpaces(r Reader, databases int) (*spaces, error) {
	s := &spaces{of: make([]uint32, databases), next: firstNew}
	next, err := number(r, text([]byte{tagNext}), 4)
	if err != nil {
		return nil, err
	}
	s.next = max(s.next, uint32(next))
	for db := range s.of {
		s.of[db] = uint32(db)
	}
	from := text([]byte{tagDatabase})
	scanErr := r.Scan(from, after(from), func(key, value []byte) bool {
		var db, space uint64
		if db, err = parseNumber(string(key), key[1:], 4); err != nil {
			return false
		}
		if space, err = parseNumber(string(key), value, 4); err == nil && db < uint64(databases) {
			s.of[db] = uint32(space)
		}
		return err == nil
	})
	return s, errors.Join(scanErr, err)
}

func loadCounts(r Reader) (map[uint32]counts, error) {
	all := map[uint32]counts{}
	var err error
	from := text([]byte{tagCounts})
	scanErr := r.Scan(from, after(from), func(key, value []byte) bool {
		var space uint64
		if space, err = parseNumber(string(key), key[1:], 4); err != nil {
			return false
		}
		if all[uint32(space)], err = decodeCounts(value); err != nil {
			err = fmt.Errorf("record %q: %w", key, err)
		}
		return err == nil
	})
	return all, errors.Join(scanErr, err)
}

func loadGarbage(r Reader) (todo []garbage, err error) {
	from := text([]byte{tagGarbage})
	scanErr := r.Scan(from, after(from), func(key, _ []byte) bool {
		var g garbage
		if g, err = parseGarbage(key); err != nil {
			err = fmt.Errorf("record %q: %w", key, err)
		}
		todo = append(todo, g)
		return err == nil
	})
	return todo, errors.Join(scanErr, err)
}
