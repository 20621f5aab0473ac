package extension_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lambda-remit/remit/extension/lambdatest"
)

// Stand-ins for the wrappers of other layers, as theirs are: what they set, and
// what they become.
var otherWrappers = map[string]struct{ script, want string }{
	// AWS Distro for OpenTelemetry and OpenTelemetry's own layers: otel-handler,
	// otel-instrument.
	"OpenTelemetry": {`#!/bin/bash
export NODE_OPTIONS="${NODE_OPTIONS} --require /opt/wrapper.js"
export PYTHONPATH="/opt/python:$PYTHONPATH"
export JAVA_TOOL_OPTIONS="-javaagent:/opt/opentelemetry-javaagent.jar ${JAVA_TOOL_OPTIONS}"
export OTEL_PROPAGATORS="${OTEL_PROPAGATORS:-xray}"
exec "$@"
`, "OTEL_PROPAGATORS=xray"},
	// Datadog: /opt/datadog_wrapper.
	"Datadog": {`#!/bin/bash
args=("$@")
export DD_TRACE_ENABLED="${DD_TRACE_ENABLED:-true}"
export DD_PROXY_HTTPS="$HTTPS_PROXY"
if [ -z "${DD_INSTALLER-}" ]; then export NODE_OPTIONS="$NODE_OPTIONS --require=/opt/nodejs/dd.js"; fi
exec "${args[@]}"
`, "DD_TRACE_ENABLED=true"},
}

func TestOtherLayersWrappersGoOn(t *testing.T) {
	for name, other := range otherWrappers {
		for _, first := range []string{"Remit", "the other"} {
			for _, engine := range []string{"AWS_Lambda_python3.13", "AWS_Lambda_nodejs22.x"} {
				t.Run(name+", first "+first+", "+engine, func(t *testing.T) {
					s := newSandbox(t, func(c *lambdatest.Config) {
						script := other.script
						path := filepath.Join(c.TaskRoot, "other")
						if first == "Remit" {
							setEnv(c, "REMIT_NEXT_WRAPPER", path)
						} else {
							// One that lets itself be told what comes next, or
							// is told so by a line of its owner's.
							exe := filepath.Join(c.Layer, "remit/exec")
							script = strings.NewReplacer(`exec "$@"`, `exec `+exe+` "$@"`, `exec "${args[@]}"`, `exec `+exe+` "${args[@]}"`).Replace(script)
							setEnv(c, "AWS_LAMBDA_EXEC_WRAPPER", path)
						}
						writeProgram(t, path, script)
						setEnv(c, "NODE_OPTIONS", "--enable-source-maps")
						c.Engine = engine
						c.Runtime = append(c.Runtime, "an argument", "*")
					})
					env, err := s.do(t, "environ")
					if err != nil {
						t.Fatal(err)
					}
					all := "\n" + strings.Join(env, "\n") + "\n"
					for _, want := range []string{other.want, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:", "REMIT_PROXY=127.0.0.1:", "NODE_OPTIONS=--require " + filepath.Join(s.layer, "remit/preload.cjs") + " ", "--enable-source-maps"} {
						if !strings.Contains(all, want) {
							t.Errorf("no %s in %s", want, all)
						}
					}
					if !strings.Contains(all, "/opt/wrapper.js") && !strings.Contains(all, "/opt/nodejs/dd.js") {
						t.Errorf("the other's own option is lost: %s", all)
					}
					if strings.Contains(all, roleSecret) {
						t.Error("the execution role's keys are in the function's environment")
					}
					if args, err := s.do(t, "args"); err != nil || len(args) != 3 || args[1] != "an argument" || args[2] != "*" {
						t.Errorf("arguments: got %q, %v", args, err)
					}
				})
			}
		}
	}
}

// TestTheWebAdaptersBootstrapGoesOn has the wrapper of the Lambda Web Adapter,
// /opt/bootstrap, which becomes the handler whatever it is given. Both layers
// have a file of that name, and the one that is attached later lies on top.
func TestTheWebAdaptersBootstrapGoesOn(t *testing.T) {
	const adapter = "#!/bin/bash\nADAPTER_RAN=yes exec -- \"${LAMBDA_TASK_ROOT}/${_HANDLER}\"\n"
	for name, theirs := range map[string]bool{"the adapter's layer on top": true, "Remit's layer on top": false} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, func(c *lambdatest.Config) {
				bootstrap := filepath.Join(c.Layer, "bootstrap")
				if theirs {
					os.Remove(bootstrap)
					writeProgram(t, bootstrap, adapter)
				}
				setEnv(c, "REMIT_NEXT_WRAPPER", bootstrap)
				writeProgram(t, filepath.Join(c.TaskRoot, "run.sh"), "#!/bin/sh\nWEB=yes exec "+c.Runtime[0]+"\n")
				c.Handler = "run.sh"
				c.Engine = "AWS_Lambda_nodejs22.x"
			})
			env, err := s.do(t, "environ")
			if err != nil {
				t.Fatal(err)
			}
			all := "\n" + strings.Join(env, "\n") + "\n"
			for _, want := range []string{"\nWEB=yes\n", "\nAWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:", "\nNODE_OPTIONS=--require "} {
				if !strings.Contains(all, want) {
					t.Errorf("no %q in %s", want, all)
				}
			}
			if strings.Contains(all, roleSecret) || strings.Contains(all, "\nADAPTER_RAN=yes\n") != theirs || strings.Count(all, "preload.cjs") != 1 {
				t.Errorf("got %s", all)
			}
		})
	}
}
