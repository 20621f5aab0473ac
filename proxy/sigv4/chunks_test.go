package sigv4

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// TestTheDocumentationsChunksVerify reads the two examples that AWS publishes,
// from the request to the last byte. (Amazon S3 API Reference, "Signature
// Calculations for the Authorization Header: Transferring Payload in Multiple
// Chunks" and "Including Trailing Headers".)
func TestTheDocumentationsChunksVerify(t *testing.T) {
	payload := strings.Repeat("a", 66560)
	credentials := Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	for _, test := range []struct {
		mode, signed, seed string
		chunks             [3]string
		trailer            string
		length             int64
	}{
		{
			StreamingSigned,
			"content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
			"4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
			[3]string{
				"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
				"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
				"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
			},
			"", 66824,
		},
		{
			StreamingSignedTrailer,
			"content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
			"106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
			[3]string{
				"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
				"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
				"2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
			},
			"x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n",
			66946,
		},
	} {
		body := fmt.Sprintf("10000;chunk-signature=%s\r\n%s\r\n400;chunk-signature=%s\r\n%s\r\n0;chunk-signature=%s\r\n%s\r\n",
			test.chunks[0], payload[:65536], test.chunks[1], payload[65536:], test.chunks[2], test.trailer)
		if int64(len(body)) != test.length {
			t.Fatalf("%s: the body has %d bytes, want %d", test.mode, len(body), test.length)
		}
		r := &http.Request{
			Method: "PUT", RequestURI: "/examplebucket/chunkObject.txt", Host: "s3.amazonaws.com", ContentLength: test.length,
			Body: io.NopCloser(strings.NewReader(body)),
			Header: http.Header{
				"X-Amz-Date": {"20130524T000000Z"}, "X-Amz-Storage-Class": {"REDUCED_REDUNDANCY"}, "Content-Encoding": {"aws-chunked"},
				"X-Amz-Content-Sha256": {test.mode}, "X-Amz-Decoded-Content-Length": {"66560"},
				"Authorization": {"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=" + test.signed + ",Signature=" + test.seed},
			},
		}
		if test.trailer != "" {
			r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32c")
		}
		s, err := Read(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(r, credentials, Options{S3: true, Now: time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)}); err != ErrChunks {
			t.Errorf("%s: got %v, want %v", test.mode, err, ErrChunks)
		}
		c, err := s.Chunks(r, credentials, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(c)
		if string(got) != payload || err != nil {
			t.Errorf("%s: got %d bytes: %v", test.mode, len(got), err)
		}

		// Signed anew by whom it was signed, it is what it was.
		r.Body = io.NopCloser(strings.NewReader(body))
		if c, err = s.Chunks(r, credentials, Options{}); err != nil {
			t.Fatal(err)
		}
		if err := c.SignAnew(s, credentials); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(c); string(got) != body || err != nil {
			t.Errorf("%s: signed anew: got %d bytes, want %d as they were: %v", test.mode, len(got), len(body), err)
		}
	}
}

func TestChunksAreReadAsThePayload(t *testing.T) {
	for name, u := range uploads() {
		wire := u.wire(t)
		for way, body := range map[string]io.Reader{
			"at once":           bytes.NewReader(wire),
			"by halves":         iotest.HalfReader(bytes.NewReader(wire)),
			"EOF with the last": iotest.DataErrReader(bytes.NewReader(wire)),
		} {
			c := u.chunks(t, body, Options{Keys: new(Keys), Buffers: new(Buffers)})
			if got, err := io.ReadAll(c); !bytes.Equal(got, u.payload) || err != nil {
				t.Errorf("%s, %s: got %d bytes, want %d: %v", name, way, len(got), len(u.payload), err)
			}
			if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("%s, %s: after the end: got %d bytes, %v", name, way, n, err)
			}
		}
	}
	small := upload{payload: somePayload(20), sizes: []int{3}, trailer: []string{"x-amz-checksum-crc32:a"}, credentials: someCredentials()}
	c := small.chunks(t, iotest.OneByteReader(bytes.NewReader(small.wire(t))), Options{})
	if err := iotest.TestReader(c, small.payload); err != nil {
		t.Errorf("byte by byte: %v", err)
	}
}

