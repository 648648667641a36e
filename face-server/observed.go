package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/telemetry"
	facerecog "lineup.dev/lineup/proto"
)

// What is measured of a picture. Steps are spans of its trace as well.
var (
	waitTime      = newDuration("wait", "time that a picture waits for a worker")
	readInTime    = newDuration("read", "time to read a picture from its root")
	decodeTime    = newDuration("decode", "time to decode a picture")
	inferenceTime = newDuration("inference", "time to find and describe the faces of a picture")
	compareTime   = newDuration("compare", "time to compare a picture's faces with the gallery")
	facesFound    = telemetry.NewHistogram("lineup.face_server.faces", "{face}", "faces of a picture", 0, 1, 2, 3, 5, 10, 20, 50, 100)
	similarities  = telemetry.NewHistogram("lineup.face_server.similarity", "", "cosine similarity of a face to the most similar person with a name",
		0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
	// Summed up they are how many of the names are wrong, as stated.
	chancesWrong = telemetry.NewHistogram("lineup.face_server.chance_wrong", "", "how likely a name that was given is wrong, as stated", chances...)
	// As the models were measured, a tenth of the strangers have 0.1 or less, and so on.
	strangerChances = telemetry.NewHistogram("lineup.face_server.stranger_chance", "",
		"how likely a stranger is as similar to somebody as a face is that is like nobody", chances...)
)

var chances = []float64{0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}

func newDuration(of, description string) telemetry.Histogram {
	return telemetry.NewHistogram("lineup.face_server."+of+".duration", "s", description,
		0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
}

// noteFaces measures what was found in a picture; strangerChance tells it of a face that is like nobody.
func noteFaces(ctx context.Context, response *facerecog.IdentifyResponse, strangerChance func(*facerecog.Face) (chance float64, ok bool)) {
	if !telemetry.On() {
		return
	}
	telemetry.Note(ctx, attribute.Int("lineup.faces", len(response.Faces)))
	facesFound.Record(ctx, float64(len(response.Faces)))
	for _, face := range response.Faces {
		if face.Similarity != nil {
			similarities.Record(ctx, float64(face.GetSimilarity()), attribute.Bool("lineup.known", face.ImageName != ""))
		}
		if face.ChanceWrong != nil {
			chancesWrong.Record(ctx, face.GetChanceWrong())
		}
		if chance, ok := strangerChance(face); ok {
			strangerChances.Record(ctx, chance)
		}
	}
}

// observe measures the server as it is whenever metrics are exported.
func (s *server) observe() {
	gauge := func(name, unit, description string, read func() float64) {
		telemetry.Gauge("lineup.face_server."+name, unit, description, func(context.Context) (float64, bool) { return read(), true })
	}
	gauge("workers", "{worker}", "workers there are", func() float64 { return float64(cap(s.workers.free)) })
	gauge("workers.busy", "{worker}", "workers at work", func() float64 { return float64(cap(s.workers.free) - len(s.workers.free)) })
	gauge("calls", "{call}", "calls that are processed or wait", func() float64 { return float64(len(s.admitted)) })
	for _, of := range []struct {
		kind string
		size func() int
	}{
		{"named", func() int { named, _ := s.gallery.Size(); return named }},
		{"stranger", func() int { _, strangers := s.gallery.Size(); return strangers }},
	} {
		telemetry.Gauge("lineup.gallery.photos", "{photo}", "photos that faces are compared with", func(context.Context) (float64, bool) {
			return float64(of.size()), s.gallery.Ready() == nil
		}, attribute.String("lineup.of", of.kind))
	}
	telemetry.Gauge("lineup.gallery.age", "s", "time since the gallery was last read without a failure", func(context.Context) (float64, bool) {
		at, once := s.gallery.ReadAt()
		return time.Since(at).Seconds(), once
	})
	telemetry.Gauge("lineup.gallery.state", "", "the state of the gallery that faces are compared with", func(context.Context) (float64, bool) {
		return float64(s.gallery.State()), s.gallery.Ready() == nil
	})
}

// serve answers scrapes until stop, if metrics are to be scraped.
func (s Scraping) serve(ctx context.Context, log *slog.Logger) (stop func(), err error) {
	metrics, scraped := telemetry.Scraped()
	if !scraped {
		return func() {}, nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", http.TimeoutHandler(metrics, scrapeTime, "the metrics could not be read in time"))
	address := net.JoinHostPort(s.ScrapeHost, strconv.Itoa(s.ScrapePort))
	address, stop, err = serve.Beside(ctx, address, "OTEL_EXPORTER_PROMETHEUS_HOST and OTEL_EXPORTER_PROMETHEUS_PORT", mux)
	if err != nil {
		return nil, err
	}
	log.Info("metrics can be scraped", "address", address)
	return stop, nil
}

// scrapeTime is how long a scrape may take.
const scrapeTime = 10 * time.Second
