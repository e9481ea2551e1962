package rdb

// Check says whether a payload could be restored, without doing it.
func Check(payload []byte) error {
	_, err := parse(payload)
	return err
}
