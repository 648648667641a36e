package xmp

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
)

// Write is a sidecar file with these regions. What only Lineup knows has names of its own.
func Write(regions Regions) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="` + nsRDF + `">
  <rdf:Description rdf:about=""
    xmlns:mwg-rs="` + nsRegions + `"
    xmlns:stArea="` + nsArea + `"
    xmlns:stDim="` + nsSize + `"
    xmlns:lineup="` + nsLineup + `">
   <mwg-rs:Regions rdf:parseType="Resource">
`)
	if regions.Width > 0 && regions.Height > 0 {
		fmt.Fprintf(&b, "    <mwg-rs:AppliedToDimensions stDim:w=\"%g\" stDim:h=\"%g\" stDim:unit=\"pixel\"/>\n", regions.Width, regions.Height)
	}
	if regions.Upright {
		b.WriteString("    <lineup:Upright>True</lineup:Upright>\n")
	}
	b.WriteString("    <mwg-rs:RegionList>\n     <rdf:Bag>\n")
	for _, r := range regions.Faces {
		writeRegion(&b, r)
	}
	b.WriteString(`     </rdf:Bag>
    </mwg-rs:RegionList>
   </mwg-rs:Regions>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
`)
	return b.Bytes()
}

func writeRegion(b *bytes.Buffer, r Region) {
	b.WriteString("      <rdf:li rdf:parseType=\"Resource\">\n       <mwg-rs:Type>Face</mwg-rs:Type>\n")
	if r.Name != "" {
		fmt.Fprintf(b, "       <mwg-rs:Name>%s</mwg-rs:Name>\n", escaped(r.Name))
	}
	x, y := r.Box.X+r.Box.Width/2, r.Box.Y+r.Box.Height/2
	fmt.Fprintf(b, "       <mwg-rs:Area stArea:x=\"%.6f\" stArea:y=\"%.6f\" stArea:w=\"%.6f\" stArea:h=\"%.6f\" stArea:unit=\"normalized\"/>\n", x, y, r.Box.Width, r.Box.Height)
	if r.Machine {
		fmt.Fprintf(b, "       <lineup:DecidedBy>%s</lineup:DecidedBy>\n", lineup.ByMachine)
	}
	if r.Ignored {
		b.WriteString("       <lineup:Ignored>True</lineup:Ignored>\n")
	}
	if len(r.Not) > 0 {
		b.WriteString("       <lineup:Not><rdf:Bag>")
		for _, name := range r.Not {
			fmt.Fprintf(b, "<rdf:li>%s</rdf:li>", escaped(name))
		}
		b.WriteString("</rdf:Bag></lineup:Not>\n")
	}
	b.WriteString("      </rdf:li>\n")
}

func escaped(text string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(text)) //nolint:errcheck // a Builder takes everything
	return b.String()
}
