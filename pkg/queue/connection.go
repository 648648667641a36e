package queue

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/nsqio/go-nsq"
)

// answerBytes is more than any answer to a command is long.
const answerBytes = 64 << 10

// connection is one to nsqd that is only published on: nsqd sends nothing but the
// answer to each command. https://nsq.io/clients/tcp_protocol_spec.html
type connection struct {
	net.Conn // the TCP connection, under TLS and compression
	layers
}

// brokenError says that a connection ended before nsqd answered.
type brokenError struct{ error }

func (e brokenError) Unwrap() error { return e.error }

// exchange writes a command and reads its answer. After an error, even ctx's end,
// the connection is of no more use: an answer may still be on its way.
func (c *connection) exchange(ctx context.Context, command *nsq.Command) error {
	return c.within(ctx, func() error {
		_, err := c.roundTrip(command)
		return err
	})
}

// within breaks off what talk does with the connection when ctx ends.
func (c *connection) within(ctx context.Context, talk func() error) error {
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(0, 0)) })
	err := talk()
	if !stop() { // ctx ended first
		return context.Cause(ctx)
	}
	return err
}

// roundTrip returns nsqd's answer. The error says why nsqd refused the command; it is
// a brokenError when something went wrong between here and nsqd.
func (c *connection) roundTrip(command *nsq.Command) (answer string, err error) {
	_, err = command.WriteTo(c.out)
	if err == nil {
		err = c.flush()
	}
	// nsqd answers why it refuses a command before it hangs up, so an answer is worth
	// looking for even when the command could not be written to its end.
	kind, text, readErr := c.read()
	switch {
	case readErr != nil:
		return "", brokenError{cmp.Or(err, readErr)}
	case kind != nsq.FrameTypeResponse:
		return "", Refusal(text)
	case err != nil:
		return "", brokenError{err}
	}
	return text, nil
}

// Refusal is what an error that nsqd answers means, and which setting it is about.
func Refusal(text string) error {
	code, _, _ := strings.Cut(text, " ")
	switch {
	case code == "E_BAD_MESSAGE":
		return fmt.Errorf("%w: it answered %s", ErrTooLarge, text) // it is not empty: Publish refuses that
	case strings.Contains(text, "TLS required"):
		return fmt.Errorf("it answered %s: set NSQD_TLS=on", text)
	case code == "E_AUTH_FIRST", code == "E_AUTH_FAILED", code == "E_UNAUTHORIZED":
		return fmt.Errorf("it answered %s: see that NSQD_AUTH_SECRET is one that has the right to", text)
	}
	return fmt.Errorf("it answered %s", text)
}

// read takes one frame: 4 bytes that say how long the rest is, 4 of its kind, data.
func (c *connection) read() (kind int32, text string, err error) {
	var head [8]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return 0, "", err
	}
	size := binary.BigEndian.Uint32(head[:4])
	if size < 4 || size > answerBytes {
		return 0, "", errors.New("what answers is no nsqd: see that NSQD_ADDRESS is its TCP address")
	}
	data := make([]byte, size-4)
	if _, err := io.ReadFull(c.in, data); err != nil {
		return 0, "", err
	}
	return int32(binary.BigEndian.Uint32(head[4:])), string(data), nil //nolint:gosec // the 4 bytes are an int32
}

// layers are what a connection is read and written through.
type layers struct {
	in     *bufio.Reader
	out    io.Writer     // of the topmost layer
	pack   flusher       // compression, nil without it
	buffer *bufio.Writer // below it
	end    func() error  // says goodbye to nsqd
}

type flusher interface {
	io.Writer
	Flush() error
}

func plain(conn net.Conn) layers {
	buffer := bufio.NewWriter(conn)
	return layers{in: bufio.NewReader(conn), out: buffer, buffer: buffer, end: conn.Close}
}

func (l layers) flush() error {
	if l.pack != nil {
		if err := l.pack.Flush(); err != nil {
			return err
		}
	}
	return l.buffer.Flush()
}
