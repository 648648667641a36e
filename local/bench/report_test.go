package bench

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func reported() *Report {
	r := &Report{Machine: Machine{"a processor", 2, 25, "linux 6"}, Versions: map[string]string{"go": "go1", "lineup": "abc"}, Started: time.Unix(1, 0).UTC(), Seconds: 9, Length: "quick"}
	r.Load.Before, r.Load.After = "0.1 0.2 0.3", "1.1 1.2 1.3"
	receive := newFigure("receive.single.c16", "pictures/s", []sample{{value: 400, p50: 2, p99: 9}, {value: 600, p50: 3, p99: 8}, {value: 500, p50: 1, p99: 7, cpu: map[string]float64{"receive": 0.25, "nsqd": 0.001}}})
	receive.compareWith("original_way", newFigure("original_way@receive.single.c16", "pictures/s", []sample{{value: 50, p50: 9, p99: 99}}))
	receive.compareWith("bare_insert", Figure{Name: "bare_insert@receive.single.c16", Error: "away"})
	r.Figures = []Figure{receive, {Name: "view.images", Unit: "pages/s", Error: "view ended"}}
	return r
}

func TestAFigureIsTheMedianOfItsRounds(t *testing.T) {
	f := reported().Figures[0]
	if f.Value != 500 || f.P50 != 2 || f.P99 != 8 || f.Spread != 0.4 || !reflect.DeepEqual(f.Rounds, []float64{400, 600, 500}) {
		t.Errorf("%+v", f)
	}
	if want := map[string]float64{"original_way": 10}; !reflect.DeepEqual(f.Ratio, want) {
		t.Errorf("ratios %v, want %v: a baseline that failed has none", f.Ratio, want)
	}
}

func TestAReportIsReadAsItWasSaved(t *testing.T) {
	r, file := reported(), filepath.Join(t.TempDir(), "bench.json")
	if err := r.Save(file); err != nil {
		t.Fatal(err)
	}
	again, err := Read(file)
	if err != nil || !reflect.DeepEqual(again, r) {
		t.Errorf("%+v, error %v; want %+v", again, err, r)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var plain struct {
		Machine  map[string]any
		Versions map[string]string
		Load     map[string]string `json:"load_average"`
		Figures  []map[string]any
	}
	if err := json.Unmarshal(content, &plain); err != nil {
		t.Fatal(err)
	}
	first := plain.Figures[0]
	if first["name"] != "receive.single.c16" || first["value"] != 500. || first["unit"] != "pictures/s" || first["ratio"].(map[string]any)["original_way"] != 10. {
		t.Errorf("the first figure is %v", first)
	}
	if plain.Machine["cores"] != 2. || plain.Load["before"] != "0.1 0.2 0.3" || plain.Versions["lineup"] != "abc" {
		t.Errorf("machine %v, load average %v, versions %v", plain.Machine, plain.Load, plain.Versions)
	}
}

func TestWhatIsNoReportIsSaid(t *testing.T) {
	for name, content := range map[string]string{"cut off": `{"figures": [`, "without figures": `{}`} {
		file := filepath.Join(t.TempDir(), "bench.json")
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(file); err == nil || !strings.Contains(err.Error(), "make bench") {
			t.Errorf("%s: error %v, want one that says what to do", name, err)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error for a file that is not there")
	}
}

func TestTheTextHasEveryFigure(t *testing.T) {
	var text strings.Builder
	reported().Write(&text)
	for _, want := range []string{"a processor, 2 cores", "load average 0.1 0.2 0.3 before", "receive.single.c16", "500", "20 %", "10.0 of original_way", "receive 0.250", "NOT MEASURED", "view ended"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("it lacks %q:\n%s", want, &text)
		}
	}
	if failed := reported().Failed(); !reflect.DeepEqual(failed, []string{"view.images"}) {
		t.Errorf("failed are %v", failed)
	}
}

func TestGoBenchmarksAreRead(t *testing.T) {
	results, err := parseGo(strings.NewReader(`goos: linux
BenchmarkNear/1M-2         	      50	  25000000 ns/op	        24.50 ms-cpu/search	 12.25 ms-cpu/read
BenchmarkPicture/network_detector 	 100	  1500 ns/op
BenchmarkList
    list_test.go:3: BenchmarkList took long
PASS
ok  	lineup.dev/lineup/face-server/search	31.2s
`))
	if err != nil || len(results) != 2 {
		t.Fatalf("%+v, error %v; want two", results, err)
	}
	if v, err := find(results, "Near/1M", "ms-cpu/search"); v != 24.5 || err != nil {
		t.Errorf("%v, error %v; want 24.5", v, err)
	}
	if v, err := find(results, "Picture/network_detector", "ns/op"); v != 1500 || err != nil {
		t.Errorf("%v, error %v; want 1500", v, err)
	}
	for _, missing := range [][2]string{{"Near/1M", "MB"}, {"Near/10M", "ns/op"}} {
		if v, err := find(results, missing[0], missing[1]); err == nil {
			t.Errorf("%s of %s is %v, want an error", missing[1], missing[0], v)
		}
	}
	for name, text := range map[string]string{
		"nothing":          "PASS\n",
		"one that failed":  "BenchmarkNear 1 2 ns/op\n--- FAIL: BenchmarkNear\n",
		"no number before": "BenchmarkNear 1 x ns/op\n",
	} {
		if results, err := parseGo(strings.NewReader(text)); err == nil {
			t.Errorf("%s: %+v, want an error", name, results)
		}
	}
}
