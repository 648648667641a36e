# `make` prints what there is to make.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

# Tools that go install builds into bin/, and what `make proto` compares with.
GOLANGCI := v2.15.0
GOVULNCHECK := v1.4.0
KO := v0.19.1
AGAINST ?= HEAD^

.PHONY: help
help: ## print the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: run
run: ## build and start everything on this machine; Ctrl-C ends it
	@go build -o bin/local ./local
	@exec bin/local run

# Packages whose tests run the whole system or a cluster: `make check` has no time for them.
whole_system := /(local|local/e2e|local/machines|local/system|knative/e2e)$$

.PHONY: check
check: lint ## check format and code, and run the tests that need no database and no models: under a minute
	go test -short $$(go list ./... | grep -vE '$(whole_system)')

.PHONY: lint
lint: bin/golangci-lint-$(GOLANGCI) ## check format and code, as .golangci.yml says
	$< run ./...

.PHONY: fmt
fmt: bin/golangci-lint-$(GOLANGCI) ## format the Go code
	$< fmt ./...

# A tool's version is in its file's name, so that another version is built when it changes.
bin/golangci-lint-$(GOLANGCI): package := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
bin/ko-$(KO): package := github.com/google/ko
bin/govulncheck-$(GOVULNCHECK): package := golang.org/x/vuln/cmd/govulncheck
bin/golangci-lint-$(GOLANGCI) bin/ko-$(KO) bin/govulncheck-$(GOVULNCHECK): bin/%:
	GOBIN="$(CURDIR)/bin" go install $(package)@$(lastword $(subst -v, v,$*))
	mv bin/$(notdir $(package)) $@

.PHONY: proto
proto: ## check face.proto, and that whoever speaks AGAINST's (a git ref) still understands it
	go run ./local buf lint
	go run ./local buf breaking --against '.git#ref=$(AGAINST)'

.PHONY: test
test: ## run every test, with the race detector and real parts
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "run make fmt for:" $$unformatted; exit 1; fi
	go vet ./...
	go test -race -timeout 15m ./...

# govulncheck ends with 3 when it found something, with 1 when it could not look.
.PHONY: tour
tour: ## walk through docs/tour.md in a browser on a real system, and take its screenshots anew
	SHOTS=$(CURDIR)/docs/tour go test -count=1 -timeout 10m -run '^TestTour$$' ./local/system

.PHONY: rules
rules: ## read the alert rules and the dashboard's queries with Prometheus' own parser
	cd local/promrules && go test -count=1 ./...

.PHONY: vuln
vuln: bin/govulncheck-$(GOVULNCHECK) ## look for known vulnerabilities in all that the programs use; VULNDB=URL names a copy of the database
	@code=0; $< $(if $(VULNDB),-db "$(VULNDB)") ./... 2> bin/vuln.err || code=$$?; cat bin/vuln.err >&2; \
	if grep -q 'fetching vulnerabilities' bin/vuln.err; then \
		echo "NOT CHECKED: the vulnerability database cannot be reached, so nothing is known to be safe." >&2; \
		echo "next: run it where https://vuln.go.dev is reachable, or with VULNDB=file:///COPY" >&2; exit 4; \
	fi; exit $$code

.PHONY: chaos
chaos: ## break parts of a running system at random for CHAOS_SECONDS, by SEED, and check that nothing is lost or doubled
	@go build -o bin/local ./local
	@exec bin/local chaos

.PHONY: bench
bench: models ## measure the programs beside baselines, in 20 minutes: a report, and bench.json; BENCH=quick|all, RUN=receive
	@go build -o bin/local ./local
	@exec bin/local bench

.PHONY: bench-compare
bench-compare: models ## measure the programs of REF (a git ref) in turn with this checkout's, and say what is noise
	@test -n "$(REF)" || { echo "say which commit: make bench-compare REF=main"; exit 2; }
	@go build -o bin/local ./local
	@REF=$(REF) BENCH_FILE=$(or $(BENCH_FILE),bin/bench-compare.json) exec bin/local bench

