package extension

import (
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/lambda-remit/remit/extension/sidecar"
)

// The port of AWS's Parameters and Secrets extension, and the variable by which
// the function's owner moves it. (AWS Systems Manager User Guide, "Using
// Parameter Store parameters in AWS Lambda functions".)
const (
	parametersPort    = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"
	parametersDefault = "2773"
)

// parameters returns where AWS's Parameters and Secrets extension is answered
// for, or nil where there is none. It stands on the port that everybody knows,
// and Remit on a free one to which Node is led; or, where the owner has moved it,
// Remit stands there.
func (c Config) parameters() *sidecar.Parameters {
	// Its program has a name that any other could have as well; what then
	// listens leads nowhere.
	_, err := os.Stat(filepath.Join(string(c.Place), "extensions", "bootstrap"))
	port := c.Getenv(parametersPort)
	if err != nil && port == "" {
		return nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); port == parametersDefault || err != nil || n == 0 {
		return &sidecar.Parameters{Address: "127.0.0.1:0", Behind: net.JoinHostPort("127.0.0.1", parametersDefault), Layer: string(c.Place)}
	}
	return &sidecar.Parameters{Address: net.JoinHostPort("127.0.0.1", parametersDefault), Behind: net.JoinHostPort("127.0.0.1", port), Layer: string(c.Place)}
}
