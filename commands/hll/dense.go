package hll

// place is where a register of a dense sketch is: in the byte at offset from bit shift on, and in the
// next byte if it is too long for that.
func place(i int) (offset, shift int) { return headerSize + i*6/8, i * 6 % 8 }

func (s Sketch) denseRegister(i int) byte {
	offset, shift := place(i)
	v := s[offset] >> shift
	if shift > 2 {
		v |= s[offset+1] << (8 - shift)
	}
	return v & 63
}

// AppendPatch appends to dst what must be written at offset of a dense sketch so that a register holds value.
func (s Sketch) AppendPatch(dst []byte, i int, value byte) (offset int, patch []byte) {
	offset, shift := place(i)
	dst = append(dst, s[offset]&^(63<<shift)|value<<shift)
	if shift > 2 {
		dst = append(dst, s[offset+1]&^(63>>(8-shift))|value>>(8-shift))
	}
	return offset, dst
}

// Registers are the registers of a sketch, or of several united, a byte each.
type Registers [Size]byte

// Add unites the registers with those of a sketch. When that is corrupted some of them may have changed.
func (r *Registers) Add(s Sketch) (ok bool) {
	if !s.Dense() {
		return s.eachRun(func(first int, same run) {
			if same.value == 0 {
				return
			}
			for i := first; i < first+same.n; i++ {
				r[i] = max(r[i], same.value)
			}
		})
	}
	packed := s[headerSize:]
	for i := 0; i < Size; i += 4 {
		a, b, c := packed[0], packed[1], packed[2]
		packed = packed[3:]
		r[i] = max(r[i], a&63)
		r[i+1] = max(r[i+1], a>>6|b<<2&63)
		r[i+2] = max(r[i+2], b>>4|c<<4&63)
		r[i+3] = max(r[i+3], c>>2)
	}
	return true
}

// Dense makes a dense sketch of the registers, with the header of another one.
func (r *Registers) Dense(header Sketch) Sketch {
	s := make(Sketch, headerSize, denseSize)
	copy(s, header)
	s[encodingAt] = dense
	for i := 0; i < Size; i += 4 {
		s = append(s, r[i]|r[i+1]<<6, r[i+1]>>2|r[i+2]<<4, r[i+2]>>4|r[i+3]<<2)
	}
	return s
}

// ToDense is a dense sketch of the same registers.
func (s Sketch) ToDense() (d Sketch, ok bool) {
	var r Registers
	if !r.Add(s) {
		return nil, false
	}
	return r.Dense(s), true
}
