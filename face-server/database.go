package main

import (
	"fmt"
	"time"

	"lineup.dev/lineup/pkg/certs"
	"lineup.dev/lineup/pkg/store"
)

// GalleryDatabase is where the people are that faces are compared with.
type GalleryDatabase struct {
	DSN          string        `envconfig:"MYSQL_DSN" secret:"true" desc:"database of the gallery: user:password@tcp(host:3306)/name; not set: the photos in KNOWN_PEOPLE are the gallery, each of the person whom its name tells"`
	DatabaseCAs  string        `envconfig:"MYSQL_CA_FILE" desc:"PEM file of the CAs that the database's certificate must come from; not set: those that the system trusts"`
	GalleryAsk   time.Duration `envconfig:"GALLERY_ASK" default:"1s" min:"1ms" max:"1h" desc:"with MYSQL_DSN: pause between two questions whether the gallery changed"`
	GalleryCheck time.Duration `envconfig:"GALLERY_CHECK" default:"10m" min:"1ms" max:"24h" desc:"with MYSQL_DSN: pause between two comparisons of all that is known with all rows, for those changed by hand"`
}

// Check refuses a database that cannot be, and a file of CAs that cannot be used.
func (g GalleryDatabase) Check() error {
	if g.DSN != "" {
		return g.database().Check()
	}
	if g.DatabaseCAs != "" {
		if _, err := certs.Pool(g.DatabaseCAs); err != nil {
			return fmt.Errorf("MYSQL_CA_FILE: %w", err)
		}
	}
	return nil
}

// database is the same as package store has it.
func (g GalleryDatabase) database() store.Database {
	return store.Database{DSN: g.DSN, CAFile: g.DatabaseCAs}
}
