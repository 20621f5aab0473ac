package environ

import (
	_ "embed"
	"encoding/base64"
	"os"
	"path/filepath"
)

// What Python loads before the function, by way of PYTHONPATH: python/sitecustomize.py.
//
// Much of what Python has for HTTP heeds no proxy variable, and brings its own
// certificates: urllib3 and http.client by themselves, aiohttp, all that is
// given certifi's file. There, a name of the proxy's hosts is answered with the
// address of [Handshake]'s TLS, at which the proxy knows the host by what TLS is
// asked for. That one place, _socket.getaddrinfo, is under the socket module's
// and all that connects by it, asyncio and gevent too; and the other, where
// ssl's contexts make a connection to a host of the proxy's, is where they come
// to trust it, whatever they were made of. Who heeds the variables comes by them
// as before, by a tunnel; its contexts trust the proxy likewise.
//
// uvloop and aiodns look names up by themselves, and anyio takes the address but
// not the port: they are changed when they are loaded. Not led are a look-up for
// IPv6 alone, what asks for an address without saying its port (gethostbyname),
// libcurl, gRPC and pyOpenSSL, which have their own of both, port 80, and AWS
// IoT's endpoints for devices, which speak MQTT and take certificates at the same
// names. What checks that an address is a public one before it connects will
// find that it is not.
//
// The file takes itself out again: out of sys.path, out of sys.modules, where
// the owner's next sitecustomize stands in its place (OpenTelemetry's, Debian's),
// and out of os.environ. Lambda's bootstrap.py puts the layers' /opt/python into
// sys.path only where it finds PYTHONPATH not set: were ours left to be seen, a
// function would lose its layers. (AWS's base images, /var/runtime/bootstrap.py,
// is_pythonpath_set.) What children inherit is the process's own environment,
// where it still stands: it is put there again when PYTHONPATH is set. A child
// that is given a copy of os.environ is led by the variables alone.
//
// An error in it is said on standard error and nothing else: what it would have
// led goes to AWS with sealed credentials, as without it. It is compiled at each
// start, so it is short; ssl is not loaded for it, but changed when it is.
//
// usercustomize.py is the same again, for where a sitecustomize.py is found
// before ours that looks for no further one: opentelemetry-instrument's.
var (
	//go:embed python/sitecustomize.py
	sitecustomize []byte
	//go:embed python/usercustomize.py
	usercustomize []byte
)

// pythonName is the directory of these files, in a layer and where no layer has
// it.
const pythonName = "python"

// Python is the directory that Python is to load from first, or empty where the
// layer at p has none: in an image that has only the programs.
func (p Place) Python() string {
	dir := filepath.Join(string(p), "remit", pythonName)
	if info, err := os.Stat(filepath.Join(dir, "sitecustomize.py")); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return dir
}

// leadsPython reports whether Python is to load something first.
func (m Maker) leadsPython() bool {
	return m.Runtime == Python && m.Way == Preload && m.Handshake.TLS != ""
}

// python has Python load what is in dir first.
func (m Maker) python(set map[string]string, kept []string, dir string) {
	set["PYTHONPATH"] = dir
	if old, _ := lookup(kept, "PYTHONPATH"); old != "" {
		set["PYTHONPATH"] += ":" + old
	}
	set["REMIT_TLS"] = m.Handshake.TLS
	for _, der := range pemBlocks([]byte(m.Handshake.CA)) {
		set["REMIT_ROOT"] = base64.StdEncoding.EncodeToString(der)
	}
}
