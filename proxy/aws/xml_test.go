package aws

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestXMLThatTwoReadersReadDifferentlyIsRefused(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{``, "no element"},
		{`<?xml version="1.0" encoding="UTF-8"?>`, "no element"},
		{`<?xml version="1.0" encoding="UTF-7"?><a/>`, "encoding"},
		{`<?xml version="1.0" encoding="ISO-8859-1"?><a/>`, "encoding"},
		{"\ufeff<a/>", "text between elements"},
		{"<a>\xff</a>", "not UTF-8"},
		{"<a>\xed\xa0\x80</a>", "not UTF-8"},
		{`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`, "document type"},
		{`<!DOCTYPE a SYSTEM "http://example.com/a.dtd"><a/>`, "document type"},
		{`<a>&b;</a>`, "entity"},
		{`<a>&nbsp;</a>`, "entity"},
		{`<a>&#0;</a>`, "illegal character"},
		{`<a>&#xD800;</a>`, "no character"},
		{`<a>&#x110000;</a>`, "entity"},
		{`<a><b>x</b><!-- --></a>`, "comment"},
		{`<a>x<!-- -->y</a>`, "comment"},
		{`<a><![CDATA[x]]></a>`, "CDATA"},
		{`<a><?php x?></a>`, "processing instruction"},
		{` <?xml version="1.0"?><a/>`, "processing instruction"},
		{`<a b="c"/>`, "attribute"},
		{`<a xmlns:b="urn:b"><b:c/></a>`, "attribute"},
		{`<a xmlns="urn:a"><c xmlns="urn:b"/></a>`, "namespace"},
		{`<a><c xmlns="urn:b"/></a>`, "namespace"},
		{`<a xmlns="urn:a" xmlns="urn:a"/>`, "twice"},
		{`<b:a/>`, "namespace"},
		{`<a/><a/>`, "two roots"},
		{`<a/>x`, "text between"},
		{`x<a/>`, "text between"},
		{`<a>x<b/></a>`, "text beside"},
		{`<a><b/>x</a>`, "text between"},
		{`<a>`, "EOF"},
		{`<a></b>`, "closed by"},
		{strings.Repeat("<a>", 100_000), "more elements"},
		{"<a>" + strings.Repeat("<b/>", 100_000) + "</a>", "more elements"},
	} {
		_, err := parseXML([]byte(tt.body))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.60q: got %v, want %s", tt.body, err, tt.want)
		}
	}
}

func TestXMLIsReadAsSDKsWriteIt(t *testing.T) {
	e, err := parseXML([]byte(`<?xml version="1.0" encoding="UTF-8"?><ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/">
  <ChangeBatch><Comment>a &amp; &#x1F600; &lt;b&gt;</Comment><Changes><Change><Action>UPSERT</Action></Change><Change><Action>DELETE</Action></Change></Changes></ChangeBatch>
</ChangeResourceRecordSetsRequest>`))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok, err := e.value("ChangeBatch", "Comment"); got != "a & 😀 <b>" || !ok || err != nil {
		t.Errorf("got %q, %v, %v", got, ok, err)
	}
	if _, _, err := e.value("ChangeBatch", "Changes", "Change", "Action"); err == nil || !strings.Contains(err.Error(), "stands twice") {
		t.Errorf("got %v for one of two", err)
	}
}

// FuzzParseXML writes what was read and reads it again: a body says one thing.
// It is read in S3's namespace as it is in any, or not at all.
func FuzzParseXML(f *testing.F) {
	requests, _, _ := s3Corpus(f)
	for _, r := range requests {
		if _, body, ok := bytes.Cut(r, []byte("\n\n")); ok {
			f.Add(body)
		}
	}
	f.Add([]byte(`<a xmlns="urn:a"><b>&#65;&amp;</b></a>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := parseXML(body)
		if err != nil {
			return
		}
		var b bytes.Buffer
		writeElement(&b, e)
		again, err := parseXML(b.Bytes())
		if err != nil {
			t.Fatalf("%q was read, %q is not: %v", body, b.Bytes(), err)
		}
		if diff := cmp.Diff(e, again, cmp.AllowUnexported(element{})); diff != "" {
			t.Errorf("%q: %s", body, diff)
		}
		if of, err := parseXMLOf(body, s3Namespace, nil); err == nil && !cmp.Equal(e, of, cmp.AllowUnexported(element{})) {
			t.Errorf("%q: read otherwise in S3's namespace: %v", body, of)
		}
	})
}

func writeElement(b *bytes.Buffer, e *element) {
	fmt.Fprintf(b, "<%s>", e.name)
	xml.EscapeText(b, []byte(e.text))
	for i := range e.children {
		writeElement(b, &e.children[i])
	}
	fmt.Fprintf(b, "</%s>", e.name)
}
