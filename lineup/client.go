package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
)

// client speaks to receive and view.
type client struct {
	settings settings
	http     *http.Client
	note     func(format string, args ...any) // told, once, that something is tried again
	noted    chan struct{}                    // empty once it was
}

// answerTime is how long an answer may take once the request is sent. It is longer than receive's own MAX_TIME.
const answerTime = 90 * time.Second

func newClient(s settings, note func(string, ...any)) *client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = answerTime
	transport.MaxIdleConnsPerHost = s.AtOnce
	noted := make(chan struct{}, 1)
	noted <- struct{}{}
	return &client{settings: s, http: &http.Client{Transport: transport}, note: note, noted: noted}
}

// upload posts one file. A picture that is refused, or cannot be read, is told in the result.
func (c *client) upload(ctx context.Context, name string) (posted, error) {
	var read error // of the file
	body, err := c.ask(ctx, func() (*http.Request, error) {
		var r *http.Request
		r, read = uploadRequest(ctx, c.receive("/images"), "image", name, nil)
		return r, read
	})
	switch _, refused := refusal(err); {
	case err != nil && ctx.Err() != nil:
		return posted{}, ctx.Err()
	case read != nil:
		return posted{File: name, Error: reason(read)}, nil
	case refused || errors.Is(err, errBroken):
		return posted{File: name, Error: err.Error()}, nil
	case err != nil:
		return posted{}, err
	}
	results, err := readAnswer(body, []string{name})
	if err != nil {
		return posted{}, err
	}
	return results[0], nil
}

// receive is an address of receive.
func (c *client) receive(path string) string {
	return strings.TrimSuffix(c.settings.ReceiveURL, "/") + path
}

// enrol posts a photo of a person, and tells what became of it.
func (c *client) enrol(ctx context.Context, photo enrolled) (enrolled, error) {
	values := map[string]string{"name": photo.Name}
	if photo.face > 0 {
		values["face"] = strconv.Itoa(photo.face)
	}
	if photo.anyway {
		values["anyway"] = "true"
	}
	var read error // of the file
	status, body, err := c.askStatus(ctx, func() (*http.Request, error) {
		var r *http.Request
		r, read = uploadRequest(ctx, c.receive(lineup.APIPrefix+"/people"), "photo", photo.File, values)
		return r, read
	})
	switch _, about := refusal(err); {
	case err != nil && ctx.Err() != nil:
		return photo, ctx.Err()
	case read != nil:
		photo.Outcome, photo.Reason = outcomeRefused, reason(read)
		return photo, nil
	case err != nil && !about && status != http.StatusConflict && !errors.Is(err, errBroken):
		return photo, err
	}
	return photo.outcomeOf(status, body, err), nil
}

// uploadRequest is a form with values and, in a field, one file, which is read while it is sent.
func uploadRequest(ctx context.Context, url, field, name string, values map[string]string) (*http.Request, error) {
	file, size, err := open(name)
	if err != nil {
		return nil, err
	}
	var frame bytes.Buffer
	form := multipart.NewWriter(&frame)
	for key, value := range values {
		if err := form.WriteField(key, value); err != nil {
			return nil, err
		}
	}
	if _, err := form.CreateFormFile(field, strings.Map(sendable, filepath.Base(name))); err != nil {
		return nil, err
	}
	begin := frame.Len()
	if err := form.Close(); err != nil {
		return nil, err
	}
	head, tail := frame.Bytes()[:begin], frame.Bytes()[begin:]
	body := struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), file, bytes.NewReader(tail)), file}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		file.Close()
		return nil, err
	}
	request.ContentLength = int64(frame.Len()) + size
	request.Header.Set("Content-Type", form.FormDataContentType())
	return request, nil
}

// sendable keeps out of a header what none may hold (RFC 9110, 5.5): the picture would be refused with its name.
func sendable(c rune) rune {
	if unicode.IsControl(c) {
		return '?'
	}
	return c
}

// postPaths posts paths in one request.
func (c *client) postPaths(ctx context.Context, paths []string) ([]posted, error) {
	type path struct {
		Path string `json:"path"`
	}
	var content struct {
		Paths []path `json:"paths"`
	}
	for _, p := range paths {
		content.Paths = append(content.Paths, path{p})
	}
	sent, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	body, err := c.ask(ctx, func() (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.receive("/images/post"), bytes.NewReader(sent))
		if err == nil {
			r.Header.Set("Content-Type", "application/json")
		}
		return r, err
	})
	if status, _ := refusal(err); err != nil && status != http.StatusUnprocessableEntity {
		return nil, err
	}
	results, unread := readAnswer(body, paths)
	if unread != nil {
		return nil, cmp.Or(err, unread) // a refusal of all of them at once
	}
	return results, nil
}

func readAnswer(body []byte, names []string) ([]posted, error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, fmt.Errorf("read receive's answer: %w", err)
	}
	return a.match(names)
}

