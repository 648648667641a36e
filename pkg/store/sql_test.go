package store

import (
	"errors"
	"testing"

	"github.com/go-sql-driver/mysql"
)

func TestAServerThatTakesNoWritesIsNamed(t *testing.T) {
	t.Parallel()
	for number, want := range map[uint16]bool{1290: true, 1792: true, 1836: true, 3100: true, 1040: false, 1053: false, 1205: false} {
		err := explained("write", &mysql.MySQLError{Number: number})
		if errors.Is(err, ErrReadOnly) != want {
			t.Errorf("%d is told as %v; read-only: want %t", number, err, want)
		}
	}
}
