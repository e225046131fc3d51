package change

import (
	"cmp"
	"slices"

	"github.com/agext/levenshtein"

	"rtbot/handlers/refusal"
	"rtbot/lang"
)

// Apps are the apps that the listed Applications track, sorted by name.
func (e *Engine) Apps() ([]App, error) { return e.planner.apps() }

func (p planner) apps() ([]App, error) {
	tracked, err := p.argo.Workloads()
	if err != nil {
		return nil, refuseArgo(err)
	}
	apps := make([]App, 0, len(tracked))
	for _, w := range tracked {
		apps = append(apps, App{Object: w.Object, Application: w.Application})
	}
	slices.SortFunc(apps, func(a, b App) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind))
	})
	return apps, nil
}

// resolve finds the one app that a request means.
func (p planner) resolve(req Request) (App, error) {
	apps, err := p.apps()
	if err != nil {
		return App{}, err
	}
	return Resolve(req.App, apps, req.Line)
}

// Resolve finds the one app of that name. Where there is none or more than one it refuses, and line prints the commands
// that are offered instead.
func Resolve(name AppName, apps []App, line func(AppName) string) (App, error) {
	var found []App
	for _, a := range apps {
		if name.matches(a.Object) {
			found = append(found, a)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return App{}, unknown(name, apps, line)
	}
	var try []string
	for _, a := range found {
		try = append(try, line(exactName(a, found)))
	}
	return App{}, refusal.New(refusal.Ambiguous, "refused.ambiguous", lang.With{"App": name.String(), "Count": len(found)}, try...)
}

// exactName names an app so that it is told from the others: by kind, by namespace, or by both.
func exactName(a App, among []App) AppName {
	for _, n := range []AppName{{Kind: a.Kind, Name: a.Name}, {Namespace: a.Namespace, Name: a.Name}} {
		alone := true
		for _, other := range among {
			alone = alone && (other.Object == a.Object || !n.matches(other.Object))
		}
		if alone {
			return n
		}
	}
	return AppName{Namespace: a.Namespace, Kind: a.Kind, Name: a.Name}
}

// unknown refuses a name that no app has, with the nearest ones.
func unknown(name AppName, apps []App, line func(AppName) string) error {
	const far = 3
	var near []string
	for _, a := range apps {
		if levenshtein.Distance(name.Name, a.Name, nil) < far {
			near = append(near, a.Name)
		}
	}
	near = slices.Compact(near)
	if len(near) == 0 {
		return refusal.New(refusal.NotFound, "refused.no-app", lang.With{"App": name.String()}, "status")
	}
	try := make([]string, len(near))
	for i, n := range near {
		try[i] = line(AppName{Name: n})
	}
	return refusal.New(refusal.NotFound, "refused.no-app-near", lang.With{"App": name.String(), "Near": near[0]}, try...)
}
