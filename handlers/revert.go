package handlers

import (
	"bytes"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"rtbot/gitops"
	"rtbot/gitops/manifest"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/lang"
)

// revert is the edit of undo: the inverse of what one commit did to its files, on today's files.
type revert struct {
	commit   string
	rewrites []gitops.Rewrite
}

// Apply takes the commit's lines back and leaves every other byte as it is. Where later commits touched the same lines it
// refuses, and shows them.
func (r revert) Apply(files []gitops.File, target gitops.Object) (change.Edited, error) {
	edited := change.Edited{Field: "commit", Old: r.commit, New: r.commit + "^"}
	var differences []manifest.Difference
	for _, w := range r.rewrites {
		i := slices.IndexFunc(files, func(f gitops.File) bool { return f.Path == w.Path })
		if i < 0 || w.Before == nil {
			return change.Edited{}, r.elsewhere(w.Path)
		}
		data, line, err := inverse(w, files[i].Data)
		if err != nil {
			return change.Edited{}, err
		}
		if edited.Path == "" {
			edited.Path, edited.Line = w.Path, line
		}
		if then := (gitops.File{Path: w.Path, Data: data}); !bytes.Equal(data, files[i].Data) {
			edited.Files = append(edited.Files, then)
			differences = append(differences, manifest.DifferInFile(files[i], then, target)...)
		}
	}
	if len(r.rewrites) == 0 {
		return change.Edited{}, r.elsewhere(target.Name)
	}
	return named(edited, differences, target), nil
}

// elsewhere refuses a commit of which there is nothing to take back in this folder.
func (r revert) elsewhere(path string) error {
	return refusal.New(refusal.Layout, "refused.undo-file", lang.With{"Commit": r.commit, "Path": path})
}

// named says which fields of the app an edit changes, where it changes any.
func named(edited change.Edited, differences []manifest.Difference, target gitops.Object) change.Edited {
	var fields, old, now []string
	for _, d := range differences {
		field, before, after := shortField(d.Path, target.Name), orNone(d.Before), orNone(d.After)
		if i := len(fields) - 1; i >= 0 && bothSides(fields[i], field) {
			fields[i] = strings.Replace(field, "requests.", "", 1)
			old[i], now[i] = before+":"+old[i], after+":"+now[i]
			continue
		}
		fields, old, now = append(fields, field), append(old, before), append(now, after)
	}
	if len(fields) > 0 && len(fields) <= mostNamed {
		edited.Field, edited.Old, edited.New = listOf(fields), listOf(old), listOf(now)
	}
	return edited
}

// bothSides reports whether two fields are the limit and the request of the same.
func bothSides(limit, request string) bool {
	return limit != request && strings.Replace(limit, "limits.", "requests.", 1) == request
}

// mostNamed is how many fields a title names.
const mostNamed = 3

func orNone(s string) string {
	const most = 60
	if s == "" {
		return "-"
	}
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// shortField names a field by the word that people use for it, where there is one.
func shortField(keys []string, app string) string {
	p := manifest.Difference{Path: keys}.Field()
	if p == "spec.replicas" {
		return "replicas"
	}
	rest, in := strings.CutPrefix(p, "spec.template.spec.containers[")
	container, field, whole := strings.Cut(rest, "].")
	if !in || !whole {
		return p
	}
	field = strings.TrimPrefix(field, "resources.")
	if container != app {
		return container + " " + field
	}
	return field
}

// inverse takes back in a file what a commit did to it, and gives the first line that changes.
func inverse(w gitops.Rewrite, now []byte) (data []byte, line int, err error) {
	back, since := udiff.Lines(string(w.After), string(w.Before)), udiff.Lines(string(w.After), string(now))
	var edits []udiff.Edit
	for _, b := range back {
		if slices.Contains(since, b) {
			continue // somebody took it back before
		}
		for _, s := range since {
			if touches(b, s) {
				return nil, 0, lateLines(w, s)
			}
		}
		edits = append(edits, b)
	}
	if len(edits) == 0 {
		return now, 1, nil
	}
	both := slices.Concat(since, edits)
	udiff.SortEdits(both)
	merged, err := udiff.Apply(string(w.After), both)
	if err != nil {
		return nil, 0, err
	}
	first := udiff.Lines(string(now), merged)
	return []byte(merged), 1 + strings.Count(string(now[:first[0].Start]), "\n"), nil
}

// touches reports whether two edits are of the same lines, or one adds lines where the other changes some.
func touches(a, b udiff.Edit) bool {
	if a.Start == a.End || b.Start == b.End {
		return a.Start <= b.End && b.Start <= a.End
	}
	return a.Start < b.End && b.Start < a.End
}

// lateLines refuses to take back lines that were changed again, and shows what they are now.
func lateLines(w gitops.Rewrite, late udiff.Edit) error {
	line := 1 + bytes.Count(w.After[:late.Start], []byte("\n"))
	return refusal.New(refusal.Changed, "refused.undo-lines", lang.With{"Path": w.Path, "Line": line}).
		Quoting("- " + strings.TrimRight(string(w.After[late.Start:late.End]), "\n") + "\n+ " + strings.TrimRight(late.New, "\n"))
}
