package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"lineup.dev/lineup/local/child"
	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/pkg/serve"
)

const purpose = `runs all of Lineup on this machine.

  local run           starts everything, listening on 127.0.0.1 unless HOST says otherwise; Ctrl-C ends it
  local chaos         runs everything in a folder of its own while it breaks its parts; docs/chaos.md tells more, and
                      local chaos -help its settings
  local bench         measures the programs beside baselines; docs/scaling.md tells what came of it, and local bench -help
                      its settings
  local models        fetches ONNX Runtime and the face models into face-server/kodata
  local samples       prints the folder of the sample people and pictures, fetched if need be
  local portraits     prints the folder of the portraits that docs/recognition.md measures on, fetched if need be
  local mariadb-dump, local mariadb
                      run MariaDB's clients with the arguments that follow, fetched if none is installed; docs/operations.md
                      backs up and restores by them
  local buf           runs buf with the arguments that follow; buf generate makes the Go code in proto/ from face.proto

What else the programs can be told (-help of each tells) they take from the environment, too.
LINEUP_CACHE is the folder for what is fetched; not set: lineup in the user's cache folder.`

// run starts everything, says where to look, and ends it when ctx does.
func run(ctx context.Context) error {
	var settings system.Settings
	serve.Settings("local", purpose, &settings, serve.TakesArguments)
	began := time.Now()
	s, err := system.Start(ctx, settings, say)
	if err != nil {
		if ctx.Err() != nil {
			return errors.New("stopped before everything was ready")
		}
		return err
	}
	fmt.Printf("\nLineup is ready after %.1f s. Its data is in %s.\n\n%s\nCtrl-C ends it.\n\n", time.Since(began).Seconds(), settings.Data, directions(settings, s.At))
	<-ctx.Done()
	fmt.Println("\nstopping")
	s.Stop()
	fmt.Println("stopped; `make run` goes on where it was")
	return nil
}

// directions say where to look and what to type.
func directions(settings system.Settings, at system.Addresses) string {
	var text strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&text, "  %-9s"+format+"\n", append([]any{name}, args...)...)
	}
	key := ""
	if settings.APIKeysFile != "" {
		key = `-H @<(echo "Authorization: Bearer $API_KEY") ` // among curl's arguments others could read it
	}
	line("look", "%s", at.View)
	for _, outside := range at.Network {
		line("", "%s from other machines", outside.View)
	}
	posted, uploaded, enrolled := "samples/tiger.jpg", settings.Data+"/images/samples/dana.jpg", settings.Data+"/images/samples/try/mila.jpg"
	if _, err := os.Stat(enrolled); err != nil { // without samples, or where the first picture root is another
		posted, uploaded, enrolled = "PATH", "FILE", "FILE"
	}
	line("post", `curl %s-d '{"path":"%s"}' %s/image/post`, key, posted, at.Receive)
	line("upload", "curl %s-F image=@%s %s/images", key, uploaded, at.Receive)
	line("enrol", "curl %s-F name=Mila -F photo=@%s %s/people", key, enrolled, at.Receive)
	line("command", "RECEIVE_URL=%s VIEW_URL=%s bin/lineup post|wait|ls", at.Receive, at.View)
	if settings.MySQLDSN == "" {
		line("database", "MYSQL_DSN='%s'", at.DSN)
		line("", "for make migrate; --defaults-file=%s/my.cnf for backups, see docs/operations.md", settings.Data)
	}
	line("logs", "%s/logs", settings.Data)
	if len(at.Network) > 0 && settings.APIKeysFile == "" {
		text.WriteString(`
WARNING: HOST lets everybody in your network see every picture and post more. To ask for a key:

  API_KEY=$(openssl rand -hex 32)
  echo "phone $(printf %s "$API_KEY" | sha256sum | cut -d' ' -f1)" > keys
  export API_KEY; API_KEYS_FILE=keys HOST=` + settings.Host + ` make run

A browser asks for a user, which may be anything, and a password, which is the key.
`)
	}
	return text.String()
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
		cache, err := parts.OpenCache(complain)
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

// runClient runs a client of MariaDB with the rest of the command line, on this program's own stdin and stdout.
func runClient(ctx context.Context) error {
	cache, err := parts.OpenCache(complain)
	if err != nil {
		return err
	}
	cmd, err := cache.MariaDBClient(ctx, os.Args[1], os.Args[2:]...)
	if err != nil {
		return err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

func open() (root string, cache parts.Cache, err error) {
	if root, err = parts.ModuleRoot(); err == nil {
		cache, err = parts.OpenCache(say)
	}
	return root, cache, err
}

// complain says on stderr what takes long, where stdout is for something else.
func complain(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func say(format string, args ...any) {
	fmt.Fprintf(os.Stdout, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
