package bench

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
)

// Machine is where a run was.
type Machine struct {
	CPU      string  `json:"cpu"`
	Cores    int     `json:"cores"`
	MemoryGB float64 `json:"memory_gb"`
	Kernel   string  `json:"kernel"`
}

func thisMachine() Machine {
	m := Machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), Kernel: runtime.GOOS + " " + firstLine("/proc/sys/kernel/osrelease")}
	cpu, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(cpu)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			m.CPU = strings.TrimSpace(value)
			break
		}
	}
	var kilobytes float64
	fmt.Sscanf(firstLine("/proc/meminfo"), "MemTotal: %f kB", &kilobytes) //nolint:errcheck // 0 then
	m.MemoryGB = kilobytes * 1024 / 1e9
	return m
}

// loadAverage is that of 1, 5 and 15 minutes.
func loadAverage() string {
	fields := strings.Fields(firstLine("/proc/loadavg"))
	return strings.Join(fields[:min(3, len(fields))], " ")
}

// firstLine is a file's first line; empty where the system has no such file.
func firstLine(file string) string {
	content, _ := os.ReadFile(file)
	line, _, _ := strings.Cut(string(content), "\n")
	return line
}

// versions are those of what the figures depend on.
func versions(root, mariadb string) map[string]string {
	v := map[string]string{"go": runtime.Version(), "mariadb": mariadb, "lineup": commit(root, "HEAD")}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			switch module.Path {
			case "github.com/nsqio/nsq":
				v["nsqd"] = module.Version
			case "github.com/go-sql-driver/mysql":
				v["go-sql-driver"] = module.Version
			}
		}
	}
	return v
}

// commit is what git calls a commit, with a + where files of the checkout differ from it.
func commit(root, ref string) string {
	out, err := exec.Command("git", "-C", root, "rev-parse", "--short", ref).Output()
	if err != nil {
		return "unknown"
	}
	name := strings.TrimSpace(string(out))
	if changed, err := exec.Command("git", "-C", root, "status", "--porcelain", "--untracked-files=no").Output(); err == nil && ref == "HEAD" && len(changed) > 0 {
		name += "+"
	}
	return name
}
