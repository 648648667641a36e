package chaos

import (
	"bufio"
	"io"
	"maps"
	"strconv"
	"sync"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	facerecog "lineup.dev/lineup/proto"
)

// calls counts who was asked about which picture, by reading along what process
// sends to the face server: gRPC is HTTP/2, and every call begins with a HEADERS
// frame that names its method. So they are counted without a part in the way that
// would answer in the face server's place.
type calls struct {
	mu      sync.Mutex
	picture map[int64]int // calls by the picture's id
}

// read takes one connection, as a proxy's tap.
func (c *calls) read(r io.Reader) {
	defer io.Copy(io.Discard, r) //nolint:errcheck // whatever it is, it must not wait for us
	in := bufio.NewReader(r)
	if _, err := in.Discard(len(http2.ClientPreface)); err != nil {
		return
	}
	frames := http2.NewFramer(io.Discard, in)
	frames.ReadMetaHeaders = hpack.NewDecoder(4096, nil) // the table's size as of RFC 7541, which gRPC leaves
	for {
		frame, err := frames.ReadFrame()
		if err != nil {
			return
		}
		if headers, ok := frame.(*http2.MetaHeadersFrame); ok && headers.PseudoValue("path") == facerecog.Identify_Identify_FullMethodName {
			c.add(headers)
		}
	}
}

func (c *calls) add(headers *http2.MetaHeadersFrame) {
	var id int64 // 0: whose client does not say
	for _, field := range headers.RegularFields() {
		if field.Name == "image" {
			id, _ = strconv.ParseInt(field.Value, 10, 64)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.picture[id]++
}

// counted gives the calls for each picture so far.
func (c *calls) counted() map[int64]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.picture)
}
