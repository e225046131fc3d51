package diagnose_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"rtbot/k8sops/diagnose"
)

// A decoder is a function from a Snapshot to findings: one that is in no list explains nothing.
func TestEveryDecoderIsListed(t *testing.T) {
	t.Parallel()
	listed := diagnose.Decoders()
	notTests := func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }
	packages, err := parser.ParseDir(token.NewFileSet(), ".", notTests, 0) //nolint:staticcheck // one package, without build tags
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range packages["diagnose"].Files {
		for _, d := range file.Decls {
			f, is := d.(*ast.FuncDecl)
			if is && f.Recv == nil && decodes(f.Type) && !f.Name.IsExported() && !slices.Contains(listed, strings.TrimSuffix(f.Name.Name, "Containers")) {
				t.Errorf("the decoder %s is in no list", f.Name.Name)
			}
		}
	}
}

// decodes tells whether a function takes one Snapshot and gives findings.
func decodes(f *ast.FuncType) bool {
	if f.Results == nil || len(f.Results.List) != 1 || len(f.Params.List) != 1 {
		return false
	}
	takes, isIdent := f.Params.List[0].Type.(*ast.Ident)
	gives, isSlice := f.Results.List[0].Type.(*ast.ArrayType)
	if !isIdent || !isSlice {
		return false
	}
	of, isIdent := gives.Elt.(*ast.Ident)
	return isIdent && takes.Name == "Snapshot" && of.Name == "Finding"
}

// Each constant of a code and of a reason is in the lists that programs and tests go by.
func TestEveryCodeAndReasonIsListed(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]int{}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, is := n.(*ast.ValueSpec); is {
			if kind, isIdent := v.Type.(*ast.Ident); isIdent {
				declared[kind.Name] += len(v.Names)
			}
		}
		return true
	})
	if got := len(diagnose.Codes()); got != declared["Code"] {
		t.Errorf("%d codes are listed, %d declared", got, declared["Code"])
	}
	if got := len(diagnose.Reasons()); got != declared["Reason"] {
		t.Errorf("%d reasons are listed, %d declared", got, declared["Reason"])
	}
}

// Every root cause has a recording that it explains, and every code a recording or a message.
func TestEveryCodeAndReasonHasAFixture(t *testing.T) {
	t.Parallel()
	codes, reasons := map[diagnose.Code]bool{}, map[diagnose.Reason]bool{}
	for _, file := range cases(t) {
		for _, f := range diagnose.Explain(recordedCase(t, file)) {
			codes[f.Code], reasons[f.Reason] = true, true
			if f.Fix == "" || f.With["App"] == "" || len(f.Evidence) == 0 && f.Quote.Text == "" {
				t.Errorf("%s: %s has no fix, no app or no evidence", file, f.Reason)
			}
		}
	}
	for _, file := range []string{"testdata/pull-messages.json", "testdata/pull-variants.json"} {
		for _, m := range messages(t, file) {
			codes[m.Class] = true
		}
	}
	for _, c := range diagnose.Codes() {
		if !codes[c] {
			t.Errorf("no fixture has the code %s", c)
		}
	}
	for _, r := range diagnose.Reasons() {
		if !reasons[r] {
			t.Errorf("no fixture has the reason %s", r)
		}
	}
}

// What a snapshot says is untrusted: none of it may bring the explanation down.
func TestBrokenSnapshotsAreBorne(t *testing.T) {
	t.Parallel()
	for name, s := range broken() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, f := range diagnose.Explain(s) {
				if len(f.Quote.Text) > 8<<10 {
					t.Errorf("%s quotes %d bytes", f.Reason, len(f.Quote.Text))
				}
			}
		})
	}
}

func BenchmarkExplain(b *testing.B) {
	s := recordedCase(b, "testdata/cases/wrong-token.yaml")
	b.ReportAllocs()
	for b.Loop() {
		diagnose.Explain(s)
	}
}
