package pubsub

import (
	"fmt"
	"math/rand/v2"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func glob(pattern, name []byte) bool {
	ok, err := path.Match(string(pattern), string(name))
	return ok && err == nil
}

// inbox keeps what it receives.
type inbox struct {
	proto int
	mu    sync.Mutex
	got   []string
}

func (i *inbox) Receive(m *Message) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.got = append(i.got, string(m.In(i.proto)))
}

// take returns the messages so far, in short: their texts without lengths.
func (i *inbox) take() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	var list []string
	for _, m := range i.got {
		words := []string{m[:1]}
		for _, line := range strings.Split(m, "\r\n")[1:] {
			if line != "" && line[0] != '$' {
				words = append(words, line)
			}
		}
		list = append(list, strings.Join(words, " "))
	}
	i.got = nil
	return strings.Join(list, ", ")
}

func TestMessagesGoToAllWhoListen(t *testing.T) {
	r := New(glob)
	a, b := &inbox{proto: 2}, &inbox{proto: 3}
	sa, sb := r.NewSubscriber(a), r.NewSubscriber(b)
	sa.Subscribe(Channel, []byte("news"))
	sa.Subscribe(Channel, []byte("news"))
	sb.Subscribe(Channel, []byte("news"))
	sb.Subscribe(Pattern, []byte("n*"))
	sb.Subscribe(Pattern, []byte("x*"))
	sb.Subscribe(Shard, []byte("news"))
	for _, c := range []struct {
		kind    Kind
		channel string
		n       int
		a, b    string
	}{
		{Channel, "news", 3, "* message news hi", "> message news hi, > pmessage n* news hi"},
		{Channel, "note", 1, "", "> pmessage n* note hi"},
		{Channel, "other", 0, "", ""},
		{Shard, "news", 1, "", "> smessage news hi"},
		{Shard, "note", 0, "", ""},
	} {
		n := r.Publish(c.kind, []byte(c.channel), []byte("hi"))
		if gotA, gotB := a.take(), b.take(); n != c.n || gotA != c.a || gotB != c.b {
			t.Errorf("%v %s: %d\na: %s\nb: %s", c.kind, c.channel, n, gotA, gotB)
		}
	}
	if n := r.Cost(Channel, []byte("news")); n != 4 {
		t.Errorf("a message would cost %d", n)
	}
}

func TestAMessageIsWrittenAsRedisDoes(t *testing.T) {
	for _, c := range []struct {
		kind  Kind
		proto int
		want  string
	}{
		{Channel, 2, "*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$3\r\na\r\n\r\n"},
		{Channel, 3, ">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$3\r\na\r\n\r\n"},
		{Pattern, 2, "*4\r\n$8\r\npmessage\r\n$2\r\nc*\r\n$2\r\nch\r\n$3\r\na\r\n\r\n"},
		{Shard, 3, ">3\r\n$8\r\nsmessage\r\n$2\r\nch\r\n$3\r\na\r\n\r\n"},
	} {
		m := compose(c.kind, "c*", []byte("ch"), []byte("a\r\n"))
		if got := string(m.In(c.proto)); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		m.release()
	}
}

func TestWhoStopsListeningIsForgotten(t *testing.T) {
	r := New(glob)
	a := &inbox{proto: 2}
	var subs []*Subscriber
	for range 3 {
		s := r.NewSubscriber(a)
		for _, name := range []string{"one", "two", "three"} {
			for kind := range kinds {
				s.Subscribe(kind, []byte(name))
			}
		}
		subs = append(subs, s)
	}
	if got := r.Names(Channel, []byte("t*")); !slices.Equal(got, []string{"three", "two"}) {
		t.Errorf("names are %q", got)
	}
	if got := subs[0].Names(Pattern); !slices.Equal(got, []string{"one", "three", "two"}) {
		t.Errorf("its patterns are %q", got)
	}
	subs[0].Close()
	subs[1].Unsubscribe(Channel, []byte("one"))
	subs[1].Unsubscribe(Channel, []byte("one"))
	subs[1].Unsubscribe(Channel, []byte("nosuch"))
	if n, m := r.Subscribers(Channel, []byte("one")), r.Subscribers(Channel, []byte("two")); n != 1 || m != 2 {
		t.Errorf("%d and %d subscribers", n, m)
	}
	if n := r.Publish(Channel, []byte("one"), nil); n != 3 {
		t.Errorf("a message went to %d", n)
	}
	if subs[1].Total() != 8 || subs[1].Count(Channel) != 2 || subs[0].Total() != 0 {
		t.Errorf("they listen to %d and %d", subs[0].Total(), subs[1].Total())
	}
	subs[1].Close()
	subs[2].Close()
	for kind := range kinds {
		if n := r.Count(kind); n != 0 || len(r.Names(kind, nil)) != 0 {
			t.Errorf("of kind %d there are %d left", kind, n)
		}
	}
	if len(r.every) != 0 || r.Cost(Channel, []byte("one")) != 0 {
		t.Errorf("%d patterns are left", len(r.every))
	}
}

// order checks that the messages of each publisher come in its order, and all messages of a topic in one
// order for all.
type order struct {
	t    *testing.T
	mu   sync.Mutex
	last map[string]int
	all  []string
}

