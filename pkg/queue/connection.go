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

	"lineup.dev/lineup/pkg/dial"
)

// answerBytes is more than any answer to a command is long.
const answerBytes = 64 << 10

// connection is one to nsqd that is only published on: nsqd sends nothing but the
// answer to each command. https://nsq.io/clients/tcp_protocol_spec.html
type connection struct {
	net.Conn
	in  *bufio.Reader
	out *bufio.Writer
}

// brokenError says that a connection ended before nsqd answered.
type brokenError struct{ error }

func (e brokenError) Unwrap() error { return e.error }

func connect(ctx context.Context, address string) (*connection, error) {
	conn, err := dial.Dialer().DialContext(ctx, "tcp", address)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("connect: %w", err)
	}
	c := &connection{Conn: conn, in: bufio.NewReader(conn), out: bufio.NewWriter(conn)}
	identify, err := nsq.Identify(map[string]any{"user_agent": "lineup", "heartbeat_interval": -1})
	if err == nil {
		c.out.Write(nsq.MagicV2) //nolint:errcheck // a failure is told by the next write
		err = c.exchange(ctx, identify)
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("identify: %w", err)
	}
	return c, nil
}

// exchange writes a command and reads its answer. After an error, even ctx's end,
// the connection is of no more use: an answer may still be on its way.
func (c *connection) exchange(ctx context.Context, command *nsq.Command) error {
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(0, 0)) })
	refusal, err := c.roundTrip(command)
	if !stop() { // ctx ended first
		return context.Cause(ctx)
	}
	if err != nil {
		return brokenError{err}
	}
	return refusal
}

// roundTrip returns why nsqd refused the command, and what went wrong between here
// and nsqd.
func (c *connection) roundTrip(command *nsq.Command) (refusal, err error) {
	_, err = command.WriteTo(c.out)
	if err == nil {
		err = c.out.Flush()
	}
	// nsqd answers why it refuses a command before it hangs up, so an answer is worth
	// looking for even when the command could not be written to its end.
	kind, text, readErr := c.read()
	switch {
	case readErr != nil:
		return nil, cmp.Or(err, readErr)
	case kind == nsq.FrameTypeResponse:
		return nil, err
	case strings.HasPrefix(text, "E_BAD_MESSAGE"):
		return fmt.Errorf("%w: it answered %s", ErrTooLarge, text), nil // it is not empty: Publish refuses that
	}
	return fmt.Errorf("it answered %s", text), nil
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
