package main

import (
	"errors"
	"io/fs"
	"os"
)

// open opens a file, and tells its size. Nothing else than a file is opened: a pipe would wait for ever.
func open(name string) (*os.File, int64, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.New("not a file")
	}
	file, err := os.Open(name)
	return file, info.Size(), err
}

// reason is an error of a file without its name, which stands beside it.
func reason(err error) string {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		err = at.Err
	}
	return err.Error()
}
