package commands

import (
	"strconv"
	"strings"

	"switchyard/backends"
	"switchyard/commands/geohash"
)

// Places are the scores of a sorted set: package geohash says how.
var geoRows = []*Row{
	{Name: "geoadd", Arity: -5, Flags: Write | DenyOOM, Keys: key("RW update"), Categories: "geo", Group: "geo", Since: "3.2.0",
		Syntax:     "key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]",
		Complexity: "O(log(N)) for each member", Summary: "Adds members with their places, or changes these.", Run: geoadd},
	{Name: "georadius", Arity: -6, Flags: Write | DenyOOM | Long, Keys: storingKeys(6), MoreKeys: radiusTargets, Categories: "geo", Group: "geo", Since: "3.2.0",
		Syntax:     "key longitude latitude radius " + radiusSyntax + " [STORE key] [STOREDIST key]",
		Complexity: searchComplexity, Summary: "Finds members around a place, and may store them.", Run: georadius},
	{Name: "georadius_ro", Arity: -6, Flags: Readonly | Long, Keys: key("RO access"), Categories: "geo", Group: "geo", Since: "3.2.10",
		Syntax:     "key longitude latitude radius " + radiusSyntax,
		Complexity: searchComplexity, Summary: "Finds members around a place.", Run: georadiusRO},
	{Name: "georadiusbymember", Arity: -5, Flags: Write | DenyOOM | Long, Keys: storingKeys(5), MoreKeys: radiusTargets, Categories: "geo", Group: "geo", Since: "3.2.0",
		Syntax:     "key member radius " + radiusSyntax + " [STORE key] [STOREDIST key]",
		Complexity: searchComplexity, Summary: "Finds members around another one, and may store them.", Run: georadiusbymember},
	{Name: "georadiusbymember_ro", Arity: -5, Flags: Readonly | Long, Keys: key("RO access"), Categories: "geo", Group: "geo", Since: "3.2.10",
		Syntax:     "key member radius " + radiusSyntax,
		Complexity: searchComplexity, Summary: "Finds members around another one.", Run: georadiusbymemberRO},
	{Name: "geohash", Arity: -2, Flags: Readonly, Keys: key("RO access"), Categories: "geo", Group: "geo", Since: "3.2.0",
		Syntax: "key [member [member ...]]", Complexity: "O(1) for each member", Summary: "Returns the standard geohashes of members.", Run: geohashes},
	{Name: "geopos", Arity: -2, Flags: Readonly, Keys: key("RO access"), Categories: "geo", Group: "geo", Since: "3.2.0",
		Syntax: "key [member [member ...]]", Complexity: "O(1) for each member", Summary: "Returns the longitudes and latitudes of members.", Run: geopos},
	{Name: "geodist", Arity: -4, Flags: Readonly, Keys: key("RO access"), Categories: "geo", Group: "geo", Since: "3.2.0",
		Syntax: "key member1 member2 [M | KM | FT | MI]", Complexity: "O(1)", Summary: "Returns the distance between two members.", Run: geodist},
	{Name: "geosearch", Arity: -7, Flags: Readonly | Long, Keys: key("RO access"), Categories: "geo", Group: "geo", Since: "6.2.0",
		Syntax:     "key " + searchSyntax + " [WITHCOORD] [WITHDIST] [WITHHASH]",
		Complexity: searchComplexity, Summary: "Finds members in a circle or a box.", Run: geosearch},
	{Name: "geosearchstore", Arity: -8, Flags: Write | DenyOOM | Long, Keys: twoKeys("OW update", "RO access"), Categories: "geo", Group: "geo", Since: "6.2.0",
		Syntax:     "destination source " + searchSyntax + " [STOREDIST]",
		Complexity: searchComplexity, Summary: "Stores the members in a circle or a box.", Run: geosearchstore},
}

const (
	searchComplexity = "O(log(N)+M) in the members of the cells that the area reaches into"
	searchSyntax     = "<FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius <M | KM | FT | MI> | BYBOX width height <M | KM | FT | MI>> [ASC | DESC] [COUNT count [ANY]]"
	radiusSyntax     = "<M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]"
)

// storingKeys are a key that is read and one that is written if STORE or STOREDIST, from an argument on,
// names it.
func storingKeys(from int) []KeySpec {
	return []KeySpec{{1, 0, 1, "RO access"}, {from, AfterStore, 1, "OW update"}, {from, AfterStoreDist, 1, "OW update"}}
}

