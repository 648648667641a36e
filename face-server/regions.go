package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/xmp"
	facerecog "lineup.dev/lineup/proto"
)

// addRegions tells whose faces the picture's XMP says that it shows: that of a file beside
// it where there is one with faces, else its own. The error is that of a store that cannot
// be reached: the picture is tried again then, and nothing is lost.
func (s *server) addRegions(ctx context.Context, response *facerecog.IdentifyResponse, name string, body []byte) error {
	stored := picture.LayoutOf(body)
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
func (s *server) tellRegions(response *facerecog.IdentifyResponse, packet []byte, stored picture.Layout, from string) bool {
	regions, err := xmp.Read(packet)
	if err != nil {
		s.log.Info("XMP not read", "error", err)
		warn(response, from+" is malformed, so no names are taken from it")
		return false
	}
	for _, r := range regions.Faces {
		if r.Machine {
			continue
		}
		x, y, width, height := r.Box.X, r.Box.Y, r.Box.Width, r.Box.Height
		if !turnedAlready(regions, stored) {
			x, y, width, height = stored.Upright(x, y, width, height)
		}
		response.Regions = append(response.Regions, &facerecog.Region{
			Box:  &facerecog.Box{X: float32(x), Y: float32(y), Width: float32(width), Height: float32(height)},
			Name: r.Name, Ignored: r.Ignored, NotNames: r.Not,
		})
	}
	return len(regions.Faces) > 0
}

// turnedAlready tells whether regions are told of the picture as viewers show it. As a rule
// they are told of the pixels as they are stored, whatever EXIF's orientation; some
// programs, whose pictures are wide where the stored one is high, tell of the other.
func turnedAlready(regions xmp.Regions, stored picture.Layout) bool {
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
