package commands

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Error is a text that a client reads, code first. All of them live in this file: clients and
// frameworks parse them, so they are Redis's to the letter.
type Error string

func (e Error) Error() string { return string(e) }

// Texts of Redis 7.2.
const (
	ErrSyntax           Error = "ERR syntax error"
	ErrNotInteger       Error = "ERR value is not an integer or out of range"
	ErrNotInt32         Error = "ERR value is out of range, value must between -2147483648 and 2147483647"
	ErrNotFloat         Error = "ERR value is not a valid float"
	ErrNoSuchKey        Error = "ERR no such key"
	ErrOffset           Error = "ERR offset is out of range"
	ErrStringTooLong    Error = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
	ErrOverflow         Error = "ERR increment or decrement would overflow"
	ErrDecrOverflow     Error = "ERR decrement would overflow"
	ErrNaNOrInfinity    Error = "ERR increment would produce NaN or Infinity"
	ErrSameObject       Error = "ERR source and destination objects are the same"
	ErrDBRange          Error = "ERR DB index is out of range"
	ErrFirstDB          Error = "ERR invalid first DB index"
	ErrSecondDB         Error = "ERR invalid second DB index"
	ErrInvalidCursor    Error = "ERR invalid cursor"
	ErrBusyKey          Error = "BUSYKEY Target key name already exists."
	ErrInvalidTTL       Error = "ERR Invalid TTL value, must be >= 0"
	ErrIdleTime         Error = "ERR Invalid IDLETIME value, must be >= 0"
	ErrFreq             Error = "ERR Invalid FREQ value, must be >= 0 and <= 255"
	ErrNXandOthers      Error = "ERR NX and XX, GT or LT options at the same time are not compatible"
	ErrGTandLT          Error = "ERR GT and LT options at the same time are not compatible"
	ErrNoAuth           Error = "NOAUTH Authentication required."
	ErrWrongPass        Error = "WRONGPASS invalid username-password pair or user is disabled."
	ErrNoPassword       Error = "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
	ErrProtoVersion     Error = "ERR Protocol version is not an integer or out of range"
	ErrNoProto          Error = "NOPROTO unsupported protocol version"
	ErrHelloNoAuth      Error = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
	ErrClientName       Error = "ERR Client names cannot contain spaces, newlines or special characters."
	ErrClientID         Error = "ERR Invalid client ID"
	ErrNoKeyArguments   Error = "ERR The command has no key arguments"
	ErrBadCommand       Error = "ERR Invalid command specified"
	ErrInvalidArguments Error = "ERR Invalid arguments specified for command"
	ErrBadArguments     Error = "ERR Invalid number of arguments specified for command"
	ErrUnblocked        Error = "UNBLOCKED client unblocked via CLIENT UNBLOCK"
	ErrUnblockedByState Error = "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"
	ErrUnblockReason    Error = "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"
	ErrMaxClients       Error = "ERR max number of clients reached"

	ErrRedirectTwice   Error = "ERR A client can only redirect to a single other client"
	ErrRedirectNowhere Error = "ERR The client ID you want redirect to does not exist"
	ErrPrefixBroadcast Error = "ERR PREFIX option requires BCAST mode to be enabled"
	ErrTrackingMode    Error = "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode."
	ErrTrackingOpt     Error = "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode."
	ErrBroadcastOpt    Error = "ERR OPTIN and OPTOUT are not compatible with BCAST"
	ErrOptInOut        Error = "ERR You can't specify both OPTIN mode and OPTOUT mode"
	ErrCachingOff      Error = "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"
	ErrCachingYes      Error = "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode."
	ErrCachingNo       Error = "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode."

	ErrNoDebug        Error = "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server."
	ErrNoScript       Error = "NOSCRIPT No matching script. Please use EVAL."
	ErrNegativeKeys   Error = "ERR Number of keys can't be negative"
	ErrScriptFlush    Error = "ERR SCRIPT FLUSH only support SYNC|ASYNC option"
	ErrScriptDebug    Error = "ERR Use SCRIPT DEBUG YES/SYNC/NO"
	ErrScriptUnknown  Error = "ERR Unknown Redis command called from script"
	ErrScriptArity    Error = "ERR Wrong number of args calling Redis command from script"
	ErrScriptRefused  Error = "ERR This Redis command is not allowed from script"
	ErrScriptReadonly Error = "ERR Write commands are not allowed from read-only scripts."
	ErrNoFunction     Error = "ERR Function not found"
	ErrNoLibrary      Error = "ERR Library not found"
	ErrBadKeyCount    Error = "ERR Bad number of keys provided"
	ErrFunctionWrites Error = "ERR Can not execute a script with write flag using *_ro command."
	ErrFunctionFlush  Error = "ERR FUNCTION FLUSH only supports SYNC|ASYNC option"
	ErrNoLibraryName  Error = "ERR library name argument was not given"
	ErrRestorePolicy  Error = "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE."
	ErrNotBusy        Error = "NOTBUSY No scripts in execution right now."
	ErrUnkillable     Error = "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
	ErrBusy           Error = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
	ErrBusyFunction   Error = "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."

	ErrNestedMulti  Error = "ERR MULTI calls can not be nested"
	ErrNoMulti      Error = "ERR EXEC without MULTI"
	ErrDiscard      Error = "ERR DISCARD without MULTI"
	ErrWatchInMulti Error = "ERR WATCH inside MULTI is not allowed"
	ErrExecAbort    Error = "EXECABORT Transaction discarded because of previous errors."
	ErrNotInMulti   Error = "ERR Command not allowed inside a transaction"

	ErrHashNotInteger   Error = "ERR hash value is not an integer"
	ErrHashNotFloat     Error = "ERR hash value is not a float"
	ErrNotFinite        Error = "ERR value is NaN or Infinity"
	ErrOutOfRange       Error = "ERR value is out of range"
	ErrTooManyKeys      Error = "ERR Number of keys can't be greater than number of args"
	ErrLimitNegative    Error = "ERR LIMIT can't be negative"
	ErrNoValues         Error = "ERR NOVALUES option can only be used in HSCAN"
	ErrFieldExpire      Error = "ERR invalid expire time, must be >= 0"
	ErrFieldsMissing    Error = "ERR Mandatory argument FIELDS is missing or not at the right position"
	ErrFieldsMismatch   Error = "ERR The `numfields` parameter must match the number of arguments"
	ErrNumFields        Error = "ERR Parameter `numFields` should be greater than 0"
	ErrFieldCount       Error = "ERR Number of fields must be a positive integer"
	ErrNotLFU           Error = "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
	ErrLFU              Error = "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
	ErrBit              Error = "ERR bit is not an integer or out of range"
	ErrBitArgument      Error = "ERR The bit argument must be 1 or 0."
	ErrBitOffset        Error = "ERR bit offset is not an integer or out of range"
	ErrBitopNot         Error = "ERR BITOP NOT must be called with a single source key."
	ErrBitfieldType     Error = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
	ErrBitfieldReadonly Error = "ERR BITFIELD_RO only supports the GET subcommand"
	ErrOverflowType     Error = "ERR Invalid OVERFLOW type specified"
	ErrNotHLL           Error = "WRONGTYPE Key is not a valid HyperLogLog string value."
	ErrCorruptedHLL     Error = "INVALIDOBJ Corrupted HLL object detected"
	ErrNoSuchHLL        Error = "ERR The specified key does not exist"
	ErrHLLNotSparse     Error = "ERR HLL encoding is not sparse"
	ErrLCSType          Error = "ERR The specified keys must contain string values"
	ErrLCSBoth          Error = "ERR If you want both the length and indexes, please just use IDX."
	ErrIndex            Error = "ERR index out of range"
	ErrNotPositive      Error = "ERR value is out of range, must be positive"
	ErrNotNegatable     Error = "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"
	ErrRankZero         Error = "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list"
	ErrCountNegative    Error = "ERR COUNT can't be negative"
	ErrMaxLenNegative   Error = "ERR MAXLEN can't be negative"
	ErrNumKeys          Error = "ERR numkeys should be greater than 0"
	ErrMPopCount        Error = "ERR count should be greater than 0"
	ErrSortScores       Error = "ERR One or more scores can't be converted into double"
	ErrLCSMemory        Error = "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"

	ErrXXandNX           Error = "ERR XX and NX options at the same time are not compatible"
	ErrGTLTandNX         Error = "ERR GT, LT, and/or NX options at the same time are not compatible"
	ErrIncrPairs         Error = "ERR INCR option supports a single increment-element pair"
	ErrScoreNaN          Error = "ERR resulting score is not a number (NaN)"
	ErrScoreRange        Error = "ERR min or max is not a float"
	ErrLexRange          Error = "ERR min or max not valid string range item"
	ErrLimitByRank       Error = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
	ErrWithScoresByLex   Error = "ERR syntax error, WITHSCORES not supported in combination with BYLEX"
	ErrWeight            Error = "ERR weight value is not a float"
	ErrGeoUnit           Error = "ERR unsupported unit provided. please use M, KM, FT, MI"
	ErrGeoMember         Error = "ERR could not decode requested zset member"
	ErrGeoRadius         Error = "ERR need numeric radius"
	ErrGeoRadiusNegative Error = "ERR radius cannot be negative"
	ErrGeoWidth          Error = "ERR need numeric width"
	ErrGeoHeight         Error = "ERR need numeric height"
	ErrGeoBoxNegative    Error = "ERR height or width cannot be negative"
	ErrGeoCount          Error = "ERR COUNT must be > 0"
	ErrGeoAny            Error = "ERR the ANY argument requires COUNT argument"
	ErrGeoStore          Error = "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
	ErrGeoSearchStore    Error = "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
)

