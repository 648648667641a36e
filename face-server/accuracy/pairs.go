package accuracy

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"lineup.dev/lineup/pkg/match"
)

// Pair is two photos, and whether one person is in both.
type Pair struct {
	First, Second string // files; each photo's largest face counts
	Same          bool
}

// ReadPairs reads a CSV of three columns: two photos' paths with / between folders,
// below the folder of the CSV, and whether they show one person, 1 or 0 (true and
// false will do). A first line that says something else there is a heading; lines
// that begin with # are left out.
func ReadPairs(r io.Reader) ([]Pair, error) {
	table := csv.NewReader(r)
	table.FieldsPerRecord = 3
	table.TrimLeadingSpace = true
	table.Comment = '#'
	var pairs []Pair
	for first := true; ; first = false {
		row, err := table.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read the pairs: %w; each line has to be: photo,photo,1 or 0", err)
		}
		line, _ := table.FieldPos(0)
		same, err := strconv.ParseBool(strings.TrimSpace(row[2]))
		switch {
		case err != nil && first:
			continue
		case err != nil:
			return nil, fmt.Errorf("line %d of the pairs: %q must be 1 or 0", line, row[2])
		}
		for _, file := range row[:2] {
			if !fs.ValidPath(file) {
				return nil, fmt.Errorf("line %d of the pairs: %q must be a path below the CSV's folder, without a .. in it", line, file)
			}
		}
		pairs = append(pairs, Pair{row[0], row[1], same})
	}
	if len(pairs) == 0 {
		return nil, errors.New("there are no pairs in it; each line has to be: photo,photo,1 or 0")
	}
	return pairs, nil
}

// PhotosOf is the photos that pairs name, each once, sorted.
func PhotosOf(pairs []Pair) []Photo {
	var files []string
	for _, p := range pairs {
		files = append(files, p.First, p.Second)
	}
	slices.Sort(files)
	var photos []Photo
	for _, file := range slices.Compact(files) {
		photos = append(photos, Photo{File: file})
	}
	return photos
}

// ComparePairs compares the largest faces of each pair, as similar as the server's rule takes
// them to be. A pair of which a photo shows none is left out of the scores; of these, and of
// the pairs on the wrong side of the threshold, the misses tell.
func ComparePairs(pairs []Pair, photos []Described, threshold float64) (scores Scores, misses []Miss) {
	byFile := map[string]Described{}
	for _, d := range photos {
		byFile[d.File] = d
	}
	for _, p := range pairs {
		first, second := byFile[p.First], byFile[p.Second]
		if len(first.Faces) == 0 || len(second.Faces) == 0 {
			continue
		}
		one, other := first.Faces[0], second.Faces[0]
		similarity := counted(one, other, cosine(one.Embedding, other.Embedding))
		told := fmt.Sprintf("similarity %.3f", similarity)
		if one.Occluded || other.Occluded {
			told += fmt.Sprintf(", %.2f less than it is as a face is covered", match.OccludedExtra)
		}
		switch matched := float64(similarity) >= threshold; {
		case p.Same && !matched:
			misses = append(misses, Miss{p.First, fmt.Sprintf("not taken for the person in %s: %s", p.Second, told)})
		case !p.Same && matched:
			misses = append(misses, Miss{p.First, fmt.Sprintf("taken for the person in %s: %s", p.Second, told)})
		}
		if p.Same {
			scores.Same = append(scores.Same, similarity)
		} else {
			scores.Different = append(scores.Different, similarity)
		}
	}
	scores.Sort()
	return scores, append(unusable(photos), misses...)
}
