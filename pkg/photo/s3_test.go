package photo_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/photo"
)

// witness is an S3 store, an STS and a machine's metadata service in one, which notes how
// its store is asked.
type witness struct {
	url  string
	mu   sync.Mutex
	seen []*http.Request // of the store
}

func newWitness(t *testing.T) *witness {
	t.Helper()
	w := new(witness)
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

func (w *witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	const keys = `"AccessKeyId":%q,"SecretAccessKey":"x","Token":"x","Expiration":"2100-01-01T00:00:00Z"}`
	switch {
	case r.URL.Path == "/latest/api/token":
		rw.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "60")
		fmt.Fprint(rw, "token")
	case strings.HasSuffix(r.URL.Path, "/security-credentials/"):
		fmt.Fprint(rw, "role")
	case strings.HasSuffix(r.URL.Path, "/security-credentials/role"):
		fmt.Fprintf(rw, `{"Code":"Success",`+keys, "MACHINE")
	case r.URL.Path == "/pod":
		fmt.Fprintf(rw, `{`+keys, "POD")
	case strings.HasPrefix(r.URL.Path, "/sts"):
		action := r.PostFormValue("Action")
		fmt.Fprintf(rw, `<%[1]sResponse><%[1]sResult><Credentials><AccessKeyId>%[2]s</AccessKeyId><SecretAccessKey>x</SecretAccessKey>`+
			`<SessionToken>x</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/lineup/x</Arn></AssumedRoleUser></%[1]sResult></%[1]sResponse>`,
			action, map[string]string{"AssumeRole": "ROLE", "AssumeRoleWithWebIdentity": "SERVICEACCOUNT"}[action])
	default:
		w.mu.Lock()
		w.seen = append(w.seen, r)
		w.mu.Unlock()
		fmt.Fprint(rw, "picture")
	}
}

// last is how the store was asked last.
func (w *witness) last(t *testing.T) *http.Request {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.seen) == 0 {
		t.Fatal("the store was not asked")
	}
	return w.seen[len(w.seen)-1]
}

// noKeys is an environment in which no credentials are found.
func noKeys(t *testing.T) {
	t.Helper()
	for _, set := range os.Environ() {
		if name, _, _ := strings.Cut(set, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			testkit.Succeed(t, os.Unsetenv(name))
		}
	}
	none := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_CONFIG_FILE", none)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", none)
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", nobody)
}

func TestWhereABucketsKeysComeFrom(t *testing.T) {
	file := func(t *testing.T, body string) string {
		t.Helper()
		name := filepath.Join(t.TempDir(), "file")
		write(t, body, name)
		return name
	}
	const profiles = "[default]\naws_access_key_id=FILE\naws_secret_access_key=x\n[other]\naws_access_key_id=PROFILE\naws_secret_access_key=x\n"
	for name, c := range map[string]struct {
		parameters string
		set        func(t *testing.T, w *witness)
		want       string // the key's id, and the region
	}{
		"the environment": {"", func(t *testing.T, _ *witness) {
			t.Setenv("AWS_ACCESS_KEY_ID", "ENVIRONMENT")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
			t.Setenv("AWS_REGION", "eu-central-1")
		}, "ENVIRONMENT eu-central-1"},
		"the shared file": {"&region=eu-west-1", func(t *testing.T, _ *witness) {
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file(t, profiles))
		}, "FILE eu-west-1"},
		"a profile of it": {"&profile=other", func(t *testing.T, _ *witness) {
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file(t, profiles))
		}, "PROFILE us-east-1"},
		"a role": {"&role=arn:aws:iam::123456789012:role/lineup", func(t *testing.T, w *witness) {
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file(t, profiles))
			t.Setenv("AWS_ENDPOINT_URL_STS", w.url+"/sts")
			t.Setenv("AWS_REGION", "us-east-1")
		}, "ROLE us-east-1"},
		"the service account (web identity)": {"", func(t *testing.T, w *witness) {
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file(t, "token"))
			t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/lineup")
			t.Setenv("AWS_ENDPOINT_URL_STS", w.url+"/sts")
			t.Setenv("AWS_REGION", "us-east-1")
		}, "SERVICEACCOUNT us-east-1"},
		"the pod's identity": {"", func(t *testing.T, w *witness) {
			t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", w.url+"/pod")
		}, "POD us-east-1"},
		"the machine": {"", func(t *testing.T, w *witness) {
			t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", w.url)
		}, "MACHINE us-east-1"},
		"nowhere": {"&anonymous=true", func(*testing.T, *witness) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			noKeys(t)
			w := newWitness(t)
			c.set(t, w)
			roots := open(t, "s3://pics?use_path_style=true&endpoint="+w.url+c.parameters)
			if body, _, err := roots.Read(t.Context(), "a.jpg", plenty); string(body) != "picture" || err != nil {
				t.Fatalf("read %q, %v", body, err)
			}
			want := ""
			if key, region, found := strings.Cut(c.want, " "); found {
				want = "AWS4-HMAC-SHA256 Credential=" + key + "/"
				if got := w.last(t).Header.Get("Authorization"); !strings.Contains(got, "/"+region+"/s3/") {
					t.Errorf("signed with %q, want the region %s", got, region)
				}
			}
			if got := w.last(t).Header.Get("Authorization"); !strings.HasPrefix(got, want) || want == "" && got != "" {
				t.Errorf("signed with %q, want %q", got, want)
			}
		})
	}
}

