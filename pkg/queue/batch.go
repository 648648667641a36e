package queue

import "iter"

// batches cuts bodies into runs whose MPUB body is at most limit bytes, in order.
// A body that is longer than the limit by itself is a run of its own, which is
// published by PUB and so not bound by it.
//
// The body of MPUB is a count and each message behind its length, 4 bytes each:
// https://nsq.io/clients/tcp_protocol_spec.html#mpub
func batches(bodies [][]byte, limit int) iter.Seq[[][]byte] {
	const number = 4
	return func(yield func([][]byte) bool) {
		for len(bodies) > 0 {
			size, n := number, 0
			for n < len(bodies) && (n == 0 || size+number+len(bodies[n]) <= limit) {
				size += number + len(bodies[n])
				n++
			}
			if !yield(bodies[:n]) {
				return
			}
			bodies = bodies[n:]
		}
	}
}
