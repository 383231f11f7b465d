# Liancheng. `make help` lists the targets. Two of them are all a newcomer needs: make demo, make check.
# FLAVOUR=opt (default), san (address and undefined behaviour sanitizers), fuzz (clang, libFuzzer).

FLAVOUR ?= opt
PREFIX  ?= /usr/local
B       := build/$(FLAVOUR)
GEN     := build/gen
VERSION := $(shell cat VERSION)
.DEFAULT_GOAL := all

# --- Compilers and flags ---------------------------------------------------------------------------------------------
CC      := $(if $(filter fuzz,$(FLAVOUR)),clang,gcc)
PKGS    := libczmq libzmq libprotobuf-c sqlite3 libsodium libpq libmicrohttpd jansson openssl
WARN    := -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wformat=2 -Wvla -Wundef -Werror
FLAGS_opt  := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
FLAGS_san  := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -fPIE
FLAGS_fuzz := -O1 -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS  = $(WARN) $(FLAGS_$(FLAVOUR)) -D_GNU_SOURCE -DLIANCHENG_VERSION='"$(VERSION)"' -Icommon -Iservices -Itests -I$(GEN) \
          $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LDFLAGS_opt := -pie -Wl,-z,relro,-z,now
LDFLAGS = $(FLAGS_$(FLAVOUR)) $(LDFLAGS_$(FLAVOUR)) -pthread
LIBS    = -lczmq -lzmq -lprotobuf-c -lsqlite3 -lsodium -lpq -lmicrohttpd -ljansson -lssl -lcrypto -lm
LIBS_PURE = -lprotobuf-c -lsodium -lm

