package config

import (
	"fmt"
	"net"
	"strings"
)

// Slack is the workspace that the bot talks in.
type Slack struct {
	// Mode is "socket" (or empty): the bot opens the connections, and needs no address of its own; or "http": Slack sends
	// requests to Listen, behind a proxy that has TLS.
	Mode     string `yaml:"mode"`
	AppToken Secret `yaml:"app_token"`
	BotToken Secret `yaml:"bot_token"`
	// SigningSecret tells Slack's requests from others; SigningSecretPrevious is the one before, while it is being changed.
	SigningSecret         Secret `yaml:"signing_secret"`
	SigningSecretPrevious Secret `yaml:"signing_secret_previous"`
	Listen                string `yaml:"listen"`
	// Channels are where the bot is to be asked; everywhere where there are none.
	Channels []string `yaml:"channels"`
	// APIURL is empty for Slack's own.
	APIURL string `yaml:"api_url"`
}

// HTTP reports whether Slack sends requests to the bot.
func (s Slack) HTTP() bool { return s.Mode == "http" }

// SigningSecrets are where the secrets are that requests may be signed with.
func (s Slack) SigningSecrets() []Secret {
	var all []Secret
	for _, secret := range []Secret{s.SigningSecret, s.SigningSecretPrevious} {
		if secret != (Secret{}) {
			all = append(all, secret)
		}
	}
	return all
}

func (c *Config) checkSlack(p *problems) {
	if c.Slack == nil {
		return
	}
	c.checkSlackMode(p)
	if c.Slack.BotToken == (Secret{}) {
		p.at("slack.bot_token", "want a token (xoxb-...) as {file: PATH} or {env: NAME}")
	}
	for i, id := range c.Slack.Channels {
		if !channelID.MatchString(id) {
			p.at(fmt.Sprintf("slack.channels.%d", i), "%q is not the ID of a channel, as C0123ABCD", id)
		}
	}
	p.url("slack.api_url", c.Slack.APIURL, "https://slack.com/api")
}

// checkSlackMode looks at what each way to Slack needs.
func (c *Config) checkSlackMode(p *problems) {
	switch c.Slack.Mode {
	case "", "socket":
		if c.Slack.AppToken == (Secret{}) {
			p.at("slack.app_token", "want a token (xapp-...) as {file: PATH} or {env: NAME}")
		}
	case "http":
		if c.Slack.SigningSecret == (Secret{}) {
			p.at("slack.signing_secret", "want the app's signing secret as {file: PATH} or {env: NAME}")
		}
		if _, port, err := net.SplitHostPort(c.Slack.Listen); err != nil || strings.TrimSpace(port) == "" {
			p.at("slack.listen", "want HOST:PORT or :PORT")
		}
	default:
		p.at("slack.mode", "want socket or http")
	}
}
