package lambdatest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// handler is both APIs. Paths, codes and error types are those of AWS's
// emulator.
func (s *Sandbox) handler() http.Handler {
	mux := http.NewServeMux()
	ext := func(pattern string, serve func(http.ResponseWriter, *http.Request, *life, *extension)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			l := s.current()
			id := r.Header.Get("Lambda-Extension-Identifier")
			if id == "" || l == nil {
				apiError(w, http.StatusForbidden, "Extension.MissingHeader", "no Lambda-Extension-Identifier")
				return
			}
			e := l.byID(id)
			if e == nil {
				apiError(w, http.StatusForbidden, "Extension.UnknownExtensionIdentifier", "nobody has this Lambda-Extension-Identifier")
				return
			}
			serve(w, r, l, e)
		})
	}
	run := func(pattern string, serve func(http.ResponseWriter, *http.Request, *life, *runtime)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			l := s.current()
			if l == nil || l.theRuntime() == nil {
				apiError(w, http.StatusForbidden, "InvalidStateTransition", "no runtime is started")
				return
			}
			serve(w, r, l, l.theRuntime())
		})
	}
	mux.HandleFunc("POST /2020-01-01/extension/register", s.register)
	ext("GET /2020-01-01/extension/event/next", func(w http.ResponseWriter, r *http.Request, l *life, e *extension) {
		l.poll(w, r, e.poller)
	})
	ext("POST /2020-01-01/extension/init/error", s.extensionError("Extension.InitError"))
	ext("POST /2020-01-01/extension/exit/error", s.extensionError("Extension.ExitError"))
	run("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request, l *life, rt *runtime) {
		l.mu.Lock()
		if rt.asked == 0 {
			rt.asked = time.Since(rt.began)
		}
		l.mu.Unlock()
		l.poll(w, r, rt.poller)
	})
	run("POST /2018-06-01/runtime/invocation/{id}/response", s.answer(false))
	run("POST /2018-06-01/runtime/invocation/{id}/error", s.answer(true))
	run("GET /2018-06-01/runtime/restore/next", func(w http.ResponseWriter, r *http.Request, l *life, rt *runtime) {
		if !s.cfg.SnapKeys {
			apiError(w, http.StatusForbidden, "InvalidStateTransition", "nothing is restored")
			return
		}
		l.mu.Lock()
		rt.frozen = true
		l.mu.Unlock()
		rt.mark()
		select {
		case <-rt.thawed:
		case <-l.over:
			panic(http.ErrAbortHandler)
		case <-r.Context().Done():
		}
	})
	run("POST /2018-06-01/runtime/restore/error", func(w http.ResponseWriter, r *http.Request, l *life, rt *runtime) {
		body, _ := io.ReadAll(r.Body)
		l.fail(Failure{Type: "Runtime.RestoreError", Reported: r.Header.Get("Lambda-Runtime-Function-Error-Type"), Text: string(body)})
		accepted(w)
	})
	run("POST /2018-06-01/runtime/init/error", func(w http.ResponseWriter, r *http.Request, l *life, rt *runtime) {
		body, _ := io.ReadAll(r.Body)
		l.fail(Failure{Type: "Runtime.InitError", Reported: r.Header.Get("Lambda-Runtime-Function-Error-Type"), Text: string(body)})
		accepted(w)
	})
	mux.HandleFunc("GET /2021-04-23/credentials", s.credentials)
	return mux
}

func (l *life) byID(id string) *extension {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.extensions, func(e *extension) bool { return e.id == id })
	if i < 0 {
		return nil
	}
	return l.extensions[i]
}

func (l *life) theRuntime() *runtime {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.runtime
}

