package main

import (
	"bufio"
	"encoding/json"
	"strings"

	"github.com/lambda-remit/remit/proxy/aws"
)

// A hostJSON is the answer to a line of --hosts.
type hostJSON struct {
	Host      string  `json:"host"`
	Service   any     `json:"service"` // a name, a list of them where the host alone leaves several, or null
	Region    *string `json:"region"`
	Partition *string `json:"partition"`
	Bucket    *string `json:"bucket"`
	Account   *string `json:"account"`
	FIPS      bool    `json:"fips"`
	Dualstack bool    `json:"dualstack"`
	Signing   string  `json:"signing,omitempty"`
	Plane     string  `json:"plane,omitempty"`
	Resource  string  `json:"resource,omitempty"`
	Egress    bool    `json:"egress,omitempty"`
	Error     string  `json:"error,omitempty"`
}

// hosts reads hosts from standard input, one a line, and writes what each is.
func hosts(t *tui) error {
	in, out := bufio.NewScanner(t.in), bufio.NewWriter(t.out)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for in.Scan() {
		name := strings.TrimSpace(in.Text())
		if name == "" {
			continue
		}
		if err := enc.Encode(hostOf(name)); err != nil {
			return err
		}
		if err := out.Flush(); err != nil { // somebody may be waiting for the answer before they ask on
			return err
		}
	}
	return in.Err()
}

func hostOf(name string) hostJSON {
	x := hostJSON{Host: name}
	if strings.ContainsAny(name, "/?#@") {
		x.Error = "this is no host: give the name alone, of a URL what stands between // and /"
		return x
	}
	h, ok := aws.ReadHost(name)
	if !ok {
		x.Egress, x.Error = true, "no host of a service of AWS's: a customer's, or nobody's"
		return x
	}
	stated := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	x.Region, x.Partition, x.Bucket, x.Account = stated(h.Region), stated(h.Partition), stated(h.Bucket), stated(h.Account)
	x.FIPS, x.Dualstack, x.Signing, x.Plane, x.Resource = h.FIPS, h.Dualstack, h.Signing, h.Plane, h.Resource
	if h.Plane == "execute-api" { // an API itself, besides what manages its connections
		h.Services = append(h.Services, h.Signing)
	}
	switch {
	case len(h.Services) > 1:
		x.Service = h.Services
	case len(h.Services) == 1:
		x.Service = h.Services[0]
	case h.Plane != "":
		x.Service = h.Signing
	default:
		x.Signing, x.Error = "", "has the form of a service's host, and no endpoint rule produces it"
	}
	return x
}
