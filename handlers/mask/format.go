package mask

import "strings"

// format is a token that is known by how it begins.
type format struct {
	prefix string
	least  int // characters behind the prefix
	is     func(byte) bool
}

func isDotted(c byte) bool { return isWord(c) || c == '.' }

func isUpper(c byte) bool { return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' }

// known are the formats of those who give their tokens one: GitHub, GitLab, Slack, AWS, Google, npm, Docker Hub, Vault and
// others.
var known = []format{
	{"ghp_", 30, isAlnum},
	{"gho_", 30, isAlnum},
	{"ghu_", 30, isAlnum},
	{"ghs_", 30, isAlnum},
	{"ghr_", 30, isAlnum},
	{"github_pat_", 30, isWord},
	{"glpat-", 16, isDotted},
	{"gldt-", 16, isDotted},
	{"glrt-", 16, isDotted},
	{"glcbt-", 16, isDotted},
	{"glptt-", 16, isDotted},
	{"glft-", 16, isDotted},
	{"glsoat-", 16, isDotted},
	{"glagent-", 16, isDotted},
	{"xoxb-", 10, isWord},
	{"xoxp-", 10, isWord},
	{"xoxa-", 10, isWord},
	{"xoxr-", 10, isWord},
	{"xoxs-", 10, isWord},
	{"xoxe-", 10, isWord},
	{"xoxe.xox", 10, isWord},
	{"xapp-", 10, isWord},
	{"AKIA", 16, isUpper},
	{"ASIA", 16, isUpper},
	{"ABIA", 16, isUpper},
	{"ACCA", 16, isUpper},
	{"AIza", 30, isWord},
	{"ya29.", 20, isDotted},
	{"GOCSPX-", 20, isWord},
	{"npm_", 30, isAlnum},
	{"dckr_pat_", 20, isWord},
	{"dckr_oat_", 20, isWord},
	{"sk_live_", 16, isAlnum},
	{"sk_test_", 16, isAlnum},
	{"rk_live_", 16, isAlnum},
	{"whsec_", 24, isBase64},
	{"sk-ant-", 20, isWord},
	{"sk-proj-", 20, isWord},
	{"sk-svcacct-", 20, isWord},
	{"sk-", 40, isAlnum},
	{"hvs.", 20, isWord},
	{"hvb.", 20, isWord},
	{"hvr.", 20, isWord},
	{"SG.", 40, isDotted},
	{"pypi-AgEIcHlwaS", 20, isWord},
	{"rubygems_", 40, isAlnum},
	{"hf_", 30, isAlnum},
	{"dop_v1_", 40, isAlnum},
	{"doo_v1_", 40, isAlnum},
	{"dor_v1_", 40, isAlnum},
	{"shpat_", 24, isAlnum},
	{"shpss_", 24, isAlnum},
	{"ATATT3", 30, isToken},
	{"NRAK-", 20, isAlnum},
	{"lin_api_", 30, isAlnum},
	{"syt_", 20, isWord}, // Matrix
	{"AGE-SECRET-KEY-1", 40, isAlnum},
}

// byFirst are the formats by their first character.
var byFirst = func() (index [256][]format) {
	for _, f := range known {
		index[f.prefix[0]] = append(index[f.prefix[0]], f)
	}
	return index
}()

// formats finds tokens of a known format, and JSON web tokens.
func formats(text string) []span {
	var found []span
	for i := 0; i < len(text); i++ {
		if i > 0 && isAlnum(text[i-1]) {
			continue
		}
		if end := formatEnd(text, i); end > i {
			found = append(found, span{i, end})
			i = end - 1
		}
	}
	return found
}

// formatEnd is where the token ends that begins at i, or i where none does.
func formatEnd(text string, i int) int {
	if strings.HasPrefix(text[i:], "eyJ") {
		return webToken(text, i)
	}
	for _, f := range byFirst[text[i]] {
		if !strings.HasPrefix(text[i:], f.prefix) {
			continue
		}
		begin := i + len(f.prefix)
		if end := run(text, begin, f.is); end-begin >= f.least {
			return end
		}
	}
	return i
}

// webToken is where a JSON web token ends: two parts or more between dots, of which the first is JSON.
func webToken(text string, i int) int {
	end := run(text, i, isWord)
	parts := 1
	for end < len(text) && text[end] == '.' && parts < 5 {
		next := run(text, end+1, isWord)
		if next == end+1 && parts == 1 {
			break
		}
		end, parts = next, parts+1
	}
	if parts < 2 || end-i < 24 {
		return i
	}
	return end
}
