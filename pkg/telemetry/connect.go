package telemetry

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"net/http"
	"regexp"
	"strings"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
)

// Served makes spans and metrics of the requests to h.
func Served(h http.Handler) http.Handler {
	if !On() {
		return h
	}
	return otelhttp.NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route := new(string)
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), routeKey{}, route)))
		if *route != "" {
			r.Pattern = *route // otelhttp reads it; a mux sets it on a copy of the request
		}
	}), "")
}

type routeKey struct{}

// Route tells by which pattern of a mux a request is answered. An address as it came would
// make of each picture a figure of its own.
func Route(ctx context.Context, pattern string) {
	if route, ok := ctx.Value(routeKey{}).(*string); ok {
		*route = pattern
	}
}

// WithMetrics has h also answer a scrape of the metrics, if they are to be scraped.
func WithMetrics(h http.Handler) http.Handler {
	answer, is := Scraped()
	if !is {
		return h
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", answer)
	mux.Handle("/", h)
	return mux
}

// Scraped answers a scrape of the metrics, if they are to be scraped.
func Scraped() (answer http.Handler, is bool) {
	h := scraped.Load()
	if h == nil {
		return nil, false
	}
	return *h, true
}

// Transport makes spans and metrics of requests, and tells the server of them.
func Transport(t *http.Transport) http.RoundTripper {
	if !On() {
		return t
	}
	return transport{otelhttp.NewTransport(t), t}
}

// transport can close its connections, which otelhttp's cannot.
type transport struct {
	http.RoundTripper
	inner *http.Transport
}

func (t transport) CloseIdleConnections() { t.inner.CloseIdleConnections() }

// WithCalls makes spans and metrics of a client's gRPC calls, and tells the server of them.
func WithCalls() grpc.DialOption {
	if !On() {
		return grpc.EmptyDialOption{}
	}
	return grpc.WithStatsHandler(otelgrpc.NewClientHandler(otelgrpc.WithFilter(isNoHealth)))
}

// Answered makes spans and metrics of the gRPC calls that a server answers.
func Answered() grpc.ServerOption {
	if !On() {
		return grpc.EmptyServerOption{}
	}
	return grpc.StatsHandler(otelgrpc.NewServerHandler(otelgrpc.WithFilter(isNoHealth)))
}

// isNoHealth leaves out what is asked again and again.
func isNoHealth(call *stats.RPCTagInfo) bool {
	return call.FullMethodName != "/grpc.health.v1.Health/Check" && call.FullMethodName != "/facerecog.HealthCheck/HealthCheck"
}

// OpenDB is sql.OpenDB, and makes spans and metrics of what is asked of the database. Spans only
// belong to something: what a program asks by itself, again and again, begins no trace.
func OpenDB(connector driver.Connector) *sql.DB {
	if !On() {
		return sql.OpenDB(connector)
	}
	return otelsql.OpenDB(connector, databaseSystem, otelsql.WithDisableSkipErrMeasurement(true), otelsql.WithSpanNameFormatter(statement), otelsql.WithSpanOptions(otelsql.SpanOptions{
		OmitConnResetSession: true,
		OmitConnPrepare:      true,
		OmitRows:             true,
		DisableErrSkip:       true,
		SpanFilter: func(ctx context.Context, _ otelsql.Method, _ string, _ []driver.NamedValue) bool {
			return trace.SpanContextFromContext(ctx).IsSampled()
		},
	}))
}

// statement names a span as OpenTelemetry asks to: by what is done, and to which table.
func statement(_ context.Context, method otelsql.Method, query string) string {
	query = setForOne.ReplaceAllString(query, "")
	operation, _, _ := strings.Cut(strings.Join(strings.Fields(query), " "), " ")
	if operation == "" {
		return string(method)
	}
	if found := firstTable.FindStringSubmatch(query); found != nil {
		operation += " " + found[1]
	}
	return operation
}

// setForOne is what MariaDB takes before a statement.
var setForOne = regexp.MustCompile(`^\s*SET STATEMENT .+ FOR\s`)

var firstTable = regexp.MustCompile(`(?:FROM|INTO|UPDATE|JOIN)\s+([a-z_]+)`)

var databaseSystem = otelsql.WithAttributes(attribute.String("db.system.name", "mysql"))

// Pool measures a database's pool of connections until stop is called.
func Pool(db *sql.DB) (stop func()) {
	if !On() {
		return func() {}
	}
	registered, err := otelsql.RegisterDBStatsMetrics(db, databaseSystem)
	if err != nil {
		return func() {}
	}
	return func() { registered.Unregister() } //nolint:errcheck // there is nothing left to measure
}
