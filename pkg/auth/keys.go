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
	fileBytes = 1 << 20
	nameBytes = 100
	lookEvery = time.Second // after which the file is looked at again
)

// key is one line of the file. Lines of one name are one caller's, who has one
// limiter.
type key struct {
	name    string
	hash    [sha256.Size]byte
	limiter *rate.Limiter
}

// keyring is the keys of a file, as it last was when it could be read.
type keyring struct {
	path  string
	rate  rate.Limit
	burst int
	log   *slog.Logger

	mu        sync.Mutex
	keys      []key
	looked    time.Time
	file      os.FileInfo // the last that was read
	objection string      // the last that was logged
}

func openKeyring(s Settings, log *slog.Logger) (*keyring, error) {
	k := &keyring{path: s.KeysFile, rate: rate.Limit(s.RateLimit), burst: s.RateBurst, log: log, looked: time.Now()}
	if k.rate == 0 {
		k.rate = rate.Inf
	}
	if err := k.read(); err != nil {
		return nil, fmt.Errorf("API_KEYS_FILE: %w", err)
	}
	return k, nil
}

// admit tells whose key the request brings, and the problem if it may not pass.
func (k *keyring) admit(r *http.Request) (key, *serve.Problem) {
	token := presented(r)
	if token == "" {
		return key{}, &serve.Problem{Status: http.StatusUnauthorized, Detail: "An API key is needed: send it as `Authorization: Bearer KEY`, or as the password to any user name."}
	}
	found, ok := find(k.current(), token)
	if !ok {
		return key{}, &serve.Problem{Status: http.StatusUnauthorized, Detail: "The API key is not known here: ask whoever runs this program for one."}
	}
	reservation := found.limiter.Reserve()
	if wait := reservation.Delay(); wait > 0 {
		reservation.Cancel()
		return found, &serve.Problem{Status: http.StatusTooManyRequests, Detail: "Too many requests with this API key: come back when Retry-After says.", RetryAfter: wait}
	}
	return found, nil
}

// find compares with every key, so that how long it takes tells nothing.
func find(keys []key, token string) (found key, ok bool) {
	hash := sha256.Sum256([]byte(token))
	for _, candidate := range keys {
		if subtle.ConstantTimeCompare(candidate.hash[:], hash[:]) == 1 {
			found, ok = candidate, true
		}
	}
	return found, ok
}

// current is the keys of the file as it is now. One that is gone or broken changes
// nothing.
func (k *keyring) current() []key {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.looked) < lookEvery {
		return k.keys
	}
	k.looked = time.Now()
	// Not the link, but what it leads to: a mounted Secret is exchanged behind one.
	now, err := os.Stat(k.path)
	switch {
	case err == nil && os.SameFile(k.file, now) && k.file.ModTime().Equal(now.ModTime()) && k.file.Size() == now.Size():
		return k.keys
	case err == nil:
		err = k.read()
	}
	if err == nil {
		k.objection = ""
		k.log.Info("API keys read", "keys", len(k.keys))
	} else if k.objection != err.Error() {
		k.objection = err.Error()
		k.log.Error("the API keys stay as they were", "error", err)
	}
	return k.keys
}

// read takes the keys from the file, all or nothing, and notes which file that was.
func (k *keyring) read() error {
	f, err := os.Open(k.path)
	if err != nil {
		return fmt.Errorf("open the file of API keys: %w; next: make it, or unset API_KEYS_FILE to let everybody in", err)
	}
	defer f.Close()
	if k.file, err = f.Stat(); err != nil {
		return fmt.Errorf("read the file of API keys: %w", err)
	}
	content, err := io.ReadAll(io.LimitReader(f, fileBytes+1))
	if err != nil {
		return fmt.Errorf("read the file of API keys: %w", err)
	}
	keys, err := parse(content)
	if err != nil {
		return fmt.Errorf("read %s: %w", k.path, err)
	}
	limiters := map[string]*rate.Limiter{}
	for _, old := range k.keys {
		limiters[old.name] = old.limiter
	}
	for i, key := range keys {
		keys[i].limiter = cmp.Or(limiters[key.name], rate.NewLimiter(k.rate, k.burst))
		limiters[key.name] = keys[i].limiter
	}
	k.keys = keys
	return nil
}

// parse reads lines of a name and a hash. Its errors show neither: a key may stand
// in the hash's place.
func parse(content []byte) (keys []key, err error) {
	if len(content) > fileBytes {
		return nil, fmt.Errorf("it is larger than the %d bytes allowed", fileBytes)
	}
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		var hash []byte
		if len(fields) == 2 {
			hash, err = hex.DecodeString(fields[1])
		}
		if len(fields) != 2 || err != nil || len(hash) != sha256.Size || len(fields[0]) > nameBytes || !utf8.ValidString(fields[0]) {
			return nil, fmt.Errorf("line %d is not a name of at most %d bytes, a space, and the key's sha256 in 64 hex digits: `printf %%s KEY | sha256sum` makes it", number, nameBytes)
		}
		keys = append(keys, key{name: fields[0], hash: [sha256.Size]byte(hash)})
	}
	if len(keys) == 0 {
		return nil, errors.New("it holds no key, so nobody could come in: add a line of a name and the key's sha256")
	}
	return keys, nil
}
