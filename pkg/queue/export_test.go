package queue

import (
	"net"
	"net/http"
)

// Connection is what messages were last published on.
func (q *Queue) Connection() net.Conn { return q.conn.Conn }

// Transport is how the backlog is asked for.
func (q *Queue) Transport() *http.Transport { return q.http.Transport.(*http.Transport) }
