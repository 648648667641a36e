package contract

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"go.yaml.in/yaml/v3"

	"lineup.dev/lineup/docs"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
)

const problem = `{"type":"urn:lineup:problem:bad-request","status":400,"title":"Bad Request","detail":"no"}`

func TestWhatDiffersFromTheDocumentIsTold(t *testing.T) {
	t.Parallel()
	api := testkit.Must(documented())(t)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		answer             string
		fault              string // a part of it; empty for none
	}{
		"as it says":                    {"GET", "/api/v1/people?limit=3", "", 200, `{"items":[],"next":null}`, ""},
		"a member that is not known":    {"GET", "/api/v1/people", "", 200, `{"items":[],"next":null,"more":1}`, "more"},
		"a member that is missing":      {"GET", "/api/v1/people", "", 200, `{"items":[]}`, "next"},
		"a parameter of another type":   {"GET", "/api/v1/people?limit=many", "", 200, `{"items":[],"next":null}`, "limit"},
		"the same, refused":             {"GET", "/api/v1/people?limit=many", "", 400, problem, ""},
		"a problem without its type":    {"GET", "/api/v1/people", "", 400, `{"status":400,"title":"Bad Request","detail":"no"}`, "type"},
		"a body with another member":    {"POST", "/api/v1/people/7/merge", `{"people":[8],"x":1}`, 200, "", "x"},
		"an address that is not there":  {"GET", "/api/v1/nothing", "", 200, "{}", "nothing"},
		"the same, refused as it is so": {"GET", "/api/v1/nothing", "", 404, problem, ""},
		"a method that is not there":    {"PUT", "/api/v1/people", "", 200, "{}", "PUT"},
		"another status":                {"POST", "/api/v1/people/7/merge", `{"people":[8]}`, 201, "{}", "201"},
		"text where JSON is due":        {"GET", "/api/v1/stats", "", 200, "all is well", "stats"},
	} {
		t.Run(name, func(t *testing.T) {
			var faults []string
			h := api.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				w.Header().Set("ETag", `"1"`)
				w.Header().Set("Content-Type", map[bool]string{true: "application/problem+json", false: "application/json"}[c.status >= 400])
				w.WriteHeader(c.status)
				io.WriteString(w, c.answer)
			}), func(fault string) { faults = append(faults, fault) })
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), c.method, c.path, strings.NewReader(c.body)))
			if all := strings.Join(faults, "\n"); (all == "") != (c.fault == "") || !strings.Contains(all, c.fault) {
				t.Errorf("told is %q, want %q", all, c.fault)
			}
		})
	}
}

func TestEveryWriteIsDescribed(t *testing.T) {
	t.Parallel()
	var document struct {
		Paths map[string]map[string]any `yaml:"paths"`
	}
	testkit.Succeed(t, yaml.Unmarshal(docs.OpenAPI, &document))
	for _, write := range lineup.APIWrites {
		method, path, _ := strings.Cut(write, " ")
		if document.Paths[lineup.APIPrefix+path][strings.ToLower(method)] == nil {
			t.Errorf("docs/openapi.yaml says nothing of %s", write)
		}
	}
}

func TestEveryKindOfProblemIsDescribed(t *testing.T) {
	t.Parallel()
	kind := regexp.MustCompile(`(?:ProblemType\(|explained\(http\.\w+, )"([a-z-]+)"`)
	found := 0
	for _, folder := range []string{"receive", "view"} {
		for _, file := range testkit.Must(filepath.Glob("../../functions/" + folder + "/*.go"))(t) {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, match := range kind.FindAllStringSubmatch(string(testkit.Must(os.ReadFile(file))(t)), -1) {
				found++
				if !strings.Contains(string(docs.OpenAPI), "`"+match[1]+"`") {
					t.Errorf("docs/openapi.yaml says nothing of the problem %s, which is in %s", match[1], file)
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d were found", found)
	}
}

func TestAProxyPassesOnWhatAProgramSays(t *testing.T) {
	t.Parallel()
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/stats" {
			panic(http.ErrAbortHandler) // as if it were away
		}
		io.WriteString(w, "all is well")
	}))
	t.Cleanup(program.Close)
	address := Proxy(t, program.URL, func(*http.Request) bool { return false })
	response := testkit.Must(http.Get(address + "/api/v1/stats"))(t)
	defer response.Body.Close()
	if body := testkit.Must(io.ReadAll(response.Body))(t); string(body) != "all is well" {
		t.Errorf("through the proxy it says %q", body)
	}
	if away, err := http.Get(address + "/away"); err == nil {
		away.Body.Close()
		t.Errorf("a program that is away answers %d through the proxy", away.StatusCode)
	}
}

func TestWhatAnEventDiffersInIsTold(t *testing.T) {
	t.Parallel()
	good := testkit.Must(event.RematchSubmitted(event.RematchData{FirstImage: 1, GalleryState: 2}, event.Trace{}))(t)
	Event(t, good)
	for name, change := range map[string]func(*cloudevents.Event){
		"no time":      func(e *cloudevents.Event) { e.SetTime(time.Time{}) },
		"no schema":    func(e *cloudevents.Event) { e.SetDataSchema("") },
		"another type": func(e *cloudevents.Event) { e.SetType("dev.lineup.nothing") },
		"another member": func(e *cloudevents.Event) {
			e.SetData("application/json", map[string]int{"first_image": 1, "gallery_state": 2, "x": 3})
		},
		"another value": func(e *cloudevents.Event) {
			e.SetData("application/json", map[string]any{"first_image": "1", "gallery_state": 2})
		},
	} {
		e := good.Clone()
		change(&e)
		if JudgeEvent(e) == nil {
			t.Errorf("%s: nothing is told", name)
		}
	}
}

func TestEverySchemaCanBeUsed(t *testing.T) {
	t.Parallel()
	for kind, schema := range testkit.Must(docs.Schemas())(t) {
		if err := judgeData(schema, []byte(`"no object"`)); err == nil || strings.Contains(err.Error(), "compile") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
