package githubtest

import (
	"encoding/json"
	"net/http"
)

// admin lets a person at the lab script faults, change settings and read the log of requests.
func (s *Server) admin(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "POST /_lab/faults":
		var f Fault
		if decode(w, r, &f) {
			s.Fault(f)
		}
	case "DELETE /_lab/faults":
		s.ClearFaults()
	case "PUT /_lab/settings":
		var settings Settings
		if decode(w, r, &settings) {
			s.Set(settings)
		}
	case "GET /_lab/calls":
		body, err := json.Marshal(s.Calls())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	default:
		http.NotFound(w, r)
	}
}

// decode reads a JSON body strictly, or answers what is wrong with it.
func decode(w http.ResponseWriter, r *http.Request, v any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}
