package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"

	"lineup.dev/lineup/pkg/certs"
	"lineup.dev/lineup/pkg/dial"
	"lineup.dev/lineup/pkg/serve"
)

// Database says which database it is, and how to be sure of it.
type Database struct {
	DSN    string `envconfig:"MYSQL_DSN" secret:"true" desc:"database: user:password@tcp(host:3306)/name; over TLS with ?tls=true behind the name"`
	CAFile string `envconfig:"MYSQL_CA_FILE" desc:"PEM file of the CAs that the database's certificate must come from; not set: those that the system trusts"`
}

// Settings of the database, for a program to embed in its own.
type Settings struct {
	Database
	Connections int `envconfig:"MYSQL_CONNECTIONS" default:"10" min:"1" max:"10000" desc:"most connections this program opens to the database"`
	// StatementTimeout of zero, which no setting can be, is the default.
	StatementTimeout time.Duration `envconfig:"MYSQL_TIMEOUT" default:"10s" min:"100ms" max:"15m" desc:"how long the database may take to answer a statement; then the request that needs it fails"`
}

// Check refuses a DSN that is missing or cannot work, and a file of CAs that cannot be
// used. It connects to nothing.
func (d Database) Check() error {
	_, err := d.config()
	if _, malformed := d.parse(); malformed != nil && d.CAFile != "" { // config came no further
		_, unusable := readCAs(d.CAFile)
		return errors.Join(err, unusable)
	}
	return err
}

// Limits of every connection.
const (
	dialTimeout      = 5 * time.Second
	statementTimeout = 10 * time.Second // by default; no statement here should come near
	// serverWait is after how long without a statement the server ends a connection, and
	// with it a transaction and its locks, of a program that went silent. Its own default
	// is eight hours.
	serverWait = 30 * time.Second
)

// config is the user's DSN with what the statements here rely on.
func (d Database) config() (*mysql.Config, error) {
	config, err := d.parse()
	if err != nil {
		return nil, err
	}
	if d.CAFile != "" {
		if config.TLSConfig != "" && config.TLSConfig != "true" {
			return nil, errors.New("MYSQL_CA_FILE is set, and MYSQL_DSN has another tls= than true, which would not look at it: take away one of them")
		}
		if config.TLS, err = tlsConfig(config, d.CAFile); err != nil {
			return nil, err
		}
		// Read for every connection, so that a CA may be replaced meanwhile.
		if err := config.Apply(mysql.BeforeConnect(func(_ context.Context, c *mysql.Config) error {
			fresh, err := tlsConfig(c, d.CAFile)
			if err != nil {
				return err
			}
			c.TLS = fresh
			return nil
		})); err != nil {
			return nil, err
		}
	}
	config.ParseTime = true
	config.Loc = time.UTC
	config.ClientFoundRows = true   // an UPDATE tells how many rows it found, not how many it changed
	config.InterpolateParams = true // one round trip a statement; safe with utf8mb4
	config.Collation = "utf8mb4_unicode_ci"
	config.Logger = &mysql.NopLogger{} // it would print lines of its own; every error is returned as well
	config.Timeout = dialTimeout
	config.ReadTimeout = statementTimeout
	config.WriteTimeout = statementTimeout
	config.DialFunc = dial.Dialer().DialContext
	if config.Params == nil {
		config.Params = map[string]string{}
	}
	config.Params["autocommit"] = "1" // a statement outside a transaction is one of its own, whatever the server's default
	config.Params["wait_timeout"] = strconv.Itoa(int(serverWait.Seconds()))
	config.Params["time_zone"] = "'+00:00'"
	config.Params["sql_mode"] = "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'" // too long is an error, never cut
	return config, nil
}

// parse reads the DSN.
func (d Database) parse() (*mysql.Config, error) {
	if d.DSN == "" {
		return nil, errors.New("MYSQL_DSN is not set: name the database, user:password@tcp(host:port)/name")
	}
	config, err := mysql.ParseDSN(d.DSN)
	if err != nil {
		// The driver's words may hold a part of the password: it is found by guessing.
		return nil, errors.New("MYSQL_DSN is not of the form user:password@tcp(host:port)/name, or has a wrong parameter behind the name")
	}
	if config.Net != "tcp" && config.Net != "unix" {
		return nil, errors.New("MYSQL_DSN names no network that is known: write tcp(host:port) or unix(socket) between the @ and the last slash")
	}
	if config.Net == "tcp" && serve.CheckAddress("MYSQL_DSN", config.Addr) != nil {
		return nil, errors.New("MYSQL_DSN names no host and port that can be: write tcp(host:3306)")
	}
	if config.DBName == "" {
		return nil, errors.New("MYSQL_DSN names no database: add its name after the last slash")
	}
	return config, nil
}

// tlsConfig is TLS to a server whose certificate is of the file's CAs and for its host.
func tlsConfig(config *mysql.Config, caFile string) (*tls.Config, error) {
	pool, err := readCAs(caFile)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(config.Addr)
	if err != nil {
		return nil, errors.New("MYSQL_CA_FILE is set, and MYSQL_DSN names no tcp(host:port): TLS needs one")
	}
	return &tls.Config{RootCAs: pool, ServerName: host}, nil
}

func readCAs(file string) (*x509.CertPool, error) {
	pool, err := certs.Pool(file)
	if err != nil {
		return nil, fmt.Errorf("MYSQL_CA_FILE: %w", err)
	}
	return pool, nil
}
