package sandbox

import (
	"fmt"
	"sync"
	"syscall"

	"github.com/tetratelabs/wazero/experimental"
)

// memory is that of one instance. It is taken from the operating system and not from
// Go's heap, so that it grows in place and all of it goes back when it is freed.
type memory struct {
	mu      sync.Mutex
	pages   []byte // reserved; what was never written takes no memory
	refused bool   // the program wanted more
}

// least is the bytes that any program may have: the smallest of decoders.
const least = 4 << 20

func newMemory(most int64) (*memory, error) {
	const addressable = 1 << 32
	pages, err := syscall.Mmap(-1, 0, int(max(least, min(most, addressable))), syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("reserve memory for a decoder: %w", err)
	}
	return &memory{pages: pages}, nil
}

// Allocate is asked once, when the instance is made.
func (m *memory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate refuses, with nil, more than there may be: the decoder's malloc fails.
func (m *memory) Reallocate(size uint64) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if size > uint64(len(m.pages)) {
		m.refused = true
		return nil
	}
	return m.pages[:size:size]
}

// Free gives the memory back. It may be called twice.
func (m *memory) Free() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pages != nil {
		_ = syscall.Munmap(m.pages)
		m.pages = nil
	}
}

func (m *memory) wantedMore() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.refused
}
