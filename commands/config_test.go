package commands

import "testing"

func TestConfigIsThatOfRedis(t *testing.T) { compareStories(t, configStories) }

var configStories = []story{
	{"parameters are found by name and pattern", `
		CONFIG GET
		CONFIG GET nosuch
		CONFIG GET databases
		CONFIG GET DataBases
		CONFIG GET maxmemory maxmemory
		CONFIG GET nosuch maxmemory
		CONFIG GET ""
		CONFIG GET maxmemory-polic?
		CONFIG GET timeou[st]
		CONFIG GET TIMEOU?
		CONFIG GET maxmemory MaxMemory
		CONFIG SET
		CONFIG SET maxmemory
		CONFIG SET maxmemory 0
		CONFIG SET maxmemory 0 nosuch
		CONFIG SET maxmemory 0 nosuch 1
		CONFIG SET nosuch 1
		CONFIG SET maxmemory x
		CONFIG RESETSTAT
		CONFIG RESETSTAT x`},
}
