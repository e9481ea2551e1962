package commands

import (
	"cmp"
	"slices"

	"switchyard/backends"
	"switchyard/commands/geohash"
)

// geoCommand is what a search command has of its own.
type geoCommand struct {
	search   bool // FROMMEMBER, FROMLONLAT, BYRADIUS and BYBOX are options; else place and radius come first
	byMember bool // and the place is a member
	store    bool // STORE and STOREDIST are options, or GEOSEARCHSTORE's STOREDIST is
}

// event is what a search that stores its result is called.
func (g geoCommand) event() string {
	if g.search {
		return "geosearchstore"
	}
	return "georadiusstore"
}

func georadius(c *Ctx, tx backends.Tx) error   { return c.geoSearch(tx, geoCommand{store: true}) }
func georadiusRO(c *Ctx, tx backends.Tx) error { return c.geoSearch(tx, geoCommand{}) }
func geosearch(c *Ctx, tx backends.Tx) error   { return c.geoSearch(tx, geoCommand{search: true}) }

func geosearchstore(c *Ctx, tx backends.Tx) error {
	return c.geoSearch(tx, geoCommand{search: true, store: true})
}

func georadiusbymember(c *Ctx, tx backends.Tx) error {
	return c.geoSearch(tx, geoCommand{byMember: true, store: true})
}

func georadiusbymemberRO(c *Ctx, tx backends.Tx) error {
	return c.geoSearch(tx, geoCommand{byMember: true})
}

// geoQuery is a call of one of these commands.
type geoQuery struct {
	geoCommand
	source                        backends.ZSet
	area                          geohash.Area // in units, until the options are read
	unit                          float64      // metres
	withDist, withHash, withCoord bool
	fromMember, fromPoint         bool
	byRadius, byBox               bool
	any                           bool
	count                         int64 // 0: no limit
	order                         int   // 1: nearest first, -1: farthest first
	target                        []byte
	storeDist                     bool
}

func (c *Ctx) geoSearch(tx backends.Tx, cmd geoCommand) error {
	q := geoQuery{geoCommand: cmd, unit: 1}
	source, args := c.Args[1], c.Args[2:]
	if cmd.search && cmd.store {
		q.target, source, args = c.Args[1], c.Args[2], c.Args[3:]
	}
	var err error
	if q.source, err = c.readZSet(tx, source); err != nil {
		return err
	}
	if err := q.parse(c.Args[0], args); err != nil {
		return err
	}
	found := q.find()
	if q.target != nil {
		return c.storeScored(tx, q.target, q.scores(found), cmd.event())
	}
	c.places(&q, found)
	return nil
}

// missing says that the source is not there. The call is read to its end nevertheless, for its errors.
func (q *geoQuery) missing() bool { return q.source.Len() == 0 }

func (q *geoQuery) parse(name []byte, args [][]byte) (err error) {
	if !q.search {
		if args, err = q.parseCircle(args); err != nil {
			return err
		}
	}
	for o := (options{args: args}); o.next(); {
		if err := q.option(&o); err != nil {
			return err
		}
	}
	return q.check(name)
}

// parseCircle reads place and radius, which without a source nobody looks at where the place is a member.
func (q *geoQuery) parseCircle(args [][]byte) (rest [][]byte, err error) {
	if q.byMember {
		rest = args[3:]
		if q.missing() {
			return rest, nil
		}
		if err := q.center(args[0]); err != nil {
			return nil, err
		}
		return rest, q.parseRadius(args[1], args[2])
	}
	if q.area.Center, err = parsePoint(args[0], args[1]); err != nil {
		return nil, err
	}
	return args[4:], q.parseRadius(args[2], args[3])
}

func (q *geoQuery) center(member []byte) error {
	var ok bool
	if q.area.Center, ok = placeOfMember(q.source, member); !ok {
		return ErrGeoMember
	}
	return nil
}

func (q *geoQuery) parseRadius(radius, unit []byte) (err error) {
	if q.area.Radius, err = float(radius); err != nil {
		return ErrGeoRadius
	}
	if q.area.Radius < 0 {
		return ErrGeoRadiusNegative
	}
	q.area.Box = false
	q.unit, err = parseUnit(unit)
	return err
}

func (q *geoQuery) parseBox(width, height, unit []byte) (err error) {
	if q.area.Width, err = float(width); err != nil {
		return ErrGeoWidth
	}
	if q.area.Height, err = float(height); err != nil {
		return ErrGeoHeight
	}
	if q.area.Width < 0 || q.area.Height < 0 {
		return ErrGeoBoxNegative
	}
	q.area.Box = true
	q.unit, err = parseUnit(unit)
	return err
}

