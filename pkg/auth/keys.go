package auth

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/time/rate"

	"lineup.dev/lineup/pkg/serve"
)

// Limits of a file of keys.
const (
	maxFile        = 1 << 20 // bytes
	maxName        = 100     // bytes
	reloadInterval = time.Second
)

// key is one line of the file. Keys of one name belong to one caller, who has one
// limiter.
type key struct {
	name    string
	hash    [sha256.Size]byte
	reads   bool // may only read
	limiter *rate.Limiter
}

// readRight is the third word on the line of a key that may only read.
const readRight = "read"

// keyring is the keys of a file, as of the last time it could be read.
type keyring struct {
	path  string
	rate  rate.Limit
	burst int
	log   *slog.Logger

	mu        sync.Mutex
	keys      []key
	checked   time.Time   // when the file was last checked for changes
	file      os.FileInfo // of the last reading
	lastError string      // the last that was logged
}

// errNoKey is what is wrong with a file when a program starts. One that becomes empty
// later is the last key's removal.
var errNoKey = errors.New("API_KEYS_FILE: it holds no key, so every request would be refused: add a line of a name and the key's SHA-256")

func openKeyring(s Settings, log *slog.Logger) (*keyring, error) {
	k := &keyring{path: s.KeysFile, rate: rate.Limit(s.RateLimit), burst: s.RateBurst, log: log, checked: time.Now()}
	if k.rate == 0 {
		k.rate = rate.Inf
	}
	if err := k.read(); err != nil {
		return nil, err
	}
	if len(k.keys) == 0 {
		return nil, errNoKey
	}
	return k, nil
}

// authenticate gives the key of the request, and the problem if it is refused. Only one
// that is counted is limited.
func (k *keyring) authenticate(r *http.Request, counted bool) (key, *serve.Problem) {
	presented := token(r)
	if presented == "" {
		return key{}, &serve.Problem{Status: http.StatusUnauthorized, Detail: "An API key is needed: send it as `Authorization: Bearer KEY`, or as the password to any user name."}
	}
	found, ok := find(k.current(), presented)
	if !ok {
		return key{}, &serve.Problem{Status: http.StatusUnauthorized, Detail: "The API key is not known here: ask whoever runs this program for one."}
	}
	if found.reads && !isReading(r) {
		return found, &serve.Problem{Status: http.StatusForbidden, Detail: "This API key may only read: ask whoever runs this program for one that may write, whose line in API_KEYS_FILE has no third word."}
	}
	if !counted {
		return found, nil
	}
	reservation := found.limiter.Reserve()
	if wait := reservation.Delay(); wait > 0 {
		reservation.Cancel()
		return found, &serve.Problem{Status: http.StatusTooManyRequests, Detail: "Too many requests with this API key: try again after the seconds of Retry-After.", RetryAfter: wait}
	}
	return found, nil
}

// isReading tells of methods that change nothing.
func isReading(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
}

// token is the API key of the request: a Bearer token, or the password of any user,
// which is how a browser sends one. It is empty for none.
func token(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(credentials)
	}
	return ""
}

// find compares with every key, so that its duration reveals nothing.
func find(keys []key, presented string) (found key, ok bool) {
	hash := sha256.Sum256([]byte(presented))
	for _, candidate := range keys {
		if subtle.ConstantTimeCompare(candidate.hash[:], hash[:]) == 1 {
			found, ok = candidate, true
		}
	}
	return found, ok
}

// current is the keys of the file as it is now. A file that is gone or invalid changes
// nothing.
func (k *keyring) current() []key {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.checked) < reloadInterval {
		return k.keys
	}
	k.checked = time.Now()
	// Stat follows links: a mounted Secret is replaced behind one.
	now, err := os.Stat(k.path)
	switch {
	case err == nil && os.SameFile(k.file, now) && k.file.ModTime().Equal(now.ModTime()) && k.file.Size() == now.Size():
		return k.keys
	case err == nil:
		err = k.read()
	}
	switch {
	case err == nil && len(k.keys) == 0:
		k.lastError = ""
		k.log.Warn("API keys reloaded: the file holds none, so every request is refused")
	case err == nil:
		k.lastError = ""
		k.log.Info("API keys reloaded", "keys", len(k.keys))
	case k.lastError != err.Error():
		k.lastError = err.Error()
		k.log.Error("API keys not reloaded, the old ones stay valid", "error", err)
	}
	return k.keys
}

// read loads the keys from the file, all or none, and notes the file's identity.
func (k *keyring) read() error {
	keys, file, err := readKeys(k.path)
	if err != nil {
		return err
	}
	limiters := map[string]*rate.Limiter{}
	for _, old := range k.keys {
		limiters[old.name] = old.limiter
	}
	for i, key := range keys {
		keys[i].limiter = cmp.Or(limiters[key.name], rate.NewLimiter(k.rate, k.burst))
		limiters[key.name] = keys[i].limiter
	}
	k.keys, k.file = keys, file
	return nil
}

// readKeys gives the keys without their limiters, and the identity of the file.
func readKeys(path string) ([]key, os.FileInfo, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names it, in a setting
	if err != nil {
		return nil, nil, fmt.Errorf("API_KEYS_FILE: %w; next: make it, or unset API_KEYS_FILE to need no key", err)
	}
	defer f.Close()
	file, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("API_KEYS_FILE: %w", err)
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, nil, fmt.Errorf("API_KEYS_FILE: %w", err)
	}
	keys, err := parse(content)
	if err != nil {
		return nil, nil, fmt.Errorf("API_KEYS_FILE: read %s: %w", path, err)
	}
	return keys, file, nil
}

// parse reads lines of a name and a hash. Its errors show neither: somebody may have
// written the key in the place of its hash.
func parse(content []byte) (keys []key, err error) {
	if len(content) > maxFile {
		return nil, fmt.Errorf("it is larger than the %d bytes allowed", maxFile)
	}
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		one, ok := parseKey(fields)
		if !ok {
			return nil, fmt.Errorf("line %d is not a name of at most %d bytes, a space, and the key's SHA-256 in 64 hex digits, with a space and the word %s behind it where the key may only read: `printf %%s KEY | sha256sum` makes it", number, maxName, readRight)
		}
		keys = append(keys, one)
	}
	return keys, nil
}

func parseKey(fields []string) (one key, ok bool) {
	if len(fields) < 2 || len(fields) > 3 || len(fields) == 3 && fields[2] != readRight {
		return key{}, false
	}
	hash, err := hex.DecodeString(fields[1])
	if err != nil || len(hash) != sha256.Size || len(fields[0]) > maxName || !utf8.ValidString(fields[0]) {
		return key{}, false
	}
	return key{name: fields[0], hash: [sha256.Size]byte(hash), reads: len(fields) == 3}, true
}
