package commands

// The stories of the families compare effects as well. These go through the commands once more, for what a
// call can do to a key: make it, change it, leave it as it is, empty it, or be refused.
var effectStories = append(valueEffectStories, keyEffectStories...)

var valueEffectStories = []story{
	{"strings", `
		SET s v
		SET s w
		SET s x KEEPTTL
		SET s x EX 100
		SET s x PX 100000 GET
		SET s x NX
		SET none x XX
		SET new x NX GET
		SET l
		RPUSH l a
		SET l v GET
		SET l v EX 0
		SET l v
		SETNX s v
		SETNX nx v
		SETEX s 100 v
		SETEX ex 100 v
		PSETEX px 100000 v
		PSETEX px 0 v
		GETSET s w
		GETSET gs w
		APPEND s x
		APPEND s ""
		APPEND ap x
		APPEND ap2 ""
		SETRANGE s 1 x
		SETRANGE s 1 ""
		SETRANGE sr 3 x
		SETRANGE none 3 ""
		RPUSH list a
		APPEND list x
		SETRANGE list 1 x
		GETSET list x
		SETNX list x
		GETDEL s
		GETDEL s
		GETDEL list`},
	{"GETEX", `
		GETEX k
		SET k v
		GETEX k
		GETEX k PERSIST
		GETEX k EX 100
		GETEX k PX 100000
		GETEX k PERSIST
		GETEX k EXAT 1
		SET k v EX 100
		GETEX k PXAT 1
		GETEX k PERSIST
		RPUSH l a
		GETEX l EX 100`},
	{"several strings", `
		MSET a 1 b 2
		MSET a 1 c 2 a 3
		MSET d 1 d 2
		MSETNX a 1 z 2
		MSETNX x 1 y 2
		MSETNX p 1 p 2
		RPUSH l a
		MSET l 1
		MSET a
		MGET a none l none b`},
	{"counters", `
		INCR n
		INCR n
		DECR n
		INCRBY n 0
		INCRBY m 5
		DECRBY n 2
		DECRBY o 2
		INCRBYFLOAT n 0.5
		INCRBYFLOAT f 1
		INCRBYFLOAT f 0
		INCR n
		RPUSH l a
		INCR l
		INCRBYFLOAT l 1`},
	{"bits", `
		SETBIT b 7 1
		SETBIT b 7 1
		SETBIT b 7 0
		SETBIT b 100 0
		SETBIT none 0 0
		BITFIELD b SET u8 0 1
		BITFIELD b SET u8 0 1
		BITFIELD b GET u8 0
		BITFIELD none2 GET u8 0
		BITFIELD_RO none2 GET u8 0
		BITFIELD new SET u8 0 0
		BITFIELD b INCRBY u8 0 0
		BITFIELD b INCRBY u8 0 1 SET u8 8 1
		BITFIELD b OVERFLOW FAIL INCRBY u2 0 9
		BITFIELD b SET u8 4000 0
		BITOP NOT to b
		BITOP NOT to b
		BITOP AND to none none3
		BITOP AND to none none3
		RPUSH l a
		BITOP NOT l b
		SETBIT l 1 1
		BITCOUNT none3
		BITPOS none3 1
		GETBIT none3 1`},
	{"HyperLogLogs", `
		PFADD h
		PFADD h
		PFADD h a
		PFADD h a
		PFADD i a b
		PFMERGE j
		PFMERGE j h i
		PFMERGE j h i
		PFCOUNT none
		PFCOUNT none h none2
		PFDEBUG TODENSE h
		PFADD h z
		PFADD h z
		RPUSH l a
		PFADD l a
		PFMERGE l a`},
	{"lists", `
		RPUSH l a b c d e f
		LPUSH l a
		LPUSH n a
		RPUSHX n a
		LPUSHX n a
		LPUSHX none a
		LINSERT l BEFORE c x
		LINSERT l AFTER c x
		LINSERT l AFTER none x
		LINSERT none AFTER c x
		LSET l 0 y
		LSET l 0 y
		LSET l 100 y
		LSET none 0 y
		LTRIM l 1 -1
		LTRIM l 0 -1
		LTRIM none 0 -1
		LREM l 0 x
		LREM l 0 x
		LPOP l
		RPOP l
		LPOP l 0
		LPOP l 2
		LPOP none
		LPOP none 2
		RPOP l 100
		LTRIM n 5 1
		RPUSH n a a
		LREM n 0 a
		RPUSH n a
		RPOP n
		RPUSH n a
		LMPOP 2 none n LEFT
		RPUSH n a b c
		LMPOP 2 none n RIGHT COUNT 2
		LMPOP 1 none RIGHT
		LRANGE none 0 1
		LLEN none
		LINDEX none 0
		LPOS none a
		SET s v
		RPUSH s a
		LPOP s
		LTRIM s 0 1`},
	{"elements that move", `
		RPUSH l a b c
		RPOPLPUSH l m
		RPOPLPUSH l m
		RPOPLPUSH l m
		RPOPLPUSH l m
		LMOVE m m LEFT LEFT
		LMOVE m m LEFT RIGHT
		RPOPLPUSH m m
		LMOVE m l RIGHT RIGHT
		RPUSH one a
		LMOVE one one LEFT RIGHT
		LMOVE one one LEFT LEFT
		SET s v
		LMOVE m s LEFT LEFT
		LMOVE none s LEFT LEFT
		LMOVE s m LEFT LEFT`},
	{"hashes", `
		HSET h f v
		HSET h f v
		HSET h g v i v
		HMSET h f w
		HMSET m f w
		HSETNX h f v
		HSETNX h j v
		HSETNX n j v
		HINCRBY h c 1
		HINCRBY h c 0
		HINCRBY i c 0
		HINCRBY h f 1
		HINCRBYFLOAT h c 1.5
		HINCRBYFLOAT j c 1.5
		HINCRBYFLOAT h f 1
		HDEL h none
		HDEL h f g none
		HDEL none f
		HDEL h i j c
		HGET none f
		HMGET none f
		HGETALL none
		HLEN none
		HSTRLEN none f
		HEXISTS none f
		HKEYS none
		HVALS none
		HRANDFIELD none
		HRANDFIELD none 2
		HSCAN none 0
		SET s v
		HSET s f v
		HDEL s f
		HINCRBY s f 1`},
	{"sets", `
		SADD s a b c
		SADD s a
		SADD s a d
		SREM s none
		SREM s a none
		SMOVE s t b
		SMOVE s t b
		SMOVE none t b
		SMOVE s s c
		SADD t c
		SMOVE s t c
		SMOVE s t d
		SMOVE s t d
		SADD s a
		SPOP s
		SADD s a b
		SPOP s 0
		SPOP s 1
		SPOP s 5
		SPOP s 5
		SADD s a b
		SREM s a b
		SISMEMBER none a
		SMISMEMBER none a
		SCARD none
		SMEMBERS none
		SRANDMEMBER none
		SRANDMEMBER none 2
		SSCAN none 0
		SET str v
		SADD str a
		SMOVE t str b
		SPOP str`},
	{"sets that are stored", `
		SADD a 1 2 3
		SADD b 2 3 4
		SINTERSTORE d a b
		SINTERSTORE d a b
		SINTERSTORE d a none
		SINTERSTORE d a none
		SUNIONSTORE d a none b
		SDIFFSTORE d a b
		SDIFFSTORE d none b
		SDIFFSTORE d a a
		SET s v
		SUNIONSTORE s a b
		SET s v
		SUNIONSTORE d s
		SUNIONSTORE d none s
		SINTERSTORE s none none2
		SINTER none a none2
		SUNION none none
		SDIFF none a
		SDIFF a none
		SINTERCARD 2 none none2`},
	{"sorted sets", `
		ZADD z 1 a 2 b 3 c
		ZADD z 1 a
		ZADD z XX 2 a
		ZADD z NX 3 a
		ZADD z XX 2 none
		ZADD none XX 2 a
		ZADD z GT 1 a
		ZADD z CH 9 a
		ZADD z INCR 1 a
		ZADD z INCR 0 a
		ZADD z NX INCR 1 a
		ZADD y INCR 1 a
		ZINCRBY z 1 a
		ZINCRBY z 0 a
		ZINCRBY x 1 a
		ZREM z none
		ZREM z a none
		ZREM y a
		ZPOPMIN z
		ZPOPMAX z
		ZPOPMAX z
		ZADD z 1 a 2 b 3 c 4 d
		ZPOPMIN z 0
		ZPOPMIN z 2
		ZMPOP 2 none z MIN
		ZMPOP 2 none z MAX COUNT 5
		ZMPOP 1 none MAX
		ZADD z 1 a 1 b 1 c 1 d 5 e 6 f
		ZREMRANGEBYRANK z 9 10
		ZREMRANGEBYRANK z 0 0
		ZREMRANGEBYSCORE z 9 10
		ZREMRANGEBYSCORE z 5 5
		ZREMRANGEBYLEX z [y [z
		ZREMRANGEBYLEX z [b [b
		ZREMRANGEBYRANK z 0 -1
		ZREMRANGEBYRANK z 0 -1
		ZADD z 1 a
		ZREMRANGEBYSCORE z 1 1
		ZADD z 1 a
		ZREMRANGEBYLEX z - +
		ZCARD none
		ZCOUNT none 0 1
		ZLEXCOUNT none - +
		ZSCORE none a
		ZMSCORE none a b
		ZRANK none a
		ZREVRANK none a
		ZRANGE none 0 1
		ZRANGEBYSCORE none 0 1
		ZRANDMEMBER none
		ZRANDMEMBER none 2
		ZSCAN none 0
		SET s v
		ZADD s 1 a
		ZREM s a
		ZPOPMIN s`},
	{"sorted sets that are stored", `
		ZADD a 1 a 2 b
		ZADD b 1 b 2 c
		SADD set a
		ZUNIONSTORE d 2 a b
		ZUNIONSTORE d 2 a b
		ZINTERSTORE d 2 a b
		ZINTERSTORE d 2 a none
		ZINTERSTORE d 2 a none
		ZDIFFSTORE d 2 a b
		ZDIFFSTORE d 2 a a
		ZUNIONSTORE d 3 a set none
		ZRANGESTORE d a 0 -1
		ZRANGESTORE d a 5 7
		ZRANGESTORE d none 0 -1
		ZRANGESTORE d a 0 0
		SET s v
		ZRANGESTORE s a 0 -1
		SET s v
		ZUNIONSTORE d 1 s
		ZUNION 2 none none
		ZINTER 2 none a
		ZDIFF 2 a none
		ZINTERCARD 2 none none2`},
}
