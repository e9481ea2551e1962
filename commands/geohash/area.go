package geohash

import "math"

// Area is a circle, or a box along the meridians. Lengths are in metres.
type Area struct {
	Center        Point
	Radius        float64
	Box           bool // Width and Height count, not Radius
	Width, Height float64
}

// Contains says whether a point is in the area, and how far it is from the centre if so.
func (a *Area) Contains(p Point) (distance float64, ok bool) {
	if a.Box {
		// Along the parallel of the point, whose distance from the centre's is cheaper to tell.
		if latDistance(p.Lat, a.Center.Lat) > a.Height/2 || Distance(p, Point{a.Center.Lon, p.Lat}) > a.Width/2 {
			return 0, false
		}
		return Distance(a.Center, p), true
	}
	distance = Distance(a.Center, p)
	return distance, distance <= a.Radius
}

// Ranges visits ranges of scores that have all points of the area among others, each from low to before
// high, until fn says not to go on. An area as large as the world may come to the same range twice, as in Redis.
func (a *Area) Ranges(fn func(low, high float64) (more bool)) {
	cells := a.cells()
	last := 0 // the first cell is not compared with
	for i, c := range cells {
		if c.step == 0 || last > 0 && c == cells[last] {
			continue
		}
		if !fn(c.scores()) {
			return
		}
		last = i
	}
}

// around are the places in cells of the neighbours of the cell in the middle, in the order of Redis.
var around = [9]struct{ east, north int }{{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}}

const north, south, east, west = 1, 2, 3, 4

// cells are the centre's cell and those around it that the area reaches into. They are as small as nine of
// them can be.
func (a *Area) cells() (cells [9]cell) {
	low, high := a.bounds()
	step := a.step()
	cells = neighbourhood(a.Center, step)
	if step > 1 && !reach(&cells, low, high) {
		step--
		cells = neighbourhood(a.Center, step)
	}
	if step < 2 {
		return cells
	}
	inner, outer := cells[0].corners()
	for i, way := range around {
		if inner.Lat < low.Lat && way.north < 0 || outer.Lat > high.Lat && way.north > 0 ||
			inner.Lon < low.Lon && way.east < 0 || outer.Lon > high.Lon && way.east > 0 {
			cells[i] = cell{}
		}
	}
	return cells
}

func neighbourhood(p Point, step int) (cells [9]cell) {
	for i, way := range around {
		cells[i] = newCell(p, MaxLat, step).moved(way.east, way.north)
	}
	return cells
}

// reach says whether the cells around the first cover a box.
func reach(cells *[9]cell, low, high Point) bool {
	_, n := cells[north].corners()
	s, _ := cells[south].corners()
	_, e := cells[east].corners()
	w, _ := cells[west].corners()
	return !(n.Lat < high.Lat || s.Lat > low.Lat || e.Lon < high.Lon || w.Lon > low.Lon) // which may be no number
}

// bounds are the corners of a box around the area. A parallel is shorter nearer to a pole, so the wider side
// of the box is that away from the equator.
func (a *Area) bounds() (low, high Point) {
	height, width := a.Radius, a.Radius
	if a.Box {
		height, width = a.Height/2, a.Width/2
	}
	lat := degrees(height / earthRadius)
	edge := a.Center.Lat + lat
	if a.Center.Lat < 0 {
		edge = a.Center.Lat - lat
	}
	lon := degrees(width / earthRadius / math.Cos(radians(edge)))
	return Point{a.Center.Lon - lon, a.Center.Lat - lat}, Point{a.Center.Lon + lon, a.Center.Lat + lat}
}

// step estimates the cells that are just large enough.
func (a *Area) step() int {
	const mercator = 20037726.37 // metres from the middle of the map to its edge
	size := a.Radius
	if a.Box {
		size = math.Sqrt(a.Width/2*(a.Width/2) + a.Height/2*(a.Height/2))
	}
	if size == 0 {
		return finest
	}
	step := -1 // one less than what fits, and one for good measure
	for ; size < mercator; size *= 2 {
		step++
	}
	switch lat := math.Abs(a.Center.Lat); { // towards the poles cells become narrow
	case lat > 80:
		step -= 2
	case lat > 66:
		step--
	}
	return max(1, min(step, finest))
}
