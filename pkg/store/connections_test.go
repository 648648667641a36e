package store

import (
	"net/netip"
	"testing"
	"time"
)

func TestANameMovesOrRotates(t *testing.T) {
	t.Parallel()
	for title, c := range map[string]struct {
		gave  []string        // an address each time
		pause []time.Duration // before it
		moved bool            // at last
	}{
		"stays":                  {[]string{"10.0.0.1", "10.0.0.1"}, []time.Duration{0, time.Second}, true},
		"moves":                  {[]string{"10.0.0.1", "10.0.0.2"}, []time.Duration{0, time.Second}, true},
		"moves back much later":  {[]string{"10.0.0.1", "10.0.0.2", "10.0.0.1"}, []time.Duration{0, time.Second, time.Hour}, true},
		"one of two in turn":     {[]string{"10.0.0.1", "10.0.0.2", "10.0.0.1"}, []time.Duration{0, time.Second, time.Second}, false},
		"still, when it rotated": {[]string{"10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.2"}, []time.Duration{0, time.Second, time.Second, 30 * time.Second}, false},
		"one spelling":           {[]string{"10.0.0.1", "::ffff:10.0.0.1"}, []time.Duration{0, time.Second}, true},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			var n name
			now := time.Unix(0, 0)
			var moved bool
			for i, address := range c.gave {
				now = now.Add(c.pause[i])
				moved = n.gave([]netip.Addr{netip.MustParseAddr(address)}, now)
			}
			last := plain(netip.MustParseAddr(c.gave[len(c.gave)-1]))
			if moved != c.moved || n.left(last) || !n.left(netip.MustParseAddr("10.9.9.9")) {
				t.Errorf("it may be followed: %t, want %t; it left its own address: %t", moved, c.moved, n.left(last))
			}
		})
	}
}
