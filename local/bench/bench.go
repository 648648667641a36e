// Package bench measures the programs as processes beside a real MariaDB and nsqd, each figure beside baselines of the
// same rounds, and the programs of another commit in turn with this checkout's.
package bench

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// subject is one thing to measure: a figure, or a baseline of the group's figures.
type subject struct {
	name, unit string
	beside     []string                    // baselines: what stands before the @ of their subjects' names
	program    *program                    // that a profile of is taken, if any
	before     func(context.Context) error // what a round needs and does not measure; may be nil
	measure    func(context.Context) (sample, error)
}

// group is subjects that are measured in turn, a round each, so that what others do on the machine meets all.
type group struct {
	name    string
	lengths []string // of BENCH that it belongs to; nil: all
	rounds  int      // at most; 0: as many as are set
	compare bool     // it can measure another commit's programs
	prepare func(context.Context, *lab) ([]subject, error)
}

// Run measures, and writes the report. say is told what goes on.
func Run(ctx context.Context, settings Settings, say func(string, ...any)) (*Report, error) {
	wanted, err := chosen(groups(), settings)
	if err != nil {
		return nil, err
	}
	r := &Report{Machine: thisMachine(), Started: time.Now().UTC().Truncate(time.Second), Length: settings.Length}
	r.Load.Before = loadAverage()
	say("building the programs, starting MariaDB and nsqd")
	l, err := openLab(ctx, settings, say)
	if err != nil {
		return nil, err
	}
	defer l.close()
	r.Versions = versions(l.root, l.version)
	if settings.Ref != "" {
		r.Versions["compared with"] = l.builds[1].commit
	}
	for i, g := range wanted {
		say("%d/%d %s", i+1, len(wanted), g.name)
		figures := l.run(ctx, g)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("stopped during %s", g.name)
		}
		for _, f := range figures {
			if f.Error != "" {
				say("  %s: %s", f.Name, f.Error)
			}
		}
		r.Figures = append(r.Figures, figures...)
		r.Load.After, r.Seconds = loadAverage(), time.Since(r.Started).Seconds()
		if err := r.Save(settings.File); err != nil { // after each, so that a run that is stopped leaves what it has
			return nil, err
		}
	}
	return r, nil
}

// chosen are the groups of this run.
func chosen(all []group, settings Settings) ([]group, error) {
	only, err := regexp.Compile(settings.Only)
	if err != nil {
		return nil, fmt.Errorf("RUN=%q: %w", settings.Only, err)
	}
	wanted := slices.DeleteFunc(slices.Clone(all), func(g group) bool {
		return !only.MatchString(g.name) || settings.Ref != "" && !g.compare ||
			g.lengths != nil && !slices.Contains(g.lengths, settings.Length)
	})
	if len(wanted) > 0 {
		return wanted, nil
	}
	var names []string
	for _, g := range all {
		names = append(names, g.name)
	}
	return nil, fmt.Errorf("no group of figures is called like RUN=%q with BENCH=%s; there are %s", settings.Only, settings.Length, strings.Join(names, ", "))
}

// run measures a group. What fails is in the figure that it failed for; programs that were started end.
func (l *lab) run(ctx context.Context, g group) (figures []Figure) {
	running := len(l.programs)
	defer func() { l.stop(slices.Clone(l.programs[running:])...) }()
	subjects, err := g.prepare(ctx, l)
	if err != nil {
		return []Figure{{Name: g.name, Error: err.Error()}}
	}
	rounds := l.settings.rounds()
	if g.rounds > 0 && l.settings.Ref == "" {
		rounds = min(rounds, g.rounds)
	}
	samples, faults := make([][]sample, len(subjects)), make([]error, len(subjects))
	for round := range rounds {
		for i, s := range subjects {
			if faults[i] != nil || ctx.Err() != nil {
				continue
			}
			measured, err := l.profiled(ctx, s, round)
			samples[i], faults[i] = append(samples[i], measured), err
		}
	}
	for i, s := range subjects {
		figure := Figure{Name: s.name, Unit: s.unit}
		if faults[i] != nil {
			figure.Error = faults[i].Error()
		} else {
			figure = newFigure(s.name, s.unit, samples[i])
		}
		figures = append(figures, figure)
	}
	l.relate(subjects, figures)
	return figures
}

// relate puts down each figure's ratios, to its baselines and to the other commit's.
func (l *lab) relate(subjects []subject, figures []Figure) {
	for i, s := range subjects {
		for _, baseline := range s.beside {
			for _, other := range figures {
				if name, _, _ := strings.Cut(other.Name, "@"); name == baseline {
					figures[i].compareWith(baseline, other)
				}
			}
		}
		if l.settings.Ref == "" || figures[i].Error != "" {
			continue
		}
		old := slices.IndexFunc(figures, func(f Figure) bool { return f.Name == l.builds[1].figure(s.name) && f.Error == "" })
		if old < 0 || strings.Contains(s.name, "@") {
			continue
		}
		figures[i].compareWith(l.builds[1].commit, figures[old])
		said := ""
		if v, err := judge(figures[old].Rounds, figures[i].Rounds); err != nil {
			said = err.Error()
		} else {
			said = v.String()
		}
		figures[i].Compared = "against " + l.builds[1].commit + ": " + said
	}
}

// groups are all there are, in the order in which they are measured.
func groups() []group {
	return slices.Concat(receiveGroups(), otherReceiveGroups(), wayGroups(), aloneGroups(), viewGroups(), facesGroups(), goGroups())
}
