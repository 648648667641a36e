package testkit

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/serve"
)

// absurdText is no address, URL, host, name, file or bucket, and none of the values of
// any setting.
const absurdText = "ftp://:0,"

// Settings checks of every setting of a program that an absurd value is refused by name:
// that a number or a duration has a least and a greatest value, and that a text, or a
// list of them, is looked at, unless its tag form says that any will do; a list may hold
// no empty text all the same.
// Defaults gives a pointer to settings that are valid.
func Settings(t *testing.T, defaults func() any) {
	t.Helper()
	if err := serve.Check(defaults()); err != nil {
		t.Fatalf("the defaults are refused: %v", err)
	}
	eachSetting(reflect.ValueOf(defaults()).Elem(), nil, func(path []int, field reflect.StructField) {
		key := field.Tag.Get("envconfig")
		t.Run(key, func(t *testing.T) {
			if isText(field.Type) {
				text(t, defaults(), path, field)
				return
			}
			if field.Tag.Get("min") == "" || field.Tag.Get("max") == "" {
				t.Fatal("it has no tag min, or none max")
			}
			for _, absurd := range []int64{-1 << 40, 0, 1 << 62} {
				spec := defaults()
				value := reflect.ValueOf(spec).Elem().FieldByIndex(path)
				if !set(value, absurd) || absurd == 0 && (field.Tag.Get("min") == "0" || strings.HasPrefix(field.Tag.Get("min"), "-")) {
					continue
				}
				if err := serve.Check(spec); err == nil || !strings.Contains(err.Error(), key) {
					t.Errorf("%v: error %v, want one that names %s", value, err, key)
				}
			}
		})
	})
}

func text(t *testing.T, spec any, path []int, field reflect.StructField) {
	t.Helper()
	value := reflect.ValueOf(spec).Elem().FieldByIndex(path)
	var absurd []reflect.Value
	if value.Kind() != reflect.String {
		absurd = append(absurd, reflect.ValueOf([]string{"", "", ""})) // of two commas
	}
	switch {
	case field.Tag.Get("form") == "any":
	case value.Kind() == reflect.String:
		absurd = append(absurd, reflect.ValueOf(absurdText))
	default:
		absurd = append(absurd, reflect.ValueOf([]string{absurdText}))
	}
	for _, one := range absurd {
		value.Set(one)
		if err, key := serve.Check(spec), field.Tag.Get("envconfig"); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%q: error %v, want one that names %s; a text has a tag form or oneof, or is looked at in Check", one, err, key)
		}
	}
}

func isText(kind reflect.Type) bool {
	return kind.Kind() == reflect.String && kind.PkgPath() == "" || kind == reflect.TypeFor[[]string]()
}

func eachSetting(structure reflect.Value, above []int, do func(path []int, field reflect.StructField)) {
	for i := range structure.NumField() {
		field := structure.Type().Field(i)
		path := append(append([]int(nil), above...), i)
		switch {
		case field.Anonymous:
			eachSetting(structure.Field(i), path, do)
		case field.Tag.Get("envconfig") == "" || field.Type.PkgPath() != "" && field.Type != reflect.TypeFor[time.Duration]():
			// no setting, or one of a type that reads itself
		case isText(field.Type), field.Type == reflect.TypeFor[[]int](), structure.Field(i).CanInt(), structure.Field(i).CanUint(), structure.Field(i).CanFloat():
			do(path, field)
		}
	}
}

// set tells whether the value can hold n.
func set(value reflect.Value, n int64) bool {
	switch {
	case value.Type() == reflect.TypeFor[[]int]():
		value.Set(reflect.ValueOf([]int{1, int(n)}))
	case value.CanInt() && !value.OverflowInt(n):
		value.SetInt(n)
	case value.CanUint() && n >= 0:
		value.SetUint(uint64(n))
	case value.CanFloat():
		value.SetFloat(float64(n))
	default:
		return false
	}
	return true
}
