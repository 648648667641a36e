// Package lineup is the vocabulary of Lineup: pictures, faces and persons, in the
// JSON shape that every program shows them in.
package lineup

import "time"

// Status is where a picture is on its way:
// pending → processing → identified | unknown | failed, back to pending for a retry.
type Status string

// The statuses, in the order of a picture's way.
const (
	Pending    Status = "pending"    // waits to be looked at
	Processing Status = "processing" // somebody is looking at it
	Identified Status = "identified" // at least one person in it is known
	Unknown    Status = "unknown"    // nobody known, or no face
	Failed     Status = "failed"     // nothing more is tried until it is posted again; the reason says why
)

// Statuses holds every status, in that order.
var Statuses = []Status{Pending, Processing, Identified, Unknown, Failed}

// Final tells whether nothing more will happen to the picture by itself.
func (s Status) Final() bool { return s == Identified || s == Unknown || s.IsFailure() }

// IsFailure tells whether the picture ended without being looked at: its reason says why,
// and to post it again is to try again.
func (s Status) IsFailure() bool { return s == Failed }

// Image is a picture that was posted.
type Image struct {
	ID        int64     `json:"id"`
	Path      string    `json:"path"`
	FileName  string    `json:"file_name"` // what an upload was called, the newest of the same bytes; else empty
	Status    Status    `json:"status"`
	Reason    string    `json:"reason"`  // why it failed, else empty
	Warning   string    `json:"warning"` // what could not be seen because the file is damaged, else empty
	Person    *Person   `json:"person"`  // the best match, nil when nobody is known
	Faces     []Face    `json:"faces"`   // the best match first
	Thumbnail Derived   `json:"thumbnail"`
	Large     Derived   `json:"large"`  // only of a picture that no browser shows as it is
	Layout    *Layout   `json:"layout"` // how its file holds its pixels; nil while that is not known. Boxes are of the upright picture
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"` // when the status changed last

	// Content tells the content of the file that was looked at; empty while nobody knows.
	Content string `json:"-"`
	// Revision counts how often the answer of this round was changed by a hand or by the gallery.
	Revision int64 `json:"-"`
}

// Folder is a folder or the prefix of a bucket's keys that was posted. Every picture
// below it is submitted by a walk, which takes as long as it takes.
type Folder struct {
	ID         int64      `json:"id"`
	Path       string     `json:"path"`        // ends in a slash
	Found      int64      `json:"found"`       // pictures that the last walk has come upon
	Submitted  int64      `json:"submitted"`   // of these, those that have a row
	Done       int64      `json:"done"`        // of these, those that were looked at: identified or unknown
	Failed     int64      `json:"failed"`      // of these, those that failed
	FinishedAt *time.Time `json:"finished_at"` // when the walk came to its end, nil while it goes on
	Problem    string     `json:"problem"`     // why it does not go on or what it passed over, else empty
	CreatedAt  time.Time  `json:"created_at"`
}

// Person is somebody known.
type Person struct {
	ID   int64 `json:"id"`
	Name Name  `json:"name"`
}

// DecidedBy is who said whose a face is.
type DecidedBy string

// A face is decided by one of them.
const (
	ByMachine  DecidedBy = "machine"
	ByHand     DecidedBy = "hand"
	ByStranger DecidedBy = "stranger" // by machine, and whoever it is has no name
)

// Face is one face in a picture. What the face server did not tell is nil.
type Face struct {
	ID         int64     `json:"id"`
	Person     *Person   `json:"person"` // nil when nobody known
	DecidedBy  DecidedBy `json:"decided_by"`
	Ignored    bool      `json:"ignored"`    // said by hand to be nobody's business, or Erased
	Not        []int64   `json:"not"`        // the persons that it was said by hand not to be
	ImageName  string    `json:"image_name"` // the gallery photo that matched, else empty
	Similarity *float64  `json:"similarity"` // cosine to the nearest gallery photo, -1 to 1
	Margin     *float64  `json:"margin"`     // by how much the nearest person is nearer than the second
	// ChanceWrong is how likely the machine's name for it is wrong; nil where it gave none.
	ChanceWrong *float64    `json:"chance_wrong"`
	Refusal     string      `json:"refusal"`            // why the machine took it for nobody, else empty
	Candidates  []Candidate `json:"candidates"`         // who it could be, the nearest first
	Occluded    bool        `json:"occluded,omitempty"` // covered in part or turned aside: it takes more similarity
	Score       *float64    `json:"score"`              // how sure it is that this is a face, 0 to 1
	Box         *Box        `json:"box"`
	Crop        Derived     `json:"crop"`

	Erased       bool        `json:"-"` // it was an erased person's
	Strangers    []Candidate `json:"-"` // as Candidates, of people without a name, where a face server told
	Embedding    []float32   `json:"-"` // the face's descriptor
	Model        string      `json:"-"` // the model that made the embedding
	Problems     []string    `json:"-"` // what would be wrong with it as a photo of its person
	GalleryState int64       `json:"-"` // the state of the gallery that it was compared with
}

// Occluded is the problem of a face that is.
const Occluded = "occluded"

// PhotoFace is a face of a person's photo.
type PhotoFace struct {
	Box       *Box    `json:"box"`
	Width     float64 `json:"width"`     // in pixels of the photo
	Light     float64 `json:"light"`     // mean, 0 to 1
	Sharpness float64 `json:"sharpness"` // a good portrait has 0.1 and more
	Used      bool    `json:"used"`      // it is the person's
}

// Candidate is a person whom a face could be, by the photo of theirs that is nearest.
type Candidate struct {
	Person     Person  `json:"person"`
	PhotoID    int64   `json:"-"` // 0 where photos have no rows
	ImageName  string  `json:"image_name"`
	Similarity float64 `json:"similarity"`
	// ChanceWrong is how likely it is wrong to give the face this person's name; nil where nobody told.
	ChanceWrong *float64 `json:"-"`
}

// Box is a rectangle in fractions of the picture's width and height.
type Box struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

// Overlap is the part that both boxes cover of what either does.
func (b Box) Overlap(other Box) float64 {
	width := min(b.X+b.Width, other.X+other.Width) - max(b.X, other.X)
	height := min(b.Y+b.Height, other.Y+other.Height) - max(b.Y, other.Y)
	if !(width > 0 && height > 0) {
		return 0
	}
	both := width * height
	return both / (b.Width*b.Height + other.Width*other.Height - both)
}
