package deptest_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/samples"
	"lineup.dev/lineup/local/testkit"
)

func TestMain(m *testing.M) { os.Exit(deptest.Main(m)) }

func TestEachMySQLIsAnEmptyDatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	first, second := deptest.SQL(t, deptest.MySQL(t)), deptest.SQL(t, deptest.MySQL(t))
	if _, err := first.ExecContext(t.Context(), "CREATE TABLE people (name VARCHAR(20)) ENGINE=InnoDB"); err != nil {
		t.Fatal(err)
	}
	if _, err := first.ExecContext(t.Context(), "INSERT INTO people VALUES ('Łukasz 🙂')"); err != nil {
		t.Fatal(err)
	}
	if got := tables(t, first); got != 1 {
		t.Errorf("the first database has %d tables, want 1", got)
	}
	if got := tables(t, second); got != 0 {
		t.Errorf("the second database has %d tables, want 0", got)
	}
}

func TestADatabaseIsGoneWhenItsTestEnds(t *testing.T) {
	t.Parallel()
	var name string
	t.Run("test", func(t *testing.T) {
		if err := deptest.SQL(t, deptest.MySQL(t)).QueryRowContext(t.Context(), "SELECT DATABASE()").Scan(&name); err != nil {
			t.Fatal(err)
		}
	})
	var left int
	err := deptest.SQL(t, deptest.MySQL(t)).QueryRowContext(t.Context(),
		"SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = ?", name).Scan(&left)
	if err != nil {
		t.Fatal(err)
	}
	if left != 0 || name == "" {
		t.Errorf("database %q is still there", name)
	}
}

func TestNSQDKeepsItsMessagesAndAddressesOverARestart(t *testing.T) {
	t.Parallel()
	n := deptest.NSQ(t)
	tcp, http := n.TCP, n.HTTP
	publish(t, n.TCP, "images", "hello")
	n.Stop()
	n.Start(t)
	if n.TCP != tcp || n.HTTP != http {
		t.Errorf("it moved from %s and %s to %s and %s", tcp, http, n.TCP, n.HTTP)
	}
	config := nsq.NewConfig()
	config.OutputBufferTimeout = time.Millisecond // less than a stock nsqd takes
	consumer, err := nsq.NewConsumer("images", "test", config)
	if err != nil {
		t.Fatal(err)
	}
	consumer.SetLoggerLevel(nsq.LogLevelError)
	got := make(chan string, 1)
	consumer.AddHandler(nsq.HandlerFunc(func(m *nsq.Message) error { got <- string(m.Body); return nil }))
	if err := consumer.ConnectToNSQD(n.TCP); err != nil {
		t.Fatal(err)
	}
	defer func() { consumer.Stop(); <-consumer.StopChan }()
	select {
	case body := <-got:
		if body != "hello" {
			t.Errorf("got %q", body)
		}
	case <-time.After(20 * time.Second):
		t.Error("the message did not come")
	}
}

func TestLookupdKnowsTheTopicsOfTheNSQDThatRegisters(t *testing.T) {
	t.Parallel()
	lookupd := deptest.Lookupd(t)
	n := deptest.NSQ(t, lookupd.TCP)
	publish(t, n.TCP, "images", "hello")
	testkit.Retry(t, 20*time.Second, func() error {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+lookupd.HTTP+"/lookup?topic=images", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		var answer struct {
			Producers []struct {
				Address string `json:"broadcast_address"`
				Port    int    `json:"tcp_port"`
			} `json:"producers"`
		}
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			return err
		}
		for _, p := range answer.Producers {
			if fmt.Sprintf("%s:%d", p.Address, p.Port) == n.TCP {
				return nil
			}
		}
		return fmt.Errorf("nsqlookupd knows %v, not %s", answer.Producers, n.TCP)
	})
}

func TestModelsAreComplete(t *testing.T) {
	t.Parallel()
	dir := deptest.Models(t)
	for _, name := range []string{"libonnxruntime.so.1", "fr_detect.onnx", "fr_landmark.onnx", "fr_feature.onnx"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if !strings.HasSuffix(dir, filepath.Join("face-server", "kodata")) {
		t.Errorf("the models are in %s", dir)
	}
}

func TestSamplesAreCutAsTheirTableSays(t *testing.T) {
	t.Parallel()
	dir := deptest.Samples(t)
	check := func(name string) {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		if picture, err := jpeg.DecodeConfig(f); err != nil || picture.Width < 300 || picture.Height < 300 {
			t.Errorf("%s is %d by %d, %v", name, picture.Width, picture.Height, err)
		}
	}
	for _, person := range samples.People {
		for _, photo := range person.Photos {
			check(filepath.Join("people", photo))
		}
	}
	for _, picture := range samples.Pictures {
		check(filepath.Join("pictures", picture.File))
	}
}

func TestPeople(t *testing.T) {
	t.Parallel()
	people, err := os.ReadDir(deptest.People(t))
	if err != nil {
		t.Fatal(err)
	}
	several, one := 0, 0
	for _, person := range people {
		photos, err := filepath.Glob(filepath.Join(deptest.People(t), person.Name(), "*.jpg"))
		if err != nil {
			t.Fatal(err)
		}
		if len(photos) > 1 {
			several++
		} else {
			one += len(photos)
		}
	}
	if several != 10 || one != 10 {
		t.Errorf("%d people have several photos and %d one, want 10 and 10", several, one)
	}
}

func tables(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()").Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func publish(t *testing.T, address, topic, body string) {
	t.Helper()
	producer, err := nsq.NewProducer(address, nsq.NewConfig())
	if err != nil {
		t.Fatal(err)
	}
	producer.SetLoggerLevel(nsq.LogLevelError)
	defer producer.Stop()
	if err := producer.Publish(topic, []byte(body)); err != nil {
		t.Fatal(err)
	}
}
