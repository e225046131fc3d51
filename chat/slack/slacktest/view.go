package slacktest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// triggerAge is how long a trigger can open a view; it can do so once.
const triggerAge = 3 * time.Second

// View is a modal that the app opened. https://docs.slack.dev/surfaces/modals
type View struct {
	ID       string
	User     string
	Callback string
	Metadata string
	// JSON is the view as the app gave it.
	JSON json.RawMessage
	hash string
}

// trigger is what lets the app open a view for somebody.
type trigger struct {
	user string
	made time.Time
}

// Fields are the fields of a view by their names, each with the values that can be chosen; one that is typed has none.
func (v View) Fields() map[string][]string {
	var view struct {
		Blocks []struct {
			ID      string `json:"block_id"`
			Element struct {
				Options []struct {
					Value string `json:"value"`
				} `json:"options"`
			} `json:"element"`
		} `json:"blocks"`
	}
	_ = json.Unmarshal(v.JSON, &view) // was checked when it was opened
	fields := map[string][]string{}
	for _, b := range view.Blocks {
		fields[b.ID] = nil
		for _, o := range b.Element.Options {
			fields[b.ID] = append(fields[b.ID], o.Value)
		}
	}
	return fields
}

// Views are the views that stand open before a person, oldest first.
func (s *Server) Views(user string) []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []View
	for _, v := range s.views {
		if v.User == user {
			found = append(found, *v)
		}
	}
	return found
}

// Wait lets the workspace's time pass.
func (s *Server) Wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

// now is the workspace's time. The caller holds the lock.
func (s *Server) now() time.Time {
	return time.Now().Add(s.ahead) //nolint:forbidigo // the workspace has its own clock, which Wait moves
}

// newTrigger makes a trigger for something that a person did.
func (s *Server) newTrigger(user string) string {
	id := s.next("trigger")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.triggers[id] = trigger{user: user, made: s.now()}
	return id
}

// viewCall is the body of views.open and views.update.
type viewCall struct {
	Trigger string          `json:"trigger_id"`
	ViewID  string          `json:"view_id"`
	Hash    string          `json:"hash"`
	View    json.RawMessage `json:"view"`
}

func (s *Server) openView(body []byte) (answer, error) {
	var call viewCall
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, apiError("invalid_json")
	}
	id := s.next("V")
	s.mu.Lock()
	defer s.mu.Unlock()
	t, known := s.triggers[call.Trigger]
	if !known {
		return nil, apiError("invalid_trigger_id")
	}
	if t.made.IsZero() {
		return nil, apiError("exchanged_trigger_id")
	}
	if s.now().Sub(t.made) > triggerAge {
		return nil, apiError("expired_trigger_id")
	}
	v, err := newView(call.View)
	if err != nil {
		return nil, err
	}
	s.triggers[call.Trigger] = trigger{user: t.user}
	v.ID, v.User, v.hash = id, t.user, "1."+id
	s.views = append(s.views, v)
	return answer{"view": v.payload(nil)}, nil
}

func (s *Server) updateView(body []byte) (answer, error) {
	var call viewCall
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, apiError("invalid_json")
	}
	hash := s.next("2")
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, old := range s.views {
		if old.ID != call.ViewID {
			continue
		}
		if call.Hash != "" && call.Hash != old.hash {
			return nil, apiError("hash_conflict")
		}
		v, err := newView(call.View)
		if err != nil {
			return nil, err
		}
		v.ID, v.User, v.hash = old.ID, old.User, hash
		*old = *v
		return answer{"view": v.payload(nil)}, nil
	}
	return nil, apiError("not_found")
}

// newView holds a view against its limits. https://docs.slack.dev/reference/views/modal-views
func newView(text json.RawMessage) (*View, error) {
	var view struct {
		Type     string           `json:"type"`
		Title    map[string]any   `json:"title"`
		Submit   map[string]any   `json:"submit"`
		Blocks   []map[string]any `json:"blocks"`
		Callback string           `json:"callback_id"`
		Metadata string           `json:"private_metadata"`
	}
	if err := json.Unmarshal(text, &view); err != nil {
		return nil, apiError("invalid_arguments")
	}
	good := view.Type == "modal" && text24(view.Title) && text24(view.Submit) && len(view.Callback) <= 255 && len(view.Metadata) <= 3000
	if !good || !fields(view.Blocks) {
		return nil, apiError("invalid_arguments")
	}
	return &View{Callback: view.Callback, Metadata: view.Metadata, JSON: text}, nil
}

// fields tells whether blocks can stand in a view.
func fields(blocks []map[string]any) bool {
	return len(blocks) > 0 && len(blocks) <= 100 && told(blocks) && !slices.ContainsFunc(blocks, func(b map[string]any) bool { return !fits(b) })
}

func text24(label map[string]any) bool {
	return label["type"] == "plain_text" && text(label) && len([]rune(fmt.Sprint(label["text"]))) <= 24
}

// payload is the view as Slack tells of it.
func (v View) payload(values any) answer {
	return answer{
		"id": v.ID, "team_id": "T1", "type": "modal", "callback_id": v.Callback, "private_metadata": v.Metadata, "hash": v.hash,
		"state": answer{"values": values}, "blocks": []answer{}, "app_id": "A1", "bot_id": "B1",
	}
}

// Submit is a person's press of a view's button, with what they filled in. What is one of a field's choices is chosen, and
// the rest typed.
func (s *Server) Submit(v View, filled map[string]string) Say {
	fields := v.Fields()
	values := map[string]answer{}
	for field, value := range filled {
		element := answer{"type": "plain_text_input", "value": value}
		if fields[field] != nil {
			element = answer{"type": "static_select", "selected_option": answer{"text": answer{"type": "plain_text", "text": value}, "value": value}}
		}
		values[field] = answer{"value": element}
	}
	return Say{kind: "interactive", view: v.ID, payload: answer{
		"type": "view_submission", "trigger_id": s.newTrigger(v.User), "team": answer{"id": "T1"}, "api_app_id": "A1",
		"user": answer{"id": v.User, "name": s.name(v.User)}, "view": v.payload(values), "response_urls": []answer{},
	}}
}

// answered does what the app's answer to a submission says: the view stays open where something is wrong, and closes else.
func (s *Server) answered(view string, body json.RawMessage) (Reply, error) {
	var r Reply
	if len(body) > 0 && json.Unmarshal(body, &r) != nil {
		return Reply{}, fmt.Errorf("the answer to view %s is not an object: %.100s", view, body)
	}
	switch r.Action {
	case "", "clear":
		s.mu.Lock()
		defer s.mu.Unlock()
		s.views = slices.DeleteFunc(s.views, func(v *View) bool { return v.ID == view })
	case "errors":
		if len(r.Errors) == 0 {
			return r, fmt.Errorf("the answer to view %s says errors and has none", view)
		}
	default:
		return r, fmt.Errorf("the answer to view %s is %q", view, r.Action)
	}
	return r, nil
}

// Reply is what the app answered to a view that was sent.
type Reply struct {
	Action string            `json:"response_action"`
	Errors map[string]string `json:"errors"`
}