// option reads one option with its arguments.
func (q *geoQuery) option(o *options) (err error) {
	switch {
	case o.is("WITHDIST"):
		q.withDist = true
	case o.is("WITHHASH"):
		q.withHash = true
	case o.is("WITHCOORD"):
		q.withCoord = true
	case o.is("ANY"):
		q.any = true
	case o.is("ASC"):
		q.order = 1
	case o.is("DESC"):
		q.order = -1
	case o.is("COUNT") && len(o.args) > 0:
		arg, _ := o.value() // there is one
		if q.count, err = integer(arg); err == nil && q.count <= 0 {
			err = ErrGeoCount
		}
	case q.search:
		err = q.searchOption(o)
	case q.store && (o.is("STORE") || o.is("STOREDIST")) && len(o.args) > 0:
		q.storeDist = o.is("STOREDIST")
		q.target, _ = o.value() // there is one
	default:
		err = ErrSyntax
	}
	return err
}

// searchOption reads one that only GEOSEARCH and GEOSEARCHSTORE have.
func (q *geoQuery) searchOption(o *options) (err error) {
	args := o.args
	switch {
	case q.store && o.is("STOREDIST"):
		q.storeDist = true
	case o.is("FROMMEMBER") && len(args) > 0 && !q.fromPoint:
		o.args, q.fromMember = args[1:], true
		if !q.missing() {
			err = q.center(args[0])
		}
	case o.is("FROMLONLAT") && len(args) > 1 && !q.fromMember:
		o.args, q.fromPoint = args[2:], true
		q.area.Center, err = parsePoint(args[0], args[1])
	case o.is("BYRADIUS") && len(args) > 1 && !q.byBox:
		o.args, q.byRadius = args[2:], true
		err = q.parseRadius(args[0], args[1])
	case o.is("BYBOX") && len(args) > 2 && !q.byRadius:
		o.args, q.byBox = args[3:], true
		err = q.parseBox(args[0], args[1], args[2])
	default:
		err = ErrSyntax
	}
	return err
}

// check refuses what does not go together, and makes metres of units.
func (q *geoQuery) check(name []byte) error {
	switch {
	case q.target != nil && (q.withDist || q.withHash || q.withCoord):
		if q.search {
			return ErrGeoSearchStore
		}
		return ErrGeoStore
	case q.search && !q.fromMember && !q.fromPoint:
		return oneCenter(name)
	case q.search && !q.byRadius && !q.byBox:
		return oneShape(name)
	case q.any && q.count == 0:
		return ErrGeoAny
	}
	if q.count > 0 && q.order == 0 && !q.any {
		q.order = 1
	}
	q.area.Radius *= q.unit
	q.area.Width *= q.unit
	q.area.Height *= q.unit
	return nil
}

// geoFound is a member in the area.
type geoFound struct {
	member   string
	score    float64
	place    geohash.Point
	distance float64 // in units
}

// find returns the members in the area, in the order and up to the number that were asked for.
func (q *geoQuery) find() (list []geoFound) {
	if q.missing() {
		return nil
	}
	full := func() bool { return q.any && int64(len(list)) >= q.count }
	q.area.Ranges(func(low, high float64) bool {
		rank := q.source.Before(backends.Edge{Score: low})
		if rank == q.source.Len() {
			return true
		}
		q.source.Each(rank, false, func(member []byte, score float64) bool {
			if score >= high {
				return false
			}
			p := geohash.At(score)
			if distance, ok := q.area.Contains(p); ok {
				list = append(list, geoFound{string(member), score, p, distance / q.unit})
			}
			return !full()
		})
		return !full()
	})
	if q.order != 0 {
		slices.SortStableFunc(list, func(a, b geoFound) int { return q.order * cmp.Compare(a.distance, b.distance) })
	}
	if q.count > 0 {
		list = list[:min(int64(len(list)), q.count)]
	}
	return list
}

// scores are what a target gets.
func (q *geoQuery) scores(found []geoFound) []scored {
	list := make([]scored, len(found))
	for i, f := range found {
		if list[i] = (scored{f.member, f.score}); q.storeDist {
			list[i].score = f.distance
		}
	}
	return list
}

// places replies with members and what was asked for about them.
func (c *Ctx) places(q *geoQuery, found []geoFound) {
	parts := 1
	for _, with := range []bool{q.withDist, q.withHash, q.withCoord} {
		if with {
			parts++
		}
	}
	c.Array(len(found))
	for _, f := range found {
		if parts > 1 {
			c.Array(parts)
		}
		c.Text(f.member)
		if q.withDist {
			c.distance(f.distance)
		}
		if q.withHash {
			c.Int(int64(f.score))
		}
		if q.withCoord {
			c.point(f.place)
		}
	}
}
