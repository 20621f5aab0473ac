// Gov1 makes the matrix's calls with the AWS SDK for Go v1: as boto.py.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/awserr"
	"github.com/aws/aws-sdk-go/aws/request"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/bedrockruntime"
	"github.com/aws/aws-sdk-go/service/dynamodb"
	"github.com/aws/aws-sdk-go/service/eventbridge"
	"github.com/aws/aws-sdk-go/service/kinesis"
	"github.com/aws/aws-sdk-go/service/kms"
	"github.com/aws/aws-sdk-go/service/lambda"
	"github.com/aws/aws-sdk-go/service/s3"
	"github.com/aws/aws-sdk-go/service/s3/s3manager"
	"github.com/aws/aws-sdk-go/service/secretsmanager"
	"github.com/aws/aws-sdk-go/service/sfn"
	"github.com/aws/aws-sdk-go/service/sns"
	"github.com/aws/aws-sdk-go/service/sqs"
	"github.com/aws/aws-sdk-go/service/ssm"
	"github.com/aws/aws-sdk-go/service/sts"
)

type call struct {
	Name, Service, Operation, How string
	Times                         int
	Input                         map[string]any
}

type result struct {
	Name     string      `json:"name"`
	Lacks    string      `json:"lacks,omitempty"`
	Status   int         `json:"status"`
	Headers  http.Header `json:"headers,omitempty"`
	Output   any         `json:"output"`
	Error    string      `json:"error"`
	Message  string      `json:"message"`
	Attempts int         `json:"attempts"`
}

func main() {
	s := session.Must(session.NewSession())
	clients := map[string]reflect.Value{
		"bedrock-runtime": reflect.ValueOf(bedrockruntime.New(s)),
		"dynamodb":        reflect.ValueOf(dynamodb.New(s)),
		"events":          reflect.ValueOf(eventbridge.New(s)),
		"kinesis":         reflect.ValueOf(kinesis.New(s)),
		"kms":             reflect.ValueOf(kms.New(s)),
		"lambda":          reflect.ValueOf(lambda.New(s)),
		"s3":              reflect.ValueOf(s3.New(s)),
		"secretsmanager":  reflect.ValueOf(secretsmanager.New(s)),
		"sns":             reflect.ValueOf(sns.New(s)),
		"sqs":             reflect.ValueOf(sqs.New(s)),
		"ssm":             reflect.ValueOf(ssm.New(s)),
		"stepfunctions":   reflect.ValueOf(sfn.New(s)),
		"sts":             reflect.ValueOf(sts.New(s)),
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var c call
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			log.Fatal(err)
		}
		r := result{Name: c.Name}
		method := clients[c.Service].MethodByName(c.Operation + "Request")
		if !method.IsValid() {
			r.Lacks = "no such operation"
		} else if name := c.lacks(method); name != "" {
			r.Lacks = "no member " + name
		} else if err := c.make(s, method, &r); err != nil {
			r.Error, r.Message = fmt.Sprintf("%T", err), err.Error()
			var of awserr.Error
			if errors.As(err, &of) {
				r.Error, r.Message = of.Code(), of.Message()
			}
		}
		json.NewEncoder(os.Stdout).Encode(r)
	}
}

// lacks returns the member that the operation's input does not have, if there is one.
func (c call) lacks(method reflect.Value) string {
	for name := range c.Input {
		if _, ok := method.Type().In(0).Elem().FieldByName(strings.ToUpper(name[:1]) + name[1:]); !ok {
			return name
		}
	}
	return ""
}

// asked makes a request of c, which is not sent yet.
func (c call) asked(method reflect.Value) (*request.Request, reflect.Value) {
	input := reflect.New(method.Type().In(0).Elem())
	fill(input.Elem(), c.Input)
	answer := method.Call([]reflect.Value{input})
	return answer[0].Interface().(*request.Request), answer[1]
}

