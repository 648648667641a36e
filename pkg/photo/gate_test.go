package photo

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// However many roots hang, one that does not is read as fast as if there were no others.
func TestAnyNumberOfHangingRootsHoldUpNoOther(t *testing.T) {
	const (
		period = time.Minute
		held   = 100 * time.Millisecond // by whoever looks at a picture
	)
	// seen is how many pictures of the sound root are seen in the period, by as many as
	// the gate has places for.
	seen := func(t *testing.T, places, hanging int) (pictures int) {
		synctest.Test(t, func(t *testing.T) {
			disks := []*disk{{dir: "/sound"}}
			for i := range hanging {
				disks = append(disks, &disk{dir: fmt.Sprint("/hanging", i)})
			}
			disks = append(disks, &disk{dir: "/idle"}) // a gate for several roots also without one that hangs
			r := rootsOf(disks...)
			gate := r.Gate(places)
			var ends []func()
			for _, d := range disks[1 : 1+hanging] {
				ends = append(ends, d.hang())
			}
			look := func(path string) error {
				ctx, leave, err := gate.Enter(t.Context(), path)
				if err != nil {
					return err
				}
				defer leave()
				if _, _, err := r.Read(ctx, path, 100); err != nil {
					return err
				}
				time.Sleep(held)
				return nil
			}
			over := time.Now().Add(period)
			var mu sync.Mutex
			var all sync.WaitGroup
			most := 0
			for i := range hanging {
				for range 20 {
					all.Go(func() {
						for time.Now().Before(over) {
							if err := look(fmt.Sprintf("/hanging%d/1.jpg", i)); !errors.Is(err, ErrUnreachable) {
								t.Errorf("of a root that hangs: %v", err)
							}
							time.Sleep(held)
						}
					})
				}
			}
			synctest.Wait() // they have the places first
			for range places {
				all.Go(func() {
					for time.Now().Before(over) {
						if err := look("/sound/1.jpg"); err != nil {
							t.Errorf("of the sound root: %v", err)
						}
						mu.Lock()
						pictures++
						most = max(most, gate.Taken())
						mu.Unlock()
					}
				})
			}
			all.Wait()
			if limit := places * (1 + hanging); most > limit {
				t.Errorf("%d pictures were in memory, want %d at most", most, limit)
			}
			for _, end := range ends {
				end()
			}
			synctest.Wait()
		})
		return pictures
	}
	for _, places := range []int{2, 8} {
		for _, hanging := range []int{1, 2, 5} {
			t.Run(fmt.Sprintf("%d places and %d that hang", places, hanging), func(t *testing.T) {
				usual, got := seen(t, places, 0), seen(t, places, hanging)
				// Until it is seen that they hang, once.
				if once := places * int(silence/held); got < usual-once {
					t.Errorf("%d pictures of the sound root were seen, usually it is %d", got, usual)
				}
			})
		}
	}
}
