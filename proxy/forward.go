package proxy

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"
)

// hopByHop are the headers that end at a proxy, beside those that Connection
// names: RFC 9110, section 7.6.1, and the two that proxies answer to.
var hopByHop = [...]string{
	"Connection", "Proxy-Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade",
	"Proxy-Authorization", "Proxy-Authenticate",
}

// stripHopByHop removes from h what ends at a proxy.
func stripHopByHop(h http.Header) {
	te := false
	for _, list := range h["Te"] {
		for coding := range strings.SplitSeq(list, ",") {
			te = te || strings.EqualFold(textproto.TrimString(coding), "trailers")
		}
	}
	for _, list := range h["Connection"] {
		for name := range strings.SplitSeq(list, ",") {
			h.Del(textproto.TrimString(name))
		}
	}
	for _, name := range hopByHop {
		delete(h, name)
	}
	delete(h, "Te")
	if te {
		// We pass trailers on, so we take them on the client's behalf.
		h["Te"] = []string{"trailers"}
	}
}

// outgoing returns r as it is sent to upstream, unsigned.
func outgoing(r *http.Request, upstream *url.URL, in *meter) *http.Request {
	out := r.WithContext(in.follow(r.Context()))
	out.URL = &url.URL{
		Scheme: upstream.Scheme, Host: upstream.Host,
		Path: r.URL.Path, RawPath: r.URL.RawPath,
		ForceQuery: r.URL.ForceQuery, RawQuery: r.URL.RawQuery,
	}
	out.Host, out.RequestURI, out.Close, out.TLS = upstream.Host, "", false, nil
	out.Header = maps.Clone(r.Header)
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = nil // or net/http adds its own
	}
	out.TransferEncoding, out.Trailer = nil, nil
	if r.ContentLength < 0 && r.Body != nil && r.Body != http.NoBody {
		// Said outright, or net/http waits 200 ms for the first byte of a
		// body that a GET or DELETE need not have.
		out.TransferEncoding = []string{"chunked"}
	}
	if len(r.Trailer) > 0 {
		// A map of its own: net/http fills r's with whatever comes, and
		// what was not announced has not been read.
		out.Trailer = make(http.Header, len(r.Trailer))
		for name := range r.Trailer {
			out.Trailer[name] = nil
		}
		in.mu.Lock()
		in.trailer = out.Trailer
		in.mu.Unlock()
		if in.done.Load() {
			maps.Copy(out.Trailer, announced(in.r.Trailer, out.Trailer))
		}
	}
	return out
}

// announced is what of got has a name in names.
func announced(got, names http.Header) http.Header {
	h := make(http.Header, len(names))
	for name := range names {
		h[name] = got[name]
	}
	return h
}

// answer copies resp to w as it arrives, with its trailers. An error means
// that the answer is not whole, and must not end as if it were.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, resp *http.Response, in *meter, rec *Record) error {
	defer resp.Body.Close()
	rec.Status = resp.StatusCode
	h := w.Header()
	stripHopByHop(resp.Header)
	maps.Copy(h, resp.Header)
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // or net/http guesses one
	}
	for name := range resp.Trailer {
		h.Add("Trailer", name)
	}
	rest := in.before(w, r) // An upstream may answer before it has read all.
	rc := http.NewResponseController(w)
	w.WriteHeader(resp.StatusCode)
	if resp.ContentLength < 0 {
		// The length is open: an event stream. Its client may wait for the
		// header before it sends more.
		if err := rc.Flush(); err != nil {
			return err
		}
	}
	rec.Took = time.Since(rec.Time) - rec.Sent.Mint

	buf := s.serving.buffer()
	defer s.serving.buffers.Put(buf)
	for {
		n, err := resp.Body.Read(buf[:])
		if n > 0 {
			written, werr := w.Write(buf[:n])
			rec.Out += int64(written)
			if werr == nil && err == nil && resp.ContentLength < 0 {
				werr = rc.Flush()
			}
			if werr != nil {
				return werr
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	for name, values := range resp.Trailer {
		if !hasTrailer(h, name) {
			name = http.TrailerPrefix + name
		}
		h[name] = values
	}
	in.linger(w, rest)
	return nil
}

func hasTrailer(h http.Header, name string) bool {
	for _, v := range h["Trailer"] {
		if v == name {
			return true
		}
	}
	return false
}

// forward sends on, untouched, a call by absolute URL to a host that is not
// the cloud's. It reaches the same addresses as a tunnel.
func (s *Server) forward(w http.ResponseWriter, r *http.Request, in *meter, rec *Record) {
	rec.Call = nil
	if r.URL.Scheme != "http" {
		s.refuse(w, r, in, rec, faultf(http.StatusBadRequest, Unread, "%s is reached by CONNECT, not by an absolute %s URL", short(r.URL.Host), r.URL.Scheme))
		return
	}
	port := uint16(80)
	if _, explicit, err := splitAuthority(r.URL.Host); err == nil && explicit != 0 {
		port = explicit
	}
	if !s.reach(w, r, in, r.URL.Hostname(), port, rec) {
		return
	}
	stripHopByHop(r.Header)
	resp, err := s.serving.plain.RoundTrip(outgoing(r, r.URL, in))
	if f, ok := errors.AsType[*fault](err); ok {
		s.refuse(w, r, in, rec, f)
		return
	}
	if err != nil {
		if r.Context().Err() != nil || in.failure() != nil {
			panic(http.ErrAbortHandler)
		}
		s.refuse(w, r, in, rec, faultf(http.StatusBadGateway, Unreachable, "no answer from %s: %v", short(r.URL.Host), err))
		return
	}
	if resp.StatusCode < 200 {
		resp.Body.Close()
		panic(http.ErrAbortHandler)
	}
	err = s.answer(w, r, resp, in, rec)
	if rec.Decision.Allowed || rec.Observed {
		rec.In, rec.Err = in.n.Load(), err
		s.record(rec)
	}
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}
