package awstest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// invoke answers for Lambda's functions, each of which returns what it is given;
// one whose name ends with -fails raises it.
func (s *Strict) invoke(w http.ResponseWriter, r *http.Request, body []byte) error {
	path, err := url.PathUnescape(r.URL.EscapedPath())
	if err != nil {
		return err
	}
	if !json.Valid(body) {
		return fmt.Errorf("%.80q is no JSON", body)
	}
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	if path, ok := strings.CutSuffix(path, "/response-streaming-invocations"); ok && strings.HasPrefix(path, "/2021-11-15/functions/") {
		return says(w, body)
	}
	name, ok := strings.CutSuffix(path, "/invocations")
	if !ok || !strings.HasPrefix(path, "/2015-03-31/functions/") {
		return fmt.Errorf("Lambda has no %s", path)
	}
	if r.Header.Get("X-Amz-Invocation-Type") == "Event" {
		w.Header().Del("X-Amz-Executed-Version")
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
	w.Header().Set("Content-Type", "application/json")
	if strings.HasSuffix(name, "-fails") {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		_, err = fmt.Fprintf(w, `{"errorType":"Error","errorMessage":%q}`, body)
		return err
	}
	w.Header().Set("X-Amz-Log-Result", "aGVsbG8=")
	_, err = w.Write(body)
	return err
}

// says answers an invocation with a stream: three pieces, as bytes, and how it ended.
func says(w http.ResponseWriter, body []byte) error {
	w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
	w.Header().Set("X-Amzn-Remapped-Content-Type", "application/octet-stream")
	for i := range 4 {
		e := event("InvokeComplete", []byte("{}"))
		if i < 3 {
			e = event("PayloadChunk", body)
			e.Headers.Set(":content-type", eventstream.StringValue("application/octet-stream"))
		}
		if err := eventstream.NewEncoder().Encode(w, e); err != nil {
			return err
		}
	}
	return nil
}