// Texts of Redis 7.2 about streams.
const (
	ErrStreamID         Error = "ERR Invalid stream ID specified as stream command argument"
	ErrStreamStart      Error = "ERR invalid start ID for the interval"
	ErrStreamEnd        Error = "ERR invalid end ID for the interval"
	ErrStreamIDZero     Error = "ERR The ID specified in XADD must be greater than 0-0"
	ErrStreamIDSmall    Error = "ERR The ID specified in XADD is equal or smaller than the target stream top item"
	ErrStreamExhausted  Error = "ERR The stream has exhausted the last possible ID, unable to add more items"
	ErrStreamTooLarge   Error = "ERR Elements are too large to be stored"
	ErrTrimBoth         Error = "ERR syntax error, MAXLEN and MINID options at the same time are not compatible"
	ErrTrimMaxLen       Error = "ERR The MAXLEN argument must be >= 0."
	ErrTrimLimit        Error = "ERR The LIMIT argument must be >= 0."
	ErrTrimLimitAlone   Error = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"
	ErrTrimLimitExact   Error = "ERR syntax error, LIMIT cannot be used without the special ~ option"
	ErrTrimNothing      Error = "ERR syntax error, XTRIM must be called with a trimming strategy"
	ErrSetIDAdded       Error = "ERR entries_added must be positive"
	ErrSetIDDeletedArg  Error = "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"
	ErrSetIDDeleted     Error = "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"
	ErrSetIDSmall       Error = "ERR The ID specified in XSETID is smaller than the target stream top item"
	ErrSetIDLength      Error = "ERR The entries_added specified in XSETID is smaller than the target stream length"
	ErrTimeoutInteger   Error = "ERR timeout is not an integer or out of range"
	ErrTimeoutFloat     Error = "ERR timeout is not a float or out of range"
	ErrTimeoutNegative  Error = "ERR timeout is negative"
	ErrTimeoutRange     Error = "ERR timeout is out of range"
	ErrReadGroup        Error = "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead."
	ErrReadNoAck        Error = "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead."
	ErrReadGroupMissing Error = "ERR Missing GROUP option for XREADGROUP"
	ErrReadDollar       Error = "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set."
	ErrReadNew          Error = "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."
	ErrGroupNoKey       Error = "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically."
	ErrGroupExists      Error = "BUSYGROUP Consumer Group name already exists"
	ErrEntriesRead      Error = "ERR value for ENTRIESREAD must be positive or -1"
	ErrClaimCount       Error = "ERR COUNT must be > 0"
)

