package matrix_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	bedrocktypes "github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithymiddleware "github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// goMain makes the matrix's calls with the AWS SDK for Go v2: see
// testdata/clients/boto.py. The SDK has a method for each operation and a type for
// each input, which are found by reflection.
func goMain() int {
	ctx := context.Background()
	var options []func(*config.LoadOptions) error
	if os.Getenv("REMIT_MATRIX_BARE") != "" {
		// A transport of the function's own that asks for no proxy. What it dials under
		// AWS's names is the world, and else what it says.
		options = append(options, config.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.Contains(address, ".amazonaws.com:") {
				address = os.Getenv("REMIT_MATRIX_WORLD")
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}}}))
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	s := sdkForGo{
		"bedrock-runtime": reflect.ValueOf(bedrockruntime.NewFromConfig(c)),
		"dynamodb":        reflect.ValueOf(dynamodb.NewFromConfig(c)),
		"events":          reflect.ValueOf(eventbridge.NewFromConfig(c)),
		"kinesis":         reflect.ValueOf(kinesis.NewFromConfig(c)),
		"kms":             reflect.ValueOf(kms.NewFromConfig(c)),
		"lambda":          reflect.ValueOf(lambda.NewFromConfig(c)),
		"s3":              reflect.ValueOf(s3.NewFromConfig(c)),
		"secretsmanager":  reflect.ValueOf(secretsmanager.NewFromConfig(c)),
		"sns":             reflect.ValueOf(sns.NewFromConfig(c)),
		"sqs":             reflect.ValueOf(sqs.NewFromConfig(c)),
		"ssm":             reflect.ValueOf(ssm.NewFromConfig(c)),
		"stepfunctions":   reflect.ValueOf(sfn.NewFromConfig(c)),
		"sts":             reflect.ValueOf(sts.NewFromConfig(c)),
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var one testcase
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		json.NewEncoder(os.Stdout).Encode(s.run(ctx, one))
	}
	return 0
}

type sdkForGo map[string]reflect.Value

func (s sdkForGo) run(ctx context.Context, one testcase) (r result) {
	r.Name = one.Name
	err := s.make(ctx, one, &r)
	if err == nil {
		return r
	}
	r.Error, r.Message, r.Type = fmt.Sprintf("%T", err), err.Error(), fmt.Sprintf("%T", err)
	if api := smithy.APIError(nil); errors.As(err, &api) {
		r.Error, r.Type = api.ErrorCode(), fmt.Sprintf("%T", api)
	}
	if answer := (*smithyhttp.ResponseError)(nil); errors.As(err, &answer) {
		r.Status, r.Headers = answer.HTTPStatusCode(), shown(answer.HTTPResponse().Header)
	}
	return r
}

func shown(h http.Header) map[string]any {
	all := make(map[string]any)
	for name, values := range h {
		all[name] = fmt.Sprint(values)
	}
	return all
}

func (s sdkForGo) make(ctx context.Context, one testcase, r *result) error {
	switch {
	case one.How == "parts":
		r.Status = 200
		return s.parts(ctx, one, r)
	case one.How == "presign":
		return s.presigned(ctx, one, r)
	case one.How == "converse":
		return s.converse(ctx, one, r)
	case one.Times > 1:
		var wg sync.WaitGroup
		var mu sync.Mutex
		different := make(map[string]bool)
		var failed error
		for range one.Times {
			wg.Go(func() {
				output, err := s.call(ctx, one)
				var body any
				if err == nil {
					body, err = plain(output.Elem().FieldByName("Body"))
				}
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					failed = err
				}
				different[fmt.Sprint(body)] = true
			})
		}
		wg.Wait()
		r.Status, r.Output = 200, map[string]any{"different": slices.Sorted(maps.Keys(different)), "times": one.Times}
		return failed
	}
	output, err := s.call(ctx, one)
	if err != nil {
		return err
	}
	metadata := output.Elem().FieldByName("ResultMetadata").Interface().(smithymiddleware.Metadata)
	if raw, ok := middleware.GetRawResponse(metadata).(*smithyhttp.Response); ok {
		r.Status, r.Headers = raw.StatusCode, shown(raw.Header)
	}
	if results, ok := retry.GetAttemptResults(metadata); ok {
		r.Attempts = len(results.Results)
	}
	if all, ok := output.Interface().(*sqs.ReceiveMessageOutput); ok && one.How == "receive" {
		queue := one.Input["QueueUrl"].(string)
		if _, err := s["sqs"].Interface().(*sqs.Client).DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: all.Messages[0].ReceiptHandle}); err != nil {
			return err
		}
	}
	if events := output.MethodByName("GetStream"); events.IsValid() {
		r.Output, err = heard(events.Call(nil)[0])
		return err
	}
	r.Output, err = plain(output)
	return err
}

