package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"golang.org/x/net/http2/hpack"
)

// byExhausting are attempts to take from the extension what it needs. They say
// what the extension's memory was at its highest meanwhile; whether it still
// does its work is for their caller to see.
var byExhausting = []attempt{
	{"open thousands of connections", flood(3000, proxyAddress, func(c net.Conn) { c.Write([]byte("G")) })},
	{"open thousands to the Runtime API as it is passed on", flood(3000, func() string { return os.Getenv("AWS_LAMBDA_RUNTIME_API") }, func(c net.Conn) { c.Write([]byte("G")) })},
	{"send headers without end", flood(64, proxyAddress, func(c net.Conn) {
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: s3.eu-west-1.amazonaws.com\r\n")
		for i := range 1 << 12 {
			if _, err := fmt.Fprintf(c, "X-%d: %s\r\n", i, strings.Repeat("x", 4096)); err != nil {
				return
			}
		}
	})},
	{"send a body without end", flood(64, proxyAddress, func(c net.Conn) {
		io.WriteString(c, "POST / HTTP/1.1\r\nHost: dynamodb.eu-west-1.amazonaws.com\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n"+
			"Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature="+strings.Repeat("0", 64)+"\r\nTransfer-Encoding: chunked\r\n\r\n")
		for range 1 << 12 {
			if _, err := io.WriteString(c, "1000\r\n"+strings.Repeat("x", 4096)+"\r\n"); err != nil {
				return
			}
		}
	})},
	{"open streams of HTTP/2 without end", flood(16, proxyAddress, func(c net.Conn) {
		io.WriteString(c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
		c.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0})
		var block strings.Builder
		e := hpack.NewEncoder(&block)
		for name, value := range map[string]string{":method": "PUT", ":scheme": "http", ":authority": "media-eu.s3.eu-west-1.amazonaws.com", ":path": "/x", "x-fill": strings.Repeat("x", 8192)} {
			e.WriteField(hpack.HeaderField{Name: name, Value: value})
		}
		b := block.String()
		go io.Copy(io.Discard, c)
		for id := uint32(1); id < 4000; id += 2 {
			head := []byte{byte(len(b) >> 16), byte(len(b) >> 8), byte(len(b)), 1, 4, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}
			if _, err := c.Write(append(head, b...)); err != nil {
				return
			}
		}
	})},
	{"have it read large bodies, signed as they should be", func(s scene) (string, error) {
		haveItRead()
		return survived(s)
	}},
	{"ask for credentials a thousand times", func(s scene) (string, error) {
		for range 10 {
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() { sealed() })
			}
			all.Wait()
		}
		return memoryOf(s), errors.New("it answers")
	}},
}

func proxyAddress() string { return net.JoinHostPort("127.0.0.1", proxyPort()) }

// flood opens connections to the extension, as many as the sandbox has descriptors
// for at a time, and has each do its worst. It holds them for a while.
func flood(n int, at func() string, worst func(net.Conn)) func(scene) (string, error) {
	return func(s scene) (string, error) {
		var limit syscall.Rlimit
		syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: limit.Max, Max: limit.Max})
		places, all := make(chan struct{}, min(n, int(limit.Max)-32, 900)), sync.WaitGroup{}
		failed := 0
		for range n {
			select {
			case places <- struct{}{}:
			case <-time.After(time.Second):
				failed++
				continue
			}
			all.Go(func() {
				defer func() { <-places }()
				c, err := net.DialTimeout("tcp", at(), time.Second)
				if err != nil {
					return
				}
				defer c.Close()
				c.SetDeadline(time.Now().Add(700 * time.Millisecond))
				worst(c)
				time.Sleep(100 * time.Millisecond)
			})
		}
		all.Wait()
		return survived(s)
	}
}

// survived reports, as an attempt does, what has become of the extension.
func survived(s scene) (string, error) {
	if statusOf(s.extension, "State") == "" {
		return "the extension has ended", nil
	}
	if a, err := answers(); err != nil {
		return "it answers nobody: " + err.Error(), nil
	} else if peak := memoryOf(s); kilobytes(peak) > most {
		return "it grew to " + peak, nil
	} else {
		return "", fmt.Errorf("it answers %s, having grown to %s", a, peak)
	}
}

// haveItRead sends what the proxy has to understand before it can decide: writes of
// as many items as fit, of as many values as fit, many at once.
func haveItRead() {
	body := `{"RequestItems":{"orders":[` + strings.Repeat(`{"PutRequest":{"Item":{"customer":{"L":[`+strings.Repeat(`{"NULL":true},`, 5000)+`{"S":"x"}]}}}},`, 20) +
		`{"DeleteRequest":{"Key":{"customer":{"S":"x"}}}}]}}`
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() { writeMuch(body) })
	}
	all.Wait()
}

// writeMuch sends a call of DynamoDB's to the proxy, in plain HTTP.
func writeMuch(body string) {
	c, err := sealed()
	if err != nil {
		return
	}
	r, err := http.NewRequest(http.MethodPost, "http://dynamodb.eu-west-1.amazonaws.com/", strings.NewReader(body))
	if err != nil {
		return
	}
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810.BatchWriteItem")
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	if err := v4.NewSigner().SignHTTP(context.Background(), c, r, hexSum(body), "dynamodb", "eu-west-1", time.Now()); err != nil {
		return
	}
	through := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		Proxy:             http.ProxyURL(&url.URL{Scheme: "http", Host: proxyAddress()}),
		DisableKeepAlives: true,
	}}
	if a, err := through.Do(r); err == nil {
		io.Copy(io.Discard, a.Body)
		a.Body.Close()
	}
}

// most is how large the extension may become, in kilobytes: the 32 MB of bodies
// that package aws holds at a time, as much again until garbage is collected, and
// what it has at rest. Beyond it would be what nothing bounds.
const most = 96 << 10

// answers asks the proxy something that it refuses.
func answers() (string, error) {
	c, err := net.DialTimeout("tcp", proxyAddress(), 5*time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(15 * time.Second))
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: sqs.eu-west-1.amazonaws.com\r\nConnection: close\r\n\r\n")
	a, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "", err
	}
	return a.Status, nil
}

// memoryOf is the most memory that the extension ever had.
func memoryOf(s scene) string { return statusOf(s.extension, "VmHWM") }

func kilobytes(s string) int {
	n, _ := strconv.Atoi(strings.Fields(s + " 0")[0])
	return n
}

func hexSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
