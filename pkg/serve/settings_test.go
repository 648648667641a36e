package serve_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

func TestAnArgumentThatNobodyKnowsIsRefused(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"--hlep", "run", ""} {
		stdout, stderr, code := run(t, program(t, []string{"DATABASE=x", "PORT=many"}, arg))
		lines := strings.Split(stderr, "\n")
		if code != 2 || stdout != "" || !strings.HasPrefix(lines[0], "example: \""+arg+"\" is no argument") || !strings.Contains(lines[0], "-help") {
			t.Errorf("%q: code %d, %s%s", arg, code, stdout, stderr)
		}
		if !strings.Contains(lines[1], "PORT") {
			t.Errorf("%q: what else is wrong is not named: %s", arg, stderr)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	const ok = "DATABASE=hunter2"
	for name, c := range map[string]struct {
		settings []string
		arg      string
		want     []string
	}{
		"nothing is set": {nil, "-help", []string{
			"DATABASE [not set] where the rows are", "SINK [not set] where events go", "HOST [0.0.0.0] address to listen on",
			"PORT [8123] port to listen on; 0 takes any free one", "LOG_LEVEL [INFO] debug, info, warn or error; not set: what Knative's K_LOGGING_CONFIG says, if it does",
			"WAIT [30s] how long it waits", "AGAIN [false] whether it tries again",
			"GREET [hello] how it greets",
		}},
		"everything is set": {
			[]string{ok, "SINK=http://sink.example/a?b=c", "HOST=::1", "PORT=0", "LOG_LEVEL=warn", "WAIT=90s", "AGAIN=true"}, "--help",
			[]string{"DATABASE [set, hidden]", "SINK [http://sink.example/a?b=c]", "HOST [::1]", "PORT [0]", "LOG_LEVEL [WARN]", "WAIT [1m30s]", "AGAIN [true]"},
		},
		"all but what is required": {
			[]string{"SINK=http://dad:hunter2@sink/a", "WAIT=90s", "AGAIN=true"}, "-h",
			[]string{"DATABASE [not set]", "SINK [http://dad:xxxxx@sink/a]", "WAIT [1m30s]", "AGAIN [true]", "LOG_LEVEL [INFO]"},
		},
		"Knative says how much is logged": {
			[]string{ok, `K_LOGGING_CONFIG={"loglevel.controller":"info","zap-logger-config":"{\"level\":\"error\"}"}`}, "-help", []string{"LOG_LEVEL [ERROR]"},
		},
		"Knative says it of this program": {
			[]string{ok, `K_LOGGING_CONFIG={"loglevel.example":"debug","zap-logger-config":"{\"level\":\"error\"}"}`}, "-help", []string{"LOG_LEVEL [DEBUG]"},
		},
		"LOG_LEVEL says more than Knative": {
			[]string{ok, "LOG_LEVEL=warn", `K_LOGGING_CONFIG={"zap-logger-config":"{\"level\":\"fatal\"}"}`}, "-help", []string{"LOG_LEVEL [WARN]"},
		},
		"one is set to nothing":     {[]string{ok, "GREET="}, "-help", []string{"GREET [not set]"}},
		"something is wrong":        {[]string{ok, "PORT=many", "WAIT=90s"}, "help", []string{"DATABASE [set, hidden]", "PORT [many]", "WAIT [1m30s]"}},
		"passwords in several URLs": {[]string{ok, "SINK=/a,http://dad:hunter2@b/c, s3://:hunter2@d"}, "-help", []string{"SINK [/a,http://dad:xxxxx@b/c, s3://:xxxxx@d]"}},
		"a password of many kinds":  {[]string{ok, "SINK=http://dad:h,@:u%zzhunter2@sink"}, "-help", []string{"SINK [http://dad:xxxxx@sink]"}},
		"a user without a password": {[]string{ok, "SINK=http://dad@sink.example"}, "-help", []string{"SINK [http://dad@sink.example]"}},
		"an @ in a URL's path":      {[]string{ok, "SINK=http://sink:80/a:b@c"}, "-help", []string{"SINK [http://sink:80/a:b@c]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, program(t, c.settings, c.arg))
			if code != 0 || stderr != "" || !strings.HasPrefix(stdout, "example: shows what every program does\n") {
				t.Fatalf("code %d, %s%s", code, stdout, stderr)
			}
			if strings.Contains(stdout, "hunter2") {
				t.Errorf("a secret is shown:\n%s", stdout)
			}
			narrow := regexp.MustCompile(` {2,}`).ReplaceAllString(stdout, " ")
			for _, line := range c.want {
				if !strings.Contains(narrow, "\n "+line) {
					t.Errorf("%q is not shown:\n%s", line, stdout)
				}
			}
		})
	}
}

func TestABadSettingIsNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings []string
		want     string
	}{
		"a required one is missing":            {nil, "DATABASE is not set"},
		"a port that is no number":             {[]string{"DATABASE=hunter2", "PORT=many"}, `PORT="many" is not a whole number`},
		"a port that is empty":                 {[]string{"DATABASE=hunter2", "PORT="}, `PORT=""`},
		"a time without a unit":                {[]string{"DATABASE=hunter2", "WAIT=30"}, `WAIT="30"`},
		"a logging configuration that is none": {[]string{"DATABASE=hunter2", "K_LOGGING_CONFIG=loud"}, `K_LOGGING_CONFIG: no JSON object whose members are all strings, such as {"loglevel.example":"info"}`},
		"a member of it that is no string":     {[]string{"DATABASE=hunter2", `K_LOGGING_CONFIG={"a":1}`}, `K_LOGGING_CONFIG: no JSON object whose members`},
		"a level of it that is no string":      {[]string{"DATABASE=hunter2", `K_LOGGING_CONFIG={"zap-logger-config":"{\"level\":5}"}`}, `K_LOGGING_CONFIG: zap-logger-config: no JSON object such as {"level":"info"}: correct it, or set LOG_LEVEL`},
		"a level that is none":                 {[]string{"DATABASE=hunter2", "LOG_LEVEL=loud"}, `LOG_LEVEL="loud" is not a level`},
		"a flag that is neither yes nor no":    {[]string{"DATABASE=hunter2", "AGAIN=perhaps"}, `AGAIN="perhaps"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, program(t, c.settings))
			if code != 2 || stdout != "" || !strings.Contains(stderr, c.want) || !strings.Contains(stderr, "-help") {
				t.Errorf("code %d, %s%s; want code 2 and %s", code, stdout, stderr, c.want)
			}
			if strings.Contains(stderr, "hunter2") {
				t.Errorf("a secret is shown: %s", stderr)
			}
		})
	}
}

func TestAllFaultsAreNamedInTheOrderOfTheSettings(t *testing.T) {
	t.Parallel()
	_, stderr, code := run(t, program(t, []string{"WAIT=soon", "PORT=70000", "GRACE=0", "LOG_LEVEL=loud", "HEADER_TIMEOUT=-1s", "AGAIN=perhaps"}))
	rest := stderr
	for _, setting := range []string{"DATABASE", "PORT", "GRACE", "LOG_LEVEL", "HEADER_TIMEOUT", "WAIT", "AGAIN"} {
		_, after, found := strings.Cut(rest, "example: "+setting)
		if !found {
			t.Errorf("code %d, %s is not named, or not after those before it:\n%s", code, setting, stderr)
			continue
		}
		rest = after
	}
}

func TestAProgramThatCannotGoOnSaysWhyAndEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings []string
		lines    int
		revision string
	}{
		"plain":                    {nil, 1, ""},
		"under Knative":            {[]string{"K_REVISION=example-00001"}, 1, "example-00001"},
		"with everything logged":   {[]string{"LOG_LEVEL=debug"}, 2, ""},
		"with little of it logged": {[]string{"LOG_LEVEL=error"}, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, program(t, append(c.settings, "DATABASE=hunter2", "FAIL=there is no tomorrow")))
			lines := strings.Split(strings.TrimSpace(stderr), "\n")
			if code != 1 || stdout != "" || len(lines) != c.lines {
				t.Fatalf("code %d, %s%s; want code 1 and %d lines", code, stdout, stderr, c.lines)
			}
			var last struct{ Level, Program, Revision, Error string }
			if err := json.Unmarshal([]byte(lines[c.lines-1]), &last); err != nil {
				t.Fatal(err)
			}
			if last.Level != "ERROR" || last.Program != "example" || last.Revision != c.revision || last.Error != "there is no tomorrow" {
				t.Errorf("the last line is %s", lines[c.lines-1])
			}
		})
	}
}