func (o *order) Receive(m *Message) {
	fields := strings.Split(string(m.In(2)), "\r\n")
	var publisher, n int
	if _, err := fmt.Sscan(fields[6], &publisher, &n); err != nil {
		o.t.Error(err)
	}
	key := fmt.Sprint(fields[4], publisher)
	o.mu.Lock()
	defer o.mu.Unlock()
	if n <= o.last[key] {
		o.t.Errorf("%q after number %d", fields, o.last[key])
	}
	o.last[key] = n
	o.all = append(o.all, fields[6])
}

func TestAllSubscribersSeeOneOrder(t *testing.T) {
	r := New(glob)
	var subs []*order
	for range 4 {
		o := &order{t: t, last: map[string]int{}}
		r.NewSubscriber(o).Subscribe(Channel, []byte("ch"))
		subs = append(subs, o)
	}
	var all sync.WaitGroup
	const publishers, each = 4, 500
	for p := range publishers {
		all.Go(func() {
			for n := 1; n <= each; n++ {
				r.Publish(Channel, []byte("ch"), fmt.Append(nil, p, " ", n))
			}
		})
	}
	all.Wait()
	for i, o := range subs {
		if len(o.all) != publishers*each || !slices.Equal(o.all, subs[0].all) {
			t.Errorf("subscriber %d saw %d messages, not in the order of the first", i, len(o.all))
		}
	}
}

// gate counts what comes while it is open and while it is closed.
type gate struct {
	open, wrong, right atomic.Int64
}

func (g *gate) Receive(*Message) {
	if g.open.Load() > 0 {
		g.right.Add(1)
	} else {
		g.wrong.Add(1)
	}
}

// TestSubscriptionsComeAndGoWhileMessagesFly has clients subscribe and leave at random under load: nobody
// hears anything outside of a subscription, and in the end nothing is left.
func TestSubscriptionsComeAndGoWhileMessagesFly(t *testing.T) {
	r := New(glob)
	names := []string{"a", "b", "c", "ab"}
	stop := make(chan struct{})
	var publishing, listening sync.WaitGroup
	for p := range 3 {
		publishing.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					r.Publish(Kind(n%2)*Shard, []byte(names[(n+p)%len(names)]), []byte("m"))
					runtime.Gosched()
				}
			}
		})
	}
	var heard atomic.Int64
	for i := range 4 {
		rnd := rand.New(rand.NewPCG(1, uint64(i)))
		listening.Go(func() {
			g := &gate{}
			s := r.NewSubscriber(g)
			for n := range 3000 {
				kind, name := Kind(rnd.IntN(int(kinds))), []byte(names[rnd.IntN(len(names))])
				g.open.Store(1)
				s.Subscribe(kind, name)
				if n%3 == 0 {
					runtime.Gosched()
				}
				if rnd.IntN(4) == 0 {
					s.Close()
				} else {
					s.Unsubscribe(kind, name)
				}
				if s.Total() == 0 {
					g.open.Store(0)
				}
			}
			s.Close()
			g.open.Store(0)
			runtime.Gosched()
			if n := g.wrong.Load(); n > 0 {
				t.Errorf("%d messages came outside of a subscription", n)
			}
			heard.Add(g.right.Load())
		})
	}
	listening.Wait()
	close(stop)
	publishing.Wait()
	if heard.Load() == 0 {
		t.Error("nobody heard anything")
	}
	for kind := range kinds {
		if n := r.Count(kind); n != 0 {
			t.Errorf("of kind %d there are %d left", kind, n)
		}
	}
}

type nobody struct{ bytes int }

func (n *nobody) Receive(m *Message) { n.bytes += len(m.In(3)) }

func TestPublishAllocatesNothingForEachSubscriber(t *testing.T) {
	r := New(glob)
	for range 1000 {
		r.NewSubscriber(&nobody{}).Subscribe(Channel, []byte("ch"))
	}
	channel, payload := []byte("ch"), []byte("payload")
	r.Publish(Channel, channel, payload)
	if n := testing.AllocsPerRun(100, func() { r.Publish(Channel, channel, payload) }); n > 4 {
		t.Errorf("%v allocations for 1000 subscribers", n) // none, unless the pool was emptied
	}
}

// BenchmarkSubscriptions shows what one subscription takes in memory.
func BenchmarkSubscriptions(b *testing.B) {
	const n = 10_000
	for name, shape := range map[string]struct{ clients, channels int }{
		"each client its own channel": {n, n}, "all clients one channel": {n, 1}, "one client all channels": {1, n},
	} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				r := New(glob)
				subs := make([]*Subscriber, shape.clients)
				for i := range n {
					if i < len(subs) {
						subs[i] = r.NewSubscriber(&nobody{})
					}
					subs[i%len(subs)].Subscribe(Channel, fmt.Append(nil, "channel:", i%shape.channels))
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "bytes/subscription")
				runtime.KeepAlive(subs)
				runtime.KeepAlive(r)
			}
		})
	}
}

func BenchmarkPublish(b *testing.B) {
	for _, subscribers := range []int{0, 1, 100} {
		b.Run(fmt.Sprint(subscribers, " subscribers"), func(b *testing.B) {
			r := New(glob)
			for range subscribers {
				r.NewSubscriber(&nobody{}).Subscribe(Channel, []byte("ch"))
			}
			b.ReportAllocs()
			for b.Loop() {
				r.Publish(Channel, []byte("ch"), []byte("payload"))
			}
		})
	}
}
