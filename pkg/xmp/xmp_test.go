package xmp_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/xmp"
)

// packet is XMP with these items of a RegionList.
func packet(items string) string {
	return `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/jpeg"/>
<rdf:Description rdf:about="" xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#">
<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:AppliedToDimensions stDim:w="400" stDim:h="300" stDim:unit="pixel"/><mwg-rs:RegionList><rdf:Bag>` + items + `</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`
}

const (
	// As Lightroom writes it.
	asAttributes = `<rdf:li><rdf:Description mwg-rs:Name="Anna" mwg-rs:Type="Face" mwg-rs:Rotation="0"><mwg-rs:Area stArea:h="0.5" stArea:w="0.25" stArea:x="0.5" stArea:y="0.5"/></rdf:Description></rdf:li>`
	// As digiKam and ExifTool do.
	asElements = `<rdf:li rdf:parseType="Resource"><mwg-rs:Area rdf:parseType="Resource"><stArea:x>0.5</stArea:x><stArea:y>0.5</stArea:y><stArea:w>0.25</stArea:w><stArea:h>0.5</stArea:h><stArea:unit>normalized</stArea:unit></mwg-rs:Area><mwg-rs:Name>Anna</mwg-rs:Name><mwg-rs:Type>Face</mwg-rs:Type></rdf:li>`
)

func TestRead(t *testing.T) {
	anna := xmp.Region{Name: "Anna", Box: lineup.Box{X: 0.375, Y: 0.25, Width: 0.25, Height: 0.5}}
	for name, c := range map[string]struct {
		items string
		want  []xmp.Region
	}{
		"attributes":      {asAttributes, []xmp.Region{anna}},
		"elements":        {asElements, []xmp.Region{anna}},
		"both":            {asElements + asAttributes, []xmp.Region{anna, anna}},
		"none":            {"", nil},
		"no face":         {strings.ReplaceAll(asElements, ">Face<", ">Pet<"), nil},
		"without a name":  {strings.ReplaceAll(asElements, ">Anna<", "><"), nil},
		"in pixels":       {strings.ReplaceAll(asElements, "normalized", "pixel"), nil},
		"outside":         {strings.ReplaceAll(asElements, "<stArea:x>0.5<", "<stArea:x>1.5<"), nil},
		"no number, x":    {strings.ReplaceAll(asElements, "<stArea:x>0.5<", "<stArea:x>NaN<"), nil},
		"no number":       {strings.ReplaceAll(asElements, "<stArea:w>0.25<", "<stArea:w>NaN<"), nil},
		"infinite":        {strings.ReplaceAll(asElements, "<stArea:w>0.25<", "<stArea:w>1e999<"), nil},
		"an endless name": {strings.ReplaceAll(asElements, ">Anna<", ">"+strings.Repeat("A", 201)+"<"), nil},
		"partly outside": {strings.ReplaceAll(asElements, "<stArea:x>0.5<", "<stArea:x>0<"),
			[]xmp.Region{{Name: "Anna", Box: lineup.Box{X: 0, Y: 0.25, Width: 0.125, Height: 0.5}}}},
		"escaped": {strings.ReplaceAll(asElements, ">Anna<", ">A &amp; B &lt;C&gt;<"),
			[]xmp.Region{{Name: "A & B <C>", Box: anna.Box}}},
	} {
		got, err := xmp.Read([]byte(packet(c.items)))
		if err != nil || got.Width != 400 || got.Height != 300 || !reflect.DeepEqual(got.Faces, c.want) {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
}

func TestWhatIsNoXMPIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no XML":                    "hello <",
		"broken off":                packet(asElements)[:900],
		"entities, one in another":  `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>`,
		"a document type from afar": `<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>`,
		"an unknown entity":         packet(strings.ReplaceAll(asElements, "Anna", "&anna;")),
		"very deep":                 strings.Repeat("<a>", 10_000) + strings.Repeat("</a>", 10_000),
		"very many":                 "<a>" + strings.Repeat("<b/>", 100_000) + "</a>",
		"very long":                 packet(strings.Repeat(asElements, 5000)),
	} {
		if got, err := xmp.Read([]byte(text)); !errors.Is(err, xmp.ErrMalformed) {
			t.Errorf("%s: %+v, %v; want ErrMalformed", name, got, err)
		}
	}
	if got, err := xmp.Read([]byte(packet(strings.Repeat(asElements, 1500)))); err != nil || len(got.Faces) != 1000 {
		t.Errorf("of 1,500 regions %d are read, %v; want 1,000", len(got.Faces), err)
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	want := xmp.Regions{Width: 640, Height: 480, Upright: true, Faces: []xmp.Region{
		{Name: `Zoë "Z" <&> O'Hara`, Box: lineup.Box{X: 0.1, Y: 0.2, Width: 0.3, Height: 0.4}},
		{Name: "By a machine", Machine: true, Box: lineup.Box{X: 0.5, Y: 0.5, Width: 0.1, Height: 0.1}},
		{Ignored: true, Box: lineup.Box{X: 0, Y: 0, Width: 1, Height: 1}},
		{Not: []string{"Anna", "B&B"}, Box: lineup.Box{X: 0.25, Y: 0.25, Width: 0.5, Height: 0.5}},
	}}
	got, err := xmp.Read(xmp.Write(want))
	if err != nil || len(got.Faces) != len(want.Faces) || !got.Upright || got.Width != 640 || got.Height != 480 {
		t.Fatalf("read %+v, %v", got, err)
	}
	for i, face := range got.Faces {
		w := want.Faces[i]
		if math.Abs(face.Box.X-w.Box.X)+math.Abs(face.Box.Y-w.Box.Y)+math.Abs(face.Box.Width-w.Box.Width)+math.Abs(face.Box.Height-w.Box.Height) > 1e-5 {
			t.Errorf("region %d lies at %+v, want %+v", i, face.Box, w.Box)
		}
		if face.Box = w.Box; !reflect.DeepEqual(face, w) {
			t.Errorf("region %d is %+v, want %+v", i, face, w)
		}
	}
}

func chunk(kind, content string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(content)))) + kind + content + "sum."
}

