package aws

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-remit/remit/proxy"
)

// A shape is a call whose body is as costly to read as one in its notation is.
type shape struct {
	name, scope, method, target string
	header                      map[string]string
	body                        string
	held                        int // of it, with what it inflates to
}

// repeated is a text with as many repetitions in the middle as it takes to be of
// some length.
func repeated(before, again, after string, length int) string {
	n := (length - len(before) - len(after)) / len(again)
	return before + strings.TrimSuffix(strings.Repeat(again, n), ",") + after
}

// numberedText is repeated of what has its number in it.
func numberedText(before, format, after string, length int) string {
	b := bytes.NewBufferString(before)
	for i := 0; b.Len() < length; i++ {
		fmt.Fprintf(b, format, i)
	}
	return strings.TrimSuffix(b.String(), ",") + after
}

func shapes(length int) []shape {
	json10 := func(target string) map[string]string {
		return map[string]string{"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
	}
	put, batch := json10("DynamoDB_20120810.PutItem"), json10("DynamoDB_20120810.BatchGetItem")
	cbor := map[string]string{"Smithy-Protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	metric := "/service/GraniteServiceVersion20100801/operation/PutMetricData"
	item := `{"TableName":"orders","Item":{"id":{"S":"1"},"v":{"L":[`
	var all []shape
	add := func(name, scope, method, target string, header map[string]string, body string) {
		all = append(all, shape{name, scope, method, target, header, body, len(body)})
	}
	add("JSON, tiny objects", "dynamodb", "POST", "/", put, repeated(item, `{"":0},`, `]}}}`, length))
	add("JSON, empty objects", "dynamodb", "POST", "/", put, repeated(item, `{},`, `]}}}`, length))
	add("JSON, numbers", "dynamodb", "POST", "/", put, repeated(item, `0,`, `]}}}`, length))
	add("JSON, nested lists", "dynamodb", "POST", "/", put, repeated(item, strings.Repeat("[", 50)+strings.Repeat("]", 50)+",", `]}}}`, length))
	add("JSON, escaped names", "dynamodb", "POST", "/", put, numberedText(`{"TableName":"orders","Item":{"id":{"S":"1"},"v":{"M":{`, `"\n%d":0,`, `}}}}`, length))
	add("JSON, attributes", "dynamodb", "POST", "/", put, numberedText(`{"TableName":"orders","Item":{`, `"%d":0,`, `}}`, length))
	add("JSON, tables", "dynamodb", "POST", "/", batch, numberedText(`{"RequestItems":{`, `"t%d":{"Keys":[]},`, `}}`, length))
	add("JSON, some tables", "dynamodb", "POST", "/", batch, numberedText(`{"RequestItems":{`, `"t%d":{"Keys":[]},`, `}}`, 11<<10))
	add("JSON, members in two cases", "dynamodb", "POST", "/", put, numberedText(`{"TableName":"orders",`, `"M%d":0,`, `}`, length))
	add("JSON, one text", "dynamodb", "POST", "/", put, repeated(item+`"`, `x`, `"]}}}`, length))
	add("JSON, names to be read", "ssm", "POST", "/", map[string]string{"X-Amz-Target": "AmazonSSM.GetParameters", "Content-Type": "application/x-amz-json-1.1"}, numberedText(`{"Names":[`, `"p%d",`, `]}`, length))
	add("JSON, a pattern of tags", "sqs", "POST", "/", json10("AmazonSQS.CreateQueue"), numberedText(`{"QueueName":"q","tags":{`, `"%d":"",`, `}}`, length))
	add("CBOR, tiny maps", "monitoring", "POST", metric, cbor, repeated("\xa2\x69Namespace\x61n\x6aMetricData\x9f", "\xa1\x60\x00", "\xff", length))
	add("CBOR, numbers", "monitoring", "POST", metric, cbor, repeated("\xa2\x69Namespace\x61n\x6aMetricData\x9f", "\x00", "\xff", min(length, maxValues-10)))
	add("CBOR, pieces", "monitoring", "POST", metric, cbor, repeated("\xa2\x69Namespace\x61n\x6aMetricData\x7f", "\x60", "\xff", min(length, maxValues-10)))
	add("GraphQL, fields", "appsync", "POST", "/graphql", map[string]string{"Content-Type": "application/json"}, numberedText(`{"query":"{`, `a%d `, `}"}`, length))
	add("XML, tiny elements", "s3", "POST", "/media?delete", nil, repeated("<Delete>", "<Object><Key>a</Key></Object>", "</Delete>", length))
	add("XML, deep elements", "s3", "POST", "/media?delete", nil, repeated("<Delete>", strings.Repeat("<a>", 12)+strings.Repeat("</a>", 12), "</Delete>", length))
	add("XML, space", "s3", "POST", "/media?delete", nil, repeated("<Delete>", "<a/> \n", "</Delete>", length))
	add("form, names of many parts", "ec2", "POST", "/", form, numberedText("Action=RunInstances&Version=2016-11-15", "&p%d."+strings.Repeat("a.", 60)+"b=", "", length))
	add("form, ids", "ec2", "POST", "/", form, numberedText("Action=TerminateInstances&Version=2016-11-15", "&InstanceId.%d=i-0123456789abcdef0", "", length))
	add("form, escapes", "sns", "POST", "/", form, repeated("Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Aresults&Message=", "%20", "", length))
	add("query", "ec2", "GET", "/?"+numberedText("Action=DescribeInstances&Version=2016-11-15", "&Filter.%d.Name=a", "", min(length, 60<<10)), nil, "")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, repeated(`{"Namespace":"n","MetricData":[`, `{"":0},`, `]}`, 8*length))
	z.Close()
	add("gzip of JSON", "monitoring", "POST", "/", map[string]string{"X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData", "Content-Type": "application/x-amz-json-1.0", "Content-Encoding": "gzip"}, packed.String())
	all[len(all)-1].held += 8 * length
	return all
}

func (s shape) request(ctx context.Context) *http.Request {
	r, err := http.NewRequestWithContext(ctx, s.method, "http://127.0.0.1:9001/", io.NopCloser(strings.NewReader(s.body)))
	if err != nil {
		panic(err)
	}
	r.URL, r.RequestURI, r.Host = &url.URL{Path: "/"}, s.target, "127.0.0.1:9001"
	r.ContentLength = int64(len(s.body))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=ASIAREMIT/20261121/eu-west-1/"+s.scope+"/aws4_request, SignedHeaders=host;x-amz-date, Signature="+strings.Repeat("0", 64))
	r.Header.Set("X-Amz-Date", "20261121T174411Z")
	if s.scope == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	}
	if s.scope == "appsync" {
		r.Host = "g7r8a9p0h1.appsync-api.eu-west-1.amazonaws.com"
		r.URL = &url.URL{Scheme: "https", Host: r.Host, Path: s.target}
	}
	for name, value := range s.header {
		r.Header.Set(name, value)
	}
	return r
}

