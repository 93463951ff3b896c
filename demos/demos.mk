# demos.mk - builds the demos into $(O)/demos, as a student would: -g, nothing optimised.
#
# NAME is the program in Rust and NAME_c its twin in C; optimised is built twice. Without rustc the
# programs in Rust are left out, which is said.

RUSTC ?= $(or $(shell command -v rustc 2>/dev/null),$(wildcard $(HOME)/.cargo/bin/rustc))

DEMOS_C    := $(filter-out optimised,$(basename $(notdir $(wildcard demos/*.c))))
DEMOS_RUST := $(basename $(notdir $(wildcard demos/*.rs)))
DEMOS      := $(DEMOS_C:%=$(O)/demos/%_c) $(O)/demos/optimised_O0 $(O)/demos/optimised_O2

ifneq ($(RUSTC),)
DEMOS += $(DEMOS_RUST:%=$(O)/demos/%)
else
demos: demos-no-rust
endif

.PHONY: demos demos-no-rust
demos: $(DEMOS)

demos-no-rust:
	@echo '  (rustc is not installed: the demos in Rust are left out)'

DEMO_CFLAGS = -g -Wall -Wextra

# It overruns a buffer on purpose; -O0 and a frame pointer are what it counts on.
$(O)/demos/overflow_buffer_c: DEMO_CFLAGS += -fno-stack-protector -fcf-protection=none \
	-fno-omit-frame-pointer

$(O)/demos/%_c: demos/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(DEMO_CFLAGS) -O0 -o $@ $<

$(O)/demos/%_O0: demos/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(DEMO_CFLAGS) -O0 -o $@ $<

$(O)/demos/%_O2: demos/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(DEMO_CFLAGS) -O2 -o $@ $<

$(O)/demos/%: demos/%.rs
	$(call say,RUSTC,$@)
	@mkdir -p $(@D)
	$(Q)MAKEFLAGS= $(RUSTC) --edition 2021 -g -o $@ $<
