// Package sandbox runs picture decoders that are compiled to WebAssembly: whatever a
// file makes such a decoder do, it reaches nothing but the memory that it was given,
// which is limited, and it ends with its context.
package sandbox

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// ErrStart is given when a decoder cannot even be started: that is not the file's fault.
var ErrStart = errors.New("the decoder cannot be started")

// Program is a decoder that can be started many times, also at the same time.
type Program struct {
	compiled func() (wazero.Runtime, wazero.CompiledModule, error)
}

// New makes a Program of a gzipped WebAssembly reactor that has memory and exports malloc.
// It is compiled when it is first started: who never needs it pays nothing.
func New(packed []byte) *Program {
	var (
		once    sync.Once
		runtime wazero.Runtime
		module  wazero.CompiledModule
		err     error
	)
	return &Program{func() (wazero.Runtime, wazero.CompiledModule, error) {
		once.Do(func() { runtime, module, err = compile(packed) })
		return runtime, module, err
	}}
}

func compile(packed []byte) (wazero.Runtime, wazero.CompiledModule, error) {
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, nil, fmt.Errorf("unpack it: %w", err)
	}
	module, err := io.ReadAll(unpacked)
	if err != nil {
		return nil, nil, fmt.Errorf("unpack it: %w", err)
	}
	if module, err = interruptible(module); err != nil {
		return nil, nil, fmt.Errorf("prepare it: %w", err)
	}
	// The context of what is compiled is the program's, not that of the first picture.
	ctx := context.Background()
	runtime := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithDebugInfoEnabled(false))
	// Without a file system, arguments, a clock or anywhere to print: wazero's default.
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, runtime); err != nil {
		return nil, nil, fmt.Errorf("prepare it: %w", err)
	}
	compiled, err := runtime.CompileModule(ctx, module)
	if err != nil {
		return nil, nil, fmt.Errorf("compile it: %w", err)
	}
	return runtime, compiled, nil
}

// Instance is a started Program, for one file and one goroutine. After an error of any
// method nothing but Close makes sense.
type Instance struct {
	ctx    context.Context
	module api.Module
	memory *memory
	ended  func() bool // no longer waits for the context's end
}

// Compile makes the program ready to start, if it is not yet. It takes about a second.
func (p *Program) Compile() error {
	if _, _, err := p.compiled(); err != nil {
		return fmt.Errorf("%w: %w", ErrStart, err)
	}
	return nil
}

// Start gives an instance that may take as many bytes of memory, and ends when ctx does.
// Close it.
func (p *Program) Start(ctx context.Context, most int64) (*Instance, error) {
	runtime, compiled, err := p.compiled()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	memory, err := newMemory(most)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	// Calls are given a context that does not end: a global ends them, see interruptible.
	calls := context.WithoutCancel(ctx)
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize")
	module, err := runtime.InstantiateModule(experimental.WithMemoryAllocator(calls, memory), compiled, config)
	if err != nil {
		memory.Free()
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	stop, ok := module.ExportedGlobal(stopGlobal).(api.MutableGlobal)
	if !ok {
		panic("no global to stop the program by: a mistake in interruptible")
	}
	return &Instance{calls, module, memory, context.AfterFunc(ctx, func() { stop.Set(1) })}, nil
}

// Close gives all memory back.
func (i *Instance) Close() {
	i.ended()
	_ = i.module.Close(i.ctx) // nothing of it is needed any more
	i.memory.Free()
}

// WantedMore tells whether the program wanted more memory than it may have, which is then
// what any error of it comes from.
func (i *Instance) WantedMore() bool { return i.memory.wantedMore() }

// Call calls an exported function that gives a number.
func (i *Instance) Call(name string, args ...uint64) (uint64, error) {
	exported := i.module.ExportedFunction(name)
	if exported == nil {
		return 0, fmt.Errorf("the decoder has no %s", name)
	}
	results, err := exported.Call(i.ctx, args...)
	if err != nil {
		what, _, _ := strings.Cut(err.Error(), "\n") // without the stack, which means nothing to a user
		return 0, fmt.Errorf("the decoder broke off: %s", what)
	}
	if len(results) == 0 {
		return 0, nil
	}
	return results[0], nil
}

// Alloc gives the address of so many bytes.
func (i *Instance) Alloc(size int) (uint64, error) {
	address, err := i.Call("malloc", uint64(size)) //nolint:gosec // not negative
	if err != nil {
		return 0, err
	}
	if address == 0 {
		return 0, errors.New("the decoder has no memory left")
	}
	return address, nil
}

// Put gives the address of a copy of the bytes.
func (i *Instance) Put(body []byte) (uint64, error) {
	address, err := i.Alloc(len(body))
	if err != nil {
		return 0, err
	}
	copied, err := i.Bytes(address, len(body))
	copy(copied, body)
	return address, err
}

// Bytes are those at an address, until the next call.
func (i *Instance) Bytes(address uint64, size int) ([]byte, error) {
	all := i.memory.Reallocate(uint64(i.module.Memory().Size()))
	if address > uint64(len(all)) || size < 0 || uint64(size) > uint64(len(all))-address {
		return nil, fmt.Errorf("the decoder's address %d is outside of its memory", address)
	}
	return all[address:][:size:size], nil
}

// Numbers are count integers of 32 bits at an address.
func (i *Instance) Numbers(address uint64, count int) ([]uint32, error) {
	stored, err := i.Bytes(address, 4*count)
	if err != nil {
		return nil, err
	}
	numbers := make([]uint32, count)
	for at := range numbers {
		numbers[at] = binary.LittleEndian.Uint32(stored[4*at:])
	}
	return numbers, nil
}
