package samples

import (
	"context"
	"fmt"

	"lineup.dev/lineup/local/parts"
)

// portraits is who is on which of the small portraits, each given by column and row. The pictures they were taken from
// all differ. Who is who was judged by eye. Nobody of a single portrait is anybody else here.
var portraits = []struct {
	name  string
	cells [][2]int
}{
	{"Viktor", [][2]int{{1, 0}, {6, 0}, {11, 0}, {13, 0}, {14, 0}, {1, 1}}},
	{"Dana", [][2]int{{1, 2}, {17, 1}, {2, 4}, {16, 4}, {15, 5}}},
	{"Mila", [][2]int{{2, 3}, {7, 5}, {4, 4}, {1, 5}}},
	{"Zara", [][2]int{{17, 3}, {5, 4}, {14, 4}}},
	{"Omar", [][2]int{{5, 2}, {6, 2}, {12, 2}}},
	{"Ruby", [][2]int{{17, 2}, {1, 4}}},
	{"Noa", [][2]int{{0, 4}, {3, 5}}},
	{"Lena", [][2]int{{12, 1}, {14, 2}}},
	{"Ines", [][2]int{{8, 5}, {13, 5}}},
	{"Adam", [][2]int{{12, 4}, {9, 5}}},

	{"Ben", [][2]int{{8, 4}}},
	{"Carl", [][2]int{{5, 5}}},
	{"Elsa", [][2]int{{0, 3}}},
	{"Fay", [][2]int{{3, 3}}},
	{"Gina", [][2]int{{7, 3}}},
	{"Hope", [][2]int{{10, 4}}},
	{"Iris", [][2]int{{15, 4}}},
	{"Joan", [][2]int{{4, 5}}},
	{"Kim", [][2]int{{11, 5}}},
	{"Maya", [][2]int{{8, 2}}},
}

// Portraits gives the cached folder of photos with known people: one folder a person, NAME/1.jpg and so on. Ten people
// have two photos or more, ten have one.
func Portraits(ctx context.Context, c parts.Cache) (string, error) {
	var all []cut
	for _, person := range portraits {
		for i, cell := range person.cells {
			all = append(all, portrait(fmt.Sprintf("%s/%d.jpg", person.name, i+1), cell[0], cell[1]))
		}
	}
	return folder(ctx, c, "portraits", all)
}
