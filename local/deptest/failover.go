package deptest

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/child"
	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/local/testkit"
)

// Server is a MariaDB of a test's own: one of a pair, which listen on one port of two addresses of this machine, so that
// a name can stand for either. It ends with the test.
type Server struct {
	IP      string
	Admin   *sql.DB // as root, past the network
	Process *child.Process
}

// Pair is a primary and a replica. What the primary has committed is on the replica before the client hears of it.
type Pair struct {
	Primary, Replica *Server
	Port             int
}

// MySQLPair starts both.
func MySQLPair(t testing.TB) Pair {
	t.Helper()
	leftOutByShort(t, "MariaDB")
	port := portOnBoth(t, "127.0.0.1", "127.0.0.2")
	p := Pair{Port: port}
	p.Primary, p.Replica = pairServer(t, port, 1), pairServer(t, port, 2, "--rpl-semi-sync-slave-enabled=ON")
	p.Primary.run(t, "CREATE USER replica@'127.0.0.1' IDENTIFIED BY 'secret'", "GRANT REPLICATION SLAVE ON *.* TO replica@'127.0.0.1'")
	p.Replica.run(t, "SET GLOBAL read_only=ON", fmt.Sprintf("CHANGE MASTER TO master_host='%s', master_port=%d, master_user='replica', master_password='secret', master_use_gtid=slave_pos",
		p.Primary.IP, port), "START SLAVE")
	// From here on: until there is a replica, nothing would be committed.
	p.Primary.run(t, "SET GLOBAL rpl_semi_sync_master_wait_point=AFTER_SYNC", "SET GLOBAL rpl_semi_sync_master_timeout=600000", "SET GLOBAL rpl_semi_sync_master_enabled=ON")
	testkit.Eventually(t, time.Minute, "the replica follows", func() bool {
		return p.Primary.row(t, "SHOW STATUS LIKE 'Rpl_semi_sync_master_clients'")["Value"] == "1"
	})
	return p
}

// DSN is that of the pair's database, at a name.
func (p Pair) DSN(host string) string {
	return strings.Replace(parts.Database{Port: p.Port, Password: "secret"}.DSN(parts.Account), "127.0.0.1", host, 1)
}

// Promote makes the replica the primary, once it has everything that it was sent.
func (p Pair) Promote(t testing.TB) {
	t.Helper()
	p.Replica.run(t, "STOP SLAVE IO_THREAD")
	received := p.Replica.row(t, "SHOW SLAVE STATUS")["Gtid_IO_Pos"]
	p.Replica.run(t, fmt.Sprintf("DO MASTER_GTID_WAIT('%s')", received), "STOP SLAVE", "SET GLOBAL read_only=OFF")
}

func pairServer(t testing.TB, port, number int, options ...string) *Server {
	t.Helper()
	ip := "127.0.0." + strconv.Itoa(number)
	db, process := ownServer(t, parts.Database{Port: port, Password: "secret", Options: append(options,
		"--bind-address="+ip, "--server-id="+strconv.Itoa(number), "--log-bin=log", "--log-slave-updates=ON")})
	t.Cleanup(process.Resume) // or it would not end when it is told to
	s := &Server{IP: ip, Admin: SQL(t, parts.Database{Data: db.Data}.DSN("")), Process: process}
	testkit.Retry(t, time.Minute, func() error { return s.Admin.PingContext(t.Context()) }) // what has answered at the port may be the other
	return s
}

func (s *Server) run(t testing.TB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := s.Admin.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// row is the first row of the answer, by column.
func (s *Server) row(t testing.TB, statement string) map[string]string {
	t.Helper()
	rows, err := s.Admin.QueryContext(t.Context(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil || !rows.Next() {
		t.Fatalf("%s has no answer: %v", statement, errors.Join(err, rows.Err()))
	}
	values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		t.Fatal(err)
	}
	row := make(map[string]string)
	for i, column := range columns {
		row[column] = values[i].String
	}
	return row
}

// portOnBoth gives a port that is free on all addresses.
func portOnBoth(t testing.TB, addresses ...string) int {
	t.Helper()
	for range 20 {
		port, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		free := true
		for _, address := range addresses {
			listener, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
			if err != nil {
				free = false
				break
			}
			listener.Close()
		}
		if free {
			return port
		}
	}
	t.Fatalf("no port is free on %v", addresses)
	return 0
}
