package change

import (
	"context"
	"strings"

	"rtbot/gitops"
	"rtbot/gitops/manifest"
)

// Locate finds an app and the file that declares it, at the branch's head.
func (e *Engine) Locate(ctx context.Context, name AppName, line func(AppName) string) (App, string, error) {
	app, err := e.planner.resolve(Request{App: name, Line: line})
	if err != nil {
		return App{}, "", err
	}
	file, _, err := e.declaration(ctx, app)
	if err != nil {
		return App{}, "", err
	}
	return app, file.Path, nil
}

// Place finds the place in Git where an app is declared: the first line of its document that has one of these words, else
// the document's first line.
func (e *Engine) Place(ctx context.Context, app App, words []string) (path string, line int, err error) {
	file, from, err := e.declaration(ctx, app)
	if err != nil {
		return "", 0, err
	}
	return file.Path, lineWith(file, from, words), nil
}

// declaration finds the file that declares an app, and the line of it where the app's document begins.
func (e *Engine) declaration(ctx context.Context, app App) (file gitops.File, line int, err error) {
	application, err := e.planner.argo.Application(app.Application)
	if err != nil {
		return gitops.File{}, 0, refuseArgo(err)
	}
	tree, err := e.planner.folder(ctx, app, application)
	if err != nil {
		return gitops.File{}, 0, err
	}
	file, declared, err := manifest.Find(tree.Files, app.Object)
	if err != nil {
		return gitops.File{}, 0, refuseEdit(app, err)
	}
	return file, declared.Line, nil
}

// lineWith finds the first line of a document that has a word: the words stand in the order in which they are wanted.
func lineWith(file gitops.File, from int, words []string) int {
	lines := strings.Split(string(file.Data), "\n")
	for _, word := range words {
		for i := max(from, 1); i <= len(lines) && word != ""; i++ {
			text := lines[i-1]
			if i > from && strings.HasPrefix(text, "---") {
				break
			}
			if strings.Contains(text, word) {
				return i
			}
		}
	}
	return from
}