func (s sdkForGo) call(ctx context.Context, one testcase) (reflect.Value, error) {
	method := s[one.Service].MethodByName(one.Operation)
	if !method.IsValid() {
		return reflect.Value{}, fmt.Errorf("%s has no %s", one.Service, one.Operation)
	}
	input := reflect.New(method.Type().In(1).Elem())
	if err := fill(input.Elem(), one.Input); err != nil {
		return reflect.Value{}, err
	}
	if one.How == "stream" {
		body := input.Elem().FieldByName("Body")
		body.Set(reflect.ValueOf(struct{ io.Reader }{body.Interface().(io.Reader)}))
	}
	answer := method.Call([]reflect.Value{reflect.ValueOf(ctx), input})
	err, _ := answer[1].Interface().(error)
	return answer[0], err
}

func (s sdkForGo) parts(ctx context.Context, one testcase, r *result) error {
	client := s["s3"].Interface().(*s3.Client)
	m := transfermanager.New(client)
	bucket, key := one.Input["Bucket"].(string), one.Input["Key"].(string)
	body, err := bytesOf(one.Input["Body"])
	if err != nil {
		return err
	}
	if _, err := m.UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)}); err != nil {
		return err
	}
	answer, err := m.GetObject(ctx, &transfermanager.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return err
	}
	back, err := io.ReadAll(answer.Body)
	r.Output = digest(back)
	return err
}

func (s sdkForGo) presigned(ctx context.Context, one testcase, r *result) error {
	var input s3.GetObjectInput
	if err := fill(reflect.ValueOf(&input).Elem(), one.Input); err != nil {
		return err
	}
	signed, err := s3.NewPresignClient(s["s3"].Interface().(*s3.Client)).PresignGetObject(ctx, &input)
	if err != nil {
		return err
	}
	answer, err := http.Get(signed.URL)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	r.Status, r.Headers, r.Output = answer.StatusCode, shown(answer.Header), digest(body)
	return err
}

// converse says a thing only once what it said before is answered.
func (s sdkForGo) converse(ctx context.Context, one testcase, r *result) error {
	model := one.Input["modelId"].(string)
	out, err := s["bedrock-runtime"].Interface().(*bedrockruntime.Client).InvokeModelWithBidirectionalStream(ctx, &bedrockruntime.InvokeModelWithBidirectionalStreamInput{ModelId: &model})
	if err != nil {
		return err
	}
	stream := out.GetStream()
	var all []any
	for _, size := range []int{1, 1000, 100000} {
		if err := stream.Send(ctx, &bedrocktypes.InvokeModelWithBidirectionalStreamInputMemberChunk{Value: bedrocktypes.BidirectionalInputPayloadPart{Bytes: make([]byte, size)}}); err != nil {
			return err
		}
		event, ok := <-stream.Events()
		if !ok {
			return fmt.Errorf("no answer: %w", stream.Err())
		}
		of, err := plain(reflect.ValueOf(event))
		if err != nil {
			return err
		}
		all = append(all, of)
	}
	r.Status, r.Output = 200, all
	return stream.Close()
}

// heard reads a stream of events to its end.
func heard(stream reflect.Value) (any, error) {
	all := []any{}
	events := stream.MethodByName("Events").Call(nil)[0]
	for {
		event, ok := events.Recv()
		if !ok {
			err, _ := stream.MethodByName("Err").Call(nil)[0].Interface().(error)
			return all, err
		}
		of, err := plain(event)
		if err != nil {
			return nil, err
		}
		all = append(all, of)
	}
}

