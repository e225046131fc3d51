package handlers

import (
	"rtbot/chat"
	"rtbot/handlers/refusal"
)

// doubted refuses a line that its platform could not read, or that is not to be taken for what its sender means now.
func doubted(d chat.Doubt) error {
	switch d {
	case chat.Unreadable:
		return refusal.Misread(refusal.Encoding, "misread.unreadable", nil)
	case chat.Unencrypted:
		return refusal.New(refusal.Role, "refused.unencrypted", nil)
	case chat.Late:
		return refusal.New(refusal.Expired, "refused.late", nil)
	case chat.Unverified:
	}
	return nil
}

// allowed refuses a command that is above a person's role, and a command of an admin that only a server says is theirs.
func allowed(p Person, c Command, d chat.Doubt) error {
	if err := allow(p, c.Role); err != nil {
		return err
	}
	if d == chat.Unverified && c.Role >= Admin {
		return refusal.New(refusal.Role, "refused.unverified", nil)
	}
	return nil
}
