package main

import (
	"cmp"
	"iter"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
)

// label is how a list calls a picture.
type label struct {
	Folder string // where it lies, as far as that is shown; empty for uploads
	Apart  string // the end of that, where others of the list have the same name
	Base   string
	Mark   string // of an upload, likewise
}

// markLetters is how much of an upload's path, which is random, tells it from others.
const markLetters = 6

// labels are how a list calls its pictures: those of one name with as much of their paths as
// tells them apart.
func labels(images []lineup.Image) map[int64]label {
	named, ends := map[string]int{}, map[string]int{}
	for _, image := range images {
		named[nameOf(image)]++
		if image.FileName == "" {
			for end := range folderEnds(image.Path) {
				ends[end]++
			}
		}
	}
	all := map[int64]label{}
	for _, image := range images {
		alone := named[nameOf(image)] == 1
		if image.FileName == "" {
			all[image.ID] = labelOfPath(image.Path, alone, ends)
		} else {
			all[image.ID] = labelOfUpload(image, alone)
		}
	}
	return all
}

func labelOfPath(path string, alone bool, ends map[string]int) label {
	folder, base := cutPath(path)
	if alone {
		return label{Folder: plain(folder), Base: plain(base)}
	}
	apart := folder
	for end := range folderEnds(path) {
		if ends[end] == 1 {
			apart = strings.TrimSuffix(end, base)
			break
		}
	}
	return label{Folder: plain(strings.TrimSuffix(folder, apart)), Apart: plain(apart), Base: plain(base)}
}

func labelOfUpload(image lineup.Image, alone bool) label {
	l := label{Base: plain(image.FileName)}
	if _, base := cutPath(image.Path); !alone {
		l.Mark = plain(base[:min(len(base), markLetters)])
	}
	return l
}

// nameOf is what a picture is called.
func nameOf(image lineup.Image) string {
	_, base := cutPath(image.Path)
	return cmp.Or(image.FileName, base)
}

func cutPath(path string) (folder, base string) {
	i := strings.LastIndexByte(path, '/') + 1
	return path[:i], path[i:]
}

// folderEnds are the ends of a path with one folder and more, the shortest first.
func folderEnds(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		folder, _ := cutPath(path)
		for end := len(folder); end > 0; {
			end = strings.LastIndexByte(folder[:end-1], '/') + 1
			if !yield(path[end:]) {
				return
			}
		}
	}
}
