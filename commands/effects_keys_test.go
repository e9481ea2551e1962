package commands

var keyEffectStories = []story{
	{"places", `
		GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
		GEOADD g 13.361389 38.115556 Palermo
		GEOADD g XX CH 13.4 38.1 Palermo
		GEOADD none XX 13.4 38.1 Palermo
		GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km
		GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST
		GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 1 km
		GEOSEARCHSTORE d none FROMLONLAT 0 0 BYRADIUS 1 km
		GEORADIUS g 15 37 200 km STORE d
		GEORADIUS g 15 37 200 km STOREDIST d
		GEORADIUS g 0 0 1 km STORE d
		GEORADIUS none 0 0 1 km STORE d
		GEORADIUSBYMEMBER g Palermo 200 km STORE d
		GEORADIUSBYMEMBER none Palermo 200 km STORE d
		GEOPOS none a
		GEOHASH none a
		GEODIST none a b
		GEOSEARCH none FROMLONLAT 0 0 BYRADIUS 1 km
		SET s v
		GEOADD s 1 1 a
		GEOSEARCHSTORE d s FROMLONLAT 0 0 BYRADIUS 1 km`},
	{"streams", `
		XADD x 1-1 f v
		XADD x 1-1 f v
		XADD x NOMKSTREAM 1-2 f v
		XADD none NOMKSTREAM 1-2 f v
		XADD x MAXLEN 2 1-3 f v
		XADD x MAXLEN 10 1-4 f v
		XDEL x 1-4 9-9
		XDEL x 1-4
		XDEL none 1-4
		XTRIM x MAXLEN 10
		XTRIM x MAXLEN 1
		XTRIM none MAXLEN 1
		XDEL x 1-3
		XSETID x 9-9
		XSETID none 9-9
		XLEN none
		XRANGE none - +
		XREVRANGE none + -
		XREAD STREAMS none x 0 0
		XINFO STREAM none
		XINFO GROUPS none
		SET s v
		XADD s * f v
		XDEL s 1-1`},
	{"groups", `
		XGROUP CREATE x g 0
		XGROUP CREATE x g 0 MKSTREAM
		XGROUP CREATE x g 0 MKSTREAM
		XGROUP CREATE x h 0
		XGROUP SETID x g 1-0
		XGROUP SETID x none 1-0
		XGROUP CREATECONSUMER x g c
		XGROUP CREATECONSUMER x g c
		XGROUP DELCONSUMER x g c
		XGROUP DELCONSUMER x g c
		XADD x 2-0 f v
		XADD x 3-0 f v
		XREADGROUP GROUP g d STREAMS x >
		XREADGROUP GROUP g d STREAMS x >
		XREADGROUP GROUP g d STREAMS x 0
		XREADGROUP GROUP g d STREAMS none >
		XACK x g 2-0
		XACK x g 2-0
		XACK none g 2-0
		XPENDING none g
		XCLAIM x g e 0 3-0
		XCLAIM x g e 0 3-0
		XCLAIM none g e 0 3-0
		XAUTOCLAIM x g f 0 0
		XAUTOCLAIM x g f 0 0
		XAUTOCLAIM none g f 0 0
		XGROUP DESTROY x none
		XGROUP DESTROY x g
		XGROUP DESTROY none g`},
	{"keys", `
		SET a 1
		SET b 2
		DEL a none b
		DEL a
		SET a 1
		UNLINK a none
		SET a 1
		RENAME a a
		RENAME a b
		RENAME none b
		SET a 1
		RENAME a b
		SET a 1
		RENAMENX a b
		RENAMENX a a
		RENAMENX a c
		RENAMENX none c
		COPY b d
		COPY b d
		COPY b d REPLACE
		COPY none d
		COPY b b DB 1
		COPY b b DB 1
		COPY b b DB 1 REPLACE
		MOVE b 1
		MOVE c 1
		MOVE none 1
		SELECT 1
		MOVE c 2
		COPY b e DB 0
		DEL b
		SELECT 0
		EXISTS b none none
		TYPE none
		TOUCH b none
		DUMP none
		TTL none
		PTTL none
		EXPIRETIME none
		PEXPIRETIME none
		OBJECT ENCODING none
		MEMORY USAGE none
		SCAN 0`},
	{"expiry", `
		SET k v
		EXPIRE k 100
		PEXPIRE k 200000
		EXPIREAT k 4000000000
		PEXPIREAT k 4000000000000
		EXPIRE k 100 NX
		EXPIRE k 100 GT
		EXPIRE none 100
		TTL k
		PERSIST k
		PERSIST k
		PERSIST none
		EXPIRE k 0
		SET k v
		EXPIRE k -1
		SET k v
		PEXPIREAT k 1
		SET k v
		EXPIREAT k 1 XX
		EXPIREAT k 1 NX
		RPUSH l a
		EXPIRE l 100
		EXPIRE l -1`},
	{"SORT stores", `
		RPUSH l 3 1 2
		SORT l STORE d
		SORT l STORE d
		SORT none STORE d
		SORT none STORE d
		SORT l LIMIT 5 2 STORE d
		SORT l BY w_* GET x_* STORE d
		SORT l BY nosort GET #
		SORT_RO none
		SET s v
		SORT l STORE s
		SET s v
		SORT s STORE d`},
	{"LCS", `
		LCS a b
		SET a x
		LCS a b
		LCS none a
		RPUSH l a
		LCS none l`},
}
