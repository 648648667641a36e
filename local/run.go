package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"lineup.dev/lineup/local/child"
	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/pkg/serve"
)

const purpose = `runs all of Lineup on this machine.

  local run        starts everything, listening on 127.0.0.1 only; Ctrl-C ends it
  local chaos      runs everything in a folder of its own while it breaks its parts; docs/chaos.md tells more
  local models     fetches ONNX Runtime and the face models into face-server/kodata
  local samples    prints the folder of the sample people and pictures, fetched if need be
  local portraits  prints the folder of the portraits that docs/recognition.md measures on, fetched if need be
  local buf        runs buf with the arguments that follow; buf generate makes the Go code in proto/ from face.proto

What else the programs can be told (-help of each tells) they take from the environment, too.
LINEUP_CACHE is the folder for what is fetched; not set: lineup in the user's cache folder.`

// run starts everything, says where to look, and ends it when ctx does.
func run(ctx context.Context) error {
	var settings system.Settings
	serve.Settings("local", purpose, &settings)
	began := time.Now()
	s, err := system.Start(ctx, settings, say)
	if err != nil {
		if ctx.Err() != nil {
			return errors.New("stopped before everything was ready")
		}
		return err
	}
	home, _ := os.UserHomeDir() // an example only
	fmt.Printf(`
Lineup is ready after %.1f s. Its data is in %s.

  look     %s
  post     curl -d '{"path":"%s/photo.jpg"}' %s/image/post
  upload   curl -F image=@photo.jpg %s/images
  enrol    curl -F name=Ada -F photo=@ada.jpg %s/people
  logs     %s/logs

Ctrl-C ends it.

`, time.Since(began).Seconds(), settings.Data, s.At.View, home, s.At.Receive, s.At.Receive, s.At.Receive, settings.Data)
	<-ctx.Done()
	fmt.Println("\nstopping")
	s.Stop()
	fmt.Println("stopped; `make run` goes on where it was")
	return nil
}

// models completes the folder in which the face server finds its models.
func models(ctx context.Context) error {
	root, cache, err := open()
	if err != nil {
		return err
	}
	return cache.Models(ctx, parts.ModelsFolder(root))
}

// printFolder gives a command that prints a folder, and only that on stdout, for $(...).
func printFolder(fetch func(context.Context, parts.Cache) (string, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		cache, err := parts.OpenCache(func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) })
		if err != nil {
			return err
		}
		folder, err := fetch(ctx, cache)
		if err == nil {
			fmt.Println(folder)
		}
		return err
	}
}

// runBuf runs buf with the rest of the command line.
func runBuf(ctx context.Context) error {
	root, cache, err := open()
	if err != nil {
		return err
	}
	buf, err := cache.Buf(ctx)
	if err != nil {
		return err
	}
	cmd := exec.Command(buf, os.Args[2:]...) //nolint:gosec // the command line is the developer's own
	cmd.Dir = root
	return child.Run(ctx, cmd)
}

func open() (root string, cache parts.Cache, err error) {
	if root, err = parts.ModuleRoot(); err == nil {
		cache, err = parts.OpenCache(say)
	}
	return root, cache, err
}

func say(format string, args ...any) {
	fmt.Fprintf(os.Stdout, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
