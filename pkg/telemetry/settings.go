package telemetry

import (
	"errors"
	"fmt"
	"slices"
)

// Settings of telemetry, for a program to embed in its own. They are OpenTelemetry's own:
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/. What is
// not listed here (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_BSP_*,
// OTEL_METRIC_EXPORT_INTERVAL, headers and certificates of OTLP) the SDK reads; what it would not
// take is refused before (environment.go).
type Settings struct {
	Disabled        bool     `envconfig:"OTEL_SDK_DISABLED" default:"false" desc:"true: no traces and no metrics, whatever else is set"`
	Endpoint        string   `envconfig:"OTEL_EXPORTER_OTLP_ENDPOINT" form:"url" desc:"collector of traces and metrics, http://host:4318; not set: none are made, unless another setting asks for them"`
	TracesEndpoint  string   `envconfig:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" form:"url" desc:"where traces go, http://host:4318/v1/traces; not set: to OTEL_EXPORTER_OTLP_ENDPOINT"`
	MetricsEndpoint string   `envconfig:"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" form:"url" desc:"where metrics go, http://host:4318/v1/metrics; not set: to OTEL_EXPORTER_OTLP_ENDPOINT"`
	Protocol        string   `envconfig:"OTEL_EXPORTER_OTLP_PROTOCOL" default:"http/protobuf" form:"any" desc:"how they go: http/protobuf"`
	Traces          string   `envconfig:"OTEL_TRACES_EXPORTER" form:"any" desc:"otlp or none; not set: otlp where it has an endpoint"`
	Metrics         []string `envconfig:"OTEL_METRICS_EXPORTER" form:"any" desc:"otlp, prometheus (served at /metrics), both, comma-separated, or none; not set: otlp where it has an endpoint"`
}

const (
	otlp     = "otlp"
	scraping = "prometheus"
	none     = "none"
	protocol = "http/protobuf"
)

// Check refuses what OpenTelemetry knows and these programs do not, and what the SDK cannot read: it would
// go unnoticed.
func (s Settings) Check() error {
	var errs []error
	refuse := func(format string, values ...any) { errs = append(errs, fmt.Errorf(format, values...)) }
	if s.Traces != "" && s.Traces != otlp && s.Traces != none {
		refuse("OTEL_TRACES_EXPORTER=%q is none of these: otlp, none", s.Traces)
	}
	for _, one := range s.Metrics {
		if one != otlp && one != scraping && one != none {
			refuse("OTEL_METRICS_EXPORTER=%q is none of these: otlp, prometheus, none", one)
		}
	}
	return errors.Join(append(errs, broken()...)...)
}

func (s Settings) traces() bool {
	return !s.Disabled && (s.Traces == otlp || s.Traces == "" && (s.Endpoint != "" || s.TracesEndpoint != ""))
}

// pushed tells whether metrics go to a collector.
func (s Settings) pushed() bool {
	return !s.Disabled && (slices.Contains(s.Metrics, otlp) || len(s.Metrics) == 0 && (s.Endpoint != "" || s.MetricsEndpoint != ""))
}

// scraped tells whether metrics are there to be fetched.
func (s Settings) scraped() bool { return !s.Disabled && slices.Contains(s.Metrics, scraping) }
