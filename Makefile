# `make` alone is what CI runs. `make help` lists the rest.
.DEFAULT_GOAL := all
.NOTPARALLEL:
.DELETE_ON_ERROR:

# One set of flags for everything, so that the bot, the lab, the tests and the linter share what is compiled.
# goolm: Matrix encryption without C. The version is stamped below, so go need not ask git.
export CGO_ENABLED := 0
export GOFLAGS := -trimpath -tags=goolm -buildvcs=false

VERSION = $(shell git describe --tags --always --dirty 2>/dev/null)
# Unstamped, the API server has a version that its own clients cannot read.
KUBERNETES := k8s.io/component-base/version
LAB_LDFLAGS := -s -w -X $(KUBERNETES).gitVersion=v1.33.4 -X $(KUBERNETES).gitMajor=1 -X $(KUBERNETES).gitMinor=33

GOLANGCI_VERSION := v2.15.0
GOLANGCI := $(CURDIR)/bin/golangci-lint-$(GOLANGCI_VERSION)/golangci-lint

FUZZTIME ?= 30s
DELIVERIES ?= 10000
SEED ?= 0

# What is to be said, as it was typed: a $ in it is not make's.
override SAY := $(value SAY)
export SAY

.PHONY: all
all: lint test e2e ## lint, test and e2e: what CI runs

.PHONY: build
build: ## bin/bot
	@tools/build bin/bot ./cmd/bot "-s -w -X main.version=$(VERSION)"

.PHONY: lab
lab: ## bin/lab, the whole small cluster (the first build takes minutes)
	@cd lab && ../tools/build ../bin/lab ./cmd/lab "$(LAB_LDFLAGS)"

.PHONY: homeserver
homeserver: ## bin/dendrite, the Matrix homeserver of the tests
	@cd lab/matrix && ../../tools/build ../../bin/dendrite github.com/matrix-org/dendrite/cmd/dendrite "-s -w"

.PHONY: demo
demo: lab build ## starts the lab and the bot and gives a prompt; SAY='/rt scale gitea 2' runs that line and stops
	@bin/lab demo --bot bin/bot $(if $(SAY),--say "$$SAY")

.PHONY: test
test: ## unit and integration tests
	go test -shuffle=on ./...

.PHONY: e2e
e2e: lab build homeserver ## the verbs on the lab, and the lab's own tests
	cd lab && go test -tags=goolm,e2e -count=1 -p 1 -timeout 45m ./...

.PHONY: race
race: ## the tests with the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race -shuffle=on ./...

.PHONY: lint
lint: lint-bot lint-lab ## tidy modules, and golangci-lint over both

# What is linted has to be compiled first, and the builds show how far they are.
.PHONY: lint-bot
lint-bot: build $(GOLANGCI)
	go mod tidy -diff
	$(GOLANGCI) run ./...

.PHONY: lint-lab
lint-lab: lab $(GOLANGCI)
	cd lab && go mod tidy -diff
	cd lab/matrix && go mod tidy -diff
	cd lab && $(GOLANGCI) run --config ../.golangci.yml ./...

$(GOLANGCI):
	@echo "golangci-lint $(GOLANGCI_VERSION): building it takes a minute or two"
	@GOBIN=$(dir $@) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

.PHONY: fmt
fmt: $(GOLANGCI) ## formats the code as the linter wants it
	$(GOLANGCI) fmt
	cd lab && $(GOLANGCI) fmt --config ../.golangci.yml

.PHONY: golden
golden: ## rewrites the goldens; read their diff before it is committed
	go test $$(grep -rl --include='*_test.go' --exclude-dir=lab 'flag.Bool("update"' . | xargs -n 1 dirname | sort -u) -update

.PHONY: fuzz
fuzz: ## each fuzz test for FUZZTIME (30s)
	@tools/fuzz $(FUZZTIME)

# An hour or so: what is edited in Slack is edited at Slack's pace. SEED repeats a run.
.PHONY: soak
soak: ## 10,000 deliveries with redeliveries, lost connections and kill -9 at random (DELIVERIES, SEED)
	go test ./handlers/change -run TestNothingIsLostOrDoneTwice -count=1 -v -timeout 3h -deliveries $(DELIVERIES) -seed $(SEED)

.PHONY: bench
bench: lab build ## the measurements, on the lab, beside the same calls made bare
	go test -run '^$$' -bench . -benchtime 1x ./handlers
	cd lab && go test -tags=goolm,e2e -run '^$$' -bench . -timeout 45m ./e2e/...

.PHONY: clean
clean: ## takes away what was built
	rm -rf bin

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