func deflated(text string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	fmt.Fprint(w, text)
	w.Close()
	return b.String()
}

func TestEmbedded(t *testing.T) {
	segment := func(content string) string {
		return "\xff\xe1" + string(binary.BigEndian.AppendUint16(nil, uint16(len(content)+2))) + content
	}
	const signature, png = "http://ns.adobe.com/xap/1.0/\x00", "\x89PNG\r\n\x1a\n"
	webp := func(kind, content string) string {
		return kind + string(binary.LittleEndian.AppendUint32(nil, uint32(len(content)))) + content + strings.Repeat("\x00", len(content)%2)
	}
	for name, c := range map[string]struct{ file, want string }{
		"JPEG":                      {"\xff\xd8" + segment("Exif\x00\x00odd") + segment(signature+"<x/>") + "\xff\xda\x00\x02", "<x/>"},
		"JPEG, behind the pixels":   {"\xff\xd8\xff\xda\x00\x02" + segment(signature+"<x/>"), ""},
		"JPEG, a segment too long":  {"\xff\xd8\xff\xe1\xff\xff" + signature + "<x/>", ""},
		"JPEG that ends":            {"\xff\xd8\xff", ""},
		"PNG":                       {png + chunk("IHDR", "x") + chunk("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00<x/>"), "<x/>"},
		"PNG, compressed":           {png + chunk("iTXt", "XML:com.adobe.xmp\x00\x01\x00\x00\x00"+deflated("<x/>")), "<x/>"},
		"PNG, of another kind":      {png + chunk("tEXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00<x/>"), ""},
		"PNG, a chunk too long":     {png + "\xff\xff\xff\xffiTXtXML:com.adobe.xmp\x00\x00\x00\x00\x00<x/>", ""},
		"PNG, compressed but is no": {png + chunk("iTXt", "XML:com.adobe.xmp\x00\x01\x00\x00\x00<x/>"), ""},
		"WebP":                      {"RIFF\x00\x00\x00\x00WEBP" + webp("VP8X", "odd") + webp("XMP ", "<x/>"), "<x/>"},
		"WebP, a chunk too long":    {"RIFF\x00\x00\x00\x00WEBPXMP \xff\xff\xff\xff<x/>", ""},
		"a text":                    {"hello", ""},
		"nothing":                   {"", ""},
	} {
		if got := string(xmp.Embedded([]byte(c.file))); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	bomb := png + chunk("iTXt", "XML:com.adobe.xmp\x00\x01\x00\x00\x00"+deflated(strings.Repeat(" ", 50<<20)))
	if got := xmp.Embedded([]byte(bomb)); len(got) != xmp.MaxPacket+1 {
		t.Errorf("of a bomb %d bytes are unpacked", len(got))
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(packet(asElements + asAttributes)))
	f.Add(xmp.Write(xmp.Regions{Faces: []xmp.Region{{Name: "A", Not: []string{"B"}, Box: lineup.Box{Width: 1, Height: 1}}}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		xmp.Embedded(data)
		regions, err := xmp.Read(data)
		if err != nil {
			return
		}
		for _, r := range regions.Faces {
			if !(r.Box.X >= 0 && r.Box.Y >= 0 && r.Box.Width > 0 && r.Box.Height > 0 && r.Box.X+r.Box.Width <= 1.0001 && r.Box.Y+r.Box.Height <= 1.0001) {
				t.Errorf("a box of %+v", r.Box)
			}
		}
	})
}