// target is what view tells of a picture or folder, as a line of JSON.
func (c *client) target(ctx context.Context, one target) (json.RawMessage, error) {
	line, err := c.get(ctx, "/"+string(one))
	return bytes.TrimSpace(line), err
}

// images goes through the pictures, the newest first, each as a line of JSON: all, or those of a status or a person.
func (c *client) images(ctx context.Context, status lineup.Status, person int64) iter.Seq2[json.RawMessage, error] {
	query := url.Values{}
	if status != "" {
		query.Set("status", string(status))
	}
	if person != 0 {
		query.Set("person", strconv.FormatInt(person, 10))
	}
	return c.pages(ctx, "/?"+query.Encode(), "images")
}

// people goes through the people, each as a line of JSON.
func (c *client) people(ctx context.Context) iter.Seq2[json.RawMessage, error] {
	return c.pages(ctx, "/people", "people")
}

// pages goes through the pages of a list of view.
func (c *client) pages(ctx context.Context, next, key string) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		for next != "" {
			body, err := c.get(ctx, next)
			if err != nil {
				yield(nil, err)
				return
			}
			var more struct{ Next string }
			fields := map[string]json.RawMessage{}
			var items []json.RawMessage
			if err := errors.Join(json.Unmarshal(body, &more), json.Unmarshal(body, &fields), json.Unmarshal(fields[key], &items)); err != nil {
				yield(nil, fmt.Errorf("read view's answer: %w", err))
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			next = more.Next
		}
	}
}

func (c *client) get(ctx context.Context, path string) (json.RawMessage, error) {
	return c.ask(ctx, func() (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.settings.ViewURL, "/")+path, http.NoBody)
	})
}

// errBroken says that a request that was being sent got no answer, again and again.
var errBroken = errors.New("the connection broke while it was sent")

// ask sends a request, made anew for each try, until it gets an answer that is not about the moment. The body comes with
// a refusal, too.
func (c *client) ask(ctx context.Context, request func() (*http.Request, error)) ([]byte, error) {
	_, body, err := c.askStatus(ctx, request)
	return body, err
}

// askStatus is ask, and tells the answer's status.
func (c *client) askStatus(ctx context.Context, request func() (*http.Request, error)) (status int, body []byte, err error) {
	began := time.Now()
	for pause := shortest; ; pause = min(2*pause, longest) {
		next, err := request()
		if err != nil {
			return 0, nil, err
		}
		status, body, after, err := c.try(next)
		if err == nil || ctx.Err() != nil || after < 0 {
			return status, body, err
		}
		after = max(after, pause)
		if time.Since(began)+after > c.settings.RetryFor {
			return status, body, err
		}
		select {
		case <-c.noted:
			c.note("%v; trying again for %v (RETRY_FOR)", err, c.settings.RetryFor)
		default:
		}
		sleep(ctx, after)
	}
}

// try sends a request once, and tells after what time it may be tried again. A time below 0 says that another try would end no better.
func (c *client) try(request *http.Request) (status int, body []byte, after time.Duration, err error) {
	request.Header.Set("Accept", "application/json")
	if c.settings.APIKey != "" {
		request.Header.Set("Authorization", "Bearer "+c.settings.APIKey)
	}
	response, err := c.http.Do(request)
	if err != nil {
		if failed, ok := errors.AsType[*net.OpError](err); request.ContentLength > 0 && (!ok || failed.Op != "dial") {
			err = fmt.Errorf("%w: %w", errBroken, err)
		}
		return 0, nil, 0, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	if err != nil {
		return 0, nil, 0, fmt.Errorf("read the answer of %s: %w", request.URL.Host, err)
	}
	switch response.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusAccepted:
		return response.StatusCode, body, 0, nil
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After")) // none: 0
		return response.StatusCode, body, time.Duration(max(seconds, 0)) * time.Second, problem(response, body)
	}
	return response.StatusCode, body, -1, problem(response, body)
}

// problem is what an answer says that is none of the expected.
func problem(response *http.Response, body []byte) error {
	p := &serve.Problem{}
	if json.Unmarshal(body, p) != nil || p.Detail == "" { // something else than Lineup answered
		p.Detail = fmt.Sprintf("%s answered %s", response.Request.URL.Host, response.Status)
	}
	p.Status = response.StatusCode
	if p.Status == http.StatusUnauthorized {
		p.Detail += " (API_KEY is the setting)"
	}
	return &refused{*p}
}

// refused is an answer that is an error.
type refused struct{ serve.Problem }

func (r *refused) Error() string { return r.Detail }

// refusal tells whether an error is about what was sent, so that the next may be accepted, and the answer's status.
func refusal(err error) (status int, about bool) {
	r, ok := errors.AsType[*refused](err)
	if !ok {
		return 0, false
	}
	switch r.Status {
	case http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return r.Status, true
	}
	return r.Status, false
}

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
