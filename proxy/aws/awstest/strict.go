package awstest

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
)

// Strict stands in for what neither MinIO nor moto has: S3's access points,
// operations on hosts with a prefix (states' sync-), Kinesis and Bedrock with
// streams of events, both ways, and Lambda, which moto runs in containers. It checks each signature, and that of each event
// of a stream, the framing, and the names of hosts; it knows nothing of what
// AWS's services do. Where MinIO or moto serve a call, they are the better judge.
//
// It needs the Host that the client meant, so it stands behind a server that
// speaks TLS and HTTP/2 for AWS's names.
type Strict struct {
	// Keys returns the credentials of an access key.
	Keys func(id string) (sdk.Credentials, bool)

	// Slow is how many times a call whose resource's name begins with "slow-"
	// is throttled, for each name.
	Slow int

	// Refused is told of every request that AWS would not have understood.
	Refused func(r *http.Request, why error)

	mu    sync.Mutex // guards tries
	tries map[string]int
}

// accessPoint is the host of an access point, called by its ARN.
var accessPoint = regexp.MustCompile(`^([a-z0-9-]+)-(\d{12})\.s3-accesspoint\.([a-z0-9-]+)\.amazonaws\.com$`)

// Serves reports whether Strict answers r, which is for host, and not MinIO or
// moto.
func (s *Strict) Serves(r *http.Request) bool {
	service, _, _ := strings.Cut(r.Host, ".")
	return accessPoint.MatchString(r.Host) || service == "bedrock-runtime" || service == "lambda" || service == "sync-states" ||
		service == "kinesis" || strings.HasSuffix(service, "-kinesis") || strings.Contains(r.Host, ".control-kinesis.") || strings.Contains(r.Host, ".data-kinesis.")
}

// Throttles answers r and returns true if the call for name is throttled: as S3
// does if xml is set, else as services that speak JSON.
func (s *Strict) Throttles(w http.ResponseWriter, name string, xml bool) bool {
	if !strings.HasPrefix(name, "slow-") {
		return false
	}
	s.mu.Lock()
	if s.tries == nil {
		s.tries = make(map[string]int)
	}
	s.tries[name]++
	throttled := s.tries[name]%(s.Slow+1) != 0
	s.mu.Unlock()
	if !throttled {
		return false
	}
	w.Header().Set("x-amzn-RequestId", requestID())
	if xml {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`)
		return true
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(http.StatusBadRequest)
	io.WriteString(w, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
	return true
}

func (s *Strict) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.serve(w, r); err != nil {
		if r.Context().Err() != nil {
			return // whoever called went away, which is not wrong
		}
		if s.Refused != nil {
			s.Refused(r, err)
		}
		w.Header().Set("x-amzn-ErrorType", "ValidationException")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]string{"message": err.Error(), "__type": "ValidationException"})
	}
}

// Check holds a request that another server is to answer to its signature, and
// gives r a body in the place of the one that it has read.
func (s *Strict) Check(r *http.Request) (body []byte, err error) {
	if body, err = io.ReadAll(r.Body); err != nil {
		return nil, err
	}
	_, err = CheckSignature(r, body, s.Keys)
	return body, err
}

func (s *Strict) serve(w http.ResponseWriter, r *http.Request) error {
	// The Rust SDK does not say that its events are signed, and signs what precedes
	// them as if there were none.
	if r.Header.Get("X-Amz-Content-Sha256") == "STREAMING-AWS4-HMAC-SHA256-EVENTS" || r.Header.Get("Content-Type") == "application/vnd.amazon.eventstream" {
		signature, err := CheckSignature(r, nil, s.Keys)
		if err != nil {
			return err
		}
		return converse(w, r, signature)
	}
	body, err := s.Check(r)
	if err != nil {
		return err
	}
	w.Header().Set("x-amzn-RequestId", requestID())
	if point := accessPoint.FindStringSubmatch(r.Host); point != nil {
		return s.object(w, r, body)
	}
	switch service, _, _ := strings.Cut(r.Host, "."); service {
	case "sync-states":
		return s.execute(w, r, body)
	case "bedrock-runtime":
		return s.model(w, r, body)
	case "lambda":
		return s.invoke(w, r, body)
	}
	return s.stream(w, r, body)
}

// object answers for an access point's object: to a GET, a text that says where
// it came from.
func (s *Strict) object(w http.ResponseWriter, r *http.Request, body []byte) error {
	switch r.Method {
	case http.MethodGet:
		body = []byte("at " + r.Host)
		w.Header().Set("Content-Type", "binary/octet-stream")
		w.Header().Set("x-amz-meta-of", "an access point")
	case http.MethodPut:
		if decoded := r.Header.Get("X-Amz-Decoded-Content-Length"); decoded != "" {
			// The lengths of chunks and the trailer stand around what was sent.
			var err error
			if body, err = unchunked(body, r.Header.Get("X-Amz-Trailer")); err != nil {
				return err
			}
			if fmt.Sprint(len(body)) != decoded {
				return fmt.Errorf("%d bytes in chunks, and x-amz-decoded-content-length %s", len(body), decoded)
			}
		}
	default:
		return fmt.Errorf("%s of an access point's object", r.Method)
	}
	sum := md5.Sum(body)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
	if r.Method == http.MethodGet {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.Write(body)
	}
	return nil
}

// unchunked returns what was sent in chunks, whose last has a trailer.
func unchunked(body []byte, trailer string) (sent []byte, err error) {
	rest := string(body)
	for {
		line, after, ok := strings.Cut(rest, "\r\n")
		size, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseUint(size, 16, 31)
		if !ok || err != nil || int(n) > len(after) {
			return nil, fmt.Errorf("%.40q is no chunk", line)
		}
		if n == 0 {
			if trailer != "" && !strings.HasPrefix(strings.ToLower(after), strings.ToLower(trailer)+":") {
				return nil, fmt.Errorf("%.80q is not the trailer %s", after, trailer)
			}
			return sent, nil
		}
		sent = append(sent, after[:n]...)
		if rest, ok = strings.CutPrefix(after[n:], "\r\n"); !ok {
			return nil, fmt.Errorf("a chunk of %d bytes has no end", n)
		}
	}
}

// execute answers StartSyncExecution.
func (s *Strict) execute(w http.ResponseWriter, r *http.Request, body []byte) error {
	var in struct{ StateMachineArn, Input string }
	if target := r.Header.Get("X-Amz-Target"); target != "AWSStepFunctions.StartSyncExecution" {
		return fmt.Errorf("target %q at %s", target, r.Host)
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	return json.NewEncoder(w).Encode(map[string]any{
		"executionArn": strings.Replace(in.StateMachineArn, ":stateMachine:", ":express:", 1) + ":e:1",
		"status":       "SUCCEEDED", "output": in.Input, "startDate": 1700000000, "stopDate": 1700000001,
	})
}

// model answers Bedrock's runtime: with what it was asked.
func (s *Strict) model(w http.ResponseWriter, r *http.Request, body []byte) error {
	path, err := url.PathUnescape(r.URL.EscapedPath())
	if err != nil {
		return err
	}
	switch {
	case strings.HasSuffix(path, "/invoke"):
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Amzn-Bedrock-Input-Token-Count", fmt.Sprint(len(body)))
		_, err = w.Write(body)
		return err
	case strings.HasSuffix(path, "/invoke-with-response-stream"):
		return events(w, "chunk", body, body, body)
	case strings.HasSuffix(path, "/converse-stream"):
		return events(w, "messageStop", []byte(`{"stopReason":"end_turn"}`))
	}
	return fmt.Errorf("Bedrock's runtime has no %s", path)
}
