# Makefile - builds frametrace out of tree into $(O). Try: make help
#
# Knobs: O=build, DEBUG=1 (-O0), SAN=address,undefined, V=1 (show commands), WERROR=1,
#        CC=clang, PREFIX=/usr/local, DESTDIR=, PARTS=log (of make bench; see tests/bench/run)

VERSION := 0.1.0
O       ?= build
PREFIX  ?= /usr/local
CC      ?= cc

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith \
	-Wwrite-strings -Wformat=2 $(if $(WERROR),-Werror)
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -DFT_VERSION='"$(VERSION)"' -Itracer $(WARN) -g \
	$(if $(DEBUG),-O0,-O2) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer) \
	$(LIB_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

SOURCES := $(wildcard tracer/*/*.c)
OBJECTS := $(SOURCES:%.c=$(O)/%.o)
ROOMS   := $(filter-out $(O)/tracer/commands/%,$(OBJECTS)) # what a unit test is linked with
UNITS   := $(patsubst tests/%.c,$(O)/tests/%,$(wildcard tests/unit/test_*.c))
DOCS    := $(wildcard README.md NEWS.md docs/*.md docs/*.json docs/*.svg)

Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

.DEFAULT_GOAL := all
.PHONY: all check tests unit golden lint format bench demos samples install uninstall clean help FORCE
.DELETE_ON_ERROR:

all: $(O)/frametrace ## build frametrace (the default)

check: tests ## build and run all tests (some of them: tests/run NAME…)
	$(Q)tests/run -O $(O)

tests: all unit demos fuzz-plain ## build what the tests need

unit: $(UNITS) ## build the unit tests

golden: all demos ## rewrite the expected outputs in tests/golden; review the diff
	$(Q)tests/golden.py -O $(O) --update
	$(Q)tests/step_screen.py -O $(O) --update

lint: ## check format, includes between rooms, scripts; static analysis
	$(Q)scripts/lint

format: ## format all C sources in place
	$(Q)clang-format -i $(wildcard tracer/*/*.[ch] tests/unit/*.[ch] tests/bench/*.[ch] tests/fuzz/*.[ch])

bench: all $(O)/tests/bench/biglog ## measure speed against a minimal tracer and, if installed, other tools
	$(Q)tests/bench/run -O $(O) $(PARTS)

demos: ## build the demo programs

samples: ## build the sample programs of the tests and say where they are
	$(Q)mkdir -p $(O) && cd tests && BUILD=$(abspath $(O)) python3 -B -m lib.samples

# What needs no compiler must work without the libraries.
GOALS := $(or $(MAKECMDGOALS),all)
ifneq ($(filter-out help clean uninstall lint format samples,$(GOALS)),)
include $(O)/libs.mk
endif
include demos/demos.mk tests/fuzz/fuzz.mk

$(O)/libs.mk: scripts/lib/libs.sh
	@mkdir -p $(@D)
	@CC='$(CC)' scripts/lib/libs.sh > $@

# Other flags: other objects. The stamp changes only when its content does.
$(O)/flags: FORCE
	@mkdir -p $(@D)
	@echo "$$FLAGS" | cmp -s - $@ || echo "$$FLAGS" > $@
$(O)/flags: export FLAGS = $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)

$(O)/frametrace: $(OBJECTS)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(O)/tracer/%.o: tracer/%.c $(O)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/tests/unit/%.o: tests/unit/%.c $(O)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/unit -MMD -MP -c -o $@ $<

$(O)/tests/bench/%.o: tests/bench/%.c $(O)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/tests/bench/biglog: $(O)/tests/bench/biglog_write.o

$(UNITS) $(O)/tests/bench/biglog: %: %.o $(ROOMS)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

-include $(OBJECTS:.o=.d) $(UNITS:=.d) $(wildcard $(O)/tests/bench/*.d)

SHARE := $(DESTDIR)$(PREFIX)/share
BIN   := $(DESTDIR)$(PREFIX)/bin/frametrace
MAN   := $(SHARE)/man/man1/frametrace.1
BASH  := $(SHARE)/bash-completion/completions/frametrace
ZSH   := $(SHARE)/zsh/site-functions/_frametrace
FISH  := $(SHARE)/fish/vendor_completions.d/frametrace.fish
DOC   := $(SHARE)/doc/frametrace

install: all ## install under $(DESTDIR)$(PREFIX), /usr/local by default
	$(call say,INSTALL,$(DESTDIR)$(PREFIX))
	$(Q)install -D -m 755 $(O)/frametrace $(BIN)
	$(Q)install -D -m 644 docs/frametrace.1 $(MAN)
	$(Q)install -D -m 644 scripts/completion/frametrace.bash $(BASH)
	$(Q)install -D -m 644 scripts/completion/frametrace.zsh $(ZSH)
	$(Q)install -D -m 644 scripts/completion/frametrace.fish $(FISH)
	$(Q)install -D -m 644 -t $(DOC) $(DOCS)
	$(Q)install -D -m 644 -t $(DOC)/coursework $(wildcard docs/coursework/*)

uninstall: ## remove what install put there
	$(Q)rm -f $(BIN) $(MAN) $(BASH) $(ZSH) $(FISH)
	$(Q)rm -rf $(DOC)

clean: ## remove $(O)
	$(Q)rm -rf $(O)

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' \
		$(filter %Makefile %.mk,$(MAKEFILE_LIST))
	@sed -n '/^# Knobs/,/^$$/ { s/^# //p }' Makefile
