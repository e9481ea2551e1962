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
		CONFIG RESETSTAT
		CONFIG RESETSTAT x`},
}
