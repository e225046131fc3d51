package config

import (
	"fmt"
	"regexp"
)

// Matrix is the homeserver that the bot talks on.
type Matrix struct {
	// Homeserver is its client API.
	Homeserver string `yaml:"homeserver"`
	// User is the bot's own account, and Password signs it in.
	User     string `yaml:"user"`
	Password Secret `yaml:"password"`
	// Rooms are where the bot is to be asked, and may be invited to by anybody; everywhere where there are none.
	Rooms []string `yaml:"rooms"`
}

var (
	matrixUser = regexp.MustCompile(`^@[^\s:/]+:[^\s:/]+(:[0-9]{1,5})?$`)
	matrixRoom = regexp.MustCompile(`^![^\s/]+$`)
)

func (c *Config) checkMatrix(p *problems) {
	for i, who := range c.People {
		if who.Matrix != "" && !matrixUser.MatchString(who.Matrix) {
			p.at(fmt.Sprintf("people.%d.matrix", i), "%q is not a whole user ID, as @alice:example.org", who.Matrix)
		}
	}
	if c.Matrix == nil {
		return
	}
	if c.Matrix.Homeserver == "" {
		p.at("matrix.homeserver", "want a URL as https://matrix.example.org")
	}
	p.url("matrix.homeserver", c.Matrix.Homeserver, "https://matrix.example.org")
	if !matrixUser.MatchString(c.Matrix.User) {
		p.at("matrix.user", "want the bot's whole user ID, as @rt:example.org")
	}
	if (c.Matrix.Password == Secret{}) {
		p.at("matrix.password", "want a password as {file: PATH} or {env: NAME}")
	}
	for i, room := range c.Matrix.Rooms {
		if !matrixRoom.MatchString(room) {
			p.at(fmt.Sprintf("matrix.rooms.%d", i), "%q is not the ID of a room, as !abc:example.org", room)
		}
	}
}
