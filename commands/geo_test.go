package commands

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

func TestPlacesAreThoseOfRedis(t *testing.T) { compareStories(t, geoStories) }

var geoStories = []story{
	{"GEOADD", `
		GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
		GEOADD g 13.361389 38.115556 Palermo
		GEOADD g NX 1 1 Palermo 2 2 new
		GEOADD g XX 1 1 Palermo 3 3 other
		GEOADD g CH 1.5 1.5 Palermo 5 5 five
		GEOADD g XX CH 1.5 1.6 Palermo
		GEOADD g nx ch 7 7 seven
		GEOADD g NX XX 1 1 a
		GEOADD g GT 1 1 a
		GEOADD g INCR 1 1 a
		GEOADD g NX 1 1
		GEOADD g 1 1 a 2
		GEOADD g 1 1 a 2 2
		GEOADD g NX CH NX
		GEOADD g XX CH XX NX
		GEOADD g 181 0 a
		GEOADD g 0 85.06 a
		GEOADD g -180.000001 -86 a
		GEOADD g 1e300 0 a
		GEOADD g inf 0 a
		GEOADD g -inf inf a
		GEOADD g nan 0 a
		GEOADD g x 0 a
		GEOADD g 0 x a
		GEOADD g 180 85.05112878 max -180 -85.05112878 min 0 0 zero -0 -0 negzero
		GEOADD g 1 1 a x 1 b
		ZRANGE g 0 -1 WITHSCORES
		TYPE g
		OBJECT ENCODING g
		SET s v
		GEOADD s 1 1 a
		GEOADD s x 1 a
		GEOADD s 1 1`},
	{"GEOPOS, GEOHASH, GEODIST", `
		GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 0 0 zero 180 85.05112878 max -180 -85.05112878 min -0.1 -0.1 west
		GEOPOS g Palermo none Catania zero max min west
		GEOHASH g Palermo none Catania zero max min west
		GEODIST g Palermo Catania
		GEODIST g Palermo Catania km
		GEODIST g Palermo Catania MI
		GEODIST g Palermo Catania ft
		GEODIST g Palermo Catania m
		GEODIST g Palermo Palermo
		GEODIST g Palermo none
		GEODIST g none Palermo
		GEODIST g max min
		GEODIST g Palermo Catania parsec
		GEODIST g Palermo Catania km x
		GEODIST none a b
		GEODIST none a b x
		GEOPOS g
		GEOHASH g
		GEOPOS none a b
		GEOHASH none a
		SET s v
		GEOPOS s a
		GEOHASH s a
		GEODIST s a b
		GEODIST s a b x
		ZADD odd 1 one -1 minus 1e300 huge inf inf -inf ninf 4503599627370496 two52 9007199254740992 two53 1.5 half 9223372036854775807 two63 1e19 big
		GEOPOS odd one minus huge inf ninf two52 two53 half two63 big
		GEOHASH odd one minus huge inf ninf two52 two53 half two63 big`},
	{"GEOSEARCH finds", `
		GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.758489 38.788135 edge1 17.241510 38.788135 edge2 2.349 48.864 Paris
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km DESC
		GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST WITHHASH
		GEOSEARCH g FROMMEMBER Palermo BYRADIUS 300 km ASC WITHDIST
		GEOSEARCH g FROMMEMBER Palermo BYBOX 300 10 mi WITHCOORD ASC
		GEOSEARCH g FROMMEMBER Palermo BYRADIUS 0 m
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 20000 km ASC WITHHASH
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1e9 km ASC
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS inf km ASC
		GEOSEARCH g FROMLONLAT 15 37 BYBOX 1e9 1e9 km ASC
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 3000 km COUNT 2 WITHDIST
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 3000 km COUNT 2 DESC
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 3000 km COUNT 1 ANY
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 3000 km COUNT 2 ANY DESC
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 3000 km COUNT 100
		GEOSEARCH g fromlonlat 15 37 byradius 600000 FT asc
		GEOSEARCH g BYRADIUS 200 km ASC FROMLONLAT 15 37
		GEOSEARCH g FROMLONLAT 1 1 FROMLONLAT 15 37 BYRADIUS 1 m BYRADIUS 200 km ASC DESC ASC
		GEOSEARCH none FROMLONLAT 15 37 BYRADIUS 200 km
		GEOSEARCH none FROMMEMBER x BYRADIUS 200 km`},
	{"GEOSEARCH refuses", `
		GEOADD g 13.361389 38.115556 Palermo
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km FROMMEMBER Palermo
		GEOSEARCH g FROMMEMBER Palermo BYRADIUS 200 km FROMLONLAT 1 1
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km BYBOX 1 1 km
		GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 1 km BYRADIUS 200 km
		GEOSEARCH g FROMMEMBER none BYRADIUS 200 km
		GEOSEARCH g FROMMEMBER none BYRADIUS x km
		GEOSEARCH g FROMLONLAT 15 37 ASC ASC ASC
		geosearch g BYRADIUS 1 km ASC ASC
		GeoSearch g BYRADIUS 1 km ASC ASC
		GEOSEARCH g BYRADIUS 1 km ASC COUNT
		GEOSEARCH g FROMLONLAT 500 37 BYRADIUS 200 km
		GEOSEARCH g FROMLONLAT x 37 BYRADIUS 200 km
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS x km
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS -1 km
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 x
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS -1 x
		GEOSEARCH g FROMLONLAT 15 37 BYBOX x 1 km
		GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 x km
		GEOSEARCH g FROMLONLAT 15 37 BYBOX -1 1 km
		GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 -1 km
		GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 1 x
		GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 1
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km COUNT 0
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km COUNT -1
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km COUNT x
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km ANY
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km STORE x
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km STOREDIST
		GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km foo
		GEOSEARCH none FROMLONLAT 15 37 BYRADIUS 1 km foo
		GEOSEARCH none FROMMEMBER 15 BYRADIUS x km foo
		GEOSEARCH none FROMMEMBER 15 BYRADIUS 1 km ANY
		SET s v
		GEOSEARCH s FROMLONLAT x 37 BYRADIUS 200 km
		GEOSEARCH s foo foo foo foo foo`},
	{"GEOSEARCHSTORE", `
		GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 2.349 48.864 Paris
		GEOSEARCHSTORE out g FROMLONLAT 15 37 BYRADIUS 200 km
		ZRANGE out 0 -1 WITHSCORES
		GEOSEARCHSTORE out g FROMLONLAT 15 37 BYBOX 4000 4000 km STOREDIST
		ZRANGE out 0 -1
		ZCOUNT out 56.44 56.45
		GEOSEARCHSTORE out g FROMMEMBER Palermo BYRADIUS 4000 km COUNT 1 DESC STOREDIST
		ZRANGE out 0 -1
		GEOSEARCHSTORE g g FROMLONLAT 15 37 BYRADIUS 200 km
		ZCARD g
		GEOSEARCHSTORE out g FROMLONLAT 1 1 BYRADIUS 1 km
		EXISTS out
		SET out v
		GEOSEARCHSTORE out none FROMLONLAT 1 1 BYRADIUS 1 km
		EXISTS out
		GEOSEARCHSTORE out g FROMLONLAT 15 37 BYRADIUS 200 km WITHDIST
		GEOSEARCHSTORE out none FROMLONLAT 15 37 BYRADIUS 200 km WITHCOORD
		GEOSEARCHSTORE out g FROMLONLAT 15 37 BYRADIUS 200 km STORE x
		GEOSEARCHSTORE out g FROMLONLAT 15 37 BYRADIUS 200
		GEOSEARCHSTORE out g FROMLONLAT 15 37 ASC ASC ASC
		GEOSEARCHSTORE out g BYRADIUS 1 km ASC ASC ASC
		SET s v
		GEOSEARCHSTORE out s FROMLONLAT 15 37 BYRADIUS 200 km
		GEOSEARCHSTORE s g FROMLONLAT 15 37 BYRADIUS 200 km
		TYPE s`},
	{"GEORADIUS and GEORADIUSBYMEMBER", `
		GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 2.349 48.864 Paris
		GEORADIUS g 15 37 200 km ASC
		GEORADIUS g 15 37 200 km WITHDIST WITHCOORD WITHHASH DESC
		GEORADIUS g 15 37 3000 km COUNT 1
		GEORADIUS g 15 37 3000 km COUNT 1 ANY
		GEORADIUS_RO g 15 37 200 km ASC
		GEORADIUS_RO g 15 37 200 km STORE out
		GEORADIUS_RO g 15 37 200 km STOREDIST out
		GEORADIUSBYMEMBER g Palermo 300 km ASC
		GEORADIUSBYMEMBER g Palermo 300 KM WITHDIST
		GEORADIUSBYMEMBER_RO g Palermo 300 km COUNT 1 DESC
		GEORADIUSBYMEMBER_RO g Palermo 300 km STORE out
		GEORADIUS g 15 37 200 km STORE out
		ZRANGE out 0 -1 WITHSCORES
		GEORADIUS g 15 37 200 km STOREDIST out
		ZRANGE out 0 -1
		GEORADIUS g 15 37 200 km STOREDIST out STORE out2
		ZRANGE out2 0 -1 WITHSCORES
		GEORADIUS g 15 37 200 km STORE a STORE store
		ZCARD store
		GEORADIUS g 15 37 200 km STORE store ASC
		GEORADIUS g 15 37 200 km STOREDIST STORE STORE x
		EXISTS STORE x
		GEORADIUSBYMEMBER g Palermo 300 km STORE out
		GEORADIUSBYMEMBER g Palermo 300 km STORE out WITHDIST
		GEORADIUS g 15 37 200 km WITHHASH STORE out
		GEORADIUS g 15 37 200 km STORE
		GEORADIUS g 15 37 200 km FROMMEMBER Palermo
		GEORADIUS g 15 37 200 km foo
		GEORADIUS g 15 37 200 x
		GEORADIUS g 15 37 x km
		GEORADIUS g 15 37 -1 km
		GEORADIUS g x 37 200 km
		GEORADIUS g 200 37 200 km
		GEORADIUS g 15 37 200 km ANY
		GEORADIUS g 15 37 200 km COUNT 0
		GEORADIUSBYMEMBER g none 200 km
		GEORADIUSBYMEMBER g none x y
		GEORADIUSBYMEMBER none x y z
		GEORADIUSBYMEMBER none x y z foo
		GEORADIUSBYMEMBER none x y z STORE out
		EXISTS out
		GEORADIUS none 1 1 1 x
		GEORADIUS none 1 1 1 km
		GEORADIUS none 1 1 1 km STORE out2
		EXISTS out2
		SET s v
		GEORADIUS s x 1 1 km
		GEORADIUSBYMEMBER s x 1 x
		GEORADIUS g 15 37 200 km STORE g
		ZCARD g
		GEORADIUS g 1 1 1 km STORE g
		EXISTS g
		COMMAND GETKEYS GEORADIUS g 15 37 200 km STORE out
		COMMAND GETKEYS GEORADIUS g 15 37 200 km STORE a STOREDIST b
		COMMAND GETKEYS GEORADIUSBYMEMBER g m 200 km COUNT 1 STOREDIST b
		COMMAND GETKEYS GEORADIUS g 15 37 200 km
		COMMAND GETKEYSANDFLAGS GEORADIUS g 15 37 200 km STORE out
		COMMAND GETKEYS ZUNIONSTORE out 2 a b WEIGHTS 1 2
		COMMAND GETKEYS ZUNION 3 a b
		COMMAND GETKEYS ZUNION x a b
		COMMAND GETKEYS ZMPOP 2 a b MIN
		COMMAND GETKEYS GEOSEARCHSTORE out g FROMLONLAT 15 37 BYRADIUS 200 km`},
}