func TestHowAStoreIsAsked(t *testing.T) {
	noKeys(t)
	const path = "/pics/in/a.jpg "
	for name, c := range map[string]struct{ parameters, want string }{
		"path style":                  {"&use_path_style=true&endpoint=URL", path},
		"path style by its old name":  {"&s3ForcePathStyle=true&endpoint=URL", path},
		"a host that stays":           {"&hostname_immutable=true&endpoint=URL", path},
		"a host without a scheme":     {"&use_path_style=true&disable_https=true&endpoint=HOST", path},
		"as it was written before":    {"&use_path_style=true&disable_https=true&response_checksum_validation=when_required&awssdk=v2&endpoint=URL", path},
		"checksums, as AWS wants now": {"&use_path_style=true&request_checksum_calculation=when_supported&response_checksum_validation=when_supported&endpoint=URL", path + "Content: X-Amz-Checksum-Crc32 asks: X-Amz-Checksum-Mode"},
		"encrypted":                   {"&use_path_style=true&ssetype=AWS:kms&kmskeyid=7&endpoint=URL", path + "Content: X-Amz-Server-Side-Encryption X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWitness(t)
			parameters := strings.NewReplacer("URL", w.url, "HOST", w.url[len("http://"):]).Replace(c.parameters)
			roots := open(t, "s3://pics?anonymous=true&prefix=in/"+parameters)
			testkit.Succeed(t, roots.Save(t.Context(), "a.jpg", []byte("picture")))
			saved := w.last(t)
			_, _, err := roots.Read(t.Context(), "a.jpg", plenty)
			testkit.Succeed(t, err)
			got := saved.URL.Path + " " + extra("Content: ", saved, "Crc32", "Encryption") + extra(" asks: ", w.last(t), "Checksum-Mode")
			if strings.TrimSpace(got) != strings.TrimSpace(c.want) {
				t.Errorf("asked for %q, want %q", got, c.want)
			}
			if saved.ContentLength != int64(len("picture")) || saved.Header.Get("Content-Encoding") != "" {
				t.Errorf("sent %d bytes, encoded %q: stores refuse that", saved.ContentLength, saved.Header.Get("Content-Encoding"))
			}
		})
	}
}

func TestWithoutPathStyleTheBucketIsPartOfTheHost(t *testing.T) {
	t.Parallel()
	roots := open(t, "s3://pics?anonymous=true&endpoint=http://store.invalid")
	if _, _, err := roots.Read(t.Context(), "a.jpg", plenty); err == nil || !strings.Contains(err.Error(), "pics.store.invalid") {
		t.Errorf("%v, want one about pics.store.invalid", err)
	}
}

// extra names the headers that have one of these parts.
func extra(what string, r *http.Request, parts ...string) string {
	var found []string
	for name := range r.Header {
		if slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(name, part) }) {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return ""
	}
	slices.Sort(found)
	return what + strings.Join(found, " ")
}

func TestABucketsParametersAreChecked(t *testing.T) {
	t.Parallel()
	for parameters, want := range map[string]string{
		"colour=red":                     "colour",
		"use_path_style=perhaps":         "neither true nor false",
		"role=lineup":                    "arn:",
		"ssetype=none":                   "AES256",
		"rate_limiter_capacity=-1":       "rate_limiter_capacity",
		"response_checksum_validation=1": "when_required",
	} {
		if _, err := photo.Open("s3://pics?" + parameters); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want words about %s", parameters, err, want)
		}
	}
	open(t, "s3://pics?dualstack=true&fips=false&accelerate=true&rate_limiter_capacity=500&profile=&region=us-east-1")
}

// Keys are listed encoded where the store can: XML has no way to write some characters.
func TestKeysOfAnyCharactersAreListed(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("encoding-type") != "url" {
			t.Errorf("asked with %s", r.URL.RawQuery)
		}
		fmt.Fprint(w, `<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>in/a%01%2B+b.jpg</Key></Contents>`+
			`<Contents><Key>in/%C3%A4.jpg</Key></Contents><Contents><Key>beside.jpg</Key></Contents></ListBucketResult>`)
	}))
	t.Cleanup(server.Close)
	roots := open(t, "s3://pics?anonymous=true&use_path_style=true&prefix=in/&endpoint="+server.URL)
	if got := walk(t, roots, "./", "", 10); !slices.Equal(got, []string{"a\x01+ b.jpg", "ä.jpg"}) {
		t.Errorf("walked over %q", got)
	}
	if listed, err := roots.List(t.Context()); err != nil || len(listed) != 2 || listed[0].Name != "a\x01+ b.jpg" {
		t.Errorf("listed %+v, %v", listed, err)
	}
}
