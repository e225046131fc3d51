package deploy_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// granted is all that the bot's account may do, on the Applications of one project.
var granted = []string{
	"get", "sync", "action/apps/Deployment/restart", "action/apps/StatefulSet/restart", "action/apps/DaemonSet/restart",
}

// denied is what a policy of the team's own could give it by a pattern, and what is therefore taken away in so many words.
var denied = []string{
	"applications, override", "applications, update", "applications, update/*", "applications, delete", "applications, delete/*",
	"applications, create", "exec, create",
}

// settings are the keys of Argo CD's config maps that the bot's safety rests on.
var settings = map[string]string{
	"accounts.rt-bot": "apiKey", "users.anonymous.enabled": "false", "server.rbac.rollback.enforce.enable": "true",
	"application.sync.requireOverridePrivilegeForRevisionSync": "true", "policy.default": "",
}

// tooMuchInArgoCD says what a stream of Argo CD's config maps gives too much, or fails to deny.
func tooMuchInArgoCD(stream []byte) []string {
	data, err := keys(stream)
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	for key, want := range settings {
		if got, ok := data[key]; !ok || got != want {
			found = append(found, fmt.Sprintf("%s is %q", key, got))
		}
	}
	var policy string
	for key, value := range data {
		switch _, known := settings[key]; {
		case strings.HasPrefix(key, "policy.") && strings.HasSuffix(key, ".csv"):
			policy += value
		case !known:
			found = append(found, key+" is not expected here")
		}
	}
	found = append(found, excessOfPolicy(policy)...)
	slices.Sort(found)
	return found
}

// keys are the data of all config maps of the stream.
func keys(stream []byte) (map[string]string, error) {
	data := map[string]string{}
	for text := range strings.SplitSeq(string(stream), "\n---\n") {
		var m struct {
			Data map[string]string `yaml:"data"`
		}
		if err := yaml.Unmarshal([]byte(text), &m); err != nil {
			return nil, err
		}
		maps.Copy(data, m.Data)
	}
	return data, nil
}

func excessOfPolicy(policy string) []string {
	missing := slices.Clone(denied)
	var found []string
	for line := range strings.Lines(policy) {
		words := strings.Split(strings.TrimSpace(line), ", ")
		switch {
		case len(words) != 6 || words[0] != "p" || words[1] != "rt-bot":
			found = append(found, fmt.Sprintf("%q is no line of the bot's own", strings.TrimSpace(line)))
		case words[5] == "deny" && words[4] == "*/*":
			missing = slices.DeleteFunc(missing, func(d string) bool { return d == words[2]+", "+words[3] })
		case words[2] != "applications" || !slices.Contains(granted, words[3]) || words[4] != "default/*" || words[5] != "allow":
			found = append(found, fmt.Sprintf("%q gives too much", strings.TrimSpace(line)))
		}
	}
	for _, d := range missing {
		found = append(found, fmt.Sprintf("%q is not denied", d))
	}
	return found
}
