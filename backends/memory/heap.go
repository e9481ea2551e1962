package memory

// volatile holds the keys that have a deadline, the earliest first, as a binary heap in a slice.
// The cleaner takes due keys from its front, so that a due key never hides among a million others; the
// volatile-* policies draw from it at random. Each entry knows its index.
type volatile []deadline

type deadline struct {
	at int64
	e  *entry
}

func (v *volatile) add(e *entry, at int64) {
	*v = append(*v, deadline{at, e})
	v.up(len(*v) - 1)
}

func (v volatile) change(e *entry, at int64) {
	i := int(e.heap - 1)
	v[i].at = at
	v.down(v.up(i))
}

func (v *volatile) remove(e *entry) {
	h := *v
	i, last := int(e.heap-1), len(h)-1
	moved := h[last]
	h[last] = deadline{} // lets go of the entry
	h, e.heap = h[:last], 0
	if i < last {
		h.put(i, moved)
		h.down(h.up(i))
	}
	if c := cap(h); c > 1024 && last < c/4 { // gives back the room of a wave that has passed
		h = append(make(volatile, 0, c/2), h...)
	}
	*v = h
}

func (v volatile) put(i int, d deadline) {
	v[i] = d
	d.e.heap = uint32(i + 1)
}

// up moves item i towards the front as far as it belongs, and returns where it is then.
func (v volatile) up(i int) int {
	d := v[i]
	for i > 0 {
		parent := (i - 1) / 2
		if v[parent].at <= d.at {
			break
		}
		v.put(i, v[parent])
		i = parent
	}
	v.put(i, d)
	return i
}

func (v volatile) down(i int) {
	d := v[i]
	for {
		child := 2*i + 1
		if child >= len(v) {
			break
		}
		if child+1 < len(v) && v[child+1].at < v[child].at {
			child++
		}
		if d.at <= v[child].at {
			break
		}
		v.put(i, v[child])
		i = child
	}
	v.put(i, d)
}
