package accuracy

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// Size and margins of the plot, in SVG's pixels.
const (
	plotWidth, plotHeight = 640., 400.
	plotLeft, plotTop     = 60., 20.
	plotRight, plotBottom = 620., 350.
)

// plotFloor is the least FPIR of the plot.
const plotFloor = 1e-4

// Plot draws, as SVG, how many of who is enrolled are found against how many strangers are
// named, whatever the threshold: a line for each run.
func Plot(to io.Writer, runs ...Run) error {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="12">`+"\n", plotWidth, plotHeight, plotWidth, plotHeight)
	fmt.Fprintf(&b, "<title>Detection and identification rate by the share of strangers named</title>\n")
	fmt.Fprintf(&b, `<rect width="%.0f" height="%.0f" fill="#fff"/>`+"\n", plotWidth, plotHeight)
	for fpir := plotFloor; fpir <= 1.01; fpir *= 10 {
		x := plotX(fpir)
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%.0f" x2="%.1f" y2="%.0f" stroke="#ddd"/><text x="%.1f" y="%.0f" text-anchor="middle">%g %%</text>`+"\n", x, plotTop, x, plotBottom, x, plotBottom+16, 100*math.Round(1e6*fpir)/1e6)
	}
	for rate := 0.; rate <= 1.01; rate += 0.2 {
		y := plotY(rate)
		fmt.Fprintf(&b, `<line x1="%.0f" y1="%.1f" x2="%.0f" y2="%.1f" stroke="#ddd"/><text x="%.0f" y="%.1f" text-anchor="end">%.0f %%</text>`+"\n", plotLeft, y, plotRight, y, plotLeft-6, y+4, 100*rate)
	}
	fmt.Fprintf(&b, `<text x="%.0f" y="%.0f" text-anchor="middle">strangers named (FPIR)</text>`+"\n", (plotLeft+plotRight)/2, plotHeight-12)
	for i, run := range runs {
		colour := []string{"#0b62a4", "#c0392b", "#2e7d32"}[i%3]
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>`+"\n", colour, strings.Join(curve(run.Trials), " "))
		fmt.Fprintf(&b, `<text x="%.0f" y="%.0f" text-anchor="end" fill="%s">%s</text>`+"\n", plotRight-6, plotBottom-10-16*float64(i), colour, escape.Replace(run.Name))
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(to, b.String())
	return err
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// curve is the points of a run's line.
func curve(trials []Trial) (points []string) {
	one := make([]int, len(trials))
	strangers := 0
	for i, t := range trials {
		one[i] = 1
		if !t.Mated && t.Score != nil {
			strangers++
		}
	}
	const steps = 80
	for i := range steps + 1 {
		fpir := math.Pow(10, math.Log10(plotFloor)*(1-float64(i)/steps))
		// Below one of them, there is nothing to draw.
		if fpir*float64(strangers) < 1 {
			continue
		}
		if rate := dirAt(fpir)(trials, one); !math.IsNaN(rate) {
			points = append(points, fmt.Sprintf("%.1f,%.1f", plotX(fpir), plotY(rate)))
		}
	}
	return points
}

func plotX(fpir float64) float64 {
	return plotRight + (plotRight-plotLeft)*math.Log10(fpir)/-math.Log10(plotFloor)
}

func plotY(rate float64) float64 { return plotBottom + (plotTop-plotBottom)*rate }
