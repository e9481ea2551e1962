// Package geohash turns places on Earth into the numbers that Redis keeps as scores of a sorted set, and
// areas into ranges of such numbers. Its results are those of Redis 7.2, quirks included, up to the last
// digits of sines and cosines.
//
// A number has 26 bits of latitude and 26 of longitude in turns, longitude first, so that it fits into a
// double, and so that all places in a cell of the world's repeated halving are one range of numbers:
//
//	longitude latitude longitude latitude ... | 52 bits
//
// Start here; area.go has the areas.
package geohash

import "math"

// Point is a place in degrees.
type Point struct{ Lon, Lat float64 }

// There are no places beyond the latitudes that Web Mercator shows.
const (
	MaxLon = 180
	MaxLat = 85.05112878
)

// Valid says whether a point has a number.
func (p Point) Valid() bool {
	return p.Lon >= -MaxLon && p.Lon <= MaxLon && p.Lat >= -MaxLat && p.Lat <= MaxLat
}

// finest is the number of bits for each coordinate.
const finest = 26

// Score is the number of a valid point.
func Score(p Point) float64 { return float64(newCell(p, MaxLat, finest).bits) }

// At is the middle of what a score stands for. Any score is a place somewhere.
func At(score float64) Point {
	low, high := cell{asBits(score), finest}.corners()
	return Point{
		Lon: max(-MaxLon, min(MaxLon, (low.Lon+high.Lon)/2)),
		Lat: max(-MaxLat, min(MaxLat, (low.Lat+high.Lat)/2)),
	}
}

// asBits is what C on amd64 makes of a double, which for those that are no unsigned integers is up to
// the machine.
func asBits(score float64) uint64 {
	const two63 = 1 << 63
	switch {
	case score >= 2*two63:
		return 0
	case score >= two63:
		return uint64(score-two63) | two63
	case score < -two63:
		return two63
	}
	return uint64(int64(score))
}

// Text is the standard geohash of a point, of 11 letters. The last has no bits left and is always 0.
func Text(p Point) string {
	const alphabet, letters, maxLat = "0123456789bcdefghjkmnpqrstuvwxyz", 11, 90
	bits := newCell(p, maxLat, finest).bits
	text := make([]byte, letters)
	for i := range text {
		if text[i] = alphabet[0]; i < letters-1 {
			text[i] = alphabet[bits>>(2*finest-5*(i+1))&31]
		}
	}
	return string(text)
}

// earthRadius is Redis's, in metres.
const earthRadius = 6372797.560856

func radians(degrees float64) float64 { return degrees * (math.Pi / 180) }
func degrees(radians float64) float64 { return radians / (math.Pi / 180) }

// Distance is the way between two points in metres, by the haversine formula.
func Distance(a, b Point) float64 {
	v := math.Sin((radians(b.Lon) - radians(a.Lon)) / 2)
	if v == 0 {
		return latDistance(a.Lat, b.Lat)
	}
	lat1, lat2 := radians(a.Lat), radians(b.Lat)
	u := math.Sin((lat2 - lat1) / 2)
	h := u*u + math.Cos(lat1)*math.Cos(lat2)*v*v
	return 2 * earthRadius * math.Asin(math.Sqrt(h))
}

// latDistance is the way along a meridian.
func latDistance(lat1, lat2 float64) float64 {
	return earthRadius * math.Abs(radians(lat2)-radians(lat1))
}

// cell is what remains of the world after step halvings in each direction.
type cell struct {
	bits uint64 // the lower 2*step
	step int    // 0: no cell
}

// newCell is the cell of a point in a world up to some latitude.
func newCell(p Point, maxLat float64, step int) cell {
	lon := (p.Lon + MaxLon) / (2 * MaxLon) * float64(uint64(1)<<step)
	lat := (p.Lat + maxLat) / (2 * maxLat) * float64(uint64(1)<<step)
	return cell{spread(uint32(lat)) | spread(uint32(lon))<<1, step}
}

// corners are where a cell begins and where it ends.
func (c cell) corners() (low, high Point) {
	at := func(n uint32, end float64) float64 { return -end + float64(n)/float64(uint64(1)<<c.step)*(2*end) }
	lat, lon := gather(c.bits), gather(c.bits>>1)
	return Point{at(lon, MaxLon), at(lat, MaxLat)}, Point{at(lon+1, MaxLon), at(lat+1, MaxLat)}
}

// scores is the range of numbers in a cell: from low to before high.
func (c cell) scores() (low, high float64) {
	missing := 2 * (finest - c.step)
	return float64(c.bits << missing), float64((c.bits + 1) << missing)
}

const evenBits = 0x5555555555555555

// moved is the neighbour so many cells to the east and to the north. The world is round in both directions; but
// the cell of a point on its eastern or northern edge is one beyond, and stays there unless it moves that way.
func (c cell) moved(east, north int) cell {
	lat, lon := gather(c.bits), gather(c.bits>>1)
	return cell{spread(c.shift(lat, north)) | spread(c.shift(lon, east))<<1, c.step}
}

// shift goes one step on, or back, in one coordinate.
func (c cell) shift(at uint32, by int) uint32 {
	if by == 0 {
		return at
	}
	return (at + uint32(by)) & (1<<c.step - 1)
}

// spread puts the bits of n into the even bits of the result.
func spread(n uint32) uint64 {
	x := uint64(n)
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = (x | x<<4) & 0x0f0f0f0f0f0f0f0f
	x = (x | x<<2) & 0x3333333333333333
	return (x | x<<1) & evenBits
}

// gather is the opposite of spread.
func gather(x uint64) uint32 {
	x &= evenBits
	x = (x | x>>1) & 0x3333333333333333
	x = (x | x>>2) & 0x0f0f0f0f0f0f0f0f
	x = (x | x>>4) & 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	return uint32(x | x>>16)
}
