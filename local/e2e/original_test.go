package e2e

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
)

// originalReceiver does what the original system's receiver does with a path.
type originalReceiver struct {
	database *sql.DB
	nsqd     string
}

// post writes a row, unless the path has one, and publishes its id: 8 bytes, the lowest first.
func (r originalReceiver) post(ctx context.Context, path string) (id int64, err error) {
	var found int
	if err := r.database.QueryRowContext(ctx, "select 1 from images where path = ?", path).Scan(&found); err == nil {
		return 0, fmt.Errorf("image with path '%s' already exists", path)
	}
	result, err := r.database.ExecContext(ctx, "insert into images (path, person, status) values (?, ?, ?)", []byte(path), -1, 0)
	if err != nil {
		return 0, err
	}
	if id, err = result.LastInsertId(); err != nil {
		return 0, err
	}
	producer, err := nsq.NewProducer(r.nsqd, nsq.NewConfig())
	if err != nil {
		return 0, err
	}
	producer.SetLoggerLevel(nsq.LogLevelMax)
	defer producer.Stop()
	return id, producer.Publish("images", binary.LittleEndian.AppendUint64(nil, uint64(id)))
}

// beside sets the original receiver up beside a running system, as docs/operations.md says.
func beside(t *testing.T, c client, data string) originalReceiver {
	t.Helper()
	admin, err := sql.Open("mysql", parts.Database{Data: filepath.Join(data, "mariadb")}.DSN(""))
	testkit.Succeed(t, err)
	t.Cleanup(func() { admin.Close() })
	root, err := parts.ModuleRoot()
	testkit.Succeed(t, err)
	statements := strings.Split(string(read(t, filepath.Join(root, "pkg", "store", "original.sql"))), ";\n")
	for _, statement := range append(statements, "GRANT SELECT, INSERT ON kube.* TO original@'127.0.0.1' IDENTIFIED BY 'secret'") {
		if statement != "" {
			_, err := admin.ExecContext(t.Context(), statement)
			testkit.Succeed(t, err)
		}
	}
	config, err := mysql.ParseDSN(c.At.DSN)
	testkit.Succeed(t, err)
	config.User, config.Passwd, config.DBName = "original", "secret", "kube"
	database, err := sql.Open("mysql", config.FormatDSN())
	testkit.Succeed(t, err)
	t.Cleanup(func() { database.Close() })
	return originalReceiver{database, c.At.NSQD[0]}
}

func TestTheOriginalSystemsReceiverBesideLineup(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	c := startIn(t, data, t.TempDir(), "ORIGINAL_IDS=on", "HINT_AGE=1h") // the messages bring the pictures, no ping does
	receiver := beside(t, c, data)
	c.accepted("/image/post", []byte(`{"path":"lineups.jpg"}`))

	id, err := receiver.post(t.Context(), "originals.jpg")
	testkit.Succeed(t, err)
	if image := c.final(id); image.Path != "originals.jpg" || image.Status != lineup.Failed || image.Reason == "" {
		t.Errorf("image %d is %+v; want it looked at, and not found", id, image)
	}
	if again := c.accepted("/image/post", []byte(`{"path":"originals.jpg"}`))[0]; again != id {
		t.Errorf("posted to Lineup it is image %d, want %d", again, id)
	}
	if _, err := receiver.post(t.Context(), "originals.jpg"); err == nil {
		t.Error("it was saved a second time")
	}
	if id, err := receiver.post(t.Context(), "lineups.jpg"); err != nil || c.final(id).Path != "lineups.jpg" {
		t.Errorf("a path that Lineup knows: image %d, %v", id, err)
	}
}

func TestIDsOfTheOriginalSystemAreDeadLettersUnlessTheyAreSetOn(t *testing.T) {
	t.Parallel()
	c := start(t, t.TempDir())
	producer, err := nsq.NewProducer(c.At.NSQD[0], nsq.NewConfig())
	testkit.Succeed(t, err)
	producer.SetLoggerLevel(nsq.LogLevelMax)
	defer producer.Stop()
	testkit.Succeed(t, producer.Publish("images", binary.LittleEndian.AppendUint64(nil, 23)))
	testkit.Eventually(t, time.Minute, "a dead letter that says ORIGINAL_IDS=on", func() bool {
		list := exec.CommandContext(t.Context(), filepath.Join(programs, "bridge"), "dead")
		list.Env = append(list.Environ(), "NSQD_ADDRESS="+c.At.NSQD[0], "NSQD_HTTP_ADDRESS="+c.At.NSQDHTTP[0])
		out, err := list.CombinedOutput()
		return err == nil && strings.Contains(string(out), "image 23: set ORIGINAL_IDS=on")
	})
}
