package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
)

// lateNSQD is an nsqd that has chosen one more message just before it is told to send
// none, which the real one does when it is unlucky: a moment later it is on its way.
type lateNSQD struct {
	listener net.Listener
	late     time.Duration
	commands chan string // but for RDY above 0, which come as often as go-nsq likes
}

func newLateNSQD(t *testing.T, late time.Duration) *lateNSQD {
	t.Helper()
	listener := testkit.Must(new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { listener.Close() })
	return &lateNSQD{listener: listener, late: late, commands: make(chan string, 100)}
}

// serve speaks the protocol with one client: https://nsq.io/clients/tcp_protocol_spec.html
func (n *lateNSQD) serve() {
	defer close(n.commands)
	connection, err := n.listener.Accept()
	if err != nil {
		return
	}
	defer connection.Close()
	reader := bufio.NewReader(connection)
	io.ReadFull(reader, make([]byte, len(nsq.MagicV2)))
	for sent := false; ; {
		line, err := reader.ReadString('\n')
		if err != nil {
			return
		}
		words := strings.Fields(line)
		switch {
		case words[0] == "IDENTIFY":
			var size uint32
			binary.Read(reader, binary.BigEndian, &size)
			io.CopyN(io.Discard, reader, int64(size))
			respond(connection, nsq.FrameTypeResponse, []byte("OK"))
		case words[0] == "SUB":
			respond(connection, nsq.FrameTypeResponse, []byte("OK"))
		case words[0] == "RDY" && words[1] != "0":
			continue
		case words[0] == "RDY" && !sent:
			sent = true
			time.AfterFunc(n.late, func() {
				respond(connection, nsq.FrameTypeMessage, messageFrame("0123456789abcdef", "late"))
			})
		case words[0] == "CLS":
			respond(connection, nsq.FrameTypeResponse, []byte("CLOSE_WAIT"))
		}
		n.commands <- strings.Join(words, " ")
	}
}

func respond(w io.Writer, frame int32, data []byte) {
	answer := binary.BigEndian.AppendUint32(nil, uint32(4+len(data)))
	answer = binary.BigEndian.AppendUint32(answer, uint32(frame))
	w.Write(append(answer, data...))
}

func messageFrame(id, body string) []byte {
	data := binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixNano()))
	data = binary.BigEndian.AppendUint16(data, 1)
	return append(append(data, id...), body...)
}

func TestAMessageThatNSQDHadChosenIsGivenBackAtTheEnd(t *testing.T) {
	t.Parallel()
	nsqd := newLateNSQD(t, 10*time.Millisecond)
	go nsqd.serve()
	url, arrivals := sinkOf(t, func(http.ResponseWriter, arrival) {})
	b, stop := start(t, &deptest.NSQD{TCP: nsqd.listener.Addr().String()}, url, nil)
	testkit.Eventually(t, patience, "connected", func() bool { return b.ready(t.Context()) == nil })
	stop()
	requeued := false
	for command := range nsqd.commands {
		requeued = requeued || strings.HasPrefix(command, "REQ 0123456789abcdef 0")
	}
	if !requeued || len(arrivals) != 0 {
		t.Errorf("requeued: %v, %d at the sink; want the message to be given back", requeued, len(arrivals))
	}
}
