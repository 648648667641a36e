package testkit

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/serve"
)

// Settings checks that every number and duration of a program's settings has a
// least and a greatest value, and that one outside of them is refused by name.
// Defaults gives a pointer to settings that are valid.
func Settings(t *testing.T, defaults func() any) {
	t.Helper()
	if err := serve.Check(defaults()); err != nil {
		t.Fatalf("the defaults are refused: %v", err)
	}
	eachNumber(reflect.ValueOf(defaults()).Elem(), nil, func(path []int, field reflect.StructField) {
		key := field.Tag.Get("envconfig")
		t.Run(key, func(t *testing.T) {
			if field.Tag.Get("min") == "" || field.Tag.Get("max") == "" {
				t.Fatal("it has no tag min, or none max")
			}
			for _, absurd := range []int64{-1 << 40, 0, 1 << 62} {
				spec := defaults()
				value := reflect.ValueOf(spec).Elem().FieldByIndex(path)
				if !set(value, absurd) || absurd == 0 && field.Tag.Get("min") == "0" {
					continue
				}
				if err := serve.Check(spec); err == nil || !strings.Contains(err.Error(), key) {
					t.Errorf("%v: error %v, want one that names %s", value, err, key)
				}
			}
		})
	})
}

func eachNumber(structure reflect.Value, above []int, do func(path []int, field reflect.StructField)) {
	for i := range structure.NumField() {
		field := structure.Type().Field(i)
		path := append(append([]int(nil), above...), i)
		switch {
		case field.Anonymous:
			eachNumber(structure.Field(i), path, do)
		case field.Tag.Get("envconfig") == "" || field.Type.PkgPath() != "" && field.Type != reflect.TypeFor[time.Duration]():
			// no setting, or one of a type that reads itself
		case structure.Field(i).CanInt() || structure.Field(i).CanUint() || structure.Field(i).CanFloat():
			do(path, field)
		}
	}
}

// set tells whether the value can hold n.
func set(value reflect.Value, n int64) bool {
	switch {
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
