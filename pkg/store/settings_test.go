package store_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // for a DSN with loc, also where the system has none

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

func TestNoErrorShowsThePassword(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close() // nobody listens there now
	socket := strings.TrimPrefix(deptest.MySQL(t), "root@")
	for name, c := range map[string]struct {
		dsn    string
		opened bool // only using it fails
	}{
		"empty":                          {"", false},
		"no slash":                       {"root:hunter2@tcp(127.0.0.1:3306)", false},
		"no database":                    {"root:hunter2@tcp(127.0.0.1:3306)/", false},
		"no host":                        {"root:hunter2/lineup", false},
		"no @":                           {"root:hunter2(127.0.0.1:3306)/lineup", false},
		"no closing bracket":             {"root:hunter2@tcp(127.0.0.1:3306/lineup", false},
		"a URL":                          {"mysql://root:hunter2@127.0.0.1:3306/lineup", false},
		"a password with a slash":        {"root:/hunter2@tcp(127.0.0.1:3306)", false},
		"a password with what a URL has": {"root:/x%hunter2?a=%hunter2@tcp(127.0.0.1:3306)", false},
		"the password as a parameter":    {"root@tcp(127.0.0.1:3306)/lineup?timeout=hunter2", false},
		"the password as TLS":            {"root@tcp(127.0.0.1:3306)/lineup?tls=hunter2", false},
		"an unknown network":             {"root:hunter2@ship(127.0.0.1:3306)/lineup", false},
		"a host that is away":            {"root:hunter2@tcp(" + listener.Addr().String() + ")/lineup", true},
		"a password that is wrong":       {"nobody:hunter2@" + socket, true},
		"a database that is not there":   {"root:hunter2@" + socket + "x", true},
	} {
		t.Run(name, func(t *testing.T) {
			database := store.Database{DSN: c.dsn}
			if err := database.Check(); (err == nil) != c.opened {
				t.Fatalf("Check: %v", err)
			}
			s, err := store.Open(store.Settings{Database: database, Connections: 10})
			if (err == nil) != c.opened {
				t.Fatalf("Open: %v", err)
			}
			errs := []error{store.Migrate(t.Context(), c.dsn)}
			if c.opened {
				t.Cleanup(func() { s.Close() })
				errs = append(errs, s.Ready(t.Context()))
			} else {
				errs = append(errs, err)
			}
			for _, err := range errs {
				if err == nil {
					t.Fatal("no error")
				}
				if strings.Contains(err.Error(), "hunter2") {
					t.Errorf("the error shows the password: %v", err)
				}
				if !c.opened && !strings.Contains(err.Error(), "MYSQL_DSN") {
					t.Errorf("the error does not name the setting: %v", err)
				}
			}
		})
	}
}

func TestTheDSNCannotTurnOffWhatTheStoreReliesOn(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	sane := db.Store
	dsn := db.dsn + "?parseTime=false&loc=America%2FNew_York&clientFoundRows=false&interpolateParams=false" +
		"&collation=latin1_swedish_ci&sql_mode=''&time_zone='%2B05:00'&autocommit=0&checkConnLiveness=false&readTimeout=1ns&writeTimeout=1ns&timeout=1ns"
	db.Store = open(t, store.Settings{Database: store.Database{DSN: dsn}, Connections: 10})
	claim := db.win(t, "🙂.jpg")
	if _, err := db.Finish(t.Context(), claim, store.Result{Faces: []lineup.Face{{Model: strings.Repeat("m", 101)}}}, false); err == nil {
		t.Error("what is too long for its column was cut")
	}
	db.finish(t, claim, store.Result{Reason: "no picture"}, false)
	if image := db.image(t, claim.ID); image.Path != "🙂.jpg" || time.Since(image.CreatedAt).Abs() > time.Minute {
		t.Errorf("the picture is %+v", image)
	}
	dad := db.person(t, "🙂", "日本.jpg")
	if got, err := sane.Person(t.Context(), dad.ID); err != nil || got.Name != "🙂" || got.ImageNames[0] != "日本.jpg" {
		t.Errorf("the person is %+v, %v", got, err)
	}
}

// A program that goes silent in the middle of a transaction holds its locks no longer than the server waits for it.
func TestTheServerWaitsForNoSilentProgram(t *testing.T) {
	t.Parallel()
	db := open(t, store.Settings{Database: store.Database{DSN: deptest.MySQL(t) + "?wait_timeout=28800"}, Connections: 1})
	var seconds int
	testkit.Succeed(t, db.DB().QueryRowContext(t.Context(), "SELECT @@wait_timeout").Scan(&seconds))
	if seconds != 30 {
		t.Errorf("the server ends an idle connection after %d s, want 30", seconds)
	}
}

func TestAFileOfCAsIsLookedAtBesideADSNThatCannotBe(t *testing.T) {
	t.Parallel()
	err := serve.Check(&store.Database{CAFile: "/not/there"})
	if lines := strings.Split(fmt.Sprint(err), "\n"); len(lines) != 2 || !strings.HasPrefix(lines[0], "MYSQL_DSN") || !strings.HasPrefix(lines[1], "MYSQL_CA_FILE") {
		t.Errorf("%v, want MYSQL_DSN and MYSQL_CA_FILE", err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	testkit.Settings(t, func() any {
		return &store.Settings{Database: store.Database{DSN: "root@tcp(127.0.0.1:3306)/lineup"}, Connections: 1, StatementTimeout: time.Second}
	})
}

func TestADatabaseThatHangsIsWaitedForNoLongerThanIsSet(t *testing.T) {
	t.Parallel()
	silent := testkit.Must(net.Listen("tcp", "127.0.0.1:0"))(t) // the kernel accepts for it
	t.Cleanup(func() { silent.Close() })
	db := open(t, store.Settings{
		Database:    store.Database{DSN: "root@tcp(" + silent.Addr().String() + ")/lineup"},
		Connections: 1, StatementTimeout: 100 * time.Millisecond,
	})
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second) // less than by default
	defer cancel()
	if err := db.Ready(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("%v, %v; want it given up by its own limit", err, ctx.Err())
	}
}
