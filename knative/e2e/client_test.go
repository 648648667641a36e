package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
)

// client calls functions through the ingress. Every request has a connection of its
// own, as a client's first has.
var client = &http.Client{
	Timeout: 2 * time.Minute,
	Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if ingress := os.Getenv("INGRESS"); ingress != "" {
				address = ingress // host:port, where DNS does not know the functions' names
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	},
}

// urls are the functions' addresses.
var urls = map[string]string{}

func url(t *testing.T, function string) string {
	t.Helper()
	if urls[function] == "" {
		urls[function] = kubectl(t, "get", "ksvc", function, "-o", "jsonpath={.status.url}")
	}
	return urls[function]
}

// request sends a request and gives the answer, and how long it took.
func request(ctx context.Context, method, url string, body []byte, header ...string) (status int, answer []byte, took time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, 0, err
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	start := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, 0, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, time.Since(start), err
}

// call sends a request to a function.
func call(t *testing.T, method, function, path string, body []byte, header ...string) (status int, answer []byte, took time.Duration) {
	t.Helper()
	status, answer, took, err := request(t.Context(), method, url(t, function)+path, body, header...)
	testkit.Succeed(t, err)
	return status, answer, took
}

// posted is what receive answers of one picture.
type posted struct {
	ID   int64
	Path string
	Sent bool
}

// submit gives receive, at its address and a path, a picture.
func submit(ctx context.Context, url string, body []byte, header ...string) (posted, time.Duration, error) {
	status, answer, took, err := request(ctx, http.MethodPost, url, body, append(header, "Accept", "application/json")...)
	if err != nil {
		return posted{}, 0, err
	}
	var answered struct{ Images []posted }
	if err := json.Unmarshal(answer, &answered); err != nil || status != http.StatusAccepted || len(answered.Images) != 1 || answered.Images[0].ID == 0 {
		return posted{}, 0, fmt.Errorf("POST %s: %d %.300s, want 202 and an id", url, status, answer)
	}
	return answered.Images[0], took, nil
}

// post gives receive a picture and tells how long that took.
func post(t *testing.T, path string, body []byte, header ...string) (posted, time.Duration) {
	t.Helper()
	image, took, err := submit(t.Context(), url(t, "receive")+path, body, header...)
	testkit.Succeed(t, err)
	return image, took
}

// upload posts a picture of Dana that nobody has posted before.
func upload(t *testing.T) posted {
	t.Helper()
	image, _ := timedUpload(t)
	return image
}

func timedUpload(t *testing.T) (posted, time.Duration) {
	t.Helper()
	return post(t, "/images", another(picture(t, "pictures/dana.jpg")), "Content-Type", "image/jpeg")
}

// putPicture puts a picture of Dana into the bucket, past receive, and gives its path. The way
// there is kubectl's proxy: the bucket is for nobody outside.
func putPicture(t *testing.T) string {
	t.Helper()
	proxy := exec.CommandContext(t.Context(), "kubectl", "proxy", "--port=0")
	stdout := testkit.Must(proxy.StdoutPipe())(t)
	testkit.Succeed(t, proxy.Start())
	defer func() {
		proxy.Process.Kill()
		proxy.Wait()
	}()
	line := testkit.Must(bufio.NewReader(stdout).ReadString('\n'))(t)
	address := strings.TrimSpace(strings.TrimPrefix(line, "Starting to serve on "))
	name := fmt.Sprintf("e2e-%d.jpg", time.Now().UnixNano())
	put := testkit.Must(http.NewRequestWithContext(t.Context(), http.MethodPut,
		fmt.Sprintf("http://%s/api/v1/namespaces/%s/services/s3:9000/proxy/lineup/images/%s", address, namespace, name),
		bytes.NewReader(another(picture(t, "pictures/dana.jpg")))))(t)
	response := testkit.Must(http.DefaultClient.Do(put))(t)
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("the bucket does not take a picture: %s", response.Status)
	}
	return "s3://lineup/images/" + name
}

// enrol makes Dana known, from whose photo the pictures that are posted here differ.
func enrol(t *testing.T) {
	t.Helper()
	if status, answer := sendPhoto(t, "receive", "/people", "Dana", "people/dana.jpg"); status/100 != 2 {
		t.Fatalf("enrol Dana: %d %s", status, answer)
	}
}

// sendPhoto enrols a person by a sample, with what is said beside that, NAME=VALUE.
func sendPhoto(t *testing.T, function, path, name, photo string, beside ...string) (status int, answer []byte) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, field := range append(beside, "name="+name) {
		key, value, _ := strings.Cut(field, "=")
		testkit.Succeed(t, form.WriteField(key, value))
	}
	part := testkit.Must(form.CreateFormFile("photo", filepath.Base(photo)))(t)
	testkit.Must(part.Write(picture(t, photo)))(t)
	testkit.Succeed(t, form.Close())
	status, answer, _ = call(t, http.MethodPost, function, path, body.Bytes(), "Content-Type", form.FormDataContentType())
	return status, answer
}

// shown is what view says of a picture.
func shown(t *testing.T, id int64) (image lineup.Image) {
	t.Helper()
	status, answer, _ := call(t, http.MethodGet, "view", "/images/"+strconv.FormatInt(id, 10), nil, "Accept", "application/json")
	if err := json.Unmarshal(answer, &image); err != nil || status != http.StatusOK {
		t.Fatalf("image %d: %d %s", id, status, answer)
	}
	return image
}

// wantDana waits until the picture was looked at, and wants Dana in it.
func wantDana(t *testing.T, id int64, patience time.Duration) lineup.Image {
	t.Helper()
	var image lineup.Image
	testkit.Poll(t, patience, 300*time.Millisecond, fmt.Sprintf("image %d is looked at", id), func() bool {
		image = shown(t, id)
		return image.Status.Final()
	})
	if image.Status != lineup.Identified || image.Person == nil || image.Person.Name != "Dana" {
		t.Errorf("image %d is %s (%q) of %+v, want Dana", id, image.Status, image.Reason, image.Person)
	}
	return image
}

// announced gives the subscriber's events of a picture.
func announced(t *testing.T, id int64) (events []cloudevents.Event) {
	t.Helper()
	status, answer, _ := call(t, http.MethodGet, "example", fmt.Sprintf("/?subject=images/%d", id), nil)
	if err := json.Unmarshal(answer, &events); err != nil || status != http.StatusOK {
		t.Fatalf("the subscriber's events: %d %.300s: %v", status, answer, err)
	}
	return events
}