func TestRandomCallsOnPlacesAreAnsweredAsByRedis(t *testing.T) {
	compareRandom(t, 3000, geoCalls)
}

// spot is anywhere, or near a few places and the edges of the map.
func (g *generator) spot() []string {
	lon, lat := g.Float64()*360-180, g.Float64()*170-85
	switch g.IntN(6) {
	case 0:
		return []string{g.pick("180", "-180", "0", "181", "x", "inf", "179.999"), g.pick("85.05112878", "-85.05112878", "0", "85.06", "84.99")}
	case 1, 2, 3:
		lon, lat = 13+g.NormFloat64(), 38+g.NormFloat64()
	}
	return []string{strconv.FormatFloat(lon, 'f', 6, 64), strconv.FormatFloat(lat, 'f', 6, 64)}
}

// settled is a place with a member. No two members have the same place on an edge, since nobody says in which
// order those at the same distance come.
func (g *generator) settled() []string {
	spot := g.spot()
	if len(spot[0]) < 8 {
		return append(spot, strings.Join(spot, " "))
	}
	return append(spot, g.spotName())
}

func (g *generator) spotName() string { return g.pick("a", "b", "c", "m"+strconv.Itoa(g.IntN(100))) }

func (g *generator) length() string {
	if g.IntN(12) == 0 {
		return g.pick("0", "-1", "x", "inf", "1e9", "nan", "")
	}
	return strconv.FormatFloat(math.Exp(g.Float64()*12-1), 'f', 2, 64)
}

