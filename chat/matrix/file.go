package matrix

import (
	"context"
	"fmt"
	"strconv"

	"maunium.net/go/mautrix/crypto/attachment"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"rtbot/chat"
)

// mostFile is the largest text that is offered as a file, in bytes.
const mostFile = 5 << 20

// files offers the quotes that have no room on a final card as files beside it.
func (p *post) files(ctx context.Context, s *session, m chat.Message) error {
	if !m.Card.State.Final() {
		return nil
	}
	for i, q := range m.Card.Quotes {
		if q.File == "" || len(q.Text) <= mostQuote {
			continue
		}
		content, err := s.upload(ctx, p.room, q)
		if err != nil {
			return err
		}
		content.RelatesTo = inThread(p.thread)
		if _, err := s.send(ctx, p.room, p.marked(content), p.delivery+"-file-"+strconv.Itoa(i)); err != nil {
			return err
		}
	}
	return nil
}

// upload gives a text to the homeserver, encrypted where the room is.
func (s *session) upload(ctx context.Context, room id.RoomID, q chat.Quote) (*event.MessageEventContent, error) {
	text := []byte(cut(q.Text, mostFile))
	name := chat.Visible(q.File)
	content := &event.MessageEventContent{
		MsgType: event.MsgFile, Body: name, FileName: name, Mentions: &event.Mentions{},
		Info: &event.FileInfo{MimeType: "text/plain", Size: len(text)},
	}
	encrypted, err := s.state.IsEncrypted(ctx, room)
	if err != nil {
		return nil, fmt.Errorf("look up whether the room is encrypted: %w", err)
	}
	kind := "text/plain"
	if encrypted {
		sealed := attachment.NewEncryptedFile()
		sealed.EncryptInPlace(text)
		content.File = &event.EncryptedFileInfo{EncryptedFile: *sealed}
		kind = "application/octet-stream"
	}
	uploaded, err := s.client.UploadBytes(ctx, text, kind)
	if err != nil {
		return nil, fmt.Errorf("upload %s: %w", name, err)
	}
	if encrypted {
		content.File.URL = uploaded.ContentURI.CUString()
		return content, nil
	}
	content.URL = uploaded.ContentURI.CUString()
	return content, nil
}
