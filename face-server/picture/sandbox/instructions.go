package sandbox

import (
	"encoding/binary"
	"fmt"
)

// Some of the instructions, and what belongs to them (WebAssembly Core Specification 2.0,
// section 5.4).
const (
	unreachable, loop, ifThen, end, call, drop = 0x00, 0x03, 0x04, 0x0b, 0x10, 0x1a
	globalGet, globalSet, memoryGrow           = 0x23, 0x24, 0x40
	i32Const, i32LessSigned, i32Sub            = 0x41, 0x48, 0x6b
	i32, nothing                               = 0x7f, 0x40 // types
)

// cursor reads a part of a module. After an error it reads zeros.
type cursor struct {
	body []byte
	at   int
	err  error
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.body)-c.at {
		c.err, c.at = errModule, len(c.body)
		return nil
	}
	c.at += n
	return c.body[c.at-n : c.at]
}

func (c *cursor) byte() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

// number reads a LEB128 number. A signed one is passed over as well.
func (c *cursor) number() int {
	const most = 10 // bytes of 64 bits
	n := 0
	for i := range most {
		b := c.byte()
		n |= int(b&0x7f) << (7 * i)
		if b < 0x80 {
			return n
		}
	}
	c.take(-1)
	return 0
}

// numbers passes over so many.
func (c *cursor) numbers(count int) {
	for range min(count, len(c.body)) {
		c.number()
	}
}

// immediates passes over what follows an instruction's first byte.
func (c *cursor) immediates(opcode byte) {
	switch {
	case 0x02 <= opcode && opcode <= 0x04, // block, loop, if
		opcode == 0x0c, opcode == 0x0d, opcode == 0x10, // br, br_if, call
		0x20 <= opcode && opcode <= 0x26, // variables and tables
		0x3f <= opcode && opcode <= 0x42, // memory.size, memory.grow, i32.const, i64.const
		opcode == 0xd0, opcode == 0xd2:   // ref.null, ref.func
		c.number()
	case opcode == 0x0e: // br_table
		c.numbers(c.number() + 1)
	case opcode == 0x11, 0x28 <= opcode && opcode <= 0x3e: // call_indirect, load and store
		c.numbers(2)
	case opcode == 0x1c: // select of a type
		c.take(c.number())
	case opcode == 0x43: // f32.const
		c.take(4)
	case opcode == 0x44: // f64.const
		c.take(8)
	case opcode == 0xfc:
		c.prefixed(c.number())
	case opcode <= 0x01, opcode == 0x05, opcode == 0x0b, opcode == 0x0f, opcode == 0x1a, opcode == 0x1b,
		0x45 <= opcode && opcode <= 0xc4, opcode == 0xd1: // none
	default:
		c.err = fmt.Errorf("%w: instruction %#x", errModule, opcode)
	}
}

// prefixed are saturating conversions, and those of memory and tables at once.
func (c *cursor) prefixed(opcode int) {
	switch {
	case opcode < 8:
	case opcode == 9, opcode == 11, opcode == 13, 15 <= opcode && opcode <= 17:
		c.number()
	case opcode == 8, opcode == 10, opcode == 12, opcode == 14:
		c.numbers(2)
	default:
		c.err = fmt.Errorf("%w: instruction 0xfc %d", errModule, opcode)
	}
}

func appendNumber(b []byte, n int) []byte {
	return binary.AppendUvarint(b, uint64(n)) //nolint:gosec // a length
}
