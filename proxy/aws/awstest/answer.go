package awstest

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const namespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// An Error is what STS answers a request with that it does not grant.
type Error struct {
	Status  int
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func invalid(code, format string, args ...any) *Error {
	return &Error{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

func denied(code, format string, args ...any) *Error {
	return &Error{http.StatusForbidden, code, fmt.Sprintf(format, args...)}
}

func (e *Error) write(w http.ResponseWriter, id string) {
	type wire struct {
		Type    string
		Code    string
		Message string
	}
	kind := "Sender"
	if e.Status >= 500 {
		kind = "Receiver"
	}
	write(w, e.Status, id, struct {
		XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
		Error     wire
		RequestID string `xml:"RequestId"`
	}{Error: wire{kind, e.Code, e.Message}, RequestID: id})
}

// write answers in AWS's XML.
func write(w http.ResponseWriter, status int, id string, v any) {
	text, err := xml.MarshalIndent(v, "", "  ")
	if err != nil {
		panic("awstest: internal error: " + err.Error())
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("x-amzn-RequestId", id)
	w.WriteHeader(status)
	w.Write(append(text, '\n'))
}

type metadata struct {
	RequestID string `xml:"RequestId"`
}

func assumed(c Issued, arn, session string, packed int) func(string) any {
	type user struct {
		AssumedRoleID string `xml:"AssumedRoleId"`
		Arn           string
	}
	type credentials struct {
		AccessKeyID     string `xml:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      string
	}
	type result struct {
		AssumedRoleUser  user
		Credentials      credentials
		PackedPolicySize int
	}
	return func(id string) any {
		return struct {
			XMLName          xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleResponse"`
			Result           result   `xml:"AssumeRoleResult"`
			ResponseMetadata metadata
		}{
			Result: result{
				AssumedRoleUser:  user{"AROATESTROLEAAAAAAAAA:" + session, arn},
				Credentials:      credentials{c.AccessKeyID, c.SecretAccessKey, c.SessionToken, c.Expires.UTC().Format(time.RFC3339)},
				PackedPolicySize: packed,
			},
			ResponseMetadata: metadata{id},
		}
	}
}

func callerIdentity(c Caller) func(string) any {
	user := "AIDATESTUSERAAAAAAAAA"
	if _, session, ok := strings.Cut(c.ARN, ":assumed-role/"); ok {
		user = "AROATESTROLEAAAAAAAAA:" + session[strings.LastIndex(session, "/")+1:]
	}
	account := ""
	if p := strings.Split(c.ARN, ":"); len(p) > 4 {
		account = p[4]
	}
	return func(id string) any {
		return struct {
			XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
			Result  struct {
				Arn     string
				UserID  string `xml:"UserId"`
				Account string
			} `xml:"GetCallerIdentityResult"`
			ResponseMetadata metadata
		}{Result: struct {
			Arn     string
			UserID  string `xml:"UserId"`
			Account string
		}{c.ARN, user, account}, ResponseMetadata: metadata{id}}
	}
}

// Fail answers every request with an error of STS's form.
func Fail(status int, code, message string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		(&Error{status, code, message}).write(w, requestID())
		return true
	}
}

// Throttle answers every request as STS does past its quota.
func Throttle() func(http.ResponseWriter, *http.Request) bool {
	return Fail(http.StatusBadRequest, "Throttling", "Rate exceeded")
}

// Say answers every request with text.
func Say(status int, contentType, text string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		fmt.Fprint(w, text)
		return true
	}
}

// Slow lets every request wait, or until its client gives up.
func Slow(d time.Duration) func(http.ResponseWriter, *http.Request) bool {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		// net/http notices that a client is gone once the body is read.
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return true
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		select {
		case <-time.After(d):
			return false
		case <-r.Context().Done():
			return true
		}
	}
}
