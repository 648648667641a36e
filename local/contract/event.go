package contract

import (
	"bytes"
	"fmt"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/pb33f/jsonschema/v6"

	"lineup.dev/lineup/docs"
)

// Event fails the test where the event is not as docs/asyncapi.yaml says.
func Event(t testing.TB, e cloudevents.Event) {
	t.Helper()
	if fault := JudgeEvent(e); fault != nil {
		t.Errorf("docs/asyncapi.yaml says otherwise of %s: %v in %s", e.Type(), fault, e.Data())
	}
}

// JudgeEvent tells how an event differs from what docs/asyncapi.yaml says.
func JudgeEvent(e cloudevents.Event) error {
	schemas, err := docs.Schemas()
	if err != nil {
		return err
	}
	text, described := schemas[e.Type()]
	if !described {
		return fmt.Errorf("there is no such type")
	}
	if e.Time().IsZero() || e.DataSchema() == "" {
		return fmt.Errorf("time is %v and dataschema %q, neither may be absent", e.Time(), e.DataSchema())
	}
	return judgeData(text, e.Data())
}

// judgeData compares data with a JSON Schema.
func judgeData(schema, data []byte) error {
	read, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	const here = "schema.json"
	if err := compiler.AddResource(here, read); err != nil {
		return err
	}
	compiled, err := compiler.Compile(here)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return compiled.Validate(value)
}