// mostBeside is how much memory reading takes at most, whatever comes and however
// much at once, beside twice the bodies, half of which is not collected yet: what is
// made of one of them, and a little of all. There is room for maxBodies, so that it
// is 88 MB at the very worst; with bodies of a megabyte, half of which are refused,
// 74 were measured.
const mostBeside = 24 << 20

// TestSixtyFourOfTheWorstBodiesAtOnceTakeSoMuch sends bodies that are made to be
// costly, as many at once as connections are taken, with the collector as the
// extension has it. The calls last until all were answered.
func TestSixtyFourOfTheWorstBodiesAtOnceTakeSoMuch(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(20 << 20))
	worst := []string{"JSON, one text", "form, escapes", "JSON, empty objects", "JSON, escaped names", "CBOR, numbers", "GraphQL, fields", "XML, tiny elements", "form, names of many parts", "gzip of JSON"}
	for _, s := range shapes(64 << 10) {
		if !slices.Contains(worst, s.name) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			c := corpusCloud()
			c.Identify(s.request(t.Context())) // the tables of its service
			runtime.GC()
			before := heap()
			peak, stop := watch()
			ctx, end := context.WithCancel(t.Context())
			var calls sync.WaitGroup
			var mu sync.Mutex
			outcomes := make(map[string]int)
			for range 64 {
				calls.Go(func() {
					call, over := context.WithCancel(ctx)
					defer over()
					r := s.request(call)
					_, err := c.Identify(r)
					what := "read"
					if refusal, ok := errors.AsType[*proxy.Refusal](err); ok && refusal.Retry {
						what = "to be tried again"
					} else if err != nil {
						what = err.Error()
					}
					mu.Lock()
					outcomes[fmt.Sprintf("%.80s", what)]++
					mu.Unlock()
					if err == nil { // it is sent, and its body kept until it is answered
						<-ctx.Done()
					}
					runtime.KeepAlive(r)
				})
			}
			answered := func() (n int) {
				mu.Lock()
				defer mu.Unlock()
				for _, k := range outcomes {
					n += k
				}
				return n
			}
			for answered() < 64 {
				time.Sleep(time.Millisecond)
			}
			end()
			calls.Wait()
			stop()
			took := *peak - before
			t.Logf("%d KB of body each: at most %d KB at once; %v", len(s.body)>>10, took>>10, outcomes)
			if most := 2*64*int64(s.held) + mostBeside; took > most {
				t.Errorf("they took %d KB, want no more than %d KB", took>>10, most>>10)
			}
		})
	}
}

