package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// weighable is a dataset whose memory is measured. Its name is that of the family.
type weighable struct {
	family   family
	share    int // one key for so many of --keys
	elements int
	about    string
}

const smallValue = "sixteen bytes..."

var weighables = []weighable{
	{plainStrings, 1, 1, "keys of 16 bytes, values of 16"},
	{hashes, 1, 10, "keys of 17 bytes, 10 fields of 6 bytes, values of 16"},
	{sortedSets, 10, 100, "keys of 17 bytes, 100 members of 19 bytes, whole scores"},
}

func (w weighable) dataset(keys int) dataset {
	return dataset{family: w.family, count: max(1, keys/w.share), elements: w.elements, value: smallValue}
}

func weighableNames() []string {
	var names []string
	for _, w := range weighables {
		names = append(names, w.family.name)
	}
	return names
}

func weighableOf(name string) weighable {
	return weighables[slices.IndexFunc(weighables, func(w weighable) bool { return w.family.name == name })]
}

// weight is a server's memory at one moment, in bytes.
type weight struct {
	Resident int64 `json:"vm_rss"`
	Peak     int64 `json:"vm_hwm"`
	Used     int64 `json:"used_memory"` // what the server says itself
}

// footprint is what a dataset weighs in a server that had nothing else.
type footprint struct {
	Server string `json:"server"`
	Data   string `json:"data"`
	Keys   int    `json:"keys"`
	Empty  weight `json:"empty"`
	Filled weight `json:"filled"`
	Rested weight `json:"rested"`
	Error  string `json:"error,omitempty"`

	server *server
}

// weigh measures dataset after dataset, each in new servers, since neither allocator gives back all that was freed.
func weigh(ctx context.Context, o options, y *yard, progress io.Writer) ([]*footprint, error) {
	var all []*footprint
	var errs []error
	for _, name := range o.memory {
		footprints, err := weighDataset(ctx, o, y, weighableOf(name).dataset(o.keys), progress)
		all = append(all, footprints...)
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return all, errors.Join(errs...)
}

// weighDataset lets the servers rest at the same time: they do nothing then, so they do not disturb each other.
func weighDataset(ctx context.Context, o options, y *yard, d dataset, progress io.Writer) (all []*footprint, err error) {
	defer func() { err = errors.Join(err, y.stop()) }()
	for _, sp := range o.residents() {
		fmt.Fprintf(progress, "memory: filling %s with %d %s\n", sp.name, d.count, d.name)
		s, startErr := y.start(ctx, sp)
		if startErr != nil {
			err = errors.Join(err, startErr)
			continue
		}
		p := &footprint{Server: s.name, Data: d.name, Keys: d.count, server: s}
		all = append(all, p)
		if err := p.fill(ctx, d); err != nil {
			p.Error = fmt.Sprintf("memory of %s in %s: %v", d.name, s.name, s.blame(err))
		}
	}
	if !slices.ContainsFunc(all, func(p *footprint) bool { return p.Error == "" }) {
		return all, err
	}
	fmt.Fprintf(progress, "memory: %v of rest\n", o.rest)
	select {
	case <-ctx.Done():
		return nil, errors.Join(err, ctx.Err())
	case <-time.After(o.rest):
	}
	for _, p := range all {
		if p.Error != "" {
			continue
		}
		var weighErr error
		if p.Rested, weighErr = p.server.weigh(ctx); weighErr != nil {
			p.Error = fmt.Sprintf("memory of %s in %s: %v", d.name, p.Server, weighErr)
		}
	}
	return all, err
}

func (p *footprint) fill(ctx context.Context, d dataset) (err error) {
	if p.Empty, err = p.server.weigh(ctx); err != nil {
		return err
	}
	if err = write(ctx, p.server.addr, []dataset{d}); err != nil {
		return err
	}
	p.Filled, err = p.server.weigh(ctx)
	return err
}

// weigh asks the server and the system.
func (s *server) weigh(ctx context.Context) (w weight, err error) {
	if s.hasExited() {
		return w, s.gone()
	}
	f, err := dial(ctx, s.addr)
	if err != nil {
		return w, s.blame(err)
	}
	defer func() { _ = f.conn.Close() }() // the reply has been read by then
	f.begin("INFO", 1)
	f.add("memory")
	info, err := f.ask()
	if err != nil {
		return w, s.blame(err)
	}
	if w.Used, err = parseUsedMemory(info); err != nil {
		return w, err
	}
	status, err := s.proc("status")
	if err != nil {
		return w, err
	}
	if w.Resident, err = parseKilobytes(status, "VmRSS"); err != nil {
		return w, err
	}
	w.Peak, err = parseKilobytes(status, "VmHWM")
	return w, err
}

// perKey is the growth from the empty server's resident memory, or another figure, to the given.
func (p *footprint) perKey(now, before int64) float64 { return float64(now-before) / float64(p.Keys) }

func (p *footprint) resident() float64 { return p.perKey(p.Rested.Resident, p.Empty.Resident) }
func (p *footprint) used() float64     { return p.perKey(p.Rested.Used, p.Empty.Used) }

// share is a figure of p as a multiple of the reference's of the same dataset; 0 where there is no such number.
func (p *footprint) share(all []*footprint, figure func(*footprint) float64) float64 {
	for _, r := range all {
		if r.Data == p.Data && r.Server == p.server.spec.reference && r.Error == "" && figure(r) > 0 {
			return max(0, figure(p)/figure(r))
		}
	}
	return 0
}
