package serve

import (
	"fmt"
	"net"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// forms are what the tag form can ask of a text, or of each text of a list.
var forms = map[string]func(key, text string) error{
	"address": CheckAddress,
	"host":    checkHost,
	"url":     checkURL,
	"any":     func(string, string) error { return nil },
}

// inForm checks a text against the tag form. A setting without a default may be empty:
// it is not set then. A list may be empty, but none in it.
func (s setting) inForm() error {
	name := s.tags.Get("form")
	if name == "" {
		return nil
	}
	check, ok := forms[name]
	if !ok {
		panic(fmt.Sprintf("setting %s: form %q is none of those that there are", s.key, name))
	}
	isList := s.value.Kind() != reflect.String
	for _, text := range s.texts() {
		if isList && strings.TrimSpace(text) == "" {
			return fmt.Errorf("%s=%q: one of the list is empty: take away the comma too much", s.key, strings.Join(s.texts(), ","))
		}
		if text == "" && s.tags.Get("default") == "" {
			continue
		}
		if err := check(s.key, text); err != nil {
			return err
		}
	}
	return nil
}

func (s setting) texts() []string {
	if s.value.Kind() == reflect.String {
		return []string{s.value.String()}
	}
	return s.value.Interface().([]string)
}

// CheckAddress refuses what is no host:port with a port from 1 to 65535. The error
// names the key.
func CheckAddress(key, address string) error {
	if _, port, err := net.SplitHostPort(address); err != nil || !isPort(port) || strings.ContainsAny(address, " \t\r\n") {
		return fmt.Errorf("%s=%q is no host:port", key, address)
	}
	return nil
}

func isPort(text string) bool {
	port, err := strconv.ParseUint(text, 10, 16)
	return err == nil && port > 0
}

func checkHost(key, text string) error {
	if text != "" && net.ParseIP(text) == nil && !hostName.MatchString(text) {
		return fmt.Errorf("%s=%q is neither an IP address nor a host's name", key, text)
	}
	return nil
}

// hostName is a name as the resolvers take it, underscores allowed (RFC 1123, section 2.1).
var hostName = regexp.MustCompile(`^[a-zA-Z0-9_]([a-zA-Z0-9_.-]*[a-zA-Z0-9_.])?$`)

func checkURL(key, text string) error {
	if !IsHTTP(text) {
		return fmt.Errorf("%s=%q is no http or https URL", key, text)
	}
	return nil
}

// IsHTTP tells whether the address is an http or https URL with a host and, if it has
// one, a port that can be.
func IsHTTP(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Hostname() != "" && (u.Port() == "" || isPort(u.Port())) && (u.Scheme == "http" || u.Scheme == "https")
}
