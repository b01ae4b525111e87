# Each target installs and builds what it needs. ARGS="..." gives `make run` options of qemu/boot.sh.
.DEFAULT_GOAL := help
.PHONY: help setup run test fuzz soak processors image labguest console bench clean
export DOTNET_NOLOGO := 1
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
ARGS ?=

help:
	@echo 'make setup     install what is missing: packages, emulators, the stock kernel (quick when nothing is)'
	@echo 'make run       boot stock Debian under HvKernel, and open the console on it (ARGS="..." for qemu/boot.sh)'
	@echo 'make test      run all tests; ends with "N passed, N failed"'
	@echo 'make image     build out/hvkernel.efi, out/hvkernel.map and the bootable disk out/hvkernel.img'
	@echo 'make console   build the console, out/hvdbg'
	@echo 'make fuzz      run the fuzzers, a million cases each (HVK_FUZZ_CASES, HVK_FUZZ_SEED, HVK_FUZZ_ONLY: docs/testing.md)'
	@echo 'make soak      floods, transitions, blobs and boots at full length (docs/testing.md)'
	@echo 'make processors  boot on 2 and 4 processors 20 times and more, take processors off line, load and reset them (docs/testing.md)'
	@echo 'make bench     print the performance tables'
	@echo 'make clean     remove everything built here (what setup installed stays)'

setup:
	@qemu/setup.sh $(if $(filter setup,$(MAKECMDGOALS)),,--quiet)

image: setup console labguest
	@sh boot/build.sh
	@qemu/image.sh out/hvkernel.img

labguest: setup
	@sh tests/Guests/Lab/build.sh
	@sh tests/Guests/Conformance/build.sh
	@sh tests/Guests/Acpi/build.sh

console: setup
	@qemu/console.sh

run: image
	@qemu/run.sh $(ARGS)

test: image
	@tests/run.sh

fuzz: setup
	@sh tests/fuzz.sh

soak: image
	@sh tests/soak.sh

processors: image
	@sh tests/processors.sh

bench: image
	@qemu/bench-boot.sh
	@qemu/bench-transitions.sh

clean:
	@rm -rf out
	@find . -name '*.csproj' -execdir rm -rf bin obj \;
