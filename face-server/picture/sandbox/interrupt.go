package sandbox

import (
	"errors"
	"fmt"
	"slices"
)

// wazero runs compiled code on a stack of its own, where Go's scheduler cannot interrupt
// it: a program in a loop would hold up the garbage collector, which holds up every other
// goroutine, also the one that is to end the program. wazero can see to that itself
// (WithCloseOnContextDone), but leaves the compiled code in every loop, so that decoding
// takes several times as long. So every loop gets a countdown, and at its end a call of a
// function that goes through Go, and traps if the program is to end. Both numbers are
// globals, which nothing that the program writes to its memory can reach. Recursion
// without a loop needs none of it: the stack is limited.

// pauseAfter is how many turns of loops lie between two pauses: about a millisecond.
const pauseAfter = 1 << 16

// stopGlobal is the name of the exported global that ends the program when it is not 0.
const stopGlobal = "sandbox.stop"

var errModule = errors.New("a WebAssembly module that is not understood")

// The sections of a module that are looked at (WebAssembly Core Specification 2.0,
// section 5.5).
const (
	custom, types, imports, functions, globals, exports, dataCount, code, data = 0, 1, 2, 3, 6, 7, 12, 10, 11
)

// order is that of sections in a module.
var order = []byte{types, imports, functions, 4, 5, globals, exports, 8, 9, dataCount, code, data}

// interruptible gives the module with the countdown in every loop, and without its custom
// sections. What is new comes last of its kind, so that no number changes.
func interruptible(module []byte) ([]byte, error) {
	sections, err := sectionsOf(module)
	if err != nil {
		return nil, err
	}
	imported, err := importsOf(sections[imports])
	if err != nil {
		return nil, err
	}
	count := func(section byte) int { return (&cursor{body: sections[section]}).number() }
	c := countdown{
		pause: imported.functions + count(functions),
		left:  imported.globals + count(globals), stop: imported.globals + count(globals) + 1,
	}
	noParameters := count(types)
	if sections[code], err = c.codeSection(sections[code]); err != nil {
		return nil, err
	}
	for section, items := range map[byte][][]byte{
		types:     {{0x60, 0, 0}}, // a function of nothing that gives nothing
		functions: {appendNumber(nil, noParameters)},
		globals:   {{i32, 1, i32Const, 0, end}, {i32, 1, i32Const, 0, end}},
		exports:   {appendNumber(append([]byte{byte(len(stopGlobal))}, stopGlobal+"\x03"...), c.stop)},
		code:      {c.pauseFunction()},
	} {
		if sections[section], err = withItems(sections[section], items...); err != nil {
			return nil, err
		}
	}
	result := append(make([]byte, 0, 2*len(module)), module[:headerSize]...)
	for _, id := range order {
		if content, ok := sections[id]; ok {
			result = append(appendNumber(append(result, id), len(content)), content...)
		}
	}
	return result, nil
}

const headerSize = 8 // bytes: the magic number and the version

// sectionsOf are the contents of a module's sections but custom ones, by number.
func sectionsOf(module []byte) (map[byte][]byte, error) {
	if len(module) < headerSize || string(module[:4]) != "\x00asm" {
		return nil, errModule
	}
	sections := make(map[byte][]byte)
	for c := (cursor{body: module, at: headerSize}); c.at < len(module); {
		id := c.byte()
		content := c.take(c.number())
		switch _, twice := sections[id]; {
		case c.err != nil:
			return nil, c.err
		case id == custom:
		case twice || !slices.Contains(order, id):
			return nil, fmt.Errorf("%w: section %d", errModule, id)
		default:
			sections[id] = content
		}
	}
	return sections, nil
}

// imported is how many of the functions and globals are others' own, which are counted first.
type imported struct{ functions, globals int }

func importsOf(section []byte) (result imported, err error) {
	const function, table, memory, global = 0, 1, 2, 3
	c := cursor{body: section}
	if len(section) == 0 {
		return result, nil
	}
	for range c.number() {
		c.take(c.number()) // the other module's name, and that of what is imported
		c.take(c.number())
		switch kind := c.byte(); kind {
		case function:
			result.functions++
			c.number()
		case table, memory:
			if kind == table {
				c.byte()
			}
			if limits := 1 + int(c.byte()&1); c.err == nil {
				c.numbers(limits)
			}
		case global:
			result.globals++
			c.take(2)
		default:
			c.take(-1)
		}
		if c.err != nil {
			return result, c.err
		}
	}
	return result, nil
}

// withItems is a section, a vector, with some items more. A section that was not there
// has these alone.
func withItems(section []byte, items ...[]byte) ([]byte, error) {
	c := cursor{body: section}
	var count int
	if len(section) > 0 {
		count = c.number()
	}
	result := append(appendNumber(make([]byte, 0, len(section)+64), count+len(items)), section[c.at:]...)
	for _, item := range items {
		result = append(result, item...)
	}
	return result, c.err
}

// countdown has the numbers of what is new in a module: the function that pauses, and the
// globals that tell how many loops are left and whether to end.
type countdown struct{ pause, left, stop int }

// codeSection is a vector of functions, each after its size.
func (d countdown) codeSection(section []byte) ([]byte, error) {
	c := cursor{body: section}
	if len(section) == 0 {
		return nil, nil
	}
	count := c.number()
	result := appendNumber(make([]byte, 0, 2*len(section)), count)
	for range count {
		changed, err := d.function(c.take(c.number()))
		if err = errors.Join(c.err, err); err != nil {
			return nil, err
		}
		result = append(appendNumber(result, len(changed)), changed...)
	}
	return result, nil
}

// function is its local variables and its instructions.
func (d countdown) function(body []byte) ([]byte, error) {
	c := cursor{body: body}
	for range min(c.number(), len(body)) {
		c.number()
		c.byte()
	}
	check := d.check()
	result := append(make([]byte, 0, 2*len(body)), body[:min(c.at, len(body))]...)
	for c.at < len(body) && c.err == nil {
		start := c.at
		opcode := c.byte()
		c.immediates(opcode)
		result = append(result, body[start:min(c.at, len(body))]...)
		if opcode == loop {
			result = append(result, check...)
		}
	}
	return result, c.err
}

// check counts down, and pauses at the end.
func (d countdown) check() []byte {
	b := appendNumber([]byte{globalGet}, d.left)
	b = appendNumber(append(b, i32Const, 1, i32Sub, globalSet), d.left)
	b = appendNumber(append(b, globalGet), d.left)
	b = appendNumber(append(b, i32Const, 0, i32LessSigned, ifThen, nothing, call), d.pause)
	return append(b, end)
}

// pauseFunction, after its size, starts the countdown again, goes through Go by growing
// the memory by nothing, and traps if the program is to end.
func (d countdown) pauseFunction() []byte {
	b := appendNumber([]byte{0, i32Const}, pauseAfter)
	b = appendNumber(append(b, globalSet), d.left)
	b = appendNumber(append(b, i32Const, 0, memoryGrow, 0, drop, globalGet), d.stop)
	b = append(b, ifThen, nothing, unreachable, end, end)
	return append(appendNumber(nil, len(b)), b...)
}