// Texts about clients and the process.
const (
	ErrNoSuchClient   Error = "ERR No such client"
	ErrKillID         Error = "ERR client-id should be greater than 0"
	ErrKillAge        Error = "ERR maxage should be greater than 0"
	ErrKillAgeInteger Error = "ERR maxage is not an integer or out of range"
	ErrPauseMode      Error = "ERR CLIENT PAUSE mode must be WRITE or ALL"
	ErrMonitorPart    Error = "ERR MONITOR isn't allowed for DENY BLOCKING client"
	ErrMonitorKeys    Error = "ERR Replica can't interact with the keyspace"
	ErrNoShutdown     Error = "ERR No shutdown in progress."
	ErrWaitLocal      Error = "ERR value is out of range, value must between 0 and 1"
	ErrWaitNoAOF      Error = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."
)

func noSuchUser(name []byte) Error { return Error("ERR No such user '" + cString(name) + "'") }

func unbalancedStreams(name string, symbol byte) Error {
	return Error("ERR Unbalanced '" + name + "' list of streams: for each stream key an ID or '" + string(symbol) + "' must be specified.")
}

func noGroupToRead(key, group []byte) Error {
	return Error("NOGROUP No such key '" + cString(key) + "' or consumer group '" + cString(group) + "' in XREADGROUP with GROUP option")
}