func (g *generator) unit() string {
	return g.pick("m", "km", "km", "km", "mi", "ft", "KM", g.option("km", "mi"))
}

func (g *generator) geoOptions(store bool) []string {
	options := [][]string{{"ASC"}, {"DESC"}, {"COUNT", strconv.Itoa(g.IntN(12))}}
	if !store || g.IntN(20) == 0 {
		options = append(options, []string{"WITHDIST"}, []string{"WITHCOORD"}, []string{"WITHHASH"})
	}
	if g.IntN(6) == 0 {
		options = append(options, []string{"COUNT", strconv.Itoa(1 + g.IntN(12)), "ANY"})
	}
	return g.options(options...)
}

func (g *generator) searchArgs() (args []string) {
	from := append([]string{"FROMLONLAT"}, g.spot()...)
	if g.IntN(3) == 0 {
		from = []string{"FROMMEMBER", g.spotName()}
	}
	by := []string{"BYRADIUS", g.length(), g.unit()}
	if g.IntN(2) == 0 {
		by = []string{"BYBOX", g.length(), g.length(), g.unit()}
	}
	if g.IntN(8) == 0 {
		from, by = by, from
	}
	return append(from, by...)
}

func (g *generator) geoKey() string { return g.pick("g", "g", "g", "g", "h", "none", "str") }

