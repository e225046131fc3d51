package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// mark is the file that makes a folder a lab's. It is locked while the lab runs.
const mark = ".rt-lab"

// dir is the folder that a lab keeps everything in.
type dir struct {
	path string
	lock *os.File
}

// openDir takes the folder for this lab and removes what an earlier one left, the bot's journal included: it tells of
// a repository that is gone. A folder with anything else in it is refused.
func openDir(path string) (*dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	if err := own(path); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, mark), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: a lab is running here: %w", path, err), lock.Close())
	}
	d := &dir{path: path, lock: lock}
	if err := d.clear(); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// own says why a folder cannot be a lab's.
func own(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(path, mark)); err != nil {
		return fmt.Errorf("%s has files in it and is no lab's: name an empty folder, or one that does not exist", path)
	}
	return nil
}

// clear leaves the folder as a new lab needs it.
func (d *dir) clear() error {
	for _, name := range []string{"state", "logs", "bot", "lab.env", "rt.yaml", "rt.db", "rt.db-wal", "rt.db-shm"} {
		if err := os.RemoveAll(d.in(name)); err != nil {
			return err
		}
	}
	for _, name := range []string{"state", "logs", "bot"} {
		if err := os.Mkdir(d.in(name), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// in is a path in the folder.
func (d *dir) in(names ...string) string {
	return filepath.Join(append([]string{d.path}, names...)...)
}

func (d *dir) close() error { return d.lock.Close() }