func digest(b []byte) map[string]any {
	sum := sha256.Sum256(b)
	return map[string]any{"length": len(b), "sha256": hex.EncodeToString(sum[:])}
}

// bytesOf returns what v stands for: see testdata/cases.yaml.
func bytesOf(v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return []byte(v), nil
	case map[string]any:
		if n, ok := v["zeros"].(float64); ok {
			return make([]byte, int(n)), nil
		}
		if text, ok := v["bytes"].(string); ok {
			return []byte(text), nil
		}
		if text, ok := v["base64"].(string); ok {
			return base64.StdEncoding.DecodeString(text)
		}
	}
	return nil, fmt.Errorf("%v stands for no bytes", v)
}

// fill sets to, a part of an input, to what v says.
func fill(to reflect.Value, v any) error {
	switch to.Type() {
	case reflect.TypeFor[io.Reader](), reflect.TypeFor[[]byte]():
		b, err := bytesOf(v)
		if err != nil {
			return err
		}
		if to.Kind() == reflect.Interface {
			to.Set(reflect.ValueOf(bytes.NewReader(b)))
		} else {
			to.SetBytes(b)
		}
		return nil
	case reflect.TypeFor[types.AttributeValue]():
		to.Set(reflect.ValueOf(&types.AttributeValueMemberS{Value: v.(map[string]any)["S"].(string)}))
		return nil
	}
	switch v := v.(type) {
	case []any:
		to.Set(reflect.MakeSlice(to.Type(), len(v), len(v)))
		for i, element := range v {
			if err := fill(to.Index(i), element); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		if to.Kind() == reflect.Pointer {
			break
		}
		if to.Kind() == reflect.Map {
			to.Set(reflect.MakeMap(to.Type()))
		}
		for name, member := range v {
			if to.Kind() == reflect.Map {
				e := reflect.New(to.Type().Elem()).Elem()
				if err := fill(e, member); err != nil {
					return err
				}
				to.SetMapIndex(reflect.ValueOf(name), e)
				continue
			}
			f := to.FieldByName(string(bytes.ToUpper([]byte(name[:1]))) + name[1:])
			if !f.IsValid() {
				return fmt.Errorf("%s has no %s", to.Type(), name)
			}
			if err := fill(f, member); err != nil {
				return err
			}
		}
		return nil
	}
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		return fill(to.Elem(), v)
	}
	from := reflect.ValueOf(v)
	if !from.IsValid() || !from.CanConvert(to.Type()) {
		return fmt.Errorf("%v is no %s", v, to.Type())
	}
	to.Set(from.Convert(to.Type()))
	return nil
}

// plain makes what JSON has of an output; what is streamed is read.
func plain(v reflect.Value) (any, error) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		if v.IsNil() {
			return nil, nil
		}
	case reflect.Chan, reflect.Func:
		return nil, nil
	}
	switch in := v.Interface().(type) {
	case io.Reader:
		b, err := io.ReadAll(in)
		return digest(b), err
	case []byte:
		return digest(in), nil
	case time.Time:
		return in.String(), nil
	case *types.AttributeValueMemberS:
		return map[string]any{"S": in.Value}, nil
	case smithymiddleware.Metadata:
		return nil, nil
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return plain(v.Elem())
	case reflect.Slice:
		all := make([]any, v.Len())
		for i := range all {
			e, err := plain(v.Index(i))
			if err != nil {
				return nil, err
			}
			all[i] = e
		}
		return all, nil
	case reflect.Map:
		all := make(map[string]any)
		for name, element := range v.Seq2() {
			e, err := plain(element)
			if err != nil {
				return nil, err
			}
			all[name.String()] = e
		}
		return all, nil
	case reflect.Struct:
		all := make(map[string]any)
		for f, field := range v.Fields() {
			if !f.IsExported() {
				continue
			}
			member, err := plain(field)
			if err != nil {
				return nil, err
			}
			if member != nil {
				all[f.Name] = member
			}
		}
		return all, nil
	}
	return v.Interface(), nil
}
