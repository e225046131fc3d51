package handlers_test

import (
	"testing"

	"rtbot/chat"
)

// What came with a doubt is answered, and done only where the doubt does not matter. A batch that comes again does nothing.
func TestALineThatItsPlatformDoubts(t *testing.T) {
	tests := []struct {
		name, who, line string
		doubt           chat.Doubt
		want            string
		done            int
	}{
		{"a change from a device that is not verified", "bob", "!rt scale gitea 2", chat.Unverified, "", 1},
		{"an admin's word from a device that is not verified", "alice", "!rt unfreeze", chat.Unverified, "This needs a device that you have verified. Verify it in your client, with your recovery key or another device, and ask again.", 0},
		{"a line in the clear where others encrypt", "bob", "!rt scale gitea 2", chat.Unencrypted, "This room is encrypted and your message was not, so I did not take it. Send it again from a client that encrypts.", 0},
		{"a line that cannot be decrypted", "bob", "", chat.Unreadable, "I could not read that: it is encrypted with a key that I do not have. Send it again, or check that your client sends keys to my device.", 0},
		{"a line of an hour ago", "bob", "!rt scale gitea 2", chat.Late, "You said this while I was away, too long ago for me to do it now. Say it again if you still mean it.", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := fresh(t)
			batch := chat.Batch{Platform: "web", Cursor: "s1", Requests: []chat.Request{{
				Key: "k", Room: chat.Room{Platform: "web", ID: "web"}, User: chat.User{Platform: "web", ID: tt.who}, Text: tt.line, Doubt: tt.doubt,
			}}}
			for range 2 {
				if err := b.router.ReceiveBatch(t.Context(), batch); err != nil {
					t.Fatal(err)
				}
			}
			if got := <-b.platform.final; tt.want != "" && got.Title != tt.want {
				t.Errorf("got %q, want %q", got.Title, tt.want)
			}
			b.stop()
			if len(b.engine.runs) != tt.done {
				t.Errorf("got the changes %q, want %d", b.engine.runs, tt.done)
			}
		})
	}
}
