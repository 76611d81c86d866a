package config

import (
	"encoding"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"time"
)

// parse stores in, read as the named type, in value. Its error says nothing of the input, which may be a
// secret: what was expected is in the setting.
func parse(value reflect.Value, typ string, in input) error {
	if typ == "list" {
		value.Set(reflect.ValueOf(in.items()))
		return nil
	}
	if in.isList {
		return fmt.Errorf("a list is no %s", typ)
	}
	switch typ {
	case "string":
		value.SetString(in.text)
		return nil
	case "bool":
		return store(in.text, strconv.ParseBool, value.SetBool)
	case "int":
		return store(in.text, intOf(value.Type().Bits()), value.SetInt)
	case "uint":
		return store(in.text, uintOf(value.Type().Bits()), value.SetUint)
	case "float":
		return store(in.text, floatOf(value.Type().Bits()), value.SetFloat)
	case "duration":
		return store(in.text, time.ParseDuration, func(d time.Duration) { value.SetInt(int64(d)) })
	case "url":
		return store(in.text, url.Parse, func(u *url.URL) { value.Set(reflect.ValueOf(u)) })
	}
	target, ok := reflect.TypeAssert[encoding.TextUnmarshaler](value.Addr())
	if !ok {
		return fmt.Errorf("%s does not unmarshal text", typ)
	}
	return target.UnmarshalText([]byte(in.text))
}

func store[V any](text string, parse func(string) (V, error), set func(V)) error {
	v, err := parse(text)
	if err == nil {
		set(v)
	}
	return err
}

func intOf(bits int) func(string) (int64, error) {
	return func(text string) (int64, error) { return strconv.ParseInt(text, 0, bits) }
}

func uintOf(bits int) func(string) (uint64, error) {
	return func(text string) (uint64, error) { return strconv.ParseUint(text, 0, bits) }
}

func floatOf(bits int) func(string) (float64, error) {
	return func(text string) (float64, error) { return strconv.ParseFloat(text, bits) }
}
