package proxy

import (
	"net"
	"net/http"
	"strconv"

	"github.com/lambda-remit/remit/manifest"
)

// reach asks the manifest whether the function may connect to host, which is
// not the cloud's, and answers the client if it may not. Where the manifest says
// nothing of hosts at all, rec stays as it is, and what passes is not recorded.
func (s *Server) reach(w http.ResponseWriter, r *http.Request, in *meter, host string, port uint16, rec *Record) bool {
	m := s.manifest()
	if m.Egress == nil {
		return true
	}
	d := m.Reach(host, port)
	rec.Decision = d
	if d.Allowed {
		return true
	}
	at := net.JoinHostPort(host, strconv.Itoa(int(port)))
	if observes(m, d.Reason) {
		rec.Observed, rec.ID = true, s.id(rec, Denial{Reason: d.Reason, Text: at})
		return true
	}
	s.refuse(w, r, in, rec, faultf(http.StatusForbidden, manifest.NoEgress, "the manifest's egress does not name %s", at))
	return false
}
