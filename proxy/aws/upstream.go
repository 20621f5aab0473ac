package aws

import (
	"net/url"
	"slices"
	"strings"
)

// upstream returns where calls of a service in a region go: to the host that the
// client asked for, or where it asked for none, or for another region's, to the
// one that AWS's endpoint rules produce, of the same kind. The service is the
// SDK's name of it ("sesv2"), or the one that it signs with ("ses") if all that
// sign so are at one host. It is nil where there is no such host.
func upstream(service, region string, p place) *url.URL {
	u, _ := upstreamFor(service, "", region, p)
	return u
}

// upstreamFor is upstream of one operation, some of which have hosts of their
// own, and says which region its calls are signed for: the host's, if it is a
// global service's, and "*" if it is all of them, by Signature Version 4A.
func upstreamFor(service, operation, region string, p place) (u *url.URL, signed string) {
	switch {
	case p.host != "" && !p.legacy && (p.endpoint == "" || p.plane != "") && (p.region == "" || p.global || p.region == region):
		return &url.URL{Scheme: "https", Host: p.host}, region
	case service == "s3" && p.plane == "":
		return s3Upstream(p, region), region
	case service == "s3-control":
		host := s3Name("s3-control", region, p)
		if p.account != "" && !isAccount(p.account) {
			return nil, ""
		} else if p.account != "" {
			host = p.account + "." + host
		}
		return &url.URL{Scheme: "https", Host: host}, region
	}
	host, signed, ok := hostOf(service, operation, region, p)
	if !ok {
		return nil, ""
	}
	return &url.URL{Scheme: "https", Host: host}, signed
}

// hostOf returns the host that a service has in a region by its endpoint rules,
// of p's kind.
func hostOf(service, operation, region string, p place) (host, signed string, ok bool) {
	way, prefix := service, ""
	if l, found := line(hostWays, service); found {
		if operation != "" {
			prefix, way = told(service, operation)
			if way != service {
				l, _ = line(hostWays, way)
			}
		}
		_, l, _ = strings.Cut(l, "\t")
		host, signed = expand(l, region, p)
	} else {
		// The service by the name that it signs with.
		for l := range strings.Lines(hostWays) {
			id, l, _ := strings.Cut(l, "\t")
			if len(l) <= len(service) || l[len(service)] != '\t' || l[:len(service)] != service || strings.Contains(id, "/") {
				continue
			}
			h, s := expand(strings.TrimSuffix(l[len(service)+1:], "\n"), region, p)
			if host != "" && (h != host || s != signed) {
				return "", "", false // which of them?
			}
			host, signed = h, s
		}
	}
	if host == "" {
		return "", "", false
	}
	host = prefix + host
	for _, open := range []struct{ mark, name string }{{"#", p.account}, {"?", p.resource}} {
		if strings.Contains(host, open.mark) {
			if !isLabel(open.name) {
				return "", "", false
			}
			host = strings.ReplaceAll(host, open.mark, open.name)
		}
	}
	return host, signed, true
}

// told returns what stands before the host of an operation, and its line of
// hostWays.
func told(service, operation string) (prefix, way string) {
	i := 0
	if !strings.HasPrefix(hostPrefixes, service+"\t") {
		if i = strings.Index(hostPrefixes, "\n"+service+"\t") + 1; i == 0 {
			return "", service
		}
	}
	for l := range strings.Lines(hostPrefixes[i:]) {
		fields := strings.Split(strings.TrimSuffix(l, "\n"), "\t")
		if fields[0] != service {
			break
		}
		if slices.Contains(strings.Split(fields[3], " "), operation) {
			if fields[2] == "" {
				fields[2] = service
			}
			return fields[1], fields[2]
		}
	}
	return "", service
}

// expand returns the host that way, a line of hostWays, has in a region. See
// there.
func expand(way, region string, p place) (host, signed string) {
	part := partitionOf(region)
	kind := ""
	if p.fips {
		kind = "f"
	}
	if p.dualstack {
		kind += "d"
	}
	name, differ, _ := strings.Cut(way, "\t")
	form, best := name, 0
	if p.fips {
		form += "-fips"
	}
	form += ".*@"
	if p.dualstack {
		form = form[:len(form)-1] + "^"
	}
	for d := range strings.SplitSeq(differ, "\t") {
		what, f, _ := strings.Cut(d, ":")
		scope, k, found := strings.Cut(what, "/")
		if !found || k != kind {
			continue
		}
		rank := 0
		switch scope { // the narrowest counts
		case "":
			rank = 1
		case part.name:
			rank = 2
		case region:
			rank = 3
		}
		if rank > best {
			form, best = f, rank
		}
	}
	if form == "-" {
		return "", ""
	}
	form, signed, found := strings.Cut(form, "=")
	if !found {
		signed = region
	}
	if signed == "!" {
		signed = part.global
	}
	labels := strings.Split(form, ".")
	for i, l := range labels {
		switch strings.TrimRight(l, "@^") {
		case "*":
			l = region + l[1:]
		case "!":
			l = part.global + l[1:]
		}
		l = strings.Replace(l, "@", "."+part.suffix, 1)
		labels[i] = strings.Replace(l, "^", "."+part.dualstack, 1)
	}
	return strings.Join(labels, "."), signed
}

// signingName returns the name that an SDK's service signs with.
func signingName(service string) string {
	switch service {
	case "s3", "s3-control": // by hand: see s3host.go
		return "s3"
	}
	l, _ := line(hostWays, service)
	name, _, _ := strings.Cut(l, "\t")
	return name
}
