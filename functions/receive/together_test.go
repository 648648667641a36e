package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

// hold keeps every statement on the pictures' table waiting until release is called.
func (s *system) hold(t *testing.T) (release func()) {
	t.Helper()
	conn := testkit.Must(deptest.SQL(t, s.dsn).Conn(t.Context()))(t)
	_, err := conn.ExecContext(t.Context(), "LOCK TABLES images WRITE")
	testkit.Succeed(t, err)
	return func() {
		_, err := conn.ExecContext(t.Context(), "UNLOCK TABLES")
		testkit.Succeed(t, err)
	}
}

// waitFor waits until so many requests wait for the group that is under way.
func (g *together) waitFor(t *testing.T, requests int) {
	t.Helper()
	testkit.Eventually(t, 20*time.Second, fmt.Sprintf("%d requests wait", requests), func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.running && len(g.waiting) == requests
	})
}

// groups are how many rows each INSERT wrote: they have its time.
func (s *system) groups(t *testing.T) (sizes []int) {
	t.Helper()
	rows := testkit.Must(deptest.SQL(t, s.dsn).QueryContext(t.Context(), "SELECT COUNT(*) FROM images GROUP BY created_at ORDER BY created_at"))(t)
	defer rows.Close()
	for rows.Next() {
		var size int
		testkit.Succeed(t, rows.Scan(&size))
		sizes = append(sizes, size)
	}
	testkit.Succeed(t, rows.Err())
	return sizes
}

func TestRequestsThatComeAtOnceShareATransaction(t *testing.T) {
	t.Parallel()
	for most, want := range map[int]string{250: "[1 9]", 4: "[1 4 4 1]"} {
		t.Run(fmt.Sprintf("GROUP_MAX=%d", most), func(t *testing.T) {
			t.Parallel()
			s := newSystem(t)
			s.together.settings = GroupSettings{Most: most}
			release := s.hold(t)
			var posts sync.WaitGroup
			for i := range 10 {
				posts.Go(func() {
					if got := s.do(t, "/image/post", fmt.Sprintf(`{"path":"%d.jpg"}`, i)); got.status != http.StatusAccepted {
						t.Errorf("%d %s", got.status, got.body)
					}
				})
				s.together.waitFor(t, i)
			}
			release()
			posts.Wait()
			if got := fmt.Sprint(s.groups(t)); got != want {
				t.Errorf("rows were written in groups of %s, want %s", got, want)
			}
			if due := testkit.Must(s.store.Due(t.Context(), time.Hour, 100))(t); len(due) != 0 {
				t.Errorf("after their hints were published %v are due", due)
			}
			if waiting := testkit.Must(s.publisher.queue.Backlog(t.Context(), "images", "process"))(t); waiting != 10 {
				t.Errorf("%d hints for 10 pictures", waiting)
			}
		})
	}
}

func TestWithAGroupOfOneNothingIsShared(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.together.settings = GroupSettings{Most: 1}
	if got := s.do(t, "/image/post", `{"path":"a.jpg"}`); got.status != http.StatusAccepted || s.together.running {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// Half of the requests that are under way are waited for, as long as the window allows.
func TestAGroupWaitsForHalfOfTheRequests(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		window         time.Duration
		expected, come int
		want           int
	}{
		"all come":                      {time.Hour, 2, 2, 2},
		"one stays away":                {time.Millisecond, 2, 1, 1},
		"no window":                     {0, 2, 1, 1},
		"who is alone waits for nobody": {time.Hour, 0, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newTogether(GroupSettings{Most: 250, Window: c.window}, time.Minute, time.Second, nil, publisher{}, nil)
			g.running, g.expected = true, c.expected
			g.join(&joint{Call: &store.Call{Pictures: store.Paths("0.jpg")}})
			group := make(chan []*joint)
			go func() { group <- g.next() }()
			for i := 1; i < c.come; i++ {
				g.join(&joint{Call: &store.Call{Pictures: store.Paths(fmt.Sprint(i, ".jpg"))}})
			}
			if got := <-group; len(got) != c.want || g.expected != (c.want+1)/2 {
				t.Errorf("a group of %d, and %d are expected next, want %d, and half of it", len(got), g.expected, c.want)
			}
		})
	}
}

// Whose rows are being written hears what became of them, whenever its own time ends; whose
// are not yet, has none.
func TestAClientThatWentAwaySpoilsNothing(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.together.settings.Window = 0
	release := s.hold(t)
	submit := func(ctx context.Context, path string) <-chan error {
		done := make(chan error, 1)
		go func() {
			_, _, err := s.together.submit(ctx, store.Paths(path), tracesOf([]*picture{{}}), true)
			done <- err
		}()
		return done
	}
	late, end := context.WithCancel(t.Context())
	first := submit(late, "first.jpg")
	s.together.waitFor(t, 0)
	end()
	ctx, leave := context.WithCancel(t.Context())
	gone := submit(ctx, "gone.jpg")
	s.together.waitFor(t, 1)
	stays := submit(t.Context(), "stays.jpg")
	s.together.waitFor(t, 2)
	leave()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("who went away got %v", err)
	}
	release()
	testkit.Succeed(t, <-first)
	testkit.Succeed(t, <-stays)
	s.together.wait()
	var rows int
	testkit.Succeed(t, deptest.SQL(t, s.dsn).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM images WHERE path IN ('first.jpg', 'stays.jpg')").Scan(&rows))
	if all := countImages(t, s.store); rows != 2 || all != 2 {
		t.Errorf("%d of the two have a row, %d rows in all", rows, all)
	}
}
