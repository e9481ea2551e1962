package rdb

import "errors"

// Libraries of functions, as FUNCTION DUMP has them: for each the opcode of one in a dump file and its code, and at the end what
// ends the payload of a value. The names are in the code.
const (
	opcodeLibrary      = 245
	opcodeLibraryDraft = 246 // of the release candidates of Redis 7.0
)

// Errors of Libraries, with the texts that FUNCTION RESTORE replies.
var (
	ErrLibraryDraft = errors.New("ERR Pre-GA function format not supported")
	ErrNoLibrary    = errors.New("ERR given type is not a function")
	ErrLibrary      = errors.New("ERR Failed loading library payload")
)

// DumpLibraries returns the payload of libraries, which Redis 7.0 and newer load.
func DumpLibraries(codes []string) []byte {
	var p []byte
	for _, code := range codes {
		p = appendString(append(p, opcodeLibrary), []byte(code))
	}
	return seal(p, version)
}

// Libraries returns the codes of the libraries in a payload. Besides the errors above it has ErrChecksum.
func Libraries(payload []byte) (codes []string, err error) {
	body, err := unseal(payload)
	if err != nil {
		return nil, err
	}
	for r := (reader{p: body}); len(r.p) > 0; {
		switch r.byte() {
		case opcodeLibrary:
		case opcodeLibraryDraft:
			return nil, ErrLibraryDraft
		default:
			return nil, ErrNoLibrary
		}
		code := r.string()
		if r.bad {
			return nil, ErrLibrary
		}
		codes = append(codes, string(code))
	}
	return codes, nil
}
