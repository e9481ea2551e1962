package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"switchyard/backends"
)

// upstream is where the server is and how to talk to it.
type upstream struct {
	network, addr      string
	username, password string
	dialTimeout        time.Duration
	timeout            time.Duration
	tls                *tls.Config // nil: plain
}

// wrap names the server in an error of it; nil stays nil.
func (u *upstream) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("redis at %s: %w", u.addr, err)
}

// unavailable is the error of a command that certainly was not sent.
func (u *upstream) unavailable(cause error) error {
	return fmt.Errorf("redis at %s: %w: %w", u.addr, backends.ErrUnavailable, cause)
}

// lost is the error of a command that may have been executed.
func (u *upstream) lost(cause error) error {
	return fmt.Errorf("redis at %s: no reply, the command may have been executed: %w", u.addr, cause)
}

// dial connects, without a word of Redis's protocol.
func (u *upstream) dial(ctx context.Context) (net.Conn, error) {
	d := &net.Dialer{Timeout: u.dialTimeout}
	if u.tls == nil {
		return d.DialContext(ctx, u.network, u.addr)
	}
	return (&tls.Dialer{NetDialer: d, Config: u.tls}).DialContext(ctx, u.network, u.addr)
}

// connect returns a connection in a database and a protocol, and the reader of its replies. The
// server has answered when it returns, so that one which accepts and then keeps silent is noticed
// before a command is sent. The password is in none of its errors.
func (u *upstream) connect(ctx context.Context, db, proto int) (net.Conn, *replies, error) {
	ctx, cancel := context.WithTimeout(ctx, u.dialTimeout)
	defer cancel()
	conn, err := u.dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	// Closing the connection is what ends a read when ctx does.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	r := newReplies(conn)
	err = u.greet(conn, r, db, proto)
	if !stop() {
		err = fmt.Errorf("the server does not answer: %w", context.Cause(ctx))
	}
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, r, nil
}

// greet authenticates, and chooses protocol and database, in one round trip.
func (u *upstream) greet(conn net.Conn, r *replies, db, proto int) error {
	var steps [][]string
	switch {
	case proto == 3 && u.password != "":
		user := u.username
		if user == "" {
			user = "default"
		}
		steps = append(steps, []string{"HELLO", "3", "AUTH", user, u.password})
	case proto == 3:
		steps = append(steps, []string{"HELLO", "3"})
	case u.username != "":
		steps = append(steps, []string{"AUTH", u.username, u.password})
	case u.password != "":
		steps = append(steps, []string{"AUTH", u.password})
	}
	steps = append(steps, []string{"SELECT", strconv.Itoa(db)})
	var out []byte
	for _, step := range steps {
		out = appendCommand(out, step)
	}
	if _, err := conn.Write(out); err != nil {
		return err
	}
	for _, step := range steps {
		reply, err := r.next()
		if err != nil {
			return err
		}
		if reply[0] == '-' || reply[0] == '!' {
			return fmt.Errorf("%s: %w", step[0], errors.New(errorText(reply)))
		}
	}
	return nil
}

// options are for the proxy's own commands. Nothing is retried: what failed is reported, and the
// caller knows whether it may be repeated.
func (u *upstream) options(db int) *goredis.Options {
	return &goredis.Options{
		Network: u.network,
		Addr:    u.addr,
		Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return u.dial(ctx)
		},
		// A key that is only copied must not look used. Redis has it since 7.2; an older one says
		// that it does not, and then there is no way.
		OnConnect: func(ctx context.Context, cn *goredis.Conn) error {
			if err := cn.Do(ctx, "CLIENT", "NO-TOUCH", "ON").Err(); err != nil && !isReply(err) {
				return err
			}
			return nil
		},
		Username:              u.username,
		Password:              u.password,
		DB:                    db,
		Protocol:              2,
		DialTimeout:           u.dialTimeout,
		ReadTimeout:           max(u.timeout, patience),
		WriteTimeout:          max(u.timeout, patience),
		ContextTimeoutEnabled: true,
		MaxRetries:            -1,
		DialerRetries:         1,
		PoolSize:              4,
		DisableIdentity:       true,
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled,
		},
	}
}

// isReply says whether err is what the server answered, and not the lack of an answer.
func isReply(err error) bool {
	var reply goredis.Error
	return errors.As(err, &reply)
}
