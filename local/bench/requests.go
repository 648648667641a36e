package bench

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"lineup.dev/lineup/local/samples"
	"lineup.dev/lineup/pkg/event"
)

// submitted is the hint of a picture: the event as receive publishes it.
func (l *lab) submitted(number int64) []byte {
	return fmt.Appendf(nil, `{"specversion":"1.0","id":"%[1]d.1","source":"/lineup/receive","type":"dev.lineup.image.submitted","subject":"images/%[1]d","datacontenttype":"application/json","data":{"id":%[1]d,"path":"%[2]s"}}`, number, l.path(number))
}

// single is the original API's request for one picture.
func (l *lab) single() request {
	before, after := `{"path":"`+l.dir+`/pictures/bench/`, `.jpg"}`
	return request{method: http.MethodPost, path: "/image/post", contentType: "application/json", body: func(number int64) []byte {
		return append(strconv.AppendInt([]byte(before), number, 10), after...)
	}}
}

// path is a picture's; no such file is there.
func (l *lab) path(number int64) string {
	return l.dir + "/pictures/bench/" + strconv.FormatInt(number, 10) + ".jpg"
}

// filledPath is the SQL of the path of a row that a table is filled with, as it was posted.
func (l *lab) filledPath() string { return "CONCAT('" + l.dir + "/pictures/filled/', seq, '.jpg')" }

// batch is the original API's request for several pictures.
func (l *lab) batch(pictures int) request { return l.batchOf(pictures, l.path) }

// batchOf is batch for pictures at other paths.
func (l *lab) batchOf(pictures int, path func(int64) string) request {
	return request{method: http.MethodPost, path: "/images/post", contentType: "application/json", body: func(int64) []byte {
		body := []byte(`{"paths":[`)
		for i := range pictures {
			if i > 0 {
				body = append(body, ',')
			}
			body = fmt.Appendf(body, `{"path":"%s"}`, path(numbers.Add(1)))
		}
		return append(body, "]}"...)
	}}
}

func (l *lab) binaryEvent() request {
	r := l.single()
	r.path = "/"
	r.headers = map[string]string{"Ce-Source": "/bench", "Ce-Specversion": "1.0", "Ce-Type": event.TypeSubmitted}
	r.numbered = "Ce-Id"
	return r
}

// structuredEvents is one event in the body, or a batch of several.
func (l *lab) structuredEvents(pictures int) request {
	one := `{"specversion":"1.0","id":"%[1]d-%[2]d","source":"/bench","type":"` + event.TypeSubmitted + `","datacontenttype":"application/json","data":{"path":"` + l.dir + `/pictures/event/%[1]d-%[2]d.jpg"}}`
	r := request{method: http.MethodPost, path: "/", contentType: "application/cloudevents+json", body: func(number int64) []byte {
		return fmt.Appendf(nil, one, number, 0)
	}}
	if pictures > 1 {
		r.contentType = "application/cloudevents-batch+json"
		r.body = func(number int64) []byte {
			body := []byte{'['}
			for i := range pictures {
				if i > 0 {
					body = append(body, ',')
				}
				body = fmt.Appendf(body, one, number, i)
			}
			return append(body, ']')
		}
	}
	return r
}

// samplePicture is the one of the samples with one known face.
const samplePicture = "dana.jpg"

// uploadSize is about that of the picture that is uploaded.
const uploadSize = 100_000

// upload is a picture itself: a JPEG whose comment is the number, filled up behind its end.
func (l *lab) upload() (request, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	folder, err := samples.Folder(ctx, l.cache)
	if err != nil {
		return request{}, err
	}
	jpeg, err := os.ReadFile(filepath.Join(folder, "pictures", samplePicture))
	if err != nil {
		return request{}, fmt.Errorf("read a sample: %w", err)
	}
	for len(jpeg) < uploadSize {
		jpeg = append(jpeg, 0)
	}
	return request{method: http.MethodPost, path: "/images", contentType: "image/jpeg", body: func(number int64) []byte {
		comment := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%020d", number))
		head := append([]byte{0xff, 0xd8, 0xff, 0xfe, 0, byte(len(comment) + 2)}, comment...) //nolint:gosec // 20 digits have 28 bytes
		return append(head, jpeg[2:]...)
	}}, nil
}
