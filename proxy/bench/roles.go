package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// roles are what this program is in processes of its own.
var roles = map[string]func(args []string) error{
	"serve-upstream": serveUpstream,
	"serve-floor":    serveFloor,
	"be-function":    beFunction,
}

// announce serves h on a free port, and says on standard output which.
func announce(h http.Handler) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return http.Serve(l, h)
}

// serveUpstream answers at once: a GET with as many bytes as its path's last
// part says, a PUT with nothing once it has read the body.
func serveUpstream([]string) error {
	zeros := make([]byte, large)
	return announce(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			if n, err := io.Copy(io.Discard, r.Body); err != nil || n != r.ContentLength {
				w.WriteHeader(http.StatusBadRequest)
			}
			return
		}
		_, size, _ := strings.Cut(r.URL.Path, "/in/")
		n, err := strconv.Atoi(size)
		if err != nil || n < 0 || n > len(zeros) {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", size)
		w.Write(zeros[:n])
	}))
}

// serveFloor is the least that a proxy written with the standard library does.
func serveFloor(args []string) error {
	if len(args) != 1 {
		return errors.New("serve-floor takes the upstream's URL")
	}
	upstream, err := url.Parse(args[0])
	if err != nil {
		return err
	}
	return announce(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(upstream)
			r.Out.Host = r.In.Host // it is signed
		},
		Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 100},
	})
}

// beFunction is the function's runtime: it tells what environment it was
// given, and waits for events.
func beFunction(args []string) error {
	if len(args) != 1 {
		return errors.New("be-function takes the file for its environment")
	}
	env, err := json.Marshal(os.Environ())
	if err != nil {
		return err
	}
	if err := os.WriteFile(args[0], env, 0o600); err != nil {
		return err
	}
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	client := &http.Client{Transport: &http.Transport{}}
	for {
		resp, err := client.Get(api + "next")
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			return errors.Join(fmt.Errorf("next: %s", resp.Status), err)
		}
		done, err := client.Post(api+resp.Header.Get("Lambda-Runtime-Aws-Request-Id")+"/response", "application/json", bytes.NewReader([]byte("null")))
		if err != nil {
			return err
		}
		done.Body.Close()
	}
}
