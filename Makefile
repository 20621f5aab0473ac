# make          builds and tests
# make demo     one real function held to its remit, end to end
# make fuzz     every fuzz target for FUZZTIME (2m)
# make layer    the zips that Lambda takes

# The race detector needs cgo, which is off where there is no C compiler.
RACE := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)
FUZZTIME := 2m

.PHONY: all build test demo fuzz layer lint setup clean

all: build test

build:
	go build ./...

test: setup
	$(if $(RACE),,@echo "make: no C compiler, so the tests run without the race detector")
	go test $(RACE) -timeout 20m ./...

demo: setup
	@go run ./extension/e2e/demo

fuzz:
	.ci/fuzz $(FUZZTIME)

layer:
	go run ./layer/pack

lint:
	.ci/lint

setup:
	@.ci/setup

clean:
	rm -rf .cache .venv dist
