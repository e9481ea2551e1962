package integration

import (
	"math"
	"strconv"
)

// Nobody says in which order places come that are equally far away. So no two members are at the same
// place: no other family writes here, and this one only what it has measured.
const geoLines = `
	6* geoadd <geo> { nx | xx | ch | foo } <spot> { <spot> }
	2* geopos <geo> <spotname> { <spotname> }
	2* geohash <geo> <spotname> { <spotname> }
	2* geodist <geo> <spotname> <spotname> [ <unit> ]
	6* geosearch <geo> <from> <by> { asc | desc | <most> | withdist | withcoord | withhash }
	geosearch <geo> <by> <from> { asc | desc | <most> }
	2* geosearchstore <z> <geo> <from> <by> { asc | desc | <most> }
	geosearchstore <dist> <geo> <from> <by> storedist { asc | desc | <most> }
	2* ( georadius | georadius_ro ) <geo> <place> <length> <unit> { asc | desc | <most> | withdist | withcoord | withhash }
	georadius <geo> <place> <length> <unit> { asc | desc | <most> } store <z>
	georadius <geo> <place> <length> <unit> { asc | desc | <most> } storedist <dist>
	2* ( georadiusbymember | georadiusbymember_ro ) <geo> <spotname> <length> <unit> { asc | desc | <most> | withdist | withcoord | withhash }
	georadiusbymember <geo> <spotname> <length> <unit> { <most> } store <z>
	zrange <geo> 0 -1 withscores
	zrem <geo> <spotname>
	( zrange | zrevrange ) <dist> 0 -1
	set <geo> <int>
	del <geo>
`

var geoMakers = map[string]maker{
	"geo":      one(func(g *generator) string { return g.strictKey("geo") }),
	"dist":     one(func(g *generator) string { return g.strictKey(distances) }),
	"z":        key("z"),
	"spot":     func(g *generator) []string { return append(g.place(), g.spotName()) },
	"place":    (*generator).place,
	"spotname": one((*generator).spotName),
	"length":   one((*generator).length),
	"unit":     oneOf("m", "km", "km", "km", "mi", "ft", "KM", "Mi", "yd", ""),
	"from":     (*generator).from,
	"by":       (*generator).by,
	"most":     (*generator).most,
}

// distances is how keys begin that hold nothing but distances.
const distances = "distances"

// place is anywhere, or near a few towns, and now and then beyond the edge of the map.
func (g *generator) place() []string {
	lon, lat := g.r.Float64()*360-180, g.r.Float64()*170-85
	switch g.r.IntN(8) {
	case 0:
		if g.maybe(30) {
			return []string{g.pick("181", "x", "inf", "-180.1", "nan", ""), g.pick("85.06", "84.99", "-86", "y", "0")}
		}
		lon, lat = 179.9+g.r.Float64()/10, 85+g.r.Float64()/20
	case 1, 2, 3, 4:
		lon, lat = 13+g.r.NormFloat64(), 38+g.r.NormFloat64()
	}
	return []string{strconv.FormatFloat(lon, 'f', 9, 64), strconv.FormatFloat(lat, 'f', 9, 64)}
}

func (g *generator) spotName() string { return g.pick("a", "b", "c", "m"+strconv.Itoa(g.r.IntN(60))) }

func (g *generator) length() string {
	if g.maybe(8) {
		return g.pick("0", "-1", "x", "inf", "1e9", "nan", "")
	}
	return strconv.FormatFloat(math.Exp(g.r.Float64()*12-1), 'f', 2, 64)
}

func (g *generator) from() []string {
	if g.maybe(30) {
		return []string{g.option("frommember"), g.spotName()}
	}
	return append([]string{g.option("fromlonlat")}, g.place()...)
}

func (g *generator) by() []string {
	unit := g.pick("m", "km", "km", "km", "mi", "ft", "yd")
	if g.maybe(50) {
		return []string{g.option("byradius"), g.length(), unit}
	}
	return []string{g.option("bybox"), g.length(), g.length(), unit}
}

// most is how many are wanted.
func (g *generator) most() []string {
	args := []string{g.option("count"), g.pick("1", "2", "5", "100", "0", "-1", "x")}
	if g.maybe(30) {
		args = append(args, g.option("any"))
	}
	return args
}