// radiusTargets appends the keys that STORE and STOREDIST name. The last of them counts.
func radiusTargets(dst, args [][]byte) [][]byte {
	for i := 5; i+1 < len(args); i++ {
		if equalFold(args[i], "STORE") || equalFold(args[i], "STOREDIST") {
			i++
			dst = append(dst, args[i])
		}
	}
	return dst
}

// geoadd reads [NX|XX] [CH] longitude latitude member ...
func geoadd(c *Ctx, tx backends.Tx) error {
	f, triples := geoaddOptions(c.Args[2:])
	if len(triples)%3 != 0 || len(triples) == 0 || f.nx && f.xx {
		return ErrSyntax
	}
	places := make([]float64, 0, len(triples)/3)
	for i := 0; i < len(triples); i += 3 {
		p, err := parsePoint(triples[i], triples[i+1])
		if err != nil {
			return err
		}
		places = append(places, geohash.Score(p))
	}
	z, err := tx.ZSet(c.Args[1])
	if err != nil {
		return err
	}
	var sum zaddResult
	absent := z.Len() == 0
	for i, score := range places {
		if err := sum.add(z, triples[3*i+2], score, f); err != nil {
			return err
		}
	}
	c.notifyScores(absent, &sum, f)
	if f.ch {
		sum.added += sum.changed
	}
	c.Int(sum.added)
	return nil
}

// geoaddOptions reads the options that ZADD has for GEOADD too, and returns what follows them.
func geoaddOptions(args [][]byte) (f zaddFlags, rest [][]byte) {
	for len(args) > 0 {
		switch arg := args[0]; {
		case equalFold(arg, "NX"):
			f.nx = true
		case equalFold(arg, "XX"):
			f.xx = true
		case equalFold(arg, "CH"):
			f.ch = true
		default:
			return f, args
		}
		args = args[1:]
	}
	return f, args
}

func parsePoint(lon, lat []byte) (p geohash.Point, err error) {
	if p.Lon, err = float(lon); err != nil {
		return p, err
	}
	if p.Lat, err = float(lat); err != nil {
		return p, err
	}
	if !p.Valid() {
		return p, invalidPoint(p.Lon, p.Lat)
	}
	return p, nil
}

// parseUnit is how many metres there are in a unit.
func parseUnit(b []byte) (metres float64, err error) {
	switch {
	case equalFold(b, "M"):
		return 1, nil
	case equalFold(b, "KM"):
		return 1000, nil
	case equalFold(b, "FT"):
		return 0.3048, nil
	case equalFold(b, "MI"):
		return 1609.34, nil
	}
	return 0, ErrGeoUnit
}

// placeOfMember is where a member is.
func placeOfMember(z backends.ZSet, member []byte) (p geohash.Point, ok bool) {
	score, ok := z.Score(member)
	if !ok {
		return p, false
	}
	return geohash.At(score), true
}

func geohashes(c *Ctx, tx backends.Tx) error {
	z, err := c.readZSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.Array(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		if p, ok := placeOfMember(z, member); ok {
			c.Text(geohash.Text(p))
		} else {
			c.Null()
		}
	}
	return nil
}

func geopos(c *Ctx, tx backends.Tx) error {
	z, err := c.readZSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.Array(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		if p, ok := placeOfMember(z, member); ok {
			c.point(p)
		} else {
			c.NullArray()
		}
	}
	return nil
}

func (c *Ctx) point(p geohash.Point) {
	c.Array(2)
	c.coordinate(p.Lon)
	c.coordinate(p.Lat)
}

// coordinate has up to 17 digits after the point.
func (c *Ctx) coordinate(f float64) {
	text := strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(f, 'f', 17, 64), "0"), ".")
	if c.Proto < 3 {
		c.Text(text)
		return
	}
	c.Buf = append(c.Buf, ',')
	c.Buf = append(c.Buf, text...)
	c.Buf = append(c.Buf, '\r', '\n')
}

// distance has four digits after the point.
func (c *Ctx) distance(f float64) { c.Text(strconv.FormatFloat(f, 'f', 4, 64)) }

// geodist reads member member [unit].
func geodist(c *Ctx, tx backends.Tx) error {
	metres := 1.0
	switch len(c.Args) {
	case 4:
	case 5:
		var err error
		if metres, err = parseUnit(c.Args[4]); err != nil {
			return err
		}
	default:
		return ErrSyntax
	}
	z, err := c.readZSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	a, okA := placeOfMember(z, c.Args[2])
	b, okB := placeOfMember(z, c.Args[3])
	if !okA || !okB {
		c.Null()
		return nil
	}
	c.distance(geohash.Distance(a, b) / metres)
	return nil
}