func TestChunksGoOnAsTheyCameUnderOtherSignatures(t *testing.T) {
	seed, minted := someSeed()
	for name, u := range uploads() {
		c := u.chunks(t, bytes.NewReader(u.wire(t)), Options{})
		if err := c.SignAnew(seed, minted); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(c)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		u.credentials = minted
		if want := bytes.Join(u.frames(t, seed.Value, seed.Time), nil); !bytes.Equal(got, want) {
			t.Errorf("%s: got %d bytes, want %d that others signed:\n%.200q\n%.200q", name, len(got), len(want), got, want)
		}
	}
}

// TestNothingOfABadChunkIsRead breaks the third of four chunks, or the end,
// in every way that comes to mind.
func TestNothingOfABadChunkIsRead(t *testing.T) {
	u := upload{payload: somePayload(40_000), sizes: []int{10_000}, trailer: []string{"x-amz-checksum-crc32:NhCmhg=="}, credentials: someCredentials()}
	plain := u
	plain.trailer = nil
	replace := func(i int, old, new string) func([][]byte) {
		return func(f [][]byte) {
			if !bytes.Contains(f[i], []byte(old)) {
				panic("nothing to replace: " + old)
			}
			f[i] = bytes.Replace(f[i], []byte(old), []byte(new), 1)
		}
	}
	for name, test := range map[string]struct {
		u      upload
		change func(frames [][]byte)
		whole  int // chunks that are read all the same
		err    string
	}{
		"a byte flipped":                  {u, func(f [][]byte) { f[2][5000] ^= 1 }, 2, "chunk 3: the signature does not match"},
		"the last byte flipped":           {u, func(f [][]byte) { f[2][len(f[2])-3] ^= 1 }, 2, "chunk 3: the signature does not match"},
		"another signature":               {u, func(f [][]byte) { copy(f[2][22:], f[1][22:86]) }, 2, "chunk 3: the signature does not match"},
		"a signature in capitals":         {u, func(f [][]byte) { copy(f[2][21:], bytes.ToUpper(f[2][21:85])) }, 2, "chunk 3: the signature does not match"},
		"chunks swapped":                  {u, func(f [][]byte) { f[2], f[3] = f[3], f[2] }, 2, "chunk 3: the signature does not match"},
		"a chunk twice":                   {u, func(f [][]byte) { f[2] = f[1] }, 2, "chunk 3: the signature does not match"},
		"a chunk left out":                {u, func(f [][]byte) { f[2] = nil }, 2, "chunk 3: the signature does not match"},
		"the last chunk left out":         {u, func(f [][]byte) { f[4] = nil }, 4, "chunk 5: it is cut short"},
		"the last chunk early":            {u, func(f [][]byte) { f[2] = f[4] }, 2, "chunk 3: it is the last, and 20000 bytes are missing"},
		"a chunk of somebody else's":      {u, func(f [][]byte) { f[2] = foreignFrame(t, u) }, 2, "chunk 3: the signature does not match"},
		"a size too small":                {u, replace(2, "2710;", "270f;"), 2, "chunk 3: it does not end in CRLF where its size says"},
		"a size too large":                {u, replace(2, "2710;", "2711;"), 2, "chunk 3: it does not end in CRLF where its size says"},
		"a size past the length":          {u, replace(2, "2710;", "4e21;"), 2, "chunk 3: it is longer than X-Amz-Decoded-Content-Length leaves it"},
		"a size past the largest":         {u, replace(2, "2710;", "400001;"), 2, "chunk 3: it is larger than the 4194304 bytes that are verified at once; send smaller ones"},
		"a size past all bounds":          {u, replace(2, "2710;", "10000000000002710;"), 2, "chunk 3: it is larger than"},
		"a size with a zero in front":     {u, replace(2, "2710;", "02710;"), 2, "chunk 3: it does not begin with its size"},
		"a size with a sign":              {u, replace(2, "2710;", "+2710;"), 2, "chunk 3: it does not begin with its size"},
		"a size with 0x":                  {u, replace(2, "2710;", "0x2710;"), 2, "chunk 3: its size is not followed by its signature alone"},
		"a size with a space in front":    {u, replace(2, "2710;", " 2710;"), 2, "chunk 3: it does not begin with its size"},
		"a size with a space behind":      {u, replace(2, "2710;", "2710 ;"), 2, "chunk 3: its size is not followed by its signature alone"},
		"no size":                         {u, replace(2, "2710;", ";"), 2, "chunk 3: it does not begin with its size"},
		"no signature":                    {u, func(f [][]byte) { f[2] = append([]byte("2710"), f[2][85:]...) }, 2, "chunk 3: its size is not followed by its signature alone"},
		"another extension":               {u, replace(2, "2710;", "2710;a=b;"), 2, "chunk 3: its size is not followed by its signature alone"},
		"another extension behind":        {u, func(f [][]byte) { f[2] = append(append(f[2][:85:85], ";a=b"...), f[2][85:]...) }, 2, "chunk 3: its size is not followed by its signature alone"},
		"an extension in capitals":        {u, replace(2, "chunk-signature", "Chunk-Signature"), 2, "chunk 3: its size is not followed by its signature alone"},
		"a bare line feed in the head":    {u, func(f [][]byte) { f[2] = append(f[2][:85:85], f[2][86:]...) }, 2, "chunk 3: its size is not followed by its signature alone"},
		"a bare line feed behind a chunk": {u, func(f [][]byte) { f[2][len(f[2])-2] = '\n' }, 2, "chunk 3: it does not end in CRLF where its size says"},
		"an empty line between chunks":    {u, func(f [][]byte) { f[2] = append([]byte("\r\n"), f[2]...) }, 2, "chunk 3: it does not begin with its size"},
		"nothing":                         {u, func(f [][]byte) { clear(f) }, 0, "chunk 1: it is cut short"},
		"HTTP's chunks":                   {u, func(f [][]byte) { clear(f); f[0] = []byte("5\r\nhello\r\n0\r\n" + strings.Repeat("\r\n", 50)) }, 0, "chunk 1: its size is not followed by its signature alone"},

		"the last signature":                    {plain, func(f [][]byte) { f[4][30] ^= 1 }, 4, "chunk 5: the signature does not match"},
		"more behind the last":                  {plain, func(f [][]byte) { f[4] = append(f[4], 'x') }, 4, "chunk 5: it is the last, and something is behind it"},
		"a second last":                         {plain, func(f [][]byte) { f[4] = append(f[4], f[4]...) }, 4, "chunk 5: it is the last, and something is behind it"},
		"no empty line at the end":              {plain, func(f [][]byte) { f[4] = append(f[4][:len(f[4])-2], "xx"...) }, 4, "chunk 5: it is the last, and no empty line is behind it"},
		"an unannounced trailer":                {plain, func(f [][]byte) { f[4] = append(f[4][:len(f[4])-2], "x-amz-acl:public-read\r\n\r\n"...) }, 4, "chunk 5: it is the last, and no empty line is behind it"},
		"zeros for the last":                    {plain, replace(4, "0;", "00;"), 4, "chunk 5: it does not begin with its size"},
		"a trailer missing":                     {u, replace(4, "x-amz-checksum-crc32:NhCmhg==\r\n", ""), 4, "chunk 5: the trailer is not what X-Amz-Trailer announces"},
		"a trailer's value":                     {u, replace(4, "NhCmhg", "NhCmhG"), 4, "chunk 5: the trailer: the signature does not match"},
		"a trailer's name":                      {u, replace(4, "crc32", "crc64"), 4, "chunk 5: the trailer is not what X-Amz-Trailer announces"},
		"a trailer's name in capitals":          {u, replace(4, "x-amz-c", "X-Amz-c"), 4, "chunk 5: the trailer is not what X-Amz-Trailer announces"},
		"a trailer's space":                     {u, replace(4, ":NhC", ": NhC"), 4, "chunk 5: the trailer is not what X-Amz-Trailer announces"},
		"two line feeds":                        {u, replace(4, "==\r\n", "==\n\n\r\n"), 4, "chunk 5: the trailer is not what X-Amz-Trailer announces"},
		"a trailer folded":                      {u, replace(4, ":NhC", ":\r\n NhC"), 4, "chunk 5: the trailer has more lines"},
		"one trailer too many":                  {u, replace(4, "x-amz-t", "x-amz-acl:public-read\r\nx-amz-t"), 4, "chunk 5: the trailer has more lines"},
		"a trailer twice":                       {u, replace(4, "x-amz-t", "x-amz-checksum-crc32:NhCmhg==\r\nx-amz-t"), 4, "chunk 5: the trailer has more lines"},
		"a trailer behind the signature":        {u, func(f [][]byte) { f[4] = append(f[4][:len(f[4])-2], "x-amz-acl:public-read\r\n\r\n"...) }, 4, "chunk 5: it is the last, and no empty line"},
		"a trailer's signature":                 {u, func(f [][]byte) { f[4][len(f[4])-5] ^= 1 }, 4, "chunk 5: the trailer: the signature does not match"},
		"a trailer's signature cut":             {u, func(f [][]byte) { f[4] = append(f[4][:len(f[4])-5], "\r\n\r\n"...) }, 4, "chunk 5: the trailer: the signature does not match"},
		"a trailer's signature empty":           {u, func(f [][]byte) { f[4] = append(f[4][:len(f[4])-68], "\r\n\r\n"...) }, 4, "chunk 5: the trailer: the signature does not match"},
		"a trailer's signature of chunks' kind": {u, func(f [][]byte) { copy(f[4][len(f[4])-68:], f[4][18:82]) }, 4, "chunk 5: the trailer: the signature does not match"},
		"a trailer without an end":              {u, func(f [][]byte) { f[4] = append(f[4][:84], strings.Repeat("x", 5000)...) }, 4, "chunk 5: the trailer is larger than 4096 bytes"},
		"no trailer at all":                     {u, func(f [][]byte) { f[4] = append(f[4][:84], "\r\n"...) }, 4, "chunk 5: it is cut short"},
	} {
		for _, anew := range []bool{false, true} {
			_, s := test.u.request(t)
			frames := test.u.frames(t, s.Value, signedAt)
			want := test.u.payload[:10_000*test.whole]
			if anew {
				seed, minted := someSeed()
				signed := test.u
				signed.credentials = minted
				want = bytes.Join(signed.frames(t, seed.Value, seed.Time)[:test.whole], nil)
			}
			test.change(frames)
			var room room
			c := test.u.chunks(t, bytes.NewReader(bytes.Join(frames, nil)), Options{Buffers: new(Buffers), Hold: room.hold})
			if anew {
				if err := c.SignAnew(someSeed()); err != nil {
					t.Fatal(err)
				}
			}
			got, err := io.ReadAll(c)
			if !errors.Is(err, ErrPayload) || !strings.Contains(err.Error(), test.err) || errors.Is(err, ErrMismatch) != strings.Contains(test.err, "match") {
				t.Errorf("%s: got %v, want %q", name, err, test.err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s: got %d bytes, want the %d before it", name, len(got), len(want))
			}
			if n, again := c.Read(make([]byte, 10)); n != 0 || again != err {
				t.Errorf("%s: and then %d bytes and %v", name, n, again)
			}
			if held := room.held.Load(); held != 0 {
				t.Errorf("%s: %d bytes are held after the error", name, held)
			}
		}
	}
}

// foreignFrame is a chunk that another key signed at the third's place.
func foreignFrame(t *testing.T, u upload) []byte {
	_, s := u.request(t)
	u.credentials.SecretAccessKey = "somebody else's"
	return u.frames(t, s.Value, signedAt)[2]
}

func TestABodyCutAnywhereDoesNotEnd(t *testing.T) {
	u := upload{payload: somePayload(300), sizes: []int{100}, trailer: []string{"x-amz-checksum-crc32:NhCmhg=="}, credentials: someCredentials()}
	wire := u.wire(t)
	broken := errors.New("the connection broke")
	for n := range wire {
		for _, end := range []error{io.EOF, broken} {
			c := u.chunks(t, io.MultiReader(bytes.NewReader(wire[:n]), iotest.ErrReader(end)), Options{})
			if err := c.SignAnew(someSeed()); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(c)
			if end == io.EOF && !errors.Is(err, ErrPayload) || end == broken && err != broken {
				t.Fatalf("cut after %d bytes by %v: got %v", n, end, err)
			}
			if len(got) > n || bytes.Contains(got, []byte("\r\n0;")) {
				t.Fatalf("cut after %d bytes: %d were read, the last chunk among them or not", n, len(got))
			}
		}
	}
	// The last chunk waits for the end of what carries it, too.
	c := u.chunks(t, io.MultiReader(bytes.NewReader(wire), iotest.ErrReader(broken)), Options{})
	if err := c.SignAnew(someSeed()); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); err != broken || bytes.Contains(got, []byte("\r\n0;")) {
		t.Errorf("got %d bytes and %v, want %v before the last chunk", len(got), err, broken)
	}
}

