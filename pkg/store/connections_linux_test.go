package store

import (
	"testing"

	"github.com/go-sql-driver/mysql"

	"lineup.dev/lineup/local/testkit"
)

func TestAConnectionEndsWhenTheServerGoesSilent(t *testing.T) {
	t.Parallel()
	testkit.EndsWhenSilent(t, newConnections(mysql.NewConfig()).dial)
	config, err := Database{DSN: "root@tcp(127.0.0.1:3306)/lineup"}.config()
	testkit.Succeed(t, err)
	testkit.EndsWhenSilent(t, config.DialFunc) // of what is used without a Store, such as the migration
}
