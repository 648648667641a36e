package serve

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kelseyhightower/envconfig"
)

// Check looks at settings that were filled in: in the struct's order each field against its
// tags min, max, oneof and form, and behind the fields of a struct what its method Check
// says. The error joins everything that is wrong. Spec is a pointer to a struct, as for
// [Settings].
func Check(spec any) error {
	var errs []error
	for _, f := range faultsOf(spec, setting.check) {
		errs = append(errs, f.err)
	}
	return errors.Join(errs...)
}

// fault is what is wrong about a setting. A rule between settings has no key.
type fault struct {
	key string
	err error
}

// setting is one field of the settings.
type setting struct {
	key   string // of the environment
	value reflect.Value
	field reflect.StructField
	tags  reflect.StructTag
}

// fields are the settings in the struct's order, embedded structs at their place.
func fields(spec any) (all []setting) {
	walk(reflect.ValueOf(spec).Elem(), func(s setting) { all = append(all, s) }, func(reflect.Value) {})
	return all
}

// walk goes through the settings in that order, and tells where each struct ends.
func walk(structure reflect.Value, field func(setting), end func(reflect.Value)) {
	for i := range structure.NumField() {
		f, value := structure.Type().Field(i), structure.Field(i)
		if f.Anonymous {
			walk(value, field, end)
		} else if key := f.Tag.Get("envconfig"); key != "" {
			field(setting{key: key, value: value, field: f, tags: f.Tag})
		}
	}
	end(structure)
}

// read fills the settings from the environment and checks each as it comes. envconfig
// stops at the first fault, so it is given one field at a time.
func read(spec any) []fault {
	return faultsOf(spec, func(s setting) error {
		if err := s.read(); err != nil {
			return err
		}
		return s.check()
	})
}

// faultsOf looks at every field, and behind those of a struct at the rules between them.
func faultsOf(spec any, look func(setting) error) (faults []fault) {
	seen := map[string]bool{}
	report := func(key string, err error) {
		if !seen[err.Error()] { // an embedded struct's method may be the outer one's as well
			seen[err.Error()] = true
			faults = append(faults, fault{key, err})
		}
	}
	walk(reflect.ValueOf(spec).Elem(), func(s setting) {
		if err := look(s); err != nil {
			report(s.key, err)
		}
	}, func(structure reflect.Value) {
		for _, err := range brokenRules(structure) {
			report("", err)
		}
	})
	return faults
}

func (s setting) read() error {
	alone := reflect.New(reflect.StructOf([]reflect.StructField{{Name: s.field.Name, Type: s.field.Type, Tag: s.tags}}))
	value := alone.Elem().Field(0)
	value.Set(s.value)
	err := envconfig.Process("", alone.Interface())
	if malformed, ok := errors.AsType[*envconfig.ParseError](err); ok {
		return s.malformed(malformed)
	}
	if _, set := os.LookupEnv(s.key); err != nil && !set {
		return fmt.Errorf("%s is not set, and has no default: %s", s.key, s.tags.Get("desc"))
	}
	if err != nil {
		return err
	}
	s.value.Set(value)
	return nil
}

// malformed says what the value should be. It shows the value, which cannot be a
// secret: one that failed to parse is a number, a time, a flag or a list of names.
func (s setting) malformed(err *envconfig.ParseError) error {
	want := ""
	_, isLevel := s.value.Interface().(slog.Level)
	_, readsItself := s.value.Addr().Interface().(encoding.TextUnmarshaler)
	switch {
	case s.value.Type() == reflect.TypeFor[time.Duration]():
		want = "a duration such as 500ms, 30s or 2m"
	case isLevel:
		want = "a level: debug, info, warn or error"
	case readsItself:
		return fmt.Errorf("%s=%q: %w", s.key, err.Value, err.Err)
	case s.value.Kind() == reflect.Bool:
		want = "true or false"
	case s.value.Kind() == reflect.Slice && s.value.Type().Elem().Kind() == reflect.Int:
		want = "a whole number, or several separated by commas"
	case s.value.CanInt(), s.value.CanUint():
		want = "a whole number"
	case s.value.CanFloat():
		want = "a number"
	default:
		return fmt.Errorf("%s=%q: %w", s.key, err.Value, err.Err)
	}
	return fmt.Errorf("%s=%q is not %s", s.key, err.Value, want)
}

func (s setting) check() error { return cmp.Or(s.inRange(), s.oneOf(), s.inForm()) }

// brokenRules are what the struct's method Check says, each sentence an error.
func brokenRules(structure reflect.Value) []error {
	if !structure.Addr().CanInterface() {
		return nil
	}
	checker, ok := structure.Addr().Interface().(interface{ Check() error })
	if !ok {
		return nil
	}
	switch err := checker.Check().(type) { //nolint:errorlint // one that wraps several is one sentence
	case nil:
		return nil
	case interface{ Unwrap() []error }:
		return err.Unwrap()
	default:
		return []error{err}
	}
}

// inRange looks at a number or a duration, or at each of a list of them.
func (s setting) inRange() error {
	if s.value.Kind() != reflect.Slice {
		return s.valueInRange()
	}
	for i := range s.value.Len() {
		one := s
		one.value = s.value.Index(i)
		if err := one.valueInRange(); err != nil {
			return err
		}
	}
	return nil
}

func (s setting) valueInRange() error {
	if limit := s.tags.Get("min"); limit != "" && !s.compare(limit, func(order int) bool { return order >= 0 }) {
		return fmt.Errorf("%s=%v: at least %s is needed", s.key, s.value, limit)
	}
	if limit := s.tags.Get("max"); limit != "" && !s.compare(limit, func(order int) bool { return order <= 0 }) {
		return fmt.Errorf("%s=%v: at most %s is possible", s.key, s.value, limit)
	}
	return nil
}

// compare tells whether the value stands to the limit as wanted. NaN never does. A
// tag that is no limit of the field's type is a mistake in the program.
func (s setting) compare(limit string, wanted func(order int) bool) bool {
	switch {
	case s.value.Type() == reflect.TypeFor[time.Duration]():
		return wanted(cmp.Compare(time.Duration(s.value.Int()), parsed(s, limit, time.ParseDuration)))
	case s.value.CanInt():
		return wanted(cmp.Compare(s.value.Int(), parsed(s, limit, func(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) })))
	case s.value.CanUint():
		return wanted(cmp.Compare(s.value.Uint(), parsed(s, limit, func(text string) (uint64, error) { return strconv.ParseUint(text, 10, 64) })))
	case s.value.CanFloat():
		value := s.value.Float()
		return value == value && wanted(cmp.Compare(value, parsed(s, limit, func(text string) (float64, error) { return strconv.ParseFloat(text, 64) })))
	}
	panic(fmt.Sprintf("setting %s: a %s has no range", s.key, s.value.Type()))
}

func parsed[T any](s setting, limit string, parse func(string) (T, error)) T {
	value, err := parse(limit)
	if err != nil {
		panic(fmt.Sprintf("setting %s: limit %q: %v", s.key, limit, err))
	}
	return value
}

func (s setting) oneOf() error {
	values := strings.Fields(s.tags.Get("oneof"))
	if len(values) == 0 || slices.Contains(values, s.value.String()) {
		return nil
	}
	return fmt.Errorf("%s=%q: it must be one of %s", s.key, s.value, strings.Join(values, ", "))
}
