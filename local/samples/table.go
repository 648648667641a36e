// Package samples is people and pictures to begin with, cut from the photos of two npm packages. The names are invented.
package samples

import "image"

// Person is someone to enrol, by one or more photos.
type Person struct {
	Name   string
	Photos []string // files below people/
}

// Picture is a picture to ask about, and the people in it whom the enrolled photos tell.
type Picture struct {
	File  string // below pictures/
	Known []string
	Faces int // that are found in it, known or not
}

// People are those who get enrolled. Nobody is enrolled by a photo of the picture that they are found in.
var People = []Person{
	{"Ruby", []string{"ruby.jpg"}},
	{"Zara", []string{"zara-1.jpg", "zara-2.jpg"}},
	{"Dana", []string{"dana.jpg"}},
	{"Noa", []string{"noa.jpg"}},
	{"Viktor", []string{"viktor-1.jpg", "viktor-2.jpg"}},
}

// Pictures are in the order in which they are posted: the last is on top of the table.
var Pictures = []Picture{
	{"phone.jpg", nil, 0},
	{"stranger.jpg", nil, 1},
	{"viktor-by-the-hills.jpg", []string{"Viktor"}, 1},
	{"by-the-window.jpg", nil, 4},
	{"noa-at-home.jpg", []string{"Noa"}, 1},
	{"on-the-stairs.jpg", []string{"Dana"}, 5},
	{"viktor-in-the-sun.jpg", []string{"Viktor"}, 1},
	{"four-friends.jpg", []string{"Zara"}, 4},
	{"dana.jpg", []string{"Dana"}, 1},
	{"tiger.jpg", []string{"Viktor"}, 1},
	{"evening-out.jpg", []string{"Ruby"}, 3},
	{"halloween.jpg", []string{"Zara"}, 2},
}

// Try is for a user's first steps, below try/: someone to enrol, and another picture of her. Both are put beside the
// pictures; neither is enrolled or posted.
var Try = []string{"mila.jpg", "mila-again.jpg"}

// cut is a part of a photo, and how much larger it is to be.
type cut struct {
	to    string // file below the samples' folder
	from  string // photo
	part  image.Rectangle
	times int
}

var cuts = []cut{
	{"people/ruby.jpg", "sample1.jpg", image.Rect(1280, 120, 1800, 640), 1},
	face("people/zara-1.jpg", 17, 3),
	face("people/zara-2.jpg", 5, 4),
	face("people/dana.jpg", 16, 4),
	face("people/noa.jpg", 12, 5),
	face("people/viktor-1.jpg", 1, 0),
	face("people/viktor-2.jpg", 11, 0),

	face("try/mila.jpg", 2, 3),
	face("try/mila-again.jpg", 4, 4),

	{"pictures/phone.jpg", "sample2.jpg", image.Rect(0, 1060, 410, 1367), 2},
	{"pictures/stranger.jpg", "sample2.jpg", image.Rect(1300, 0, 1880, 435), 1},
	face("pictures/viktor-by-the-hills.jpg", 13, 0),
	{"pictures/by-the-window.jpg", "sample6.jpg", image.Rect(130, 120, 1850, 1200), 1},
	face("pictures/noa-at-home.jpg", 0, 4),
	{"pictures/on-the-stairs.jpg", "sample5.jpg", image.Rect(100, 0, 1900, 1300), 1},
	face("pictures/viktor-in-the-sun.jpg", 1, 1),
	{"pictures/four-friends.jpg", "sample4.jpg", image.Rect(40, 0, 1640, 900), 1},
	face("pictures/dana.jpg", 1, 2),
	face("pictures/tiger.jpg", 9, 0),
	{"pictures/evening-out.jpg", "sample3.jpg", image.Rect(300, 60, 1800, 1010), 1},
	{"pictures/halloween.jpg", "sample1.jpg", image.Rect(300, 100, 1260, 1060), 1},
}

// label is how high the figure above a portrait stands in it, in pixels of the screenshot.
const label = 17

// face is a portrait without that figure: a picture that a user sees has nothing written into it.
func face(to string, column, row int) cut {
	c := portrait(to, column, row)
	c.part.Min.Y += label
	return c
}

// portrait is one of the 18 by 6 small portraits at the bottom of the screenshot, enlarged, without the words below it.
func portrait(to string, column, row int) cut {
	corner := image.Pt(column*1065/10+2, 284+row*112)
	return cut{to, "screenshot-facematch.jpg", image.Rectangle{corner, corner.Add(image.Pt(104, 95))}, 4}
}