# One figure for each program.
profiled := ^(receive.single.c16|process.alone|bridge.alone|view.images|faces.photos)$$

.PHONY: profile
profile: models ## take a CPU and an allocation profile of each program under load, into bin/profiles
	@go build -o bin/local ./local
	@mkdir -p bin/profiles
	@BENCH_PROFILES=$(CURDIR)/bin/profiles BENCH_FILE=bin/profiles/bench.json BENCH_ROUNDS=$(or $(BENCH_ROUNDS),1) BENCH_ROUND=$(or $(BENCH_ROUND),10s) RUN='$(or $(RUN),$(profiled))' exec bin/local bench

.PHONY: accuracy
accuracy: models ## measure on PHOTOS=dir how well people are told apart
	@test -n "$(PHOTOS)" || { echo "say which photos: make accuracy PHOTOS=dir; docs/recognition.md tells how they have to lie there"; exit 2; }
	@go run ./face-server accuracy "$(PHOTOS)"

.PHONY: build
build: ## build every program into bin/
	go build -o bin/ ./functions/... ./bridge ./face-server ./lineup ./local ./pkg/store/migrate

.PHONY: models
models: ## fetch ONNX Runtime and the face models into face-server/kodata
	@go run ./local models

# On Knative; docs/knative.md tells more. OVERLAY is a folder in knative/overlays, KO_DOCKER_REPO where images go. The
# others stand in for images that a cluster may not reach.
OVERLAY ?= small
KN_BASE_CC ?= gcr.io/distroless/cc-debian12:nonroot
KN_IMAGE_MYSQL ?= mysql:8.4
KN_IMAGE_NSQ ?= nsqio/nsq:v1.3.0
PROGRAMS := ./functions/receive ./functions/process ./functions/view ./bridge ./face-server ./pkg/store/migrate

# A cluster that went away must hold nobody up.
kubectl = timeout 6m kubectl

# What begins with a cluster asks first whether it answers: a deletion asks for every kind and waits long each time.
.PHONY: reachable
reachable:
	@timeout 10s kubectl version --request-timeout=10s > /dev/null || { echo "the cluster does not answer within 10 s; next: see which one kubectl config current-context and KUBECONFIG name, and that kubectl version reaches it" >&2; exit 1; }

resolved = bin/$(notdir $(OVERLAY)).yaml
namespace = $(shell sed -n 's/^namespace: //p' knative/overlays/$(OVERLAY)/kustomization.yaml)

# ko expands no variables in its settings. VERSION, if any, is what the programs' -version says.
ko = KO_CONFIG_PATH=$(CURDIR)/bin/ko.yaml bin/ko-$(KO)

bin/ko.yaml: .ko.yaml bin/ko-$(KO) FORCE
	@sed -e 's|^  lineup.dev/lineup/face-server: .*|  lineup.dev/lineup/face-server: $(KN_BASE_CC)|' \
		-e 's|serve.release=|&$(VERSION)|' .ko.yaml > $@

.PHONY: FORCE
FORCE:

.PHONY: images
images: models bin/ko.yaml ## build every image, push it to KO_DOCKER_REPO, and print its digest
	$(ko) build $(PROGRAMS)

.PHONY: manifests
manifests: models bin/ko.yaml ## write what OVERLAY deploys, with the images built, to bin/OVERLAY.yaml
	$(kubectl) kustomize knative/overlays/$(OVERLAY) \
		| sed 's|image: mysql:8.4$$|image: $(KN_IMAGE_MYSQL)|; s|image: nsqio/nsq:v1.3.0$$|image: $(KN_IMAGE_NSQ)|' \
		| $(ko) resolve -f - > $(resolved)

# What a release is made of: one YAML for kubectl or a platform's kustomization, its images, and their checksums.
# CONTRIBUTING.md says how to make one.
release_files = bin/release/$(VERSION)

