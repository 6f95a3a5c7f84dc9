# The scripts in .ci do the work and need no make: .ci/demo, .ci/test, .ci/run.
.PHONY: help demo test check docs docs-check picture format

help:
	@echo "make demo     install what is needed, build, replay captures/, print the summary"
	@echo "make test     install what is needed, run all tests"
	@echo "make check    exactly what CI runs: format, lints, tests, dependencies"
	@echo "make docs     make docs/protocols, docs/detections and the output of examples anew"
	@echo "make picture  make docs/images/replay.svg anew from a real run"
	@echo "make format   format the code"

demo:
	@.ci/demo

test:
	@.ci/test

check:
	@.ci/run

docs:
	@docs/generate.sh
	@docs/examples.sh

docs-check:
	@docs/generate.sh --check
	@docs/examples.sh --check

picture:
	@docs/images/make.sh

format:
	cargo fmt --all
