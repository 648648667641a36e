package main

import (
	"fmt"
	"time"
)

// Options are the limits of the view, and what its pages say.
type Options struct {
	PageSize       int           `envconfig:"PAGE_SIZE" default:"50" desc:"rows of a page"`
	MaxPageSize    int           `envconfig:"MAX_PAGE_SIZE" default:"200" desc:"most rows that ?limit= may ask for"`
	MaxPicture     int64         `envconfig:"MAX_PICTURE" default:"20971520" desc:"largest picture that is shown, in bytes"`
	PicturesAtOnce int           `envconfig:"PICTURES_AT_ONCE" default:"8" desc:"pictures in memory at once; whoever asks for one more waits"`
	RequestTimeout time.Duration `envconfig:"REQUEST_TIMEOUT" default:"10s" desc:"time that the database and the picture roots have to answer a request"`
	SendTimeout    time.Duration `envconfig:"SEND_TIMEOUT" default:"60s" desc:"time that a request may take until its answer is with the client"`
	Refresh        time.Duration `envconfig:"REFRESH" default:"5s" desc:"how often a page that waits for something loads again, at least 1s; also the Retry-After of a 503"`
	ReceiveURL     string        `envconfig:"RECEIVE_URL" default:"http://127.0.0.1:8000" desc:"where pictures are posted, for the commands that empty pages show"`
}

func (o Options) check() error {
	switch {
	case o.PageSize < 1 || o.PageSize > o.MaxPageSize:
		return fmt.Errorf("PAGE_SIZE is %d: set it to 1 or more, and to no more than MAX_PAGE_SIZE, %d", o.PageSize, o.MaxPageSize)
	case o.MaxPicture < 1:
		return fmt.Errorf("MAX_PICTURE is %d: set it to 1 or more", o.MaxPicture)
	case o.PicturesAtOnce < 1:
		return fmt.Errorf("PICTURES_AT_ONCE is %d: set it to 1 or more", o.PicturesAtOnce)
	case o.RequestTimeout <= 0:
		return fmt.Errorf("REQUEST_TIMEOUT is %v: set it to more than 0", o.RequestTimeout)
	case o.SendTimeout <= o.RequestTimeout:
		return fmt.Errorf("SEND_TIMEOUT is %v: set it to more than REQUEST_TIMEOUT, %v", o.SendTimeout, o.RequestTimeout)
	case o.Refresh < time.Second:
		return fmt.Errorf("REFRESH is %v: set it to 1s or more", o.Refresh)
	}
	return nil
}
