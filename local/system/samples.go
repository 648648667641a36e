package system

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"

	"lineup.dev/lineup/local/samples"
	"lineup.dev/lineup/pkg/photo"
	facerecog "lineup.dev/lineup/proto"
)

// samplesTime is the longest that bringing the samples may take: the face server notices new photos within seconds.
const samplesTime = time.Minute

// wantsSamples tells whether the samples are wanted and were not brought by an earlier run.
func (s Settings) wantsSamples() bool {
	_, err := os.Stat(s.samplesBrought())
	return s.Samples == "on" && errors.Is(err, fs.ErrNotExist)
}

func (s Settings) samplesBrought() string { return filepath.Join(s.Data, "samples-brought") }

// bringSamples enrols the sample people, posts the sample pictures, and remembers that it did. Where it fails, doing it
// again completes it.
func (s *System) bringSamples(ctx context.Context, folder string) error {
	ctx, cancel := context.WithTimeout(ctx, samplesTime)
	defer cancel()
	for _, person := range samples.People {
		if err := s.enrol(ctx, person, filepath.Join(folder, "people")); err != nil {
			return fmt.Errorf("enrol %s: %w", person.Name, err)
		}
	}
	for _, person := range samples.People {
		if err := s.awaitKnown(ctx, filepath.Join(folder, "people", person.Photos[0])); err != nil {
			return fmt.Errorf("wait until the face server knows %s: %w", person.Name, err)
		}
	}
	if err := s.post(ctx, filepath.Join(folder, "pictures")); err != nil {
		return fmt.Errorf("post sample pictures: %w", err)
	}
	return os.WriteFile(s.settings.samplesBrought(), nil, 0o644)
}

// enrol posts a person's photos to receive.
func (s *System) enrol(ctx context.Context, person samples.Person, folder string) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.WriteField("name", person.Name); err != nil {
		return err
	}
	for _, name := range person.Photos {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		part, err := form.CreateFormFile("photo", name)
		if err != nil {
			return err
		}
		if _, err := part.Write(content); err != nil {
			return err
		}
	}
	if err := form.Close(); err != nil {
		return err
	}
	return s.send(ctx, "/people", &body, "Content-Type", form.FormDataContentType())
}

// awaitKnown waits until the face server has a photo of a person in its gallery.
func (s *System) awaitKnown(ctx context.Context, path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for {
		answer, err := facerecog.NewIdentifyClient(s.faces).Identify(ctx, &facerecog.IdentifyRequest{Image: content}, grpc.WaitForReady(true))
		if err == nil && answer.ImageName != facerecog.NotFound {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// post puts the sample pictures into the first picture root, as samples/NAME, and posts their paths to receive.
func (s *System) post(ctx context.Context, folder string) error {
	roots, err := photo.Open(s.settings.ImagesURL)
	if err != nil {
		return err
	}
	defer roots.Close()
	for _, picture := range samples.Pictures {
		content, err := os.ReadFile(filepath.Join(folder, picture.File))
		if err != nil {
			return err
		}
		name := "samples/" + picture.File
		if err := roots.Save(ctx, name, content); err != nil {
			return fmt.Errorf("save %s: %w", name, err)
		}
		body, err := json.Marshal(map[string]string{"path": name})
		if err != nil {
			return err
		}
		if err := s.send(ctx, "/image/post", bytes.NewReader(body)); err != nil {
			return err
		}
	}
	return nil
}

// send posts body to receive with these headers, names and values in turn.
func (s *System) send(ctx context.Context, path string, body io.Reader, headers ...string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.At.Receive+path, body)
	if err != nil {
		return err
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1]) //nolint:gosec // they come in pairs
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1000))
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("receive answered %s: %s", response.Status, strings.TrimSpace(string(answer)))
	}
	return err
}