# --- What there is ---------------------------------------------------------------------------------------------------
PROTOS   := $(shell cd proto && find . -name '*.proto' | sed 's,^\./,,' | sort)
GEN_C    := $(PROTOS:%.proto=$(GEN)/%.pb-c.c)
GEN_H    := $(GEN_C:.c=.h)
GEN_O    := $(PROTOS:%.proto=$(B)/gen/%.pb-c.o)
COMMON_O := $(patsubst %.c,$(B)/%.o,$(wildcard common/*/*.c))
SERVICES := visits approvals issues aggregator hl7-gateway ctl
service_objects = $(patsubst %.c,$(B)/%.o,$(filter-out services/$(1)/main.c,$(wildcard services/$(1)/*.c)))
SUPPORT_O := $(patsubst %.c,$(B)/%.o,$(wildcard tests/support/*.c))
BINARIES := $(B)/bin/visits $(B)/bin/approvals $(B)/bin/issues $(B)/bin/aggregator $(B)/bin/hl7-gateway $(B)/bin/lianchengctl
ARCHIVES := $(SERVICES:%=$(B)/lib%.a) $(B)/libcommon.a

# The client library for other people's programs: of libcommon only what it needs, position independent. Outside it only
# liancheng_* can be seen (common/client/liancheng.map).
CLIENT_O    := $(patsubst %.c,$(B)/pic/%.o,$(wildcard common/client/liancheng*.c))
CLIENT_PARTS_O := $(patsubst %.c,$(B)/pic/%.o,$(filter-out common/client/liancheng%,$(wildcard $(addprefix common/,$(addsuffix /*.c,base wire spool client))))) \
                  $(patsubst %,$(B)/pic/gen/%.pb-c.o,$(filter common/% visits/%,$(PROTOS:%.proto=%)))
CLIENT_LIBS := $(B)/lib/libliancheng.so.0 $(B)/lib/libliancheng.a
CLIENT_NEEDS = -lczmq -lzmq -lprotobuf-c -lsqlite3 -lsodium

# Tests by kind. unit/test_*: pure, linked without any I/O library (the linker proves it). unit/io_*, contract, service,
# system, fault: everything is linked.
TESTS_PURE := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
TESTS_IO   := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/unit/io_*.c tests/contract/test_*.c tests/service/test_*.c tests/system/test_*.c))
TESTS_FAULT := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/fault/test_*.c))
BENCHES    := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/bench/bench_*.c))
FUZZERS    := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# --- Targets for people ----------------------------------------------------------------------------------------------
.PHONY: all demo check check-san check-fault check-compose check-contract bench fuzz fmt tidy install clean deps help
all: $(BINARIES) $(CLIENT_LIBS) ## build the programs into build/opt/bin, the client library into build/opt/lib

demo: ## install what is missing, build, replay the year 2020, print it
	@deploy/install-packages.sh build demo
	@$(MAKE) --no-print-directory $(JOBS) all
	@deploy/demo.sh

check: deps ## install what is missing, build, run every test (T=name: one)
	@$(MAKE) --no-print-directory $(JOBS) tests
	@FLAVOUR=$(FLAVOUR) tests/run.sh $(if $(T),--only $(T))

check-san: deps ## the same with address and undefined-behaviour sanitizers
	@$(MAKE) --no-print-directory $(JOBS) FLAVOUR=san tests
	@FLAVOUR=san tests/run.sh $(if $(T),--only $(T))

check-fault: deps ## long: kill -9 and power-cut style faults under load
	@$(MAKE) --no-print-directory $(JOBS) tests $(TESTS_FAULT)
	@FLAVOUR=$(FLAVOUR) tests/run.sh --fault

check-compose: ## build the images, run the docker compose stack, replay a small year through it
	@tests/compose/run.sh

check-contract: ## lint proto/ with buf's STANDARD rules
	@tests/contract/lint.sh

bench: deps ## measure: prints every figure and the machine's own limits from one run
	@$(MAKE) --no-print-directory $(JOBS) all $(BENCHES)
	@tests/bench/run.sh

fuzz: deps ## libFuzzer, SECONDS=30 for each target
	@deploy/install-packages.sh fuzz
	@$(MAKE) --no-print-directory $(JOBS) FLAVOUR=fuzz fuzzers
	@tests/fuzz/run.sh $(SECONDS)

deps: ## install the Debian packages of deploy/packages that are missing
	@deploy/install-packages.sh build demo test

fmt: ## format all C
	@clang-format -i $$(git ls-files '*.c' '*.h')

tidy: $(GEN_H) ## clang-tidy over all C
	@clang-tidy --quiet $$(git ls-files 'common/*.c' 'services/*.c') -- $(CFLAGS)

LIBDIR ?= $(PREFIX)/lib
install: all ## programs, client library, contract and man page into DESTDIR and PREFIX (LIBDIR)
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin include share/man/man3 share/liancheng share/doc/liancheng/examples) $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 755 $(BINARIES) $(DESTDIR)$(PREFIX)/bin
	cp -r proto deploy/data $(DESTDIR)$(PREFIX)/share/liancheng/
	install -m 644 common/client/liancheng.h $(DESTDIR)$(PREFIX)/include
	install -m 755 $(B)/lib/libliancheng.so.0 $(DESTDIR)$(LIBDIR)/libliancheng.so.0
	ln -sf libliancheng.so.0 $(DESTDIR)$(LIBDIR)/libliancheng.so
	install -m 644 $(B)/lib/libliancheng.a $(DESTDIR)$(LIBDIR)
	sed -e 's,@PREFIX@,$(PREFIX),' -e 's,@LIBDIR@,$(LIBDIR),' -e 's,@VERSION@,$(VERSION),' common/client/liancheng.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/liancheng.pc
	install -m 644 docs/man/liancheng.3 $(DESTDIR)$(PREFIX)/share/man/man3
	install -m 644 docs/examples/publish_visit.c $(DESTDIR)$(PREFIX)/share/doc/liancheng/examples

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 18

# --- How things are made ---------------------------------------------------------------------------------------------
.PHONY: tests fuzzers
tests: all $(TESTS_PURE) $(TESTS_IO)
fuzzers: $(FUZZERS)
.SECONDARY:

$(GEN)/%.pb-c.c $(GEN)/%.pb-c.h: proto/%.proto
	@mkdir -p $(GEN)
	@protoc --c_out=$(GEN) -Iproto $<

$(B)/gen/%.o: $(GEN)/%.c | $(GEN_H)
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(filter-out -Werror -W%,$(CFLAGS)) -MMD -MP -c $< -o $@

$(B)/%.o: %.c | $(GEN_H)
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(B)/services/aggregator/migrations.o: $(wildcard services/aggregator/schema/*.sql)

$(B)/libcommon.a: $(COMMON_O) $(GEN_O)
	@rm -f $@ && ar rcs $@ $^
define service_archive
$(B)/lib$(1).a: $$(call service_objects,$(1))
	@rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach s,$(SERVICES),$(eval $(call service_archive,$(s))))

$(B)/bin/visits: $(B)/services/visits/main.o $(B)/libvisits.a $(B)/libcommon.a
$(B)/bin/approvals: $(B)/services/approvals/main.o $(B)/libapprovals.a $(B)/libcommon.a
$(B)/bin/issues: $(B)/services/issues/main.o $(B)/libissues.a $(B)/libcommon.a
$(B)/bin/aggregator: $(B)/services/aggregator/main.o $(B)/libaggregator.a $(B)/libcommon.a
$(B)/bin/hl7-gateway: $(B)/services/hl7-gateway/main.o $(B)/libhl7-gateway.a $(B)/libcommon.a
$(B)/bin/lianchengctl: $(B)/services/ctl/main.o $(B)/libctl.a $(B)/libcommon.a
$(BINARIES):
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) $^ $(LIBS) -o $@

$(B)/pic/gen/%.o: $(GEN)/%.c | $(GEN_H)
	@mkdir -p $(@D)
	@$(CC) $(filter-out -Werror -W% -fPIE,$(CFLAGS)) -fPIC -MMD -MP -c $< -o $@
$(B)/pic/%.o: %.c | $(GEN_H)
	@mkdir -p $(@D)
	@echo "  CC $< (library)"
	@$(CC) $(filter-out -fPIE,$(CFLAGS)) -fPIC -MMD -MP -c $< -o $@
$(B)/pic/libparts.a: $(CLIENT_PARTS_O)
	@rm -f $@ && ar rcs $@ $^
$(B)/lib/libliancheng.so.0: $(CLIENT_O) $(B)/pic/libparts.a common/client/liancheng.map
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) -shared $(filter-out -fPIE,$(FLAGS_$(FLAVOUR))) -pthread -Wl,-soname,libliancheng.so.0 -Wl,--version-script=common/client/liancheng.map \
		-Wl,-z,defs,-z,relro,-z,now $(CLIENT_O) $(B)/pic/libparts.a $(CLIENT_NEEDS) -o $@
# One object with all that is needed in it, whose other names nobody else can meet.
$(B)/lib/libliancheng.a: $(CLIENT_O) $(B)/pic/libparts.a
	@mkdir -p $(@D)
	@echo "  LD $@"
	@ld -r -o $(B)/pic/liancheng.o $^ && objcopy --wildcard --keep-global-symbol='liancheng_*' $(B)/pic/liancheng.o
	@rm -f $@ && ar rcs $@ $(B)/pic/liancheng.o

$(B)/libsupport.a: $(SUPPORT_O)
	@rm -f $@ && ar rcs $@ $^
$(TESTS_PURE): $(B)/tests/%: $(B)/tests/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) $^ -lcmocka $(LIBS_PURE) -o $@
$(TESTS_IO) $(TESTS_FAULT) $(BENCHES): $(B)/tests/%: $(B)/tests/%.o $(B)/libsupport.a $(ARCHIVES)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) $^ -lcmocka $(LIBS) -o $@
$(FUZZERS): $(B)/fuzz/%: $(B)/tests/fuzz/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) -fsanitize=fuzzer $^ $(LIBS) -o $@

-include $(shell find $(B) -name '*.d' 2>/dev/null)
