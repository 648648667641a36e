package face_test

import (
	"os"
	"testing"

	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/local/deptest"
)

func TestMain(m *testing.M) { os.Exit(deptest.MainWithJPEG(m, picture.LoadJPEG)) }
