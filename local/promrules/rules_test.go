// Package promrules reads the alert rules of docs/telemetry with Prometheus' own parser. It is a module of its own:
// Prometheus' dependencies are no concern of the programs.
package promrules

import (
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

func TestThePrometheusParserTakesTheAlertRules(t *testing.T) {
	rules, err := os.ReadFile("../../docs/telemetry/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	groups, errs := rulefmt.Parse(rules, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.Default())
	for _, err := range errs {
		t.Error(err)
	}
	if len(errs) == 0 && len(groups.Groups) == 0 {
		t.Error("there is no group of rules")
	}
}

// The variables of Grafana are no part of a query.
var variables = strings.NewReplacer("$__rate_interval", "5m")

func TestThePrometheusParserTakesTheDashboardsQueries(t *testing.T) {
	text, err := os.ReadFile("../../docs/telemetry/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	queries := 0
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			queries++
			if _, err := parser.NewParser(parser.Options{}).ParseExpr(variables.Replace(target.Expr)); err != nil {
				t.Errorf("%s: %v", panel.Title, err)
			}
		}
	}
	if queries == 0 {
		t.Error("the dashboard asks for nothing")
	}
}
