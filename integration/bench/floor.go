package main

import (
	"bytes"

	"github.com/tidwall/redcon"
)

// floorCommand is the argument that makes this program be the floor instead of measuring it. It is a
// process of its own because the load must not share its scheduler and its garbage collector.
const floorCommand = "floor"

// serveFloor answers GET and SET without storing anything: what redcon itself must do, and nothing else.
// What Switchyard's memory backend loses against it is the price of dispatch and storage.
func serveFloor(addr string) error {
	value := bytes.Repeat([]byte{'x'}, valueSize)
	answer := func(conn redcon.Conn, cmd redcon.Command) {
		switch string(cmd.Args[0]) { // redis-benchmark spells commands in capitals
		case "SET":
			conn.WriteString("OK")
		case "GET":
			conn.WriteBulk(value)
		case "PING":
			conn.WriteString("PONG")
		default:
			conn.WriteError("ERR unknown command")
		}
	}
	return redcon.ListenAndServe(addr, answer, nil, nil)
}
