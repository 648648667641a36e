package main

import (
	"context"
	"net"
	"net/http"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// wire is a gRPC codec that leaves messages as the bytes they are: the original API's face
// server is played without this project's generated code.
type wire struct{}

func (wire) Name() string { return "proto" }
func (wire) Marshal(v any) ([]byte, error) {
	return *v.(*[]byte), nil
}
func (wire) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}

// originalServer knows the original API's two services and the fields with number 1, no more.
func originalServer(t *testing.T, matches map[string]string) (address string) {
	t.Helper()
	return wireServer(t, func(request []byte) []byte {
		number, kind, n := protowire.ConsumeTag(request)
		if number != 1 || kind != protowire.BytesType {
			t.Errorf("the request begins with field %d", number)
		}
		path, _ := protowire.ConsumeString(request[n:])
		name, known := matches[path]
		if !known {
			name = "not_found"
		}
		return protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), name)
	})
}

// wireServer is a face server that says it is healthy, and answers Identify in bytes.
func wireServer(t *testing.T, identify func(request []byte) []byte) (address string) {
	t.Helper()
	method := func(name string, answer func(request []byte) []byte) grpc.MethodDesc {
		return grpc.MethodDesc{MethodName: name, Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			var request []byte
			if err := decode(&request); err != nil {
				return nil, err
			}
			response := answer(request)
			return &response, nil
		}}
	}
	ready := func([]byte) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1)
	}
	server := grpc.NewServer(grpc.ForceServerCodec(wire{}))
	server.RegisterService(&grpc.ServiceDesc{ServiceName: "facerecog.Identify", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{method("Identify", identify)}}, struct{}{})
	server.RegisterService(&grpc.ServiceDesc{ServiceName: "facerecog.HealthCheck", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{method("HealthCheck", ready)}}, struct{}{})
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	testkit.Succeed(t, err)
	ended := make(chan struct{})
	go func() { server.Serve(listener); close(ended) }()
	t.Cleanup(func() { server.Stop(); <-ended })
	return listener.Addr().String()
}

func TestTheFaceServerOfTheOriginalAPI(t *testing.T) {
	address := originalServer(t, map[string]string{"unknown.jpg": "hannibal_1.jpg"})
	s := newSystem(t, &faceStub{address: address})
	_, err := s.store.Enrol(t.Context(), store.Enrolment{Name: "Hannibal", Photos: []store.NewPhoto{{ImageName: "hannibal_1.jpg"}}})
	testkit.Succeed(t, err)
	s.submit(t, "unknown.jpg")
	s.submit(t, "other.jpg")
	s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "")
	s.wantAnswer(t, s.deliver(t, 2), http.StatusOK, "")

	known := s.image(t, 1)
	if known.Status != lineup.Identified || known.Person.Name != "Hannibal" || len(known.Faces) != 1 {
		t.Fatalf("%+v, want Hannibal", known)
	}
	if face := known.Faces[0]; face.Box != nil || face.Score != nil || face.Similarity != nil || face.ImageName != "hannibal_1.jpg" {
		t.Errorf("%+v, want nothing that was not told", face)
	}
	if other := s.image(t, 2); other.Status != lineup.Unknown || len(other.Faces) != 0 {
		t.Errorf("%+v, want unknown", other)
	}
	if err := s.faces.healthy(t.Context()); err != nil {
		t.Errorf("its health check: %v", err)
	}
}
