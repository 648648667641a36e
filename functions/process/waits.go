package main

import "time"

// Waits that neither settings nor the face server nor the row name.
const (
	quarantineWait = time.Second     // for a place in quarantine, then until the next try for one
	probeWait      = time.Second     // while another request probes the face server
	outageWait     = time.Second     // after an outage that did not open the circuit
	rootWait       = 5 * time.Second // for a picture root, where the face server does not say how long
	shutdownWait   = time.Second     // for the event of a picture that an ending instance gave back
	claimWait      = time.Second     // at least, when another holds the picture
	lagWait        = time.Second     // before a face server is asked again that has not read the gallery's last change
	describeWait   = time.Second     // before a range is brought again of which another model described a part
	databaseWait   = 5 * time.Second // before the database is asked again
)

// sinkPauses is how long nothing is sent to a sink that failed.
var sinkPauses = Retry{First: time.Second, Most: 30 * time.Second}

// backoff is how long a picture waits after its attempt-th failed call: the first
// wait, doubled after each further one, up to the most.
func backoff(attempt int, r Retry) time.Duration {
	wait := r.First
	for range attempt - 1 {
		if wait *= 2; wait >= r.Most {
			return r.Most
		}
	}
	return min(wait, r.Most)
}
