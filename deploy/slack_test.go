package deploy_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// The app asks for what the bot uses: no history of channels, no posting where it was not invited, no e-mail addresses.
func TestTheSlackAppHasTheLeastScopes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("slack/manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		OAuth struct {
			Scopes map[string][]string `json:"scopes"`
		} `json:"oauth_config"`
		Settings struct {
			SocketMode bool `json:"socket_mode_enabled"`
			Events     struct {
				Bot []string `json:"bot_events"`
			} `json:"event_subscriptions"`
		} `json:"settings"`
	}
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"bot": {"app_mentions:read", "chat:write", "commands", "files:write", "users:read"}}
	if diff := cmp.Diff(want, manifest.OAuth.Scopes); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
	if !manifest.Settings.SocketMode || !cmp.Equal(manifest.Settings.Events.Bot, []string{"app_mention"}) {
		t.Errorf("got the settings %+v", manifest.Settings)
	}
}
