package certs_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testcerts"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/certs"
)

// handshake connects to a server that asks for a certificate of the clients' CA, and
// gives what the client's config makes of it.
func handshake(t *testing.T, server, clients *testcerts.CA, config *tls.Config) error {
	t.Helper()
	cert, key := server.Issue(t)
	certificates := testkit.Must(certs.Files{Cert: cert, Key: key}.Certificates())(t)
	pool := testkit.Must(certs.Pool(clients.File))(t)
	listener := testkit.Must(tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: certificates, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
	}))(t)
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			conn.Write([]byte("welcome"))
			conn.Close()
		}
	}()
	conn, err := tls.Dial("tcp", listener.Addr().String(), config)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Read(make([]byte, 7)) // that the server refuses is told now
	return err
}

func TestClient(t *testing.T) {
	t.Parallel()
	server, clients := testcerts.New(t), testcerts.New(t)
	cert, key := clients.Issue(t)
	whole := certs.Files{Cert: cert, Key: key, CA: server.File, Prefix: "X_"}
	for name, c := range map[string]struct {
		files  certs.Files
		passes bool
	}{
		"all files":            {whole, true},
		"no certificate":       {certs.Files{CA: server.File}, false},
		"the system's CAs":     {certs.Files{Cert: cert, Key: key}, false},
		"CAs that are not its": {certs.Files{Cert: cert, Key: key, CA: clients.File}, false},
	} {
		config := testkit.Must(c.files.Client())(t)
		if err := handshake(t, server, clients, config); (err == nil) != c.passes {
			t.Errorf("%s: %v", name, err)
		}
	}
	config := testkit.Must(whole.Client())(t)
	testcerts.New(t).IssueTo(t, cert, key)
	if err := handshake(t, server, clients, config); err == nil {
		t.Error("the certificate was exchanged for one of another CA, and passed")
	}
	clients.IssueTo(t, cert, key)
	testkit.Succeed(t, handshake(t, server, clients, config))
}

func TestFilesOfNoUseAreNamedByTheirSettings(t *testing.T) {
	t.Parallel()
	ca := testcerts.New(t)
	cert, key := ca.Issue(t)
	for says, files := range map[string]certs.Files{
		"X_KEY_FILE":  {Cert: cert, Prefix: "X_"},
		"X_CERT_FILE": {Key: key, Prefix: "X_"},
		"X_CA_FILE":   {CA: key, Prefix: "X_"},
		"next: make":  {Cert: "no.pem", Key: key, Prefix: "X_"},
	} {
		if _, err := files.Client(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error that says %s", err, says)
		}
	}
}
