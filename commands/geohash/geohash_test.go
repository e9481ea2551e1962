package geohash

import (
	"math"
	"math/rand/v2"
	"testing"
)

var palermo, catania = Point{13.361389, 38.115556}, Point{15.087269, 37.502669}

// The numbers are those of Redis's documentation.
func TestKnownPlaces(t *testing.T) {
	if got := Score(palermo); got != 3479099956230698 {
		t.Errorf("the score of Palermo is %v", got)
	}
	if got := Text(At(Score(palermo))); got != "sqc8b49rny0" {
		t.Errorf("the geohash of Palermo is %s", got)
	}
	if got := Distance(At(Score(palermo)), At(Score(catania))); math.Abs(got-166274.1516) > 0.0001 {
		t.Errorf("from Palermo to Catania it is %v metres", got)
	}
}

func TestAPlaceComesBackNearby(t *testing.T) {
	for range 10_000 {
		p := Point{rand.Float64()*360 - 180, rand.Float64()*170 - 85}
		if q := At(Score(p)); Distance(p, q) > 1 {
			t.Errorf("%v becomes %v", p, q)
		}
		if n := rand.Uint32(); gather(spread(n)) != n {
			t.Errorf("%x is spread to %x", n, spread(n))
		}
	}
}

// Away from the poles and the edge of the map the ranges leave out no place in an area.
func TestRangesCoverTheirArea(t *testing.T) {
	for range 3000 {
		size := math.Exp(rand.Float64() * 13)
		a := Area{Center: Point{rand.Float64()*300 - 150, rand.Float64()*120 - 60}, Radius: size, Box: rand.IntN(2) == 0, Width: size, Height: size * rand.Float64()}
		for range 20 {
			near := size / 100_000
			p := Point{a.Center.Lon + rand.NormFloat64()*near, a.Center.Lat + rand.NormFloat64()*near}
			if !p.Valid() {
				continue
			}
			score := Score(p)
			if _, inside := a.Contains(At(score)); !inside {
				continue
			}
			covered := false
			a.Ranges(func(low, high float64) bool {
				covered = covered || low <= score && score < high
				return true
			})
			if !covered {
				t.Fatalf("%v is in %+v and in none of its ranges", p, a)
			}
		}
	}
}

func BenchmarkDistance(b *testing.B) {
	for b.Loop() {
		Distance(palermo, catania)
	}
}
