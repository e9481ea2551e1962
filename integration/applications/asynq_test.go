package applications

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"
)

// ledger counts what handlers have seen.
type ledger struct {
	mu   sync.Mutex
	seen map[string]int // by payload
}

func (l *ledger) add(payload string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[string]int{}
	}
	l.seen[payload]++
	return l.seen[payload]
}

func (l *ledger) count(payload string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[payload]
}

func (l *ledger) total() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, times := range l.seen {
		n += times
	}
	return n
}

// quiet is a logger that says nothing.
type quiet struct{}

func (quiet) Debug(...any) {}
func (quiet) Info(...any)  {}
func (quiet) Warn(...any)  {}
func (quiet) Error(...any) {}
func (quiet) Fatal(...any) {}

// queue is a server of asynq's with a client and an inspector.
type queue struct {
	t         *testing.T
	client    *asynq.Client
	inspector *asynq.Inspector
	done      ledger
}

func openQueue(t *testing.T, addr string, change func(*asynq.Config), handle func(q *queue, task *asynq.Task) error) *queue {
	t.Helper()
	opt := asynq.RedisClientOpt{Addr: addr}
	q := &queue{t: t, client: asynq.NewClient(opt), inspector: asynq.NewInspector(opt)}
	config := asynq.Config{
		Concurrency: 8, Logger: quiet{}, TaskCheckInterval: 20 * time.Millisecond, DelayedTaskCheckInterval: 50 * time.Millisecond,
		RetryDelayFunc: func(int, error, *asynq.Task) time.Duration { return 20 * time.Millisecond },
		Queues:         map[string]int{"critical": 6, "default": 3},
	}
	if change != nil {
		change(&config)
	}
	server := asynq.NewServer(opt, config)
	err := server.Start(asynq.HandlerFunc(func(_ context.Context, task *asynq.Task) error { return handle(q, task) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Shutdown()
		if err := errors.Join(q.client.Close(), q.inspector.Close()); err != nil {
			t.Error(err)
		}
	})
	return q
}

func record(q *queue, task *asynq.Task) error {
	q.done.add(string(task.Payload()))
	return nil
}

func (q *queue) enqueue(payload string, options ...asynq.Option) *asynq.TaskInfo {
	q.t.Helper()
	info, err := q.client.Enqueue(asynq.NewTask("work", []byte(payload)), options...)
	if err != nil {
		q.t.Fatalf("%s: %v", payload, err)
	}
	return info
}

func (q *queue) info(name string) *asynq.QueueInfo {
	q.t.Helper()
	info, err := q.inspector.GetQueueInfo(name)
	if err != nil {
		q.t.Fatal(err)
	}
	return info
}

func TestAsynqProcessesEachTaskOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, addr string) {
		q, other := openQueue(t, addr, nil, record), openQueue(t, addr, nil, record)
		eventually(t, "both servers show", func() bool {
			servers, err := q.inspector.Servers()
			return err == nil && len(servers) == 2
		})
		const tasks = 200
		for i := range tasks {
			q.enqueue(fmt.Sprint(i), asynq.Queue([]string{"default", "critical"}[i%2]), asynq.Retention(time.Minute))
		}
		q.enqueue("later", asynq.ProcessIn(300*time.Millisecond))
		eventually(t, "all are done", func() bool { return q.done.total()+other.done.total() >= tasks+1 })
		eventually(t, "all are counted", func() bool { return q.info("default").Processed+q.info("critical").Processed == tasks+1 })
		for i := range tasks {
			if n := q.done.count(fmt.Sprint(i)) + other.done.count(fmt.Sprint(i)); n != 1 {
				t.Errorf("task %d was done %d times", i, n)
			}
		}
		if d, c := q.info("default"), q.info("critical"); d.Completed != tasks/2 || c.Completed != tasks/2 || d.Failed+c.Failed != 0 {
			t.Errorf("default %+v, critical %+v", d, c)
		}
		days, err := q.inspector.History("critical", 2) // it may be midnight
		if err != nil || len(days) != 2 || days[0].Processed+days[1].Processed != tasks/2 || days[0].Failed+days[1].Failed != 0 {
			t.Errorf("history: %+v, %v", days, err)
		}
	})
}

func TestAsynqRetriesAndArchives(t *testing.T) {
	everywhere(t, func(t *testing.T, addr string) {
		var mended sync.Map
		q := openQueue(t, addr, nil, func(q *queue, task *asynq.Task) error {
			payload := string(task.Payload())
			n := q.done.add(payload)
			if _, ok := mended.Load(payload); ok || payload == "third time" && n == 3 {
				return nil
			}
			return errors.New("it does not work")
		})
		q.enqueue("third time", asynq.MaxRetry(5))
		failing := q.enqueue("never", asynq.MaxRetry(2))
		eventually(t, "one is archived", func() bool { return q.info("default").Archived == 1 })
		eventually(t, "the other is done", func() bool { return q.done.count("third time") == 3 })
		if n := q.done.count("never"); n != 3 {
			t.Errorf("it was tried %d times", n)
		}
		archived, err := q.inspector.ListArchivedTasks("default")
		if err != nil || len(archived) != 1 || archived[0].ID != failing.ID || archived[0].LastErr != "it does not work" {
			t.Fatalf("%+v, %v", archived, err)
		}
		mended.Store("never", true)
		if err := q.inspector.RunTask("default", failing.ID); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is done after all", func() bool { return q.done.count("never") == 4 && q.info("default").Archived == 0 })
	})
}

