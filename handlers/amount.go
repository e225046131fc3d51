package handlers

import (
	"math/big"
	"regexp"
	"strings"

	"rtbot/gitops/manifest"
	"rtbot/handlers/refusal"
	"rtbot/lang"
)

// quantity is one kind of what a container gets: how it is written, and between what it makes sense.
type quantity struct {
	written     *regexp.Regexp
	least, most string
	example     string
}

// quantities are those that resources sets, by the key that is typed.
var quantities = map[string]quantity{
	"cpu":    {regexp.MustCompile(`^([0-9]{1,6}m|[0-9]{1,4}(\.[0-9]{1,3})?)$`), "1m", "1024", "cpu=100m:500m"},
	"memory": {regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)?$`), "1Mi", "16Ti", "memory=256Mi:1Gi"},
}

// parseAmount reads REQUEST:LIMIT. Either side may be left out, and one value without a colon is both.
func parseAmount(key, value string) (manifest.Amount, error) {
	request, limit, both := strings.Cut(value, ":")
	if !both {
		limit = request
	}
	q := quantities[key]
	with := lang.With{"Key": key, "Value": shown(value), "Example": q.example}
	if request == "" && limit == "" {
		return manifest.Amount{}, refusal.Misread(refusal.Quantity, "misread.quantity", with, "resources gitea "+q.example)
	}
	for _, side := range []string{request, limit} {
		switch {
		case side == "":
		case !q.written.MatchString(side):
			return manifest.Amount{}, refusal.Misread(refusal.Quantity, "misread.quantity", with, "resources gitea "+q.example)
		case less(side, q.least), less(q.most, side):
			with["Least"], with["Most"], with["Value"] = q.least, q.most, side
			return manifest.Amount{}, refusal.Misread(refusal.Range, "misread.quantity-range", with, "resources gitea "+q.example)
		}
	}
	amount := manifest.Amount{Request: request, Limit: limit}
	return amount, ordered(key, amount)
}

// ordered refuses a request above its limit.
func ordered(key string, a manifest.Amount) error {
	if a.Request == "" || a.Limit == "" || !less(a.Limit, a.Request) {
		return nil
	}
	return refusal.New(refusal.Range, "refused.over-limit", lang.With{"Key": key, "Request": a.Request, "Limit": a.Limit})
}

// units are the endings of quantities as Kubernetes reads them.
var units = map[string]*big.Rat{
	"": ratio(1, 1), "m": ratio(1, 1000),
	"k": ratio(1e3, 1), "M": ratio(1e6, 1), "G": ratio(1e9, 1), "T": ratio(1e12, 1),
	"Ki": ratio(1<<10, 1), "Mi": ratio(1<<20, 1), "Gi": ratio(1<<30, 1), "Ti": ratio(1<<40, 1),
}

func ratio(a, b int64) *big.Rat { return big.NewRat(a, b) }

// less compares two quantities. What it cannot read is not less than anything: the cluster has the last word.
func less(a, b string) bool {
	x, ok := size(a)
	y, also := size(b)
	return ok && also && x.Cmp(y) < 0
}

// size is how much a quantity is.
func size(written string) (*big.Rat, bool) {
	digits := strings.TrimRight(written, "kmKMGTi")
	n, ok := new(big.Rat).SetString(digits)
	unit, known := units[written[len(digits):]]
	if !ok || !known || strings.ContainsAny(digits, "eE/") {
		return nil, false
	}
	return n.Mul(n, unit), true
}