var geoCalls = []generatedCall{
	{"GEOADD", func(g *generator) []string {
		args := append([]string{g.geoKey()}, g.options([]string{"NX"}, []string{"XX"}, []string{"CH"})...)
		return append(args, g.settled()...)
	}},
	{"GEOADD", func(g *generator) []string { return append([]string{"g"}, g.settled()...) }},
	{"GEOADD", func(g *generator) []string { return append(append([]string{"h"}, g.settled()...), g.settled()...) }},
	{"ZADD", func(g *generator) []string { return []string{"odd", g.zscore(), g.spotName()} }},
	{"ZADD", func(g *generator) []string {
		return []string{"odd", strconv.FormatUint(g.Uint64()>>g.IntN(20), 10), g.spotName()}
	}},
	{"ZREM", func(g *generator) []string { return []string{g.geoKey(), g.spotName()} }},
	{"GEOPOS", func(g *generator) []string { return []string{g.geoKey(), g.spotName(), g.spotName()} }},
	{"GEOPOS", func(g *generator) []string { return []string{"odd", g.spotName(), g.spotName()} }},
	{"GEOHASH", func(g *generator) []string { return []string{g.pick("g", "h", "odd"), g.spotName(), g.spotName()} }},
	{"GEODIST", func(g *generator) []string {
		return append([]string{g.geoKey(), g.spotName(), g.spotName()}, g.options([]string{g.unit()})...)
	}},
	{"GEOSEARCH", func(g *generator) []string {
		return append(append([]string{g.geoKey()}, g.searchArgs()...), g.geoOptions(false)...)
	}},
	{"GEOSEARCHSTORE", func(g *generator) []string {
		args := append([]string{g.pick("out", "h"), g.geoKey()}, g.searchArgs()...)
		return append(args, g.geoOptions(true)...)
	}},
	{"GEOSEARCHSTORE", func(g *generator) []string {
		return append(append([]string{"dist", g.geoKey()}, g.searchArgs()...), "STOREDIST")
	}},
	{"GEORADIUS", func(g *generator) []string {
		return append(append(append([]string{g.geoKey()}, g.spot()...), g.length(), g.unit()), g.geoOptions(false)...)
	}},
	{"GEORADIUS", func(g *generator) []string {
		return append(append(append([]string{g.geoKey()}, g.spot()...), g.length(), g.unit()), append(g.geoOptions(true), "STORE", g.pick("out", "h"))...)
	}},
	{"GEORADIUSBYMEMBER", func(g *generator) []string {
		return append([]string{g.geoKey(), g.spotName(), g.length(), g.unit()}, g.geoOptions(false)...)
	}},
	{"GEORADIUSBYMEMBER_RO", func(g *generator) []string {
		return append([]string{g.geoKey(), g.spotName(), g.length(), g.unit()}, g.geoOptions(false)...)
	}},
	{"ZRANGE", func(g *generator) []string { return []string{g.pick("g", "h", "out"), "0", "-1", "WITHSCORES"} }},
	{"ZRANGE", func(g *generator) []string { return []string{"dist", "0", "-1"} }},
	{"SET", func(g *generator) []string { return []string{"str", "v"} }},
	{"DEL", func(g *generator) []string { return []string{g.pick("h", "out", "dist", "odd")} }},
}

// nearlySame allows for the last digit of a distance: sines and cosines differ between C and Go in their
// last bit.
func nearlySame(t testing.TB, ours, theirs string) bool {
	a, b := flat(parseReply(t, []byte(ours))), flat(parseReply(t, []byte(theirs)))
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, errX := strconv.ParseFloat(strings.TrimPrefix(a[i], "string "), 64)
		y, errY := strconv.ParseFloat(strings.TrimPrefix(b[i], "string "), 64)
		if a[i] != b[i] && (errX != nil || errY != nil || math.Abs(x-y) > 0.00011) {
			return false
		}
	}
	return true
}
