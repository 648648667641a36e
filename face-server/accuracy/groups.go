package accuracy

// Group is the searches that have something in common.
type Group struct {
	Name   string
	Trials []Trial
}

// BySize groups trials by the width of the photo's largest face.
func BySize(trials []Trial) []Group {
	return grouped(trials, []string{"no face found", "face below 24 px wide", "24 to 31 px", "32 to 47 px", "48 to 63 px", "64 to 95 px", "96 px and more"}, func(t Trial) int {
		return above(t.Width, 1, 24, 32, 48, 64, 96)
	})
}

// ByYears groups those trials of which it is known by the years that lie between a photo and
// the enrolled ones.
func ByYears(trials []Trial) []Group {
	return grouped(trials, []string{"same year", "1 to 2 years apart", "3 to 4 years", "5 to 9 years", "10 years and more"}, func(t Trial) int {
		if t.Years == nil {
			return -1
		}
		return above(float64(*t.Years), 1, 3, 5, 10)
	})
}

// above is how many of the limits v reaches.
func above(v float64, limits ...float64) (n int) {
	for _, limit := range limits {
		if v >= limit {
			n++
		}
	}
	return n
}

// grouped gives the groups that have trials; one of group -1 is in none.
func grouped(trials []Trial, names []string, of func(Trial) int) (groups []Group) {
	members := make([][]Trial, len(names))
	for _, t := range trials {
		if i := of(t); i >= 0 {
			members[i] = append(members[i], t)
		}
	}
	for i, name := range names {
		if len(members[i]) > 0 {
			groups = append(groups, Group{name, members[i]})
		}
	}
	return groups
}
