package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
)

// asClient says, in its environment, that the test program is to make calls
// with the AWS SDK for Go, as testdata/boto.py does with boto3: one JSON object
// a line in, one a line out. It takes a process of its own, since net/http
// reads HTTPS_PROXY and SSL_CERT_FILE once.
const asClient = "REMIT_E2E_CLIENT"

// An sdkForGo makes calls. What it makes of JSON it makes by reflection: the
// SDK has a method for each operation, and a type for each input.
type sdkForGo struct {
	clients map[string]reflect.Value
	outputs map[string]any
}

func (s *sdkForGo) run(ctx context.Context, in io.Reader, out io.Writer) error {
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	s.outputs = make(map[string]any)
	s.clients = map[string]reflect.Value{
		"dynamodb":       reflect.ValueOf(dynamodb.NewFromConfig(c)),
		"kms":            reflect.ValueOf(kms.NewFromConfig(c)),
		"lambda":         reflect.ValueOf(lambda.NewFromConfig(c)),
		"s3":             reflect.ValueOf(s3.NewFromConfig(c)),
		"secretsmanager": reflect.ValueOf(secretsmanager.NewFromConfig(c)),
		"sns":            reflect.ValueOf(sns.NewFromConfig(c)),
		"sqs":            reflect.ValueOf(sqs.NewFromConfig(c)),
		"ssm":            reflect.ValueOf(ssm.NewFromConfig(c)),
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one call
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return err
		}
		o := outcome{Name: one.Name}
		output, err := s.call(ctx, one)
		var api smithy.APIError
		switch {
		case err == nil:
			o.Output, _ = output.(map[string]any)
			s.outputs[one.Name] = output
		case errors.As(err, &api):
			o.Error, o.Message = api.ErrorCode(), err.Error()
		default:
			o.Error, o.Message = fmt.Sprintf("%T", err), err.Error()
		}
		if err := json.NewEncoder(out).Encode(o); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (s *sdkForGo) call(ctx context.Context, one call) (any, error) {
	if one.Operation == "Transfer" {
		return s.transfer(ctx, one.Input["Bucket"].(string), one.Input["Key"].(string), one.Input["Path"].(string))
	}
	method := s.clients[one.Service].MethodByName(one.Operation)
	if !method.IsValid() {
		return nil, fmt.Errorf("%s has no %s", one.Service, one.Operation)
	}
	input := reflect.New(method.Type().In(1).Elem())
	if err := s.fill(input.Elem(), one.Input); err != nil {
		return nil, err
	}
	answer := method.Call([]reflect.Value{reflect.ValueOf(ctx), input})
	if err, _ := answer[1].Interface().(error); err != nil {
		return nil, err
	}
	return plain(answer[0])
}

// transfer writes a file into a bucket, in parts, and reads it back.
func (s *sdkForGo) transfer(ctx context.Context, bucket, key, path string) (any, error) {
	m := transfermanager.New(s.clients["s3"].Interface().(*s3.Client))
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if _, err := m.UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &bucket, Key: &key, Body: file}); err != nil {
		return nil, err
	}
	answer, err := m.GetObject(ctx, &transfermanager.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	back, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	sent, err := os.ReadFile(path)
	return map[string]any{"Same": bytes.Equal(sent, back)}, err
}

// bytes returns the bytes that v stands for: see testdata/boto.py.
func (s *sdkForGo) bytes(v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return []byte(v), nil
	case map[string]any:
		for kind, of := range v {
			switch of := of.(type) {
			case float64: // zeros
				return make([]byte, int(of)), nil
			case string: // bytes
				return []byte(of), nil
			case []any:
				if kind == "bytesFrom" {
					b, ok := s.from(of).([]byte)
					if ok {
						return b, nil
					}
				}
			}
		}
	}
	return nil, fmt.Errorf("%v stands for no bytes", v)
}

// from follows a path into an earlier call's output.
func (s *sdkForGo) from(path []any) any {
	var at any = s.outputs
	for _, step := range path {
		switch in := at.(type) {
		case map[string]any:
			at = in[step.(string)]
		case []any:
			if i := int(step.(float64)); i < len(in) {
				at = in[i]
			}
		}
	}
	return at
}

// fill sets to, a part of an input, to what v says.
func (s *sdkForGo) fill(to reflect.Value, v any) error {
	if m, ok := v.(map[string]any); ok && len(m) == 1 && m["from"] != nil {
		v = s.from(m["from"].([]any))
	}
	switch to.Type() {
	case reflect.TypeFor[io.Reader](), reflect.TypeFor[[]byte]():
		b, err := s.bytes(v)
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
		switch m := v.(map[string]any); {
		case m["S"] != nil:
			to.Set(reflect.ValueOf(&types.AttributeValueMemberS{Value: m["S"].(string)}))
		case m["N"] != nil:
			to.Set(reflect.ValueOf(&types.AttributeValueMemberN{Value: m["N"].(string)}))
		default:
			return fmt.Errorf("attribute %v", v)
		}
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		switch to.Kind() {
		case reflect.Map:
			to.Set(reflect.MakeMap(to.Type()))
			for name, element := range v {
				e := reflect.New(to.Type().Elem()).Elem()
				if err := s.fill(e, element); err != nil {
					return err
				}
				to.SetMapIndex(reflect.ValueOf(name), e)
			}
			return nil
		case reflect.Struct:
			for name, member := range v {
				f := to.FieldByName(name)
				if !f.IsValid() {
					return fmt.Errorf("%s has no %s", to.Type(), name)
				}
				if err := s.fill(f, member); err != nil {
					return err
				}
			}
			return nil
		}
	case []any:
		if to.Kind() == reflect.Slice {
			to.Set(reflect.MakeSlice(to.Type(), len(v), len(v)))
			for i, element := range v {
				if err := s.fill(to.Index(i), element); err != nil {
					return err
				}
			}
			return nil
		}
	}
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		return s.fill(to.Elem(), v)
	}
	from := reflect.ValueOf(v)
	if !from.IsValid() || !from.CanConvert(to.Type()) {
		return fmt.Errorf("%v is no %s", v, to.Type())
	}
	to.Set(from.Convert(to.Type()))
	return nil
}

// plain makes what JSON has of an output, or of a part of one: what fill would
// make it from. What an answer left out is left out.
func plain(v reflect.Value) (any, error) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		if v.IsNil() {
			return nil, nil
		}
	}
	switch in := v.Interface().(type) {
	case io.Reader:
		b, err := io.ReadAll(in)
		return string(b), err
	case *types.AttributeValueMemberS:
		return map[string]any{"S": in.Value}, nil
	case *types.AttributeValueMemberN:
		return map[string]any{"N": in.Value}, nil
	case *lambda.InvokeOutput:
		return map[string]any{"StatusCode": in.StatusCode, "Payload": string(in.Payload), "FunctionError": aws.ToString(in.FunctionError)}, nil
	case []byte:
		return in, nil
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
			if !f.IsExported() || f.Name == "ResultMetadata" {
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
	case reflect.Chan, reflect.Func:
		return nil, nil
	}
	return v.Interface(), nil
}

// clientMain is what main does in the client's process.
func clientMain() int {
	if err := new(sdkForGo).run(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
