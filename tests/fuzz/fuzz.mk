# fuzz.mk - the readers of strangers' bytes under a fuzzer, and under their own past findings.
#
#	make fuzz [FUZZ_SECONDS=60]   each harness under libFuzzer (clang) for so long
#	make fuzz-plain               each harness as a program that tries files: tests/fuzz_corpus.py;
#	                              ask_log asks logs all there is to ask: tests/log_fuzz.py
#
# New inputs go to $(O)/fuzz/NAME.new; a crash is written there too, and is worth adding to
# tests/fuzz/corpus/NAME, made small: $(O)/fuzz/fuzz_NAME -minimize_crash=1 -runs=10000 FILE

FUZZ_SECONDS ?= 60
FUZZ_CC      ?= clang
FUZZERS      := codec elf expr log maps
FUZZ_ROOMS   := base arch symbols unwind memory values
FUZZ_SOURCES := $(wildcard $(FUZZ_ROOMS:%=tracer/%/*.c) tracer/report/*.c tracer/store/*.c) \
		tracer/events/kinds.c
FUZZ_OBJECTS := $(FUZZ_SOURCES:%.c=$(O)/fuzz/obj/%.o)
FUZZ_CFLAGS   = $(filter-out -O2 -O0,$(ALL_CFLAGS)) -O1 -fno-omit-frame-pointer
FUZZ_FLAGS    = -timeout=10 -rss_limit_mb=2000 -max_len=65536 -print_final_stats=1

.PHONY: fuzz fuzz-build fuzz-plain
fuzz-build: $(FUZZERS:%=$(O)/fuzz/fuzz_%)
fuzz-plain: $(FUZZERS:%=$(O)/fuzz/plain_%) $(O)/fuzz/ask_log

check: fuzz-plain

fuzz: $(FUZZERS:%=fuzz-%) ## fuzz the readers of ELF, DWARF, expressions, maps and logged events

fuzz-%: $(O)/fuzz/fuzz_%
	@mkdir -p $(O)/fuzz/$*.new
	$(Q)$< $(FUZZ_FLAGS) -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=$(O)/fuzz/$*.new/ \
		$(O)/fuzz/$*.new tests/fuzz/corpus/$*

$(O)/fuzz/obj/%.o: %.c
	$(call say,FUZZ_CC,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link,address -MMD -MP -c -o $@ $<

$(O)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.h $(FUZZ_OBJECTS)
	$(call say,FUZZ_CC,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer,address -o $@ $(filter-out %.h,$^) $(LIBS)

$(O)/fuzz/ask_log: tests/fuzz/ask_log.c $(ROOMS)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(O)/fuzz/plain_%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.h $(ROOMS)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -DFUZZ_PLAIN $(ALL_LDFLAGS) -o $@ $(filter-out %.h,$^) $(LIBS)

.SECONDARY: $(FUZZ_OBJECTS)
-include $(FUZZ_OBJECTS:.o=.d)
