package proxy

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestPatienceEndsNeitherTooEarlyNorMuchLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 8 * time.Second
		p := patience{parent: t.Context()}
		shared := map[context.Context]bool{}
		for range 40 {
			ctx := p.of(most)
			shared[ctx] = true
			if end, ok := ctx.Deadline(); !ok || time.Until(end) < most || time.Until(end) > most+most/8 {
				t.Errorf("it ends in %v", time.Until(end))
			}
			time.Sleep(most / 32)
		}
		if len(shared) > 11 {
			t.Errorf("%d contexts for 40 commands in ten seconds", len(shared))
		}
	})
}

func TestPatienceEndsWithTheServer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := patience{parent: ctx}
	waiting := p.of(time.Hour)
	cancel()
	<-waiting.Done()
}
