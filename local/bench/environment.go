package bench

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

const loopback = "127.0.0.1"

func local(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }

// freePort gives a port that nobody listens on.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func replaceSecond(setting string, port int) string {
	return strings.ReplaceAll(setting, "{second}", strconv.Itoa(port))
}

// kept are the variables that programs need of whoever runs the benchmarks. All others stay behind: a setting of theirs
// would change a figure.
var kept = []string{"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "GOMAXPROCS", "GOGC", "GOMEMLIMIT", "GODEBUG"}

func clean(environment []string) []string {
	return slices.DeleteFunc(environment, func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return !slices.Contains(kept, name)
	})
}