func noKeyOrGroup(key, group []byte) Error {
	return Error("NOGROUP No such key '" + cString(key) + "' or consumer group '" + cString(group) + "'")
}

func noGroup(group, key []byte) Error {
	return Error("NOGROUP No such consumer group '" + cString(group) + "' for key name '" + cString(key) + "'")
}

func invalidClaim(option, name string) Error {
	return Error("ERR Invalid " + option + " argument for " + name)
}

func unrecognizedClaimOption(opt []byte) Error {
	return Error("ERR Unrecognized XCLAIM option '" + cString(opt) + "'")
}

func subcommandSyntax(container string, sub []byte) Error {
	return Error(fmt.Sprintf("ERR unknown subcommand or wrong number of arguments for '%s'. Try %s HELP.", cut(sub, 128), container))
}

// Texts of our own, for what Redis does not have.
const (
	ErrBackend             Error = "ERR backend failed, see the server's log"
	ErrNoTransactions      Error = "ERR the active backend does not run transactions"
	ErrNoTracking          Error = "ERR the active backend cannot say which keys change, so there is no client tracking on it"
	ErrNoLibraries         Error = "ERR the active backend does not keep functions, or has just been changed"
	ErrNoBlocking          Error = "ERR the active backend does not run blocking commands"
	ErrTransactionTooLarge Error = "ERR the transaction is larger than a request may be"
	ErrUnavailable         Error = "ERR backend unavailable, see the server's log"
	ErrTimeout             Error = "ERR backend did not answer in time; the command may have taken effect"
	ErrTooBusy             Error = "BUSY too many operations at once, try again later"
)

func wrongArity(fullName string) Error {
	return Error("ERR wrong number of arguments for '" + fullName + "' command")
}

