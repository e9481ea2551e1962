package commands

// match says whether name matches a pattern of Redis's dialect: * ? [abc] [^a-z] and \ to take a
// character literally. Libraries for globs know other dialects (no classes, or braces and
// slashes that mean something), and keyspaces are full of such characters, so the dialect is spelled out here.
//
// A * tries the rest of the pattern at each place, but only the last one seen is ever tried
// again, which is enough and keeps the cost at len(pattern) * len(name).
//
// As in Redis, only the empty pattern matches the empty name; KEYS and SCAN take * for no pattern at all.
func match(pattern, name []byte) bool {
	if len(name) == 0 {
		return len(pattern) == 0
	}
	p, n := 0, 0
	starP, starN := -1, 0
	for n < len(name) {
		if p < len(pattern) {
			if pattern[p] == '*' {
				starP, starN = p, n
				p++
				continue
			}
			if next, ok := matchOne(pattern, p, name[n]); ok {
				p, n = next, n+1
				continue
			}
		}
		if starP < 0 {
			return false
		}
		starN++
		p, n = starP+1, starN
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// matchOne matches the element of the pattern at p with c, and returns where the next one begins.
func matchOne(pattern []byte, p int, c byte) (next int, ok bool) {
	switch pattern[p] {
	case '?':
		return p + 1, true
	case '[':
		return matchClass(pattern, p+1, c)
	case '\\':
		if p+1 < len(pattern) {
			p++
		}
	}
	return p + 1, pattern[p] == c
}

// matchClass matches the class whose inside begins at p. One that is not closed ends with the pattern.
func matchClass(pattern []byte, p int, c byte) (next int, ok bool) {
	negated := p < len(pattern) && pattern[p] == '^'
	if negated {
		p++
	}
	found := false
	for p < len(pattern) && pattern[p] != ']' {
		switch {
		case pattern[p] == '\\' && p+1 < len(pattern):
			p++
			found = found || pattern[p] == c
			p++
		case p+2 < len(pattern) && pattern[p+1] == '-':
			lo, hi := min(pattern[p], pattern[p+2]), max(pattern[p], pattern[p+2])
			found = found || lo <= c && c <= hi
			p += 3
		default:
			found = found || pattern[p] == c
			p++
		}
	}
	if p < len(pattern) {
		p++
	}
	return p, found != negated
}
