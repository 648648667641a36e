package main

import (
	"fmt"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
)

// posted is what became of one picture or folder, as a line of JSON.
type posted struct {
	File   string        `json:"file,omitempty"` // as it was given or found
	ID     int64         `json:"id,omitempty"`
	Folder int64         `json:"folder,omitempty"` // the id of a folder that receive goes through
	Path   string        `json:"path,omitempty"`
	Status lineup.Status `json:"status,omitempty"`
	Sent   *bool         `json:"sent,omitempty"`
	Error  string        `json:"error,omitempty"`
}

// answer is receive's answer about pictures and folders.
type answer struct {
	Images  []posted
	Folders []struct {
		ID          int64
		Path, Error string
	}
}

// match puts receive's answer beside the paths that were posted: folders end in a slash, and both kinds come in order. An
// answer about more or fewer of a kind is an error: nobody could say whose a result is.
func (a answer) match(paths []string) (results []posted, err error) {
	for _, path := range paths {
		switch isFolder := strings.HasSuffix(path, "/"); {
		case isFolder && len(a.Folders) > 0:
			first := a.Folders[0]
			results = append(results, posted{File: path, Folder: first.ID, Path: first.Path, Error: first.Error})
			a.Folders = a.Folders[1:]
		case !isFolder && len(a.Images) > 0:
			result := a.Images[0]
			result.File, a.Images = path, a.Images[1:]
			results = append(results, result)
		default:
			return nil, fmt.Errorf("receive answered nothing about %s", path)
		}
	}
	if more := len(a.Images) + len(a.Folders); more > 0 {
		return nil, fmt.Errorf("receive answered about %d that were not posted", more)
	}
	return results, nil
}
