package aws

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestJSONThatTwoReadersReadDifferentlyIsRefused(t *testing.T) {
	deep := func(n int) string {
		return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}"
	}
	for _, tt := range []struct{ body, want string }{
		{``, "it ends where a value should be"},
		{`[]`, "no JSON object"},
		{`null`, "no JSON object"},
		{`"{}"`, "no JSON object"},
		{`{`, "it ends where the name of a member should be"},
		{`{"a"`, "it ends where a colon should be"},
		{`{"a":`, "it ends where a value should be"},
		{`{"a":"`, "it ends where the end of a string should be"},
		{`{"a":"\`, "byte 6 is not an escape"},
		{`{"a":"\u12`, "byte 6 is not an escape"},
		{`{"a":1`, "it ends where a comma or a closing brace"},
		{`{"a":[1`, "it ends where a comma or a closing bracket"},
		{`{"a":1,}`, "byte 7 is not the name of a member"},
		{`{,"a":1}`, "byte 1 is not the name of a member"},
		{`{a:1}`, "byte 1 is not the name of a member"},
		{`{'a':1}`, "byte 1 is not the name of a member"},
		{`{"a":[1,]}`, "byte 8 is not a value"},
		{`{"a":[,1]}`, "byte 6 is not a value"},
		{`{"a" "b"}`, "byte 5 is not a colon"},
		{`{"a":1 "b":2}`, "byte 7 is not a comma"},
		{`{"a":1;}`, "byte 6 is not a comma"},
		{`{"a":01}`, "byte 6 is not a comma"},
		{`{"a":+1}`, "byte 5 is not a value"},
		{`{"a":-}`, "byte 6 is not a digit"},
		{`{"a":.5}`, "byte 5 is not a value"},
		{`{"a":1.}`, "byte 7 is not a digit"},
		{`{"a":1e}`, "byte 7 is not a digit"},
		{`{"a":0x1}`, "byte 6 is not a comma"},
		{`{"a":NaN}`, "byte 5 is not a value"},
		{`{"a":True}`, "byte 5 is not a value"},
		{`{"a":nul}`, "byte 5 is not a value"},
		{`{"a":nullx}`, "byte 9 is not a comma"},
		{"{\"a\":\"\n\"}", "byte 6 is not a character"},
		{"{\"a\":\"\x00\"}", "byte 6 is not a character"},
		{"{\"a\":\"\\n\t\"}", "byte 8 is not a character"},
		{`{"a":"\x"}`, "byte 6 is not an escape"},
		{`{"a":"\u00g0"}`, "byte 6 is not an escape"},
		{`{"a":"\U0041"}`, "byte 6 is not an escape"},
		{"{\"a\":\"\xff\"}", "not UTF-8"},
		{"{\"a\":\"\xed\xa0\x80\"}", "not UTF-8"}, // a surrogate's half in CESU-8
		{"{\"a\":\"\xc0\xaf\"}", "not UTF-8"},
		{"\ufeff{}", "byte 0 is not a value"},
		{"{\"a\":1\u00a0}", "byte 6 is not a comma"},
		{"{\"a\":1\v}", "byte 6 is not a comma"},
		{`{} {}`, "goes on after"},
		{`{}x`, "goes on after"},
		{"{}\x00", "goes on after"},
		{`{"a":1/**/}`, "byte 6 is not a comma"},
		{`{"a":1,"a":1}`, `"a" stands twice`},
		{`{"a":1,"\u0061":1}`, `"a" stands twice`},
		{`{"a":1,"A":1}`, `"a" stands twice`},
		{`{"size":1,"\u017fize":1}`, `"ſize" stands twice`},
		{`{"Key":1,"\u212aey":1}`, "stands twice"},
		{`{"":1,"":2}`, `"" stands twice`},
		{`{"a":{"b":1,"b":2}}`, `"b" stands twice`},
		{`{"a":[{"b":1,"b":2}]}`, `"b" stands twice`},
		{`{"\ud800":1}`, "half of a surrogate pair"},
		{`{"a":{"\ud800":1,"\udfff":2}}`, "half of a surrogate pair"},
		{deep(65), "nests deeper than 64"},
		{strings.Repeat("[", 1<<20), "nests deeper than 64"},
		{`{"a":[` + strings.Repeat("0,", maxValues) + `0]}`, "more than 524288 values"},
		{manyMembers("a%d", 40) + `,"A7":1}`, `"a7" stands twice`},
	} {
		if _, err := parseJSON([]byte(tt.body)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.60q: got %v, want %s", tt.body, err, tt.want)
		}
	}
	if _, err := parseJSON([]byte(deep(64))); err != nil {
		t.Errorf("64 deep: %v", err)
	}
}

// manyMembers is an object of n members without its end.
func manyMembers(format string, n int) string {
	b := &strings.Builder{}
	for i := range n {
		fmt.Fprintf(b, `,"`+format+`":1`, i)
	}
	return "{" + b.String()[1:]
}

func TestHalfOfASurrogatePairIsNoStringAndMayStandUnread(t *testing.T) {
	read, err := parseJSON([]byte(`{"a":"x\ud83d","b":["\udcff\ud83d","\ud83d\ude00","\ud800\u0041","\ufffd"]}`))
	want := map[string]any{"a": noText{}, "b": []any{noText{}, "😀", noText{}, "\ufffd"}}
	if got := plainly(read); err != nil || !reflect.DeepEqual(got, any(want)) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

// plainly is a value of a body as encoding/json has it, but for noText.
func plainly(v any) any {
	switch v := v.(type) {
	case tree:
		object := make(map[string]any)
		for name, v := range v.all() {
			object[name] = plainly(v)
		}
		return object
	case series:
		list := []any{}
		for _, v := range v.all() {
			list = append(list, plainly(v))
		}
		return list
	}
	return v
}

// tokenJSON is parseJSON by encoding/json's tokens: slow, and by somebody else.
func tokenJSON(body []byte) (map[string]any, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	left := maxValues
	v, err := tokenValue(d, 0, &left)
	if err != nil {
		return nil, err
	}
	if d.More() || len(bytes.TrimLeft(body[d.InputOffset():], " \t\r\n")) > 0 {
		return nil, errors.New("it goes on")
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("no object")
	}
	folded := make(map[string]bool)
	for name := range object {
		f := strings.ToLower(strings.ToUpper(name))
		if folded[f] {
			return nil, errors.New("twice")
		}
		folded[f] = true
	}
	return object, nil
}

func tokenValue(d *json.Decoder, depth int, left *int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("too deep")
	}
	if *left--; *left < 0 {
		return nil, errors.New("too many")
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		object := make(map[string]any)
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			if _, twice := object[name.(string)]; twice {
				return nil, errors.New("twice")
			}
			if object[name.(string)], err = tokenValue(d, depth+1, left); err != nil {
				return nil, err
			}
		}
		_, err = d.Token()
		return object, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := tokenValue(d, depth+1, left)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return token, nil
}

// FuzzParseJSON holds parseJSON to encoding/json: what it takes, encoding/json
// takes, with the same values, both by Unmarshal and by its tokens, which show
// members that stand twice; and but for halves of surrogate pairs it takes all
// that they do.
func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{
		`{}`, ` { "a" : [ 1 , -0.5e+7 , true , false , null , "" ] } `, `{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}`,
		`{"a":{"id":1,"ID":2}}`, `{"a":1,"A":2}`, `{"a":1,"\u0061":2}`, `{"a":"\ud800"}`, `{"a":1}]`, `{"a":1} x`, `{"a":01}`, `[1,]`,
		`{"a":[[[[[[[[1]]]]]]]]}`, `{"Key":1,"\u212aey":2}`, `{"a":1E400}`, `{"a":"` + "\x7f\u2028" + `"}`,
		manyMembers("m%d", 20) + "}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		read, err := parseJSON(body)
		got, _ := plainly(read).(map[string]any)
		slow, slowErr := tokenJSON(body)
		var plain map[string]any
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		plainErr := d.Decode(&plain)
		halves := strings.Contains(strings.ToLower(string(body)), `\ud`)
		switch {
		case err == nil && (slowErr != nil || plainErr != nil || !json.Valid(body)):
			t.Fatalf("%q: took what encoding/json does not: %v, %v", body, slowErr, plainErr)
		case err == nil && !halves && (!reflect.DeepEqual(any(got), any(slow)) || !reflect.DeepEqual(got, plain)):
			t.Fatalf("%q: got %v, want %v, %v", body, got, slow, plain)
		case err == nil && halves && !like(got, plain):
			t.Fatalf("%q: got %v, want %v", body, got, plain)
		case err != nil && slowErr == nil && plainErr == nil && json.Valid(body) && !halves:
			t.Fatalf("%q: refused: %v", body, err)
		}
	})
}

