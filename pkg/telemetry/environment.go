package telemetry

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

// rules say what the SDK's own variables may be. It tells of others only in its log, and goes on with
// its defaults, so that a sampler with a slip of the pen would export everything.
var rules = func() map[string]rule {
	all := map[string]rule{
		"OTEL_TRACES_SAMPLER":                                oneOf("always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"),
		"OTEL_TRACES_SAMPLER_ARG":                            ratio,
		"OTEL_RESOURCE_ATTRIBUTES":                           pairs,
		"OTEL_METRICS_EXEMPLAR_FILTER":                       oneOf("always_on", "always_off", "trace_based"),
		"OTEL_METRIC_EXPORT_INTERVAL":                        atLeast(1, " of milliseconds"),
		"OTEL_METRIC_EXPORT_TIMEOUT":                         atLeast(1, " of milliseconds"),
		"OTEL_BSP_SCHEDULE_DELAY":                            atLeast(1, " of milliseconds"),
		"OTEL_BSP_EXPORT_TIMEOUT":                            atLeast(1, " of milliseconds"),
		"OTEL_BSP_MAX_QUEUE_SIZE":                            atLeast(1, ""),
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE":                     atLeast(1, ""),
		otlpPrefix + "METRICS_TEMPORALITY_PREFERENCE":        oneOf("cumulative", "delta", "lowmemory"),
		otlpPrefix + "METRICS_DEFAULT_HISTOGRAM_AGGREGATION": oneOf("explicit_bucket_histogram", "base2_exponential_bucket_histogram"),
	}
	for _, limited := range []string{"ATTRIBUTE_COUNT", "ATTRIBUTE_VALUE_LENGTH", "SPAN_ATTRIBUTE_COUNT", "SPAN_ATTRIBUTE_VALUE_LENGTH", "SPAN_EVENT_COUNT", "SPAN_LINK_COUNT", "EVENT_ATTRIBUTE_COUNT", "LINK_ATTRIBUTE_COUNT"} {
		all["OTEL_"+limited+"_LIMIT"] = atLeast(-1, "; -1 is no limit")
	}
	for _, signal := range []string{"", "TRACES_", "METRICS_"} {
		for name, one := range map[string]rule{
			"PROTOCOL":           spoken,
			"COMPRESSION":        oneOf("gzip", "none"),
			"TIMEOUT":            atLeast(1, " of milliseconds"),
			"HEADERS":            pairs,
			"CERTIFICATE":        file,
			"CLIENT_CERTIFICATE": file,
			"CLIENT_KEY":         file,
		} {
			all[otlpPrefix+signal+name] = one
		}
	}
	return all
}()

const otlpPrefix = "OTEL_EXPORTER_OTLP_"

// rule gives what is wrong about a value, to stand behind its variable's name. It is not asked about none.
type rule func(value string) (wrong string)

// broken are the variables that break their rules, in the order of names.
func broken() (errs []error) {
	for _, key := range slices.Sorted(maps.Keys(rules)) {
		value := strings.TrimSpace(os.Getenv(key))
		if value == "" {
			continue // as OpenTelemetry has it, it is not set
		}
		if wrong := rules[key](value); wrong != "" {
			errs = append(errs, fmt.Errorf("%s%s", key, wrong))
		}
	}
	return errs
}

// oneOf is heedless of case, as the SDK is.
func oneOf(values ...string) rule {
	return func(value string) string {
		if slices.Contains(values, strings.ToLower(value)) {
			return ""
		}
		return fmt.Sprintf("=%q is none of these: %s", value, strings.Join(values, ", "))
	}
}

func spoken(value string) string {
	if value == protocol {
		return ""
	}
	return fmt.Sprintf("=%q is not known: set it to %s, and the endpoint to the collector's port for that, which is 4318 as a rule", value, protocol)
}

func ratio(value string) string {
	if share, err := strconv.ParseFloat(value, 64); err == nil && share >= 0 && share <= 1 {
		return ""
	}
	return fmt.Sprintf("=%q is no share of the traces, a number from 0 to 1", value)
}

// atLeast says of what the number is.
func atLeast(least int, of string) rule {
	return func(value string) string {
		if number, err := strconv.Atoi(value); err == nil && number >= least {
			return ""
		}
		return fmt.Sprintf("=%q is no whole number from %d up%s", value, least, of)
	}
}

// pairs does not show the value: headers are secrets.
func pairs(value string) string {
	for pair := range strings.SplitSeq(value, ",") {
		if name, _, is := strings.Cut(pair, "="); strings.TrimSpace(pair) != "" && (!is || strings.TrimSpace(name) == "") {
			return " is no list of name=value, separated by commas"
		}
	}
	return ""
}

func file(value string) string {
	if _, err := os.ReadFile(value); err != nil { //nolint:gosec // whoever runs the program names it
		return fmt.Sprintf("=%q is no file that can be read: %v", value, err)
	}
	return ""
}