func TestAsynqTasksAreUnique(t *testing.T) {
	everywhere(t, func(t *testing.T, addr string) {
		hold := make(chan struct{})
		q := openQueue(t, addr, nil, func(q *queue, task *asynq.Task) error {
			<-hold
			return record(q, task)
		})
		q.enqueue("once", asynq.Unique(time.Hour))
		if _, err := q.client.Enqueue(asynq.NewTask("work", []byte("once")), asynq.Unique(time.Hour)); !errors.Is(err, asynq.ErrDuplicateTask) {
			t.Errorf("the same task again: %v", err)
		}
		q.enqueue("named", asynq.TaskID("id"))
		if _, err := q.client.Enqueue(asynq.NewTask("work", []byte("other")), asynq.TaskID("id")); !errors.Is(err, asynq.ErrTaskIDConflict) {
			t.Errorf("the same ID again: %v", err)
		}
		close(hold)
		eventually(t, "both are done", func() bool { return q.done.count("once") == 1 && q.done.count("named") == 1 })
		eventually(t, "the lock is gone", func() bool {
			_, err := q.client.Enqueue(asynq.NewTask("work", []byte("once")), asynq.Unique(time.Hour))
			return err == nil
		})
	})
}

func TestAsynqQueuesArePausedAndDeleted(t *testing.T) {
	everywhere(t, func(t *testing.T, addr string) {
		q := openQueue(t, addr, nil, record)
		q.enqueue("first", asynq.Queue("critical"))
		eventually(t, "the queue works", func() bool { return q.done.count("first") == 1 })
		if err := q.inspector.PauseQueue("critical"); err != nil {
			t.Fatal(err)
		}
		q.enqueue("waits", asynq.Queue("critical"))
		scheduled := q.enqueue("scheduled", asynq.Queue("critical"), asynq.ProcessIn(time.Hour))
		q.enqueue("elsewhere")
		eventually(t, "others go on", func() bool { return q.done.count("elsewhere") == 1 })
		if i := q.info("critical"); !i.Paused || i.Pending != 1 || i.Scheduled != 1 || q.done.count("waits") != 0 {
			t.Errorf("%+v", i)
		}
		if i := q.info("critical"); i.MemoryUsage <= 0 {
			t.Errorf("the queue takes %d bytes", i.MemoryUsage)
		}
		if err := q.inspector.DeleteTask("critical", scheduled.ID); err != nil {
			t.Error(err)
		}
		if err := q.inspector.UnpauseQueue("critical"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it goes on", func() bool { return q.done.count("waits") == 1 })
		if err := q.inspector.DeleteQueue("critical", true); err != nil {
			t.Error(err)
		}
		if names, err := q.inspector.Queues(); err != nil || slices.Contains(names, "critical") {
			t.Errorf("%q, %v", names, err)
		}
	})
}

func TestAsynqAggregatesAndSchedules(t *testing.T) {
	everywhere(t, func(t *testing.T, addr string) {
		q := openQueue(t, addr, func(c *asynq.Config) {
			c.GroupGracePeriod, c.GroupMaxSize = time.Second, 10
			c.GroupAggregator = asynq.GroupAggregatorFunc(func(group string, tasks []*asynq.Task) *asynq.Task {
				var parts []string
				for _, task := range tasks {
					parts = append(parts, string(task.Payload()))
				}
				slices.Sort(parts)
				return asynq.NewTask("group", []byte(group+": "+strings.Join(parts, " ")))
			})
		}, record)
		for i := range 10 {
			q.enqueue(fmt.Sprint(i), asynq.Group("digits"))
		}
		scheduler := asynq.NewScheduler(asynq.RedisClientOpt{Addr: addr}, &asynq.SchedulerOpts{Logger: quiet{}})
		if _, err := scheduler.Register("@every 1s", asynq.NewTask("work", []byte("tick"))); err != nil {
			t.Fatal(err)
		}
		if err := scheduler.Start(); err != nil {
			t.Fatal(err)
		}
		defer scheduler.Shutdown()
		eventually(t, "the group is done as one", func() bool { return q.done.count("digits: 0 1 2 3 4 5 6 7 8 9") == 1 })
		eventually(t, "the clock ticks", func() bool { return q.done.count("tick") >= 2 })
		eventually(t, "the scheduler shows", func() bool { // it says so every five seconds
			entries, err := q.inspector.SchedulerEntries()
			return err == nil && len(entries) == 1 && entries[0].Spec == "@every 1s"
		})
	})
}