// like reports whether got is want, where what is no text stands for a string
// with U+FFFD in it.
func like(got, want any) bool {
	switch g := got.(type) {
	case noText:
		w, ok := want.(string)
		return ok && strings.Contains(w, "\ufffd")
	case []any:
		w, ok := want.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range g {
			if !like(g[i], w[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		w, ok := want.(map[string]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for k := range g {
			if _, ok := w[k]; !ok || !like(g[k], w[k]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(got, want)
}

// BenchmarkRead is reading a call from its bytes to its requests, the
// signature left out, as far as its operation, its body and its resources.
func BenchmarkRead(b *testing.B) {
	item := `{"customer":{"S":"c-17"},"order":{"S":"o-4711"},"lines":{"L":[{"M":{"sku":{"S":"a"},"n":{"N":"2"}}},{"M":{"sku":{"S":"b"},"n":{"N":"1"}}}]},"note":{"S":"` + strings.Repeat("n", 300) + `"}}`
	long := `{` + strings.TrimSuffix(strings.Repeat(`"a%d":{"S":"`+strings.Repeat("v", 40)+`"},`, 14), ",") + `}`
	n := 0
	for strings.Contains(long, "%d") {
		long = strings.Replace(long, "%d", fmt.Sprint(n), 1)
		n++
	}
	for _, tt := range []struct{ name, scope, contentType, target, body string }{
		{"PutItem", "dynamodb", "application/x-amz-json-1.0", "DynamoDB_20120810.PutItem", `{"TableName":"orders","Item":` + item + `}`},
		{"PutItem1KB", "dynamodb", "application/x-amz-json-1.0", "DynamoDB_20120810.PutItem", `{"TableName":"orders","Item":` + long + `}`},
		{"GetItem", "dynamodb", "application/x-amz-json-1.0", "DynamoDB_20120810.GetItem", `{"TableName":"orders","Key":{"customer":{"S":"c-17"}}}`},
		{"Query", "dynamodb", "application/x-amz-json-1.0", "DynamoDB_20120810.Query", `{"TableName":"orders","IndexName":"by-day","KeyConditionExpression":"#c = :c","FilterExpression":"total > :t AND attribute_exists(paid)","ProjectionExpression":"#c, total, lines[0].sku","ExpressionAttributeNames":{"#c":"customer"},"ExpressionAttributeValues":{":c":{"S":"c-17"},":t":{"N":"100"}},"Limit":20,"ScanIndexForward":false}`},
		{"BatchWriteItem", "dynamodb", "application/x-amz-json-1.0", "DynamoDB_20120810.BatchWriteItem", `{"RequestItems":{"orders":[` + strings.TrimSuffix(strings.Repeat(`{"PutRequest":{"Item":`+item+`}},`, 25), ",") + `]}}`},
		{"SendMessage", "sqs", "application/x-amz-json-1.0", "AmazonSQS.SendMessage", `{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/123456789012/jobs","MessageBody":"` + strings.Repeat("m", 400) + `","MessageAttributes":{"kind":{"DataType":"String","StringValue":"order"}}}`},
		{"GetSecretValue", "secretsmanager", "application/x-amz-json-1.1", "secretsmanager.GetSecretValue", `{"SecretId":"image-signing-key"}`},
		{"Publish", "sns", "application/x-www-form-urlencoded; charset=utf-8", "", "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Aresults&Message=" + strings.Repeat("m", 400)},
	} {
		b.Run(tt.name, func(b *testing.B) {
			raw := "POST / HTTP/1.1\nContent-Type: " + tt.contentType + "\nAuthorization: AWS4-HMAC-SHA256 Credential=ASIAREMIT/20261121/eu-west-1/" + tt.scope + "/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + strings.Repeat("0", 64) + "\nX-Amz-Date: 20261121T174411Z\n"
			if tt.target != "" {
				raw += "X-Amz-Target: " + tt.target + "\n"
			}
			r, err := parseRaw([]byte(raw + "\n" + tt.body + "\n"))
			if err != nil {
				b.Fatal(err)
			}
			c, body := corpusCloud(), strings.NewReader(tt.body)
			b.ReportAllocs()
			for b.Loop() {
				body.Reset(tt.body)
				r.Body, r.ContentLength = io.NopCloser(body), int64(len(tt.body))
				if _, err := c.Identify(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
