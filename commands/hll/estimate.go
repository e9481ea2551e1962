package hll

import "math"

// The estimator is that of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
// (arXiv:1702.01284). Its sums are made in the order in which Redis makes them, and the conversions to
// float64 that seem to do nothing keep the compiler from fusing a product with a sum: an estimate is
// the same here and there, and on every processor.

// histogram counts the registers by their value.
type histogram [64]int

// Estimate is about how many distinct elements were added.
func (s Sketch) Estimate() (n uint64, ok bool) {
	var h histogram
	if s.Dense() {
		for p := s[headerSize:]; len(p) > 0; p = p[3:] {
			a, b, c := p[0], p[1], p[2]
			h[a&63]++
			h[(a>>6|b<<2)&63]++
			h[(b>>4|c<<4)&63]++
			h[c>>2]++
		}
		return h.estimate(), true
	}
	ok = s.eachRun(func(_ int, one run) { h[one.value] += one.n })
	return h.estimate(), ok
}

// Estimate is about how many distinct elements were added to all the sketches together.
func (r *Registers) Estimate() uint64 {
	var h histogram
	for _, value := range r {
		h[value&63]++
	}
	return h.estimate()
}

func (h *histogram) estimate() uint64 {
	const (
		m     = float64(Size)
		alpha = 0.721347520444481703680 // 1/(2 ln 2)
	)
	z := float64(m * tau((m-float64(h[maxRank]))/m))
	for rank := maxRank - 1; rank >= 1; rank-- {
		z += float64(h[rank])
		z *= 0.5
	}
	z += float64(m * sigma(float64(h[0])/m))
	n := math.Round(alpha * m * m / z)
	if n >= 1<<63 {
		return 1 << 63 // what Redis's conversion makes of registers that no elements can have
	}
	return uint64(n)
}

func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for before := math.NaN(); before != z; {
		x *= x
		before = z
		z += float64(x * y)
		y += y
	}
	return z
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for before := math.NaN(); before != z; {
		x = math.Sqrt(x)
		before = z
		y *= 0.5
		z -= float64(float64((1-x)*(1-x)) * y)
	}
	return z / 3
}
