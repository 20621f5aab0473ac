# make          builds and tests
# make demo     one real function held to its remit, end to end
# make bench    Remit beside no proxy, a plain one and nginx: ten minutes, best on a machine that does nothing else
# make fuzz     every fuzz target for FUZZTIME (2m)
# make layer    the zips that Lambda takes
# make generate what is known of AWS's services, from AWS's own models: by hand, and its output committed
# make install  the command, and its manual under MANDIR (~/.local/share/man)

# The race detector needs cgo, which is off where there is no C compiler.
RACE := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)
FUZZTIME := 2m
MANDIR := $(HOME)/.local/share/man

.PHONY: all build test demo bench fuzz layer generate install lint setup clean

all: build test

build:
	go build ./...

test: setup
	$(if $(RACE),,@echo "make: no C compiler, so the tests run without the race detector")
	go test $(RACE) -timeout 20m ./...

demo:
	@.ci/setup demo
	@go run ./extension/e2e/demo

bench: setup
	@go run ./proxy/bench

fuzz:
	.ci/fuzz $(FUZZTIME)

layer:
	go run ./layer/pack

generate:
	proxy/aws/gen/fetch.sh .cache/generate
	cd proxy/aws && go run ./gen ../../.cache/generate
	node proxy/aws/gen/hosts.mjs .cache/generate/node_modules/@aws-sdk .cache/generate/smithy .cache/generate/crates >.cache/generate/zhosts.go
	mv .cache/generate/zhosts.go proxy/aws/zhosts.go
	cd manifest && IAM_DATA=../.cache/generate/iam-data go generate

install:
	go install ./extension/cmd/remit
	install -D -m 644 -t $(MANDIR)/man1 extension/cmd/remit/remit.1
	install -D -m 644 -t $(MANDIR)/man5 manifest/remit-manifest.5

lint:
	.ci/lint

setup:
	@.ci/setup

clean:
	rm -rf .cache .venv dist