func TestChunksAreReadOnlyWhereTheHeadersAnnounceThem(t *testing.T) {
	for _, test := range []struct {
		mode   string
		header http.Header
		body   string
		err    string
	}{
		{StreamingSigned, http.Header{}, "x", `X-Amz-Decoded-Content-Length "" is not a number`},
		{StreamingSigned, http.Header{"X-Amz-Decoded-Content-Length": {"-1"}}, "x", "is not a number"},
		{StreamingSigned, http.Header{"X-Amz-Decoded-Content-Length": {"+1"}}, "x", "is not a number"},
		{StreamingSigned, http.Header{"X-Amz-Decoded-Content-Length": {"01"}}, "x", "is not a number"},
		{StreamingSigned, http.Header{"X-Amz-Decoded-Content-Length": {"1_0"}}, "x", "is not a number"},
		{StreamingSigned, http.Header{"X-Amz-Decoded-Content-Length": {"9223372036854775808"}}, "x", "is not a number"},
		{StreamingSigned, http.Header{"X-Amz-Decoded-Content-Length": {"1", "1"}}, "x", "is doubled"},
		{StreamingSigned, http.Header{"X-Amz-Decoded-Content-Length": {"0"}}, "", "lacks the last chunk"},
		{StreamingSigned, http.Header{"X-Amz-Decoded-Content-Length": {"0"}, "X-Amz-Trailer": {"x-amz-checksum-crc32"}}, "x", "announces a trailer, and payload mode"},
		{StreamingSignedTrailer, http.Header{"X-Amz-Decoded-Content-Length": {"0"}}, "x", "needs an X-Amz-Trailer header"},
		{StreamingSignedTrailer, http.Header{"X-Amz-Decoded-Content-Length": {"0"}, "X-Amz-Trailer": {"a,a"}}, "x", "names no trailer, or one twice"},
		{StreamingSignedTrailer, http.Header{"X-Amz-Decoded-Content-Length": {"0"}, "X-Amz-Trailer": {"a", "A"}}, "x", "names no trailer, or one twice"},
		{StreamingSignedTrailer, http.Header{"X-Amz-Decoded-Content-Length": {"0"}, "X-Amz-Trailer": {"a,"}}, "x", "names no trailer, or one twice"},
		{StreamingSignedTrailer, http.Header{"X-Amz-Decoded-Content-Length": {"0"}, "X-Amz-Trailer": {"x-amz-trailer-signature"}}, "x", "names no trailer, or one twice"},
		{StreamingEvents, http.Header{"X-Amz-Decoded-Content-Length": {"0"}}, "x", "is not one of signed chunks"},
		{StreamingUnsigned, http.Header{"X-Amz-Decoded-Content-Length": {"0"}}, "x", "is not one of signed chunks"},
		{Unsigned, http.Header{"X-Amz-Decoded-Content-Length": {"0"}}, "x", "is not one of signed chunks"},
	} {
		r := &http.Request{Header: test.header, Body: io.NopCloser(strings.NewReader(test.body))}
		if test.body == "" {
			r.Body = http.NoBody
		}
		s, _ := someSeed()
		s.Payload = test.mode
		c, err := s.Chunks(r, someCredentials(), Options{})
		if err == nil || c != nil || !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s %v: got %v, want %q", test.mode, test.header, err, test.err)
		}
	}
	r := &http.Request{Header: http.Header{"X-Amz-Decoded-Content-Length": {"0"}}, Body: io.NopCloser(strings.NewReader("x"))}
	s, _ := someSeed()
	s.Payload = StreamingSigned
	if _, err := s.Chunks(r, Credentials{}, Options{}); err == nil {
		t.Error("chunks are verified without a secret")
	}
	s.Query = true
	if _, err := s.Chunks(r, someCredentials(), Options{}); !errors.Is(err, ErrPayload) {
		t.Errorf("presigned: got %v, want %v", err, ErrPayload)
	}
	c := uploads()["minio-go"].chunks(t, strings.NewReader(""), Options{})
	if c.SignAnew(&Signature{}, someCredentials()) == nil || c.SignAnew(s, Credentials{}) == nil {
		t.Error("signs from nothing, or with nothing")
	}
}

var errFull = errors.New("the room is full")
