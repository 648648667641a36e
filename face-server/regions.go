package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/xmp"
	facerecog "lineup.dev/lineup/proto"
)

// addRegions tells whose faces the picture's XMP says that it shows: that of a file beside
// it where there is one with faces, else its own. The error is that of a store that cannot
// be reached: the picture is tried again then, and nothing is lost.
func (s *server) addRegions(ctx context.Context, response *facerecog.IdentifyResponse, name string, body []byte, stored lineup.Layout) error {
	for _, sidecar := range xmp.Sidecars(name) {
		packet, _, err := s.pictures.Read(ctx, sidecar, xmp.MaxPacket)
		switch {
		case errors.Is(err, photo.ErrUnreachable), ctx.Err() != nil:
			return err
		case errors.Is(err, photo.ErrNotFound), errors.Is(err, photo.ErrRefused), errors.Is(err, photo.ErrOutside), errors.Is(err, photo.ErrNotFile):
			continue
		case err != nil:
			warn(response, fmt.Sprintf("the file %s beside it cannot be read, so no names are taken from it", path.Base(sidecar)))
			continue
		}
		if s.tellRegions(response, packet, stored, "the file "+path.Base(sidecar)+" beside it") {
			return nil
		}
	}
	if packet := xmp.Embedded(body); packet != nil {
		s.tellRegions(response, packet, stored, "its XMP")
	}
	return nil
}

// tellRegions tells the faces of a packet, and whether there were any. What a machine said
// of them is no decision.
func (s *server) tellRegions(response *facerecog.IdentifyResponse, packet []byte, stored lineup.Layout, from string) bool {
	regions, err := xmp.Read(packet)
	if err != nil {
		s.log.Info("XMP not read", "error", err)
		warn(response, from+" is malformed, so no names are taken from it")
		return false
	}
	there := len(regions.Faces) > 0
	said := slices.DeleteFunc(regions.Faces, func(r xmp.Region) bool { return r.Machine })
	if len(said) > s.mostRegions {
		warn(response, fmt.Sprintf("%s tells of %d faces, of which the first %d are taken over (REGIONS_MAX)", from, len(said), s.mostRegions))
	}
	for _, r := range said[:min(len(said), s.mostRegions)] {
		where := r.Box
		if !turnedAlready(regions, stored) {
			where = stored.Upright(where)
		}
		response.Regions = append(response.Regions, &facerecog.Region{
			Box:  &facerecog.Box{X: float32(where.X), Y: float32(where.Y), Width: float32(where.Width), Height: float32(where.Height)},
			Name: r.Name, Ignored: r.Ignored, NotNames: r.Not,
		})
	}
	return there
}

// turnedAlready tells whether regions are told of the picture as viewers show it. By the
// standard (MWG 2.0, section 5.9) they are told of the pixels as they are stored; some
// programs, whose pictures are wide where the stored one is high, tell of the other.
func turnedAlready(regions xmp.Regions, stored lineup.Layout) bool {
	if regions.Upright {
		return true
	}
	known := regions.Width > 0 && regions.Height > 0 && stored.Width > 0 && stored.Height > 0
	return known && stored.OnItsSide() && stored.Width != stored.Height &&
		(regions.Width > regions.Height) != (stored.Width > stored.Height)
}

// warn adds to what is told of a picture that is not seen whole.
func warn(response *facerecog.IdentifyResponse, text string) {
	response.Warning = strings.TrimPrefix(response.Warning+"; "+text, "; ")
}