// unknownCommand quotes at most 128 bytes of the name, and arguments while there are fewer than
// 128 bytes of them, as Redis does.
func unknownCommand(args [][]byte) Error {
	var given strings.Builder
	for _, a := range args[1:] {
		if given.Len() >= 128 {
			break
		}
		fmt.Fprintf(&given, "'%s' ", cut(a, 128-given.Len()))
	}
	return Error(fmt.Sprintf("ERR unknown command '%s', with args beginning with: %s", cut(args[0], 128), given.String()))
}

func unknownSubcommand(container string, sub []byte) Error {
	return Error(fmt.Sprintf("ERR unknown subcommand '%s'. Try %s HELP.", cut(sub, 128), strings.ToUpper(container)))
}

func invalidExpire(name string) Error {
	return Error("ERR invalid expire time in '" + name + "' command")
}

func unsupportedOption(opt []byte) Error { return Error("ERR Unsupported option " + cString(opt)) }

func helloOption(opt []byte) Error {
	return Error("ERR Syntax error in HELLO option '" + cString(opt) + "'")
}

func unrecognizedOption(opt []byte) Error {
	return Error("ERR Unrecognized option '" + cString(opt) + "'")
}

func libInfoCharacters(attribute []byte) Error {
	return Error("ERR " + cString(attribute) + " cannot contain spaces, newlines or special characters.")
}

// cString is what Redis prints of an argument: it ends before the first zero byte.
func cString(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}

// cut is the beginning of cString, at most n bytes of it.
func cut(b []byte, n int) string {
	s := cString(b)
	return s[:min(len(s), n)]
}

// UnknownParameter refuses to set what is no parameter.
func UnknownParameter(name string) Error {
	return Error("ERR Unknown option or number of arguments for CONFIG SET - '" + name + "'")
}

// ParameterRefused says why a parameter cannot have a value.
func ParameterRefused(name, why string) Error {
	return Error("ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + why)
}

// scriptKilled is what a script or a function replies that was killed.
func scriptKilled(name, place string) Error {
	return Error("ERR Script killed by user with SCRIPT KILL... script: " + name + ", on " + place + ".")
}

func prefixOverlaps(prefix, kind, other string) Error {
	return Error("ERR Prefix '" + prefix + "' overlaps with " + kind + " prefix '" + other + "'. Prefixes for a single client must not overlap.")
}

// libraryExists is what FUNCTION LOAD replies, and libraryTaken what FUNCTION RESTORE does.
func libraryExists(name string) Error { return Error("ERR Library '" + name + "' already exists") }

func libraryTaken(name string) Error { return Error("ERR Library " + name + " already exists") }

func functionExists(name string) Error { return Error("ERR Function " + name + " already exists") }

func unknownLoadOption(option []byte) Error {
	return Error("ERR Unknown option given: " + cString(option))
}

func unknownListArgument(arg []byte) Error { return Error("ERR Unknown argument " + cString(arg)) }

func unknownClientType(kind []byte) Error {
	return Error("ERR Unknown client type '" + cString(kind) + "'")
}

// NotWhileListening refuses a command of a client that has subscribed to something and speaks RESP2.
func NotWhileListening(fullName string) Error {
	return Error("ERR Can't execute '" + fullName + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
}

func unknownPFDebug(sub []byte) Error {
	return Error("ERR Unknown PFDEBUG subcommand '" + cString(sub) + "'")
}

func noInputKeys(name string) Error {
	return Error("ERR at least 1 input key is needed for '" + name + "' command")
}

func invalidPoint(lon, lat float64) Error {
	return Error("ERR invalid longitude,latitude pair " + cFloat(lon) + "," + cFloat(lat))
}

// cFloat prints as %f does.
func cFloat(f float64) string {
	if math.IsInf(f, 0) {
		return string(appendDouble(nil, f))
	}
	return strconv.FormatFloat(f, 'f', 6, 64)
}

func oneCenter(name []byte) Error {
	return Error("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " + cString(name))
}

func oneShape(name []byte) Error {
	return Error("ERR exactly one of BYRADIUS and BYBOX can be specified for " + cString(name))
}
