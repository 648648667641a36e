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
	if err := s.post(ctx, folder); err != nil {
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

// post puts the sample pictures into the first picture root, below samples/, and posts the paths of those that are to be
// looked at to receive.
func (s *System) post(ctx context.Context, folder string) error {
	roots, err := photo.Open(s.settings.ImagesURL)
	if err != nil {
		return err
	}
	defer roots.Close()
	save := func(file, name string) error {
		content, err := os.ReadFile(filepath.Join(folder, file))
		if err == nil {
			err = roots.Save(ctx, name, content)
		}
		if err != nil {
			return fmt.Errorf("save %s: %w", name, err)
		}
		return nil
	}
	for _, file := range samples.Try {
		if err := save("try/"+file, "samples/try/"+file); err != nil {
			return err
		}
	}
	for _, picture := range samples.Pictures {
		name := "samples/" + picture.File
		if err := save("pictures/"+picture.File, name); err != nil {
			return err
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
	if s.settings.APIKey != "" {
		request.Header.Set("Authorization", "Bearer "+s.settings.APIKey)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1000))
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("receive answered %s: %s", response.Status, strings.TrimSpace(string(answer)))
		if response.StatusCode == http.StatusUnauthorized {
			err = fmt.Errorf("%w; set API_KEY to one of the keys in API_KEYS_FILE", err)
		}
	}
	return err
}
