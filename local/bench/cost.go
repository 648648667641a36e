package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// costs are how long parts kept a processor busy, by their names. Unlike rates they hardly depend on what else the
// machine does.
type costs map[string]time.Duration

// costsNow are those since the run began, also of programs that have ended.
func (l *lab) costsNow() (costs, error) {
	now := make(costs)
	for name, ended := range l.ended {
		now[name] = ended
	}
	for _, p := range l.programs {
		spent, err := processorTime(p.process.PID)
		if err != nil {
			return nil, err
		}
		now[p.name] += spent
	}
	if l.mariadb != nil {
		spent, err := processorTime(l.mariadb.PID)
		if err != nil {
			return nil, err
		}
		now["mariadb"] = spent
	}
	return now, nil
}

// each gives what one of so many things cost each part since before, in milliseconds, where it cost something.
func (c costs) each(before costs, done int) map[string]float64 {
	if done == 0 {
		return nil
	}
	each := make(map[string]float64)
	for name, spent := range c {
		if delta := spent - before[name]; delta > 0 {
			each[name] = milliseconds(delta) / float64(done)
		}
	}
	return each
}

// tick is the unit of /proc (proc(5): sysconf(_SC_CLK_TCK)), the same on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// processorTime is what a process's threads have used in all.
func processorTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read a process's processor time: %w", err)
	}
	return parseStat(string(text))
}

// parseStat reads the user's and the system's time, the 14th and 15th field; the second, the name, may hold anything.
func parseStat(text string) (time.Duration, error) {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("read a process's processor time: /proc tells %.100q", text)
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read a process's processor time: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}