// TestOneOfTheWorstBodiesTakesSoMuch is of each shape by itself: all that is
// allocated while it is read, whether it is refused in the end or not.
func TestOneOfTheWorstBodiesTakesSoMuch(t *testing.T) {
	for _, s := range shapes(1 << 20) {
		c := corpusCloud()
		c.Identify(s.request(t.Context())) // the tables of its service
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		_, err := c.Identify(s.request(t.Context()))
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		allocated := int64(after.TotalAlloc - before.TotalAlloc)
		t.Logf("%s: %d KB take %d KB, %v: %.100v", s.name, len(s.body)>>10, allocated>>10, took.Round(time.Millisecond), err)
		if allocated > 48<<20 {
			t.Errorf("%s: reading %d KB took %d KB", s.name, len(s.body)>>10, allocated>>10)
		}
	}
}

// TestTheLargestCallsThatAWSTakesAreRead is for whom all this is: what is read
// takes the body, what it grew out of, and a few megabytes.
func TestTheLargestCallsThatAWSTakesAreRead(t *testing.T) {
	target := func(target, contentType string) map[string]string {
		return map[string]string{"X-Amz-Target": target, "Content-Type": contentType}
	}
	batch := target("DynamoDB_20120810.BatchWriteItem", "application/x-amz-json-1.0")
	item := func(attribute string) string {
		return strings.TrimSuffix(strings.Repeat(`{"PutRequest":{"Item":{"id":{"S":"1"},"v":`+attribute+`}}},`, 25), ",")
	}
	for _, s := range []shape{
		{name: "16 MB of items", scope: "dynamodb", method: "POST", target: "/", header: batch, body: `{"RequestItems":{"orders":[` + item(`{"S":"`+strings.Repeat("x", 650_000)+`"}`) + `]}}`},
		{name: "100,000 objects", scope: "dynamodb", method: "POST", target: "/", header: batch, body: `{"RequestItems":{"orders":[` + item(`{"L":[`+strings.TrimSuffix(strings.Repeat(`{"N":"12.5"},`, 4000), ",")+`]}`) + `]}}`},
		{name: "500 records of 10 KB", scope: "kinesis", method: "POST", target: "/", header: target("Kinesis_20131202.PutRecords", "application/x-amz-json-1.1"), body: repeated(`{"StreamName":"orders","Records":[`, `{"Data":"`+strings.Repeat("eyJh", 2500)+`","PartitionKey":"c-17"},`, `]}`, 5<<20)},
		{name: "an execution's input", scope: "states", method: "POST", target: "/", header: target("AWSStepFunctions.StartExecution", "application/x-amz-json-1.0"), body: `{"stateMachineArn":"arn:aws:states:eu-west-1:123456789012:stateMachine:orders","input":"[` + strings.Repeat(`{\"n\":1},`, 26_000) + `{}]"}`},
		{name: "1,000 metrics", scope: "monitoring", method: "POST", target: "/", header: target("GraniteServiceVersion20100801.PutMetricData", "application/x-amz-json-1.0"), body: repeated(`{"Namespace":"orders","MetricData":[`, `{"MetricName":"paid","Unit":"Count","Value":1,"Dimensions":[{"Name":"`+strings.Repeat("d", 300)+`","Value":"a"},{"Name":"b","Value":"c"}]},`, `]}`, 1_000_000)},
		{name: "a picture for a model", scope: "bedrock", method: "POST", target: "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse", header: map[string]string{"Content-Type": "application/json"}, body: `{"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":"` + strings.Repeat("iVBORw0KGgo=", 2_000_000) + `"}}}]}]}`},
	} {
		c := corpusCloud()
		warm := s
		warm.body = `{}`
		c.Identify(warm.request(t.Context())) // the tables of its service
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		call, err := c.Identify(s.request(t.Context()))
		runtime.ReadMemStats(&after)
		allocated := int64(after.TotalAlloc - before.TotalAlloc)
		t.Logf("%s: %d KB take %d KB: %s", s.name, len(s.body)>>10, allocated>>10, call.Operation)
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		if most := 5*int64(len(s.body))/2 + 6<<20; allocated > most {
			t.Errorf("%s: reading it took %d KB, want at most %d", s.name, allocated>>10, most>>10)
		}
	}
}

