package commands

import "strings"

var (
	clientTrackingRow = &Row{Name: "tracking", Arity: -3, Flags: clientFlags, Categories: "connection", Since: "6.0.0",
		Syntax:     "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
		Complexity: "O(1), some options O(N)", Summary: "Has this connection told when keys change that it has read.", Serve: clientTracking}
	clientTrackingInfoRow = &Row{Name: "trackinginfo", Arity: 2, Flags: clientFlags, Categories: "connection", Since: "6.2.0", Complexity: "O(1)",
		Summary: "Says how this connection is told of changed keys.", Serve: clientTrackingInfo}
	clientCachingRow = &Row{Name: "caching", Arity: 3, Flags: clientFlags, Categories: "connection", Since: "6.0.0", Syntax: "<YES | NO>", Complexity: "O(1)",
		Summary: "Says whether the keys that the next command reads are remembered.", Serve: clientCaching}
	clientGetRedirRow = &Row{Name: "getredir", Arity: 2, Flags: clientFlags, Categories: "connection", Since: "6.0.0", Complexity: "O(1)",
		Summary: "Returns the number of the connection that is told of changed keys in place of this one.", Serve: clientGetRedir}
)

func clientTracking(c *Ctx) error {
	t, err := c.trackingOptions(c.Args[3:])
	if err != nil {
		return err
	}
	switch {
	case equalFold(c.Args[2], "ON"):
		err = c.startTracking(t)
	case equalFold(c.Args[2], "OFF"):
		c.Client.StopTracking()
	default:
		err = ErrSyntax
	}
	if err == nil {
		c.OK()
	}
	return err
}

// trackingOptions reads [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP].
func (c *Ctx) trackingOptions(args [][]byte) (t Tracking, err error) {
	for ; len(args) > 0; args = args[1:] {
		switch more := len(args) > 1; {
		case equalFold(args[0], "REDIRECT") && more:
			args = args[1:]
			if t.Redirect != 0 {
				return t, ErrRedirectTwice
			}
			if t.Redirect, err = integer(args[0]); err != nil {
				return t, err
			}
			if !c.Server.HasClient(t.Redirect) {
				return t, ErrRedirectNowhere
			}
		case equalFold(args[0], "PREFIX") && more:
			args = args[1:]
			t.Prefixes = append(t.Prefixes, string(args[0]))
		case equalFold(args[0], "BCAST"):
			t.Broadcast = true
		case equalFold(args[0], "OPTIN"):
			t.OptIn = true
		case equalFold(args[0], "OPTOUT"):
			t.OptOut = true
		case equalFold(args[0], "NOLOOP"):
			t.NoLoop = true
		default:
			return t, ErrSyntax
		}
	}
	return t, nil
}

// startTracking begins to track, unless the options do not go together or with those before.
func (c *Ctx) startTracking(t Tracking) error {
	old, on := c.Client.Tracking()
	switch {
	case len(t.Prefixes) > 0 && !t.Broadcast:
		return ErrPrefixBroadcast
	case on && old.Broadcast != t.Broadcast:
		return ErrTrackingMode
	case t.Broadcast && (t.OptIn || t.OptOut):
		return ErrBroadcastOpt
	case t.OptIn && t.OptOut:
		return ErrOptInOut
	case t.OptIn && old.OptOut || t.OptOut && old.OptIn:
		return ErrTrackingOpt
	}
	for i, prefix := range t.Prefixes {
		if other, overlaps := overlapping(old.Prefixes, prefix); overlaps {
			return prefixOverlaps(prefix, "an existing", other)
		}
		if other, overlaps := overlapping(t.Prefixes[i+1:], prefix); overlaps {
			return prefixOverlaps(prefix, "another provided", other)
		}
	}
	if t.Broadcast && len(t.Prefixes) == 0 {
		t.Prefixes = []string{""} // all keys
	}
	return c.Client.SetTracking(t)
}

// overlapping finds the first of some prefixes that begins with another one, or the other way round.
func overlapping(prefixes []string, prefix string) (with string, overlaps bool) {
	for _, p := range prefixes {
		if strings.HasPrefix(p, prefix) || strings.HasPrefix(prefix, p) {
			return p, true
		}
	}
	return "", false
}

func clientTrackingInfo(c *Ctx) error {
	t, on := c.Client.Tracking()
	if !on {
		t = Tracking{Redirect: -1}
	}
	flags := []string{map[bool]string{true: "on", false: "off"}[on]}
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"bcast", t.Broadcast}, {"optin", t.OptIn}, {"caching-yes", t.OptIn && t.Caching}, {"optout", t.OptOut}, {"caching-no", t.OptOut && t.Caching},
		{"noloop", t.NoLoop}, {"broken_redirect", t.Broken},
	} {
		if f.set {
			flags = append(flags, f.name)
		}
	}
	c.Map(3)
	c.Text("flags")
	c.Set(len(flags))
	for _, f := range flags {
		c.Text(f)
	}
	c.Text("redirect")
	c.Int(t.Redirect)
	c.Text("prefixes")
	c.Texts(t.Prefixes)
	return nil
}

func clientCaching(c *Ctx) error {
	t, on := c.Client.Tracking()
	yes := equalFold(c.Args[2], "YES")
	switch {
	case !on:
		return ErrCachingOff
	case !yes && !equalFold(c.Args[2], "NO"):
		return ErrSyntax
	case yes && !t.OptIn:
		return ErrCachingYes
	case !yes && !t.OptOut:
		return ErrCachingNo
	}
	c.Client.SetCaching()
	c.OK()
	return nil
}

func clientGetRedir(c *Ctx) error {
	c.Int(c.Client.Info().Redirect)
	return nil
}