// register makes an extension known that was started, once.
func (s *Sandbox) register(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Events            []string `json:"events"`
		ConfigurationKeys []string `json:"configurationKeys"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		apiError(w, http.StatusBadRequest, "InvalidRequestFormat", err.Error())
		return
	}
	name := r.Header.Get("Lambda-Extension-Name")
	l := s.current()
	if name == "" || l == nil {
		apiError(w, http.StatusForbidden, "Extension.MissingHeader", "no Lambda-Extension-Name")
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.extensions, func(e *extension) bool { return e.name == name })
	switch {
	case !l.open:
		apiError(w, http.StatusForbidden, "Extension.RegistrationClosed", "everything has started")
		return
	case i < 0: // an internal extension, which these tests have none of
		apiError(w, http.StatusForbidden, "Extension.InvalidExtensionName", name+" was not started")
		return
	case l.extensions[i].id != "":
		apiError(w, http.StatusForbidden, "Extension.AlreadyRegistered", name+" has registered")
		return
	case len(body.ConfigurationKeys) > 0:
		apiError(w, http.StatusForbidden, "InvalidRequestFormat", "configurationKeys")
		return
	}
	for _, e := range body.Events {
		switch {
		case e == "INVOKE" && s.cfg.Managed:
			apiError(w, http.StatusForbidden, "Extension.InvalidEventType", "INVOKE: not supported by this kind of function")
			return
		case e != "INVOKE" && e != "SHUTDOWN":
			apiError(w, http.StatusForbidden, "Extension.InvalidEventType", e+" is no event")
			return
		}
	}
	e := l.extensions[i]
	e.id, e.subscribed = newID(), body.Events
	if e.process != nil {
		e.registered = time.Since(e.process.began)
	}
	answer := map[string]string{"functionName": s.cfg.Name, "functionVersion": "$LATEST", "handler": s.cfg.Handler}
	if strings.Contains(r.Header.Get("Lambda-Extension-Accept-Feature"), "accountId") && !s.cfg.NoFeat {
		answer["accountId"] = s.cfg.Account
	}
	w.Header().Set("Lambda-Extension-Identifier", e.id)
	writeJSON(w, http.StatusOK, answer)
	if !slices.ContainsFunc(l.extensions, func(e *extension) bool { return e.id == "" }) {
		close(l.allIn)
	}
}

// poll answers with the next event.
func (l *life) poll(w http.ResponseWriter, r *http.Request, p poller) {
	p.mark()
	select {
	case e := <-p.events:
		for name, values := range e.header {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(e.body)
	case <-l.over:
		panic(http.ErrAbortHandler)
	case <-r.Context().Done():
	}
}

func (s *Sandbox) extensionError(kind string) func(http.ResponseWriter, *http.Request, *life, *extension) {
	return func(w http.ResponseWriter, r *http.Request, l *life, e *extension) {
		reported := r.Header.Get("Lambda-Extension-Function-Error-Type")
		if reported == "" {
			apiError(w, http.StatusForbidden, "Extension.MissingHeader", "no Lambda-Extension-Function-Error-Type")
			return
		}
		var body struct {
			Text string `json:"errorMessage"`
		}
		json.NewDecoder(r.Body).Decode(&body)
		l.fail(Failure{Type: kind, Reported: reported, Text: body.Text})
		accepted(w)
	}
}

func (s *Sandbox) answer(isError bool) func(http.ResponseWriter, *http.Request, *life, *runtime) {
	return func(w http.ResponseWriter, r *http.Request, l *life, rt *runtime) {
		body, err := io.ReadAll(r.Body)
		id := r.PathValue("id")
		l.mu.Lock()
		answer := rt.running[id]
		if err == nil {
			delete(rt.running, id)
		}
		l.mu.Unlock()
		if answer == nil || err != nil {
			apiError(w, http.StatusBadRequest, "InvalidRequestID", "no invocation "+id+" is running")
			return
		}
		accepted(w)
		answer <- Result{
			RequestID: id, Payload: body, Trailer: r.Trailer,
			Error:    isError || r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "",
			Streamed: r.Header.Get("Lambda-Runtime-Function-Response-Mode") == "streaming",
		}
	}
}

// credentials is the container endpoint that SnapStart's functions have.
func (s *Sandbox) credentials(w http.ResponseWriter, r *http.Request) {
	if !s.cfg.SnapKeys || r.Header.Get("Authorization") != snapToken {
		http.NotFound(w, r)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{
		"AccessKeyId":     s.key("AWS_ACCESS_KEY_ID"),
		"SecretAccessKey": s.key("AWS_SECRET_ACCESS_KEY"),
		"Token":           s.key("AWS_SESSION_TOKEN"),
		"Expiration":      time.Now().Add(6 * time.Hour).UTC().Format(time.RFC3339),
	})
}

func accepted(w http.ResponseWriter) {
	writeJSON(w, http.StatusAccepted, map[string]string{"status": "OK"})
}

func apiError(w http.ResponseWriter, code int, kind, text string) {
	writeJSON(w, code, map[string]string{"errorType": kind, "errorMessage": text})
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(v)
}