func heap() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64())
}

// watch follows how much of the heap is in use, until it is stopped.
func watch() (peak *int64, stop func()) {
	peak = new(int64)
	done := make(chan struct{})
	var w sync.WaitGroup
	w.Go(func() {
		for {
			*peak = max(*peak, heap())
			select {
			case <-done:
				return
			case <-time.After(200 * time.Microsecond):
			}
		}
	})
	return peak, func() { close(done); w.Wait() }
}

// TestReadingTakesLittleBesideTheBody holds what is made of a body in JSON and
// CBOR to a few times its length at the worst, and to less for what SDKs send.
func TestReadingTakesLittleBesideTheBody(t *testing.T) {
	cbor := func(body []byte) (tree, error) { return parseCBOR(body) }
	for _, tt := range []struct {
		name  string
		parse func([]byte) (tree, error)
		body  string
		most  float64 // times the body
	}{
		{"tiny objects", parseJSON, repeated(`{"a":[`, `{"":0},`, `]}`, 1<<20), 5},
		{"empty objects", parseJSON, repeated(`{"a":[`, `{},`, `]}`, 1<<20), 6},
		{"numbers", parseJSON, repeated(`{"a":[`, `0,`, `]}`, 1<<20-1<<10), 9},
		{"lists in lists", parseJSON, repeated(`{"a":[`, strings.Repeat("[", 60)+strings.Repeat("]", 60)+",", `]}`, 1<<20-1<<10), 9},
		{"many members", parseJSON, numberedText(`{`, `"%d":0,`, `}`, 1<<20), 8}, // with the race detector, which keeps what is compared
		{"many escaped members", parseJSON, numberedText(`{`, `"\t%d":0,`, `}`, 1<<20), 8},
		{"vectors", parseJSON, repeated(`{"a":[`, `{"N":"0.12345678"},`, `]}`, 1<<20), 2},
		{"items", parseJSON, repeated(`{"a":[`, `{"id":{"S":"order-0000000001"},"total":{"N":"12.50"},"note":{"S":"leave it at the door"}},`, `]}`, 1<<20), 1.5},
		{"records", parseJSON, repeated(`{"a":[`, `{"Data":"`+strings.Repeat("eyJ", 300)+`","PartitionKey":"c-17"},`, `]}`, 1<<20), 0.2},
		{"one text", parseJSON, `{"input":"` + strings.Repeat(`{\"a\":1}`, 1<<17) + `"}`, 0.01},
		{"tiny maps of CBOR", cbor, repeated("\xa1\x61a\x9f", "\xa1\x60\x00", "\xff", 1<<19), 12},
		{"numbers of CBOR", cbor, repeated("\xa1\x61a\x9f", "\x00", "\xff", 1<<19-1<<10), 17}, // of a byte each, the least that there is
	} {
		body := []byte(tt.body)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		read, err := tt.parse(body)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		took := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(body))
		t.Logf("%s: %d KB take %.2f times that", tt.name, len(body)>>10, took)
		if took > tt.most {
			t.Errorf("%s: reading %d KB took %.2f times that, want at most %.2f", tt.name, len(body)>>10, took, tt.most)
		}
		runtime.KeepAlive(read)
	}
}
