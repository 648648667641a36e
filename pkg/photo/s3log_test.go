package photo

import (
	"context"
	"log"
	"log/slog"
	"slices"
	"testing"

	"github.com/aws/smithy-go/logging"

	"lineup.dev/lineup/local/testkit"
)

// levels notes those of the records that it is given.
type levels struct {
	slog.Handler
	noted []slog.Level
}

func (l *levels) Enabled(context.Context, slog.Level) bool { return true }

func (l *levels) Handle(_ context.Context, record slog.Record) error {
	l.noted = append(l.noted, record.Level)
	return nil
}

// Not parallel: the logger is the whole program's.
func TestTheSDKLogsWhereTheProgramDoes(t *testing.T) {
	got, before, output := new(levels), slog.Default(), log.Writer()
	slog.SetDefault(slog.New(got))
	t.Cleanup(func() { slog.SetDefault(before); log.SetOutput(output) })
	client := testkit.Must(new(s3Client).open(t.Context()))(t)
	client.Options().Logger.Logf(logging.Warn, "%d", 1)
	client.Options().Logger.Logf(logging.Debug, "%d", 2)
	if want := []slog.Level{slog.LevelWarn, slog.LevelDebug}; !slices.Equal(got.noted, want) {
		t.Errorf("the program's logger was given %v, want %v", got.noted, want)
	}
}
