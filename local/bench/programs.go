package bench

import (
	"context"
	"path/filepath"

	"lineup.dev/lineup/local/parts"
)

func (l *lab) startFaceServer(ctx context.Context, b build, database string) (*program, error) {
	return l.start(ctx, b, "face-server", append(l.pictureEnvironment(database), "MODELS="+parts.ModelsFolder(l.root))...)
}

func (l *lab) startBridge(ctx context.Context, b build, nsqd *program, sink string) (*program, error) {
	return l.start(ctx, b, "bridge", "K_SINK="+sink, "NSQD_ADDRESS="+nsqd.address, "NSQD_HTTP_ADDRESS="+nsqd.second, "TOPIC=images", "CHANNEL=process", "OUTPUT_BUFFER_TIMEOUT=1ms",
		"PROFILE_ADDRESS="+profileAddress(l.settings))
}

// receiveEnvironment is what receive is told. All else is its default.
func (l *lab) receiveEnvironment(database string, nsqd *program) []string {
	return append(l.pictureEnvironment(database), "NSQD_ADDRESS="+nsqd.address, "NSQD_HTTP_ADDRESS="+nsqd.second, "TOPIC=images", "CHANNEL=process")
}

// pictureEnvironment is what whoever reads pictures and rows is told.
func (l *lab) pictureEnvironment(database string) []string {
	return []string{"MYSQL_DSN=" + l.db.DSN(database), "IMAGES_URL=" + filepath.Join(l.dir, "pictures"), "KNOWN_PEOPLE=" + filepath.Join(l.dir, "known_people"), "PROFILE_ADDRESS=" + profileAddress(l.settings)}
}

// profileAddress is where a program shows profiles: nowhere, unless they are wanted.
func profileAddress(s Settings) string {
	if s.Profile == "" {
		return ""
	}
	return loopback + ":{second}"
}
