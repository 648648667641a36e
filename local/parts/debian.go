package parts

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"lineup.dev/lineup/local/child"
)

// own is what to do where MariaDB cannot be had.
const own = "install mariadb-server-core, or set MYSQL_DSN to a MySQL or MariaDB of your own"

// mariadbPackage gives the cached folder that holds the unpacked Debian package of MariaDB.
func (c Cache) mariadbPackage(ctx context.Context) (string, error) {
	return c.debian(ctx, "mariadb", "MariaDB (7 MB and the package lists)", "usr/sbin/mariadbd", own, "mariadb-server-core")
}

// clientPackage gives the cached folder that holds the unpacked Debian packages of MariaDB's clients.
func (c Cache) clientPackage(ctx context.Context) (string, error) {
	return c.debian(ctx, "mariadb-client", "MariaDB's clients (4 MB and the package lists)", "usr/bin/mariadb", "install mariadb-client", "mariadb-client-core", "mariadb-client")
}

// debian gives the cached folder called folder that holds unpacked Debian packages and the libraries that this machine
// lacks for a program of theirs. apt finds them by the machine's own sources and verifies their signatures; nothing is installed.
func (c Cache) debian(ctx context.Context, folder, what, program, otherwise string, names ...string) (string, error) {
	return c.Folder(ctx, folder, func(dir string) error {
		for _, tool := range []string{"apt-get", "apt-cache", "dpkg-deb", "ldd"} {
			if _, err := exec.LookPath(tool); err != nil {
				return fmt.Errorf("fetch %s: %s is not on PATH: %s", names[0], tool, otherwise)
			}
		}
		done := c.progress(what)
		temp := filepath.Join(dir, "apt")
		defer os.RemoveAll(temp)
		if err := (apt{temp}).unpack(ctx, dir, program, names...); err != nil {
			return fmt.Errorf("fetch %s: %s: %w", names[0], otherwise, err)
		}
		done()
		return nil
	})
}

// apt runs apt as any user, with its lists and archives in a folder of its own.
type apt struct{ dir string }

// unpack fetches packages into dir and with them those of their direct dependencies whose libraries program lacks.
func (a apt) unpack(ctx context.Context, dir, program string, names ...string) error {
	for _, sub := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(a.dir, sub), 0o755); err != nil {
			return err
		}
	}
	if err := child.Run(ctx, a.command("apt-get", "-q", "update")); err != nil {
		return err
	}
	if err := a.download(ctx, dir, names...); err != nil {
		return err
	}
	missing, err := missingLibraries(dir, program)
	if err != nil || len(missing) == 0 {
		return err
	}
	depends, err := a.command("apt-cache", append([]string{"depends"}, names...)...).Output()
	if err != nil {
		return fmt.Errorf("apt-cache depends %s: %w", strings.Join(names, " "), err)
	}
	packages, err := carriers(missing, string(depends))
	if err != nil {
		return err
	}
	if err := a.download(ctx, dir, packages...); err != nil {
		return err
	}
	missing, err = missingLibraries(dir, program)
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("%s lacks %s", program, strings.Join(missing, ", "))
	}
	return err
}

// download fetches packages and unpacks them into dir.
func (a apt) download(ctx context.Context, dir string, packages ...string) error {
	if err := child.Run(ctx, a.command("apt-get", append([]string{"-q", "download"}, packages...)...)); err != nil {
		return err
	}
	debs, err := filepath.Glob(filepath.Join(a.dir, "*.deb"))
	if err != nil {
		return err
	}
	for _, deb := range debs {
		if err := child.Run(ctx, exec.Command("dpkg-deb", "-x", deb, dir)); err != nil {
			return err
		}
		if err := os.Remove(deb); err != nil {
			return err
		}
	}
	return nil
}

func (a apt) command(program string, args ...string) *exec.Cmd {
	options := []string{
		"-o", "Dir::State::Lists=" + filepath.Join(a.dir, "lists"),
		"-o", "Dir::Cache=" + filepath.Join(a.dir, "cache"),
		"-o", "Debug::NoLocking=1",
		"-o", "APT::Sandbox::User=", // root downloads as root: apt's own user cannot write to a folder of ours
		"-o", "Acquire::Languages=none",
	}
	cmd := exec.Command(program, append(options, args...)...)
	cmd.Dir = a.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	return cmd
}

// missingLibraries tells which shared libraries are neither on this machine nor unpacked in dir.
func missingLibraries(dir, program string) ([]string, error) {
	cmd := exec.Command("ldd", filepath.Join(dir, program))
	cmd.Env = append(os.Environ(), "LC_ALL=C", "LD_LIBRARY_PATH="+libraries(dir))
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ldd %s: %w", program, err)
	}
	var missing []string
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if name, _, ok := strings.Cut(lines.Text(), " => not found"); ok {
			missing = append(missing, strings.TrimSpace(name))
		}
	}
	return missing, nil
}

// libraries is where the libraries of packages unpacked in dir lie, as LD_LIBRARY_PATH wants it.
func libraries(dir string) string {
	folders, _ := filepath.Glob(filepath.Join(dir, "usr", "lib", "*-linux-gnu")) // the pattern is good: no error
	return strings.Join(folders, ":")
}

// carriers finds the packages that carry libraries among what `apt-cache depends` prints. Debian names a library's
// package after it: libaio.so.1 is in libaio1, or in libaio1t64 since time_t has 64 bits.
func carriers(missing []string, depends string) ([]string, error) {
	var packages []string
	for _, library := range missing {
		stem, version, _ := strings.Cut(library, ".so.")
		found := false
		for lines := bufio.NewScanner(strings.NewReader(depends)); lines.Scan() && !found; {
			name, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "Depends: ")
			if found = ok && (name == stem+version || name == stem+version+"t64"); found {
				packages = append(packages, name)
			}
		}
		if !found {
			return nil, fmt.Errorf("no package is known for the library %s", library)
		}
	}
	return packages, nil
}