.PHONY: release
release: release-check models bin/ko.yaml ## push VERSION's images to KO_DOCKER_REPO; write its YAML and checksums to bin/release/VERSION
	@rm -rf $(release_files) && mkdir -p $(release_files)
	@printf 'resources: [../../../knative/overlays/production]\nlabels:\n- pairs: {app.kubernetes.io/version: %s}\n' $(VERSION) \
		> $(release_files)/kustomization.yaml
	$(kubectl) kustomize $(release_files) | GOFLAGS="$${GOFLAGS:-} -buildvcs=true" $(ko) resolve --base-import-paths --tags $(VERSION) --image-refs $(release_files)/images.txt -f - \
		> $(release_files)/lineup.yaml
	@rm $(release_files)/kustomization.yaml
	cd $(release_files) && sha256sum images.txt lineup.yaml > SHA256SUMS
	@echo "$(release_files) is complete; next: git tag -a $(VERSION), push the tag, publish the three files with it"

.PHONY: release-check
release-check:
	@[[ "$(VERSION)" =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$$ ]] || { echo "say which release: make release VERSION=v1.2.3"; exit 2; }
	@test -n "$${KO_DOCKER_REPO:-}" || { echo "say where the images go: KO_DOCKER_REPO=registry.example.com/lineup"; exit 2; }
	@command -v kubectl > /dev/null || { echo "kubectl is missing; next: install it, https://kubernetes.io/docs/tasks/tools/"; exit 2; }
	@grep -qF '## [$(VERSION:v%=%)]' CHANGELOG.md || { echo "CHANGELOG.md has no section [$(VERSION:v%=%)]; next: name the unreleased one so"; exit 2; }
	@test -z "$$(git status --porcelain)" || { echo "there are changes that are not committed; next: commit them, so that the release can be built again"; exit 2; }

# A Job cannot be changed, so the one of the last deployment goes first.
.PHONY: deploy
deploy: manifests ## deploy OVERLAY (small, production) with kubectl, and wait until it is Ready
	$(kubectl) delete job -l app.kubernetes.io/part-of=lineup -n $(namespace) --ignore-not-found
	$(kubectl) apply -f $(resolved)
	$(kubectl) wait -n $(namespace) --for=condition=Complete job/migrate --timeout=5m
	$(kubectl) wait -n $(namespace) --for=condition=Ready ksvc,broker,trigger,pingsource,sinkbinding -l app.kubernetes.io/part-of=lineup --timeout=5m
	$(kubectl) rollout status -n $(namespace) deployment/bridge --timeout=5m

.PHONY: undeploy
undeploy: reachable ## remove what OVERLAY deployed, its namespace and its data
	$(kubectl) kustomize knative/overlays/$(OVERLAY) | $(kubectl) delete -f - --ignore-not-found

.PHONY: e2e-knative
e2e-knative: ## deploy into a namespace of its own on KUBECONFIG's cluster, and check all that docs/knative.md says
	@E2E_KNATIVE=1 INGRESS=$(or $(INGRESS),$(if $(KN_HTTP_PORT),127.0.0.1:$(KN_HTTP_PORT))) go test -count=1 -v -timeout 90m -run "$(or $(RUN),.)" ./knative/e2e

.PHONY: migrate
migrate: ## bring the database at MYSQL_DSN to this version
	@go run ./pkg/store/migrate

.PHONY: dead
dead: ## list the dead letters at NSQD_ADDRESS; RESEND=all|ID sends them again, DROP=all|ID drops them
	@go run ./bridge dead $(if $(RESEND),resend $(RESEND),$(if $(DROP),drop $(DROP)))

.PHONY: generate
generate: ## make the Go code in proto/ from face.proto
	@go run ./local buf generate

.PHONY: clean
clean: ## remove what was built; .lineup/ with its data and the download cache stay
	rm -rf bin
