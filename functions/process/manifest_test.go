package main

import (
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"lineup.dev/lineup/local/testkit"
)

// TestTheNextFaceServerIsDeployedLikeTheOther compares the component next-model with base.
func TestTheNextFaceServerIsDeployedLikeTheOther(t *testing.T) {
	const component = "../../knative/components/next-model/"
	read := func(file string) (text string) {
		_, text, _ = strings.Cut(string(testkit.Must(os.ReadFile(file))(t)), "\napiVersion: ") // behind the comment
		return text
	}
	want := strings.NewReplacer("name: face-server\n", "name: face-server-next\n", "ko://lineup.dev/lineup/face-server\n", "face-server-next\n").Replace(read("../../knative/base/face-server.yaml"))
	if got := read(component + "face-server.yaml"); got != want {
		t.Errorf("it is\n%s\nwant base's with another name and image\n%s", got, want)
	}
	var kustomization struct{ Patches []struct{ Patch string } }
	testkit.Succeed(t, yaml.Unmarshal(testkit.Must(os.ReadFile(component+"kustomization.yaml"))(t), &kustomization))
	told := map[string]string{}
	for _, one := range kustomization.Patches {
		var operations []struct{ Path, Value string }
		testkit.Succeed(t, yaml.Unmarshal([]byte(one.Patch), &operations))
		for _, o := range operations {
			told[strings.TrimPrefix(o.Path, "/data/")] = o.Value
		}
	}
	if _, asked := told["NEXT_MODEL"]; !asked || len(told) != 2 {
		t.Errorf("the component sets %q, want NEXT_MODEL and NEXT_FACE_ADDRESS", told)
	}
	if host, _, _ := strings.Cut(told["NEXT_FACE_ADDRESS"], "."); host != "face-server-next" {
		t.Errorf("the next face server is asked at %q", told["NEXT_FACE_ADDRESS"])
	}
}
