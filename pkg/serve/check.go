package serve

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kelseyhightower/envconfig"
)

// Check looks at settings that were filled in: each field against its tags min, max
// and oneof, then the rules between fields, those of embedded structs first. The
// error joins everything that is wrong, in the order of the struct. Spec is a
// pointer to a struct, as for [Settings].
func Check(spec any) error {
	var errs []error
	for _, f := range check(spec, nil) {
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

// fields goes through the settings in the struct's order, embedded structs at
// their place.
func fields(spec any) iter.Seq[setting] {
	return func(yield func(setting) bool) { walk(reflect.ValueOf(spec).Elem(), yield) }
}

func walk(structure reflect.Value, yield func(setting) bool) bool {
	for i := range structure.NumField() {
		field, value := structure.Type().Field(i), structure.Field(i)
		key := field.Tag.Get("envconfig")
		switch {
		case field.Anonymous:
			if !walk(value, yield) {
				return false
			}
		case key != "" && !yield(setting{key: key, value: value, field: field, tags: field.Tag}):
			return false
		}
	}
	return true
}

// read fills the settings from the environment. envconfig stops at the first that
// is missing or malformed, so it is given one at a time.
func read(spec any) (faults []fault) {
	for s := range fields(spec) {
		alone := reflect.New(reflect.StructOf([]reflect.StructField{{Name: s.field.Name, Type: s.field.Type, Tag: s.tags}}))
		value := alone.Elem().Field(0)
		value.Set(s.value)
		if err := envconfig.Process("", alone.Interface()); err != nil {
			faults = append(faults, fault{s.key, readError(err)})
			continue
		}
		s.value.Set(value)
	}
	return faults
}

// readError shows the value only when it cannot be a secret: one that failed to
// parse is a number, a time or a flag.
func readError(err error) error {
	if malformed, ok := errors.AsType[*envconfig.ParseError](err); ok {
		return fmt.Errorf("%s=%q is no %s: %w", malformed.KeyName, malformed.Value, malformed.TypeName, malformed.Err)
	}
	return err
}

// check leaves out the tags of the settings that could not be read.
func check(spec any, unread []fault) (faults []fault) {
	for s := range fields(spec) {
		if slices.ContainsFunc(unread, func(f fault) bool { return f.key == s.key }) {
			continue
		}
		if err := cmp.Or(s.inRange(), s.oneOf()); err != nil {
			faults = append(faults, fault{s.key, err})
		}
	}
	seen := map[string]bool{}
	for _, err := range rules(reflect.ValueOf(spec).Elem()) {
		if !seen[err.Error()] { // an embedded struct's method may be the outer one's as well
			seen[err.Error()] = true
			faults = append(faults, fault{err: err})
		}
	}
	return faults
}

// rules are the broken rules between fields, of embedded structs first.
func rules(structure reflect.Value) (errs []error) {
	for i := range structure.NumField() {
		if field := structure.Type().Field(i); field.Anonymous && field.IsExported() {
			errs = append(errs, rules(structure.Field(i))...)
		}
	}
	checker, ok := structure.Addr().Interface().(interface{ Check() error })
	if !ok {
		return errs
	}
	switch err := checker.Check().(type) { //nolint:errorlint // one that wraps several is one sentence
	case nil:
	case interface{ Unwrap() []error }:
		errs = append(errs, err.Unwrap()...)
	default:
		errs = append(errs, err)
	}
	return errs
}

func (s setting) inRange() error {
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