func (c call) make(s *session.Session, method reflect.Value, r *result) error {
	switch {
	case c.How == "parts" || c.How == "stream":
		return c.transfer(s, r)
	case c.How == "presign":
		asked, _ := c.asked(method)
		signed, err := asked.Presign(5 * time.Minute)
		if err != nil {
			return err
		}
		answer, err := http.Get(signed)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		r.Status, r.Headers, r.Output = answer.StatusCode, answer.Header, plain(reflect.ValueOf(answer.Body))
		return nil
	case c.Times > 1:
		var wg sync.WaitGroup
		var mu sync.Mutex
		different := make(map[string]bool)
		var failed error
		for range c.Times {
			wg.Go(func() {
				asked, output := c.asked(method)
				err := asked.Send()
				body := ""
				if err == nil {
					body = fmt.Sprint(plain(output.Elem().FieldByName("Body")))
				}
				mu.Lock()
				defer mu.Unlock()
				if different[body] = true; err != nil {
					failed = err
				}
			})
		}
		wg.Wait()
		r.Status, r.Output = 200, map[string]any{"different": different, "times": c.Times}
		return failed
	}
	asked, output := c.asked(method)
	err := asked.Send()
	if asked.HTTPResponse != nil {
		r.Status, r.Headers = asked.HTTPResponse.StatusCode, asked.HTTPResponse.Header
	}
	r.Attempts = asked.RetryCount + 1
	if err != nil {
		return err
	}
	if all, ok := output.Interface().(*sqs.ReceiveMessageOutput); ok && c.How == "receive" {
		if _, err := sqs.New(s).DeleteMessage(&sqs.DeleteMessageInput{QueueUrl: aws.String(c.Input["QueueUrl"].(string)), ReceiptHandle: all.Messages[0].ReceiptHandle}); err != nil {
			return err
		}
	}
	if stream := output.MethodByName("GetStream"); stream.IsValid() {
		all := []any{}
		of := stream.Call(nil)[0]
		for events := of.MethodByName("Events").Call(nil)[0]; ; {
			event, ok := events.Recv()
			if !ok {
				break
			}
			all = append(all, plain(event))
		}
		r.Output = all
		err, _ := of.MethodByName("Err").Call(nil)[0].Interface().(error)
		return err
	}
	r.Output = plain(output)
	return nil
}

// transfer sends a body that is read once, as the SDK's users do, and fetches it
// if it is to come in parts.
func (c call) transfer(s *session.Session, r *result) error {
	bucket, key := c.Input["Bucket"].(string), c.Input["Key"].(string)
	body := struct{ io.Reader }{bytes.NewReader(bytesOf(c.Input["Body"]))}
	if _, err := s3manager.NewUploader(s).Upload(&s3manager.UploadInput{Bucket: &bucket, Key: &key, Body: body}); err != nil {
		return err
	}
	r.Status = 200
	if c.How == "stream" {
		return nil
	}
	back := aws.NewWriteAtBuffer(nil)
	_, err := s3manager.NewDownloader(s).Download(back, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	r.Output = digest(back.Bytes())
	return err
}

func digest(b []byte) map[string]any {
	sum := sha256.Sum256(b)
	return map[string]any{"length": len(b), "sha256": hex.EncodeToString(sum[:])}
}

func bytesOf(v any) []byte {
	m, ok := v.(map[string]any)
	if !ok {
		return []byte(v.(string))
	}
	if text, ok := m["bytes"].(string); ok {
		return []byte(text)
	}
	if text, ok := m["base64"].(string); ok {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			log.Fatal(err)
		}
		return b
	}
	return make([]byte, int(m["zeros"].(float64)))
}

// fill sets to, a part of an input, to what v says.
func fill(to reflect.Value, v any) {
	switch to.Type() {
	case reflect.TypeFor[io.ReadSeeker]():
		to.Set(reflect.ValueOf(bytes.NewReader(bytesOf(v))))
		return
	case reflect.TypeFor[[]byte]():
		to.SetBytes(bytesOf(v))
		return
	}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		fill(to.Elem(), v)
	case reflect.Slice:
		all := v.([]any)
		to.Set(reflect.MakeSlice(to.Type(), len(all), len(all)))
		for i, element := range all {
			fill(to.Index(i), element)
		}
	case reflect.Map:
		to.Set(reflect.MakeMap(to.Type()))
		for name, member := range v.(map[string]any) {
			e := reflect.New(to.Type().Elem()).Elem()
			fill(e, member)
			to.SetMapIndex(reflect.ValueOf(name), e)
		}
	case reflect.Struct:
		for name, member := range v.(map[string]any) {
			fill(to.FieldByName(strings.ToUpper(name[:1])+name[1:]), member)
		}
	default:
		to.Set(reflect.ValueOf(v).Convert(to.Type()))
	}
}

// plain makes what JSON has of an output; what is streamed is read.
func plain(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		if v.IsNil() {
			return nil
		}
	}
	switch in := v.Interface().(type) {
	case io.Reader:
		b, err := io.ReadAll(in)
		if err != nil {
			return err.Error()
		}
		return digest(b)
	case []byte:
		return digest(in)
	case time.Time:
		return in.String()
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return plain(v.Elem())
	case reflect.Slice:
		all := make([]any, v.Len())
		for i := range all {
			all[i] = plain(v.Index(i))
		}
		return all
	case reflect.Map:
		all := make(map[string]any)
		for name, e := range v.Seq2() {
			all[name.String()] = plain(e)
		}
		return all
	case reflect.Struct:
		all := make(map[string]any)
		for f, field := range v.Fields() {
			if f.IsExported() && field.Kind() != reflect.Chan && field.Kind() != reflect.Func {
				if member := plain(field); member != nil {
					all[f.Name] = member
				}
			}
		}
		return all
	}
	return v.Interface()
}
