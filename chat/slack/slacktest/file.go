package slacktest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// File is a file that the app sent. https://docs.slack.dev/messaging/working-with-files
type File struct {
	ID      string
	Name    string
	Title   string
	Channel string
	Thread  string
	Text    string
	length  int
	done    bool
}

// Files are the files that were sent and shared, oldest first.
func (s *Server) Files() []File {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []File
	for _, f := range s.files {
		if f.done {
			found = append(found, *f)
		}
	}
	return found
}

func (s *Server) uploadURL(host string, form url.Values) (answer, error) {
	length, err := strconv.Atoi(form.Get("length"))
	if err != nil || length <= 0 || form.Get("filename") == "" {
		return nil, apiError("invalid_arguments")
	}
	f := &File{ID: s.next("F"), Name: form.Get("filename"), length: length}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files = append(s.files, f)
	return answer{"file_id": f.ID, "upload_url": "http://" + host + "/upload/" + f.ID}, nil
}

// upload takes the bytes of a file, as many as were announced.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	part, _, err := r.FormFile("file")
	if err != nil {
		http.Error(w, "no file", http.StatusBadRequest)
		return
	}
	defer part.Close()
	text, err := io.ReadAll(io.LimitReader(part, 16<<20))
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.file(r.PathValue("id"))
	if f == nil || err != nil || len(text) != f.length {
		http.Error(w, "not what was announced", http.StatusBadRequest)
		return
	}
	f.Text = string(text)
	_, _ = io.WriteString(w, "OK - "+strconv.Itoa(len(text))) // the caller may have gone
}

func (s *Server) file(id string) *File {
	for _, f := range s.files {
		if f.ID == id {
			return f
		}
	}
	return nil
}

func (s *Server) completeUpload(form url.Values) (answer, error) {
	var files []struct{ ID, Title string }
	if err := json.Unmarshal([]byte(form.Get("files")), &files); err != nil || len(files) == 0 {
		return nil, apiError("invalid_arguments")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	channel := form.Get("channel_id")
	if channel != "" && !s.reaches(channel) {
		return nil, apiError("channel_not_found")
	}
	var said []answer
	for _, given := range files {
		f := s.file(given.ID)
		if f == nil || f.Text == "" || f.done {
			return nil, apiError("file_not_found")
		}
		f.Title, f.Channel, f.Thread, f.done = given.Title, channel, form.Get("thread_ts"), true
		said = append(said, answer{"id": f.ID, "title": f.Title})
	}
	return answer{"files": said}, nil
}
