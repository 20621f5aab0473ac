package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestTunnelsReachNoForbiddenAddress reads testdata/address.txtar.
func TestTunnelsReachNoForbiddenAddress(t *testing.T) {
	src, err := os.ReadFile("testdata/address.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := txtar.Parse(src).Files
	if len(files) == 0 {
		t.Fatal("testdata/address.txtar has no cases")
	}
	for _, file := range files {
		for line := range bytes.Lines(file.Data) {
			fields := strings.Fields(string(line))
			if len(fields) < 2 {
				t.Fatalf("%s: %q has no verdict", file.Name, line)
			}
			t.Run(file.Name+" "+fields[0], func(t *testing.T) {
				s := &Server{
					Forbidden: []netip.Addr{netip.MustParseAddr("10.9.9.9"), netip.MustParseAddr("::ffff:10.9.9.8")},
					Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
						var addrs []netip.Addr
						for _, f := range fields[2:] {
							addrs = append(addrs, netip.MustParseAddr(f))
						}
						return addrs, nil
					},
				}
				got := "refused"
				host, _, err := splitAuthority(fields[0])
				if err == nil {
					var addrs []netip.Addr
					addrs, err = s.resolve(t.Context(), host)
					if err == nil {
						got = "reached"
						for _, a := range addrs {
							if a.Is4In6() {
								t.Errorf("%v would be dialled, which was checked as %v", a, a.Unmap())
							}
						}
					} else if _, ok := errors.AsType[*fault](err); ok {
						got = "forbidden"
					}
				}
				if got != fields[1] {
					t.Errorf("got %s (%v), want %s", got, err, fields[1])
				}
			})
		}
	}
}

func TestANameIsResolvedOnce(t *testing.T) {
	lookups, dialled := 0, netip.AddrPort{}
	s := &Server{
		Lookup: func(context.Context, string) ([]netip.Addr, error) {
			lookups++
			if lookups > 1 { // as a rebinding name server answers
				return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
			}
			return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
		},
	}
	addrs, err := s.resolve(t.Context(), "rebind.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if dialled = netip.AddrPortFrom(addrs[0], 443); dialled.String() != "192.0.2.1:443" || lookups != 1 {
		t.Errorf("got %v after %d lookups, want 192.0.2.1:443 after one", dialled, lookups)
	}
}

// inetAton reads an address as inet_aton(3) does, written from its manual
// page: one to four numbers, decimal, octal behind "0" or hexadecimal behind
// "0x", the last of which fills what is left.
func inetAton(s string) (netip.Addr, bool) {
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var n uint64
	for i, p := range parts {
		base, digits := 10, p
		switch {
		case strings.HasPrefix(p, "0x"), strings.HasPrefix(p, "0X"):
			base, digits = 16, p[2:]
			if digits == "" { // musl and BSD take "0x" for 0
				digits = "0"
			}
		case len(p) > 1 && p[0] == '0':
			base, digits = 8, p[1:]
		}
		v, err := strconv.ParseUint(digits, base, 32)
		if err != nil || strings.ContainsAny(digits, "+-_") {
			return netip.Addr{}, false
		}
		if last := i == len(parts)-1; last {
			if v >= 1<<(8*(4-i)) {
				return netip.Addr{}, false
			}
			n |= v
		} else {
			if v > 255 {
				return netip.Addr{}, false
			}
			n |= v << (8 * (3 - i))
		}
	}
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), true
}

func TestInetAton(t *testing.T) {
	for in, want := range map[string]string{
		"127.1": "127.0.0.1", "2130706433": "127.0.0.1", "0x7f.1": "127.0.0.1", "0177.0.0.1": "127.0.0.1",
		"127.0.1": "127.0.0.1", "0xA9FEA9FE": "169.254.169.254", "8.8.8.8": "8.8.8.8", "0": "0.0.0.0",
	} {
		if got, ok := inetAton(in); !ok || got.String() != want {
			t.Errorf("inetAton(%q) = %v, want %s", in, got, want)
		}
	}
}

// Whatever a C resolver, Go's parser or WHATWG's would take for a forbidden
// address is refused before any name server is asked.
func FuzzForbidden(f *testing.F) {
	for _, s := range []string{
		"127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.0x0.0x0.0x1", "017700000001",
		"169.254.169.254", "0xa9fea9fe", "2852039166", "169.254.43518", "0", "0.0.0.0", "0x", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]",
		"[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "localhost", "LOCALHOST.", "a.localhost",
		"example.com", "10.0.0.1", "1.2.3.4", "３.example", "127。0。0。1", "%31%32%37.0.0.1", "user@127.0.0.1",
	} {
		f.Add(s)
	}
	s := &Server{Lookup: func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
	}}
	f.Fuzz(func(t *testing.T, in string) {
		host, _, err := splitAuthority(in)
		if err != nil {
			return
		}
		if again, _, err := splitAuthority(strings.ToUpper(in)); err != nil || again != host {
			t.Errorf("%q is host %q, in upper case %q (%v)", in, host, again, err)
		}
		addrs, err := s.resolve(t.Context(), host)
		bare := strings.TrimRight(host, ".")
		var forms []netip.Addr
		if a, ok := inetAton(bare); ok {
			forms = append(forms, a)
		}
		if a, err := netip.ParseAddr(bare); err == nil {
			forms = append(forms, a)
		}
		for _, a := range forms {
			// Written without the predicate under test.
			text := a.Unmap().WithZone("").String()
			for _, prefix := range []string{"127.", "169.254.", "0.", "224.", "255.255.255.255", "::1", "fe8", "fe9", "fea", "feb", "ff", "fd00:ec2:"} {
				if prefix[0] == 'f' && strings.IndexByte(text, ':') != 4 {
					continue // "ff0:" is 0ff0
				}
				if strings.HasPrefix(text, prefix) && (prefix != "::1" || text == "::1") && err == nil {
					t.Errorf("%q reaches %v as %v", in, a, addrs)
				}
			}
		}
		if err == nil && len(forms) > 0 && !slices.Contains(addrs, forms[0].Unmap()) {
			t.Errorf("%q means %v, but %v is dialled", in, forms, addrs)
		}
	})
}

func TestEveryAddressInEveryEmbeddingIsAsForbiddenAsItself(t *testing.T) {
	s := &Server{Forbidden: []netip.Addr{netip.MustParseAddr("10.9.9.9")}}
	for _, v4 := range []string{"127.0.0.1", "127.255.255.254", "169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.100.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "10.9.9.9", "10.0.0.1", "192.0.2.1"} {
		a := netip.MustParseAddr(v4)
		b := a.As4()
		hex := fmt.Sprintf("%02x%02x:%02x%02x", b[0], b[1], b[2], b[3])
		inverted := fmt.Sprintf("%02x%02x:%02x%02x", ^b[0], ^b[1], ^b[2], ^b[3])
		for _, form := range []string{
			"::ffff:" + hex, "::ffff:0:" + hex, "64:ff9b::" + hex, "2002:" + hex + "::1",
			"2001:0:c000:201::" + inverted, "2001:0:" + hex + "::" + "3fff:fdfe",
			"2001:db8::5efe:" + hex, "2001:db8::200:5efe:" + hex,
		} {
			v6 := netip.MustParseAddr(form)
			if got, want := s.forbids(v6) != "", s.forbids(a) != ""; got != want {
				t.Errorf("%s (%v): forbidden %v, want %v as for %s", form, v6, got, want, v4)
			}
		}
	}
}
