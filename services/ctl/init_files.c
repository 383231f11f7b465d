#include "ctl/init_files.h"

#include <inttypes.h>
#include <string.h>

const struct init_registry init_registries[INIT_REGISTRIES] = {
    {INIT_VISITS, "visits", "visit registry"},
    {INIT_APPROVALS, "approvals", "approval registry"},
    {INIT_ISSUES, "issues", "issue registry"},
};

static void append_head(struct buffer *out, const char *what, const char *program) {
    buffer_printf(out,
                  "# %s. Four spaces for each level. Paths are relative to the folder of this file.\n"
                  "# Every key can be set by the environment, too: LC_SERVER_BIND for /server/bind.\n"
                  "# Keys behind a # are at their default; `%s` shows all with their values.\n\n",
                  what, program);
}

/* What every daemon has. */
static void append_daemon(struct buffer *out, const char *name, const struct init_settings *settings,
                          enum init_daemon daemon) {
    const struct init_address *at = &settings->at[daemon];
    buffer_printf(out,
                  "server\n"
                  "    # Where clients connect: all conversations, encrypted and authenticated.\n"
                  "    bind = \"tcp://%s:%" PRId64 "\"\n"
                  "    # Its own key (secret and public half).\n"
                  "    key = \"secret/%s.key\"\n"
                  "    # Who may connect, as whom. Read again at SIGHUP.\n"
                  "    keys = \"keys.tab\"\n",
                  settings->bind, at->port, name);
    buffer_printf(out,
                  "http\n"
                  "    # /healthz, /readyz and /metrics; plain HTTP: keep it inside.\n"
                  "    bind = \"%s\"\n"
                  "    port = %" PRId64 "\n"
                  "log\n"
                  "    # debug, info, warn or error; JSON lines on stderr. Read again at SIGHUP.\n"
                  "    level = \"info\"\n",
                  settings->bind, at->http_port);
}

/* What every registry has. */
static void append_registry(struct buffer *out, const char *name) {
    buffer_printf(out,
                  "store\n"
                  "    # Folder of the log (log.db, the truth) and of snapshots. Back up the log.\n"
                  "    folder = \"data/%s\"\n"
                  "    # Seals the bodies of refused commands at rest.\n"
                  "    seal_key = \"secret/%s.seal\"\n",
                  name, name);
    buffer_append_text(out, "    # Size of the write-ahead log, in bytes, that starts a checkpoint in the background.\n"
                            "#   checkpoint_bytes = 16777216\n"
                            "    # New events after which a snapshot is written.\n"
                            "#   snapshot_rows = 1000000\n"
                            "intake\n"
                            "    # Most commands in one commit.\n"
                            "#   batch_commands = 8192\n"
                            "    # Longest time to gather one commit, in milliseconds.\n"
                            "#   batch_ms = 20\n"
                            "    # How far ahead of this clock a sender's time may be, in milliseconds.\n"
                            "#   future_ms = 120000\n");
}

/* What registries with deadlines have. */
static void append_tick(struct buffer *out) {
    buffer_append_text(
        out,
        "tick\n"
        "    # Where time comes from: clock, or commands (an operator's Tick commands: for a replay of past years, in\n"
        "    # a store of its own).\n"
        "#   source = \"clock\"\n");
}

void init_visits_conf(struct buffer *out, const struct init_settings *settings) {
    append_head(out, "The visit registry", "visits --config visits.conf --print-config");
    append_daemon(out, "visits", settings, INIT_VISITS);
    append_registry(out, "visits");
    buffer_append_text(out,
                       "visits\n"
                       "    # Turns identity numbers into keyed hashes. Lost, no person is ever recognised again:\n"
                       "    # keep a copy apart from the log. Never change it.\n"
                       "    pseudonym_key = \"secret/visits.pseudonym\"\n"
                       "    # Most persons and visits that are taken: bounds of memory.\n"
                       "#   persons_max = 20000000\n"
                       "#   visits_max = 100000000\n");
}

void init_approvals_conf(struct buffer *out, const struct init_settings *settings) {
    append_head(out, "The approval registry", "approvals --config approvals.conf --print-config");
    append_daemon(out, "approvals", settings, INIT_APPROVALS);
    append_registry(out, "approvals");
    buffer_append_text(out,
                       "approvals\n"
                       "    # Most cases that are kept: a bound of memory. Further ones are refused.\n"
                       "#   cases_max = 20000000\n"
                       "    # Workdays after which a case whose missing papers do not come is taken as withdrawn.\n"
                       "#   lapse_workdays = 30\n"
                       "    # A case turns yellow when so many tenths of its promised time are used,\n"
                       "#   yellow_tenths = 9\n"
                       "    # or when so many workdays of it are left.\n"
                       "#   yellow_days = 1\n");
    append_tick(out);
}

void init_issues_conf(struct buffer *out, const struct init_settings *settings) {
    append_head(out, "The issue registry", "issues --config issues.conf --print-config");
    append_daemon(out, "issues", settings, INIT_ISSUES);
    append_registry(out, "issues");
    buffer_append_text(out, "issues\n"
                            "    # Most issues that are kept: a bound of memory. Further ones are refused.\n"
                            "#   issues_max = 5000000\n"
                            "    # Workdays within which an issue is dispatched, an issue of each class is handled, "
                            "and a cooperating unit\n"
                            "    # does its part.\n"
                            "#   dispatch_workdays = 3\n"
                            "#   class_a_workdays = 22\n"
                            "#   class_b_workdays = 15\n"
                            "#   class_c_workdays = 5\n"
                            "#   part_workdays = 3\n"
                            "    # Workdays of silence after which an answer is taken as resolved, unconfirmed.\n"
                            "#   silence_workdays = 10\n"
                            "    # An issue turns yellow when so many tenths of its time are used,\n"
                            "#   yellow_tenths = 9\n"
                            "    # or when so many workdays of it are left.\n"
                            "#   yellow_days = 1\n");
    buffer_append_text(out, "ledger\n"
                            "    # Workdays within which a cooperating unit confirms a sign-off or objects.\n"
                            "#   confirm_workdays = 5\n"
                            "    # A task turns yellow when it is so many thousandths behind what was expected,\n"
                            "#   lag_permille = 100\n"
                            "    # or so many days without any report.\n"
                            "#   report_days = 31\n"
                            "clues\n"
                            "    # Workdays within which the procuratorate countersigns a transferred clue.\n"
                            "#   receipt_workdays = 3\n");
    append_tick(out);
}

/* Quoted for ZPL by the kind of quote the text does not hold. */
static void append_quoted(struct buffer *out, const char *key, const char *text) {
    char quote = strchr(text, '"') ? '\'' : '"';
    buffer_printf(out, "    %s = %c%s%c\n", key, quote, text, quote);
}

static void append_source(struct buffer *out, const struct init_registry *registry, const struct init_address *at) {
    buffer_printf(out,
                  "    %s\n"
                  "        endpoint = \"tcp://%s:%" PRId64 "\"\n"
                  "        server_key = \"public/%s.pub\"\n"
                  "        kind = \"%s\"\n"
                  "        log = \"data/%s/log.db\"\n",
                  registry->name, at->host, at->port, registry->name, registry->name, registry->name);
}

void init_aggregator_conf(struct buffer *out, const struct init_settings *settings) {
    append_head(out, "The aggregator", "aggregator --config aggregator.conf --print-config");
    append_daemon(out, "aggregator", settings, INIT_AGGREGATOR);
    buffer_append_text(out,
                       "postgres\n"
                       "    # libpq connection string of the role that writes. No password in it: use a passfile.\n");
    append_quoted(out, "conninfo", settings->postgres);
    buffer_append_text(
        out,
        "client\n"
        "    # The key with which it follows the feeds (role follower).\n"
        "    key = \"secret/aggregator-follower.key\"\n"
        "sources\n"
        "    # One section for each registry it follows, by a name of your choice: where it listens, its public key\n"
        "    # file, what it registers (visits, approvals or issues), and its log, where this machine can read it\n"
        "    # (for explain).\n");
    for (size_t i = 0; i < INIT_REGISTRIES; i++) {
        append_source(out, &init_registries[i], &settings->at[init_registries[i].daemon]);
    }
    buffer_append_text(out, "feed\n"
                            "    # Most events of one source on their way and not yet committed.\n"
                            "#   window = 100000\n"
                            "flush\n"
                            "    # Events after which the cells are committed.\n"
                            "#   events = 20000\n"
                            "    # Longest time between commits, in milliseconds.\n"
                            "#   ms = 200\n"
                            "    # Cells changed after which they are committed.\n"
                            "#   cells = 65536\n"
                            "report\n"
                            "    # libpq connection string with which reports are read; none: that of postgres above.\n"
                            "#   conninfo = \"\"\n"
                            "    # Whether a report is one JSON document.\n"
                            "#   json = false\n");
}

/* Keys that a feed may have, behind # once: what stands in each feed is what all hospitals need. */
static void append_feed_keys(struct buffer *out) {
    buffer_append_text(
        out, "    # Each section is one sender: what differs between hospitals stands here and nowhere else. A message "
             "belongs to\n"
             "    # the feed whose listener, sending_application and sending_facility fit it best.\n"
             "#   name-of-your-choice\n"
             "        # Facility in whose name it speaks; its key is FACILITY.key in the folder of /registry/keys.\n"
             "#       facility = \"CODE\"\n"
             "        # Which messages: listener, MSH-3.1, MSH-4.1; empty: any.\n"
             "#       listener = \"\"\n"
             "#       sending_application = \"\"\n"
             "#       sending_facility = \"\"\n"
             "        # Common name in the certificate it has to show on a TLS listener; empty: any that the "
             "listener's CA signed.\n"
             "#       client_certificate = \"\"\n"
             "        # Letters of MSH-11.1 that are taken: P production, T training, D debugging.\n"
             "#       processing_ids = \"P\"\n"
             "        # auto: as MSH-15 and MSH-16 ask; original: AA, AE, AR always (for senders that write AL there "
             "by habit);\n"
             "        # enhanced: CA, CE, CR.\n"
             "#       ack_mode = \"auto\"\n"
             "        # utf-8 or gb18030 whatever messages declare; empty: as declared, else detected.\n"
             "#       charset = \"\"\n");
    buffer_append_text(
        out,
        "        # Whether an A08 with a visit number makes a visit that is not known; whether A02, A03, A06, A07, A13 "
        "do.\n"
        "#       update_creates_visit = true\n"
        "#       implied_visits = true\n"
        "        # Whether a merge of a prior number that is not known is refused.\n"
        "#       prior_must_exist = false\n"
        "        # A number whose authority (PID-3.4) is not in domains: own, refuse, or auto (own while domains is "
        "empty).\n"
        "#       unknown_authority = \"auto\"\n"
        "        # With what a visit was opened where card_field does not say it: social-security, resident-id,\n"
        "        # health-code (the city's one card) or hospital (no one-card patient). The field: PV1-20, ZCD-2, ...\n"
        "#       default_card = \"hospital\"\n"
        "#       card_field = \"\"\n"
        "        # What its codes are: \"1=social-security, 2=hospital\"; SSC RID EHC HOS are known.\n"
        "#       cards = \"\"\n"
        "        # Z segment with the times of an emergency: called, arrived, urban place (Y or N).\n"
        "#       rescue_segment = \"\"\n");
    buffer_append_text(out,
                       "        # What numbers in PID-3 are, by type (PID-3.5) or authority: \"IDCard=visit-card, "
                       "IdentifyNO=resident-id\". The\n"
                       "        # usual ones are known; `hl7-gateway --help` lists them.\n"
                       "#       identifiers = \"\"\n"
                       "        # Fields beside PID-3 with identifiers: \"PID-4=visit-card, PID-19=resident-id\".\n"
                       "#       further_identifiers = \"\"\n"
                       "        # Who gives numbers, by authority (PID-3.4): \"HIS=own, 1.2.3.4=city-mpi\".\n"
                       "#       domains = \"\"\n"
                       "        # Patient classes (PV1-2) beside those of table 0004: \"DAY CASE=inpatient\".\n"
                       "#       classes = \"\"\n"
                       "        # Triggers that stand for others: \"ZP1=A28\".\n"
                       "#       triggers = \"\"\n");
}

/* MSH-4 says which facility: so each can send at once. */
static void append_feeds(struct buffer *out, const struct facilities *facilities) {
    buffer_append_text(out, "feeds\n");
    append_feed_keys(out);
    for (size_t i = 0; i < facilities->count && i < INIT_FEEDS_MAX; i++) {
        const char *code = facilities->rows[i].code;
        buffer_printf(out,
                      "    %s\n"
                      "        facility = \"%s\"\n"
                      "        sending_facility = \"%s\"\n"
                      "        card_field = \"PV1-20\"\n",
                      code, code, code);
    }
}

void init_gateway_conf(struct buffer *out, const struct init_settings *settings) {
    append_head(out, "The HL7 gateway", "hl7-gateway --config hl7-gateway.conf --print-config");
    append_daemon(out, "hl7-gateway", settings, INIT_GATEWAY);
    buffer_printf(out,
                  "listeners\n"
                  "    # One section for each address at which messages come (MLLP), by a name of your choice.\n"
                  "    mllp\n"
                  "        bind = \"%s:%" PRId64 "\"\n"
                  "        # TLS 1.2 or later. Beyond this machine never without it.\n"
                  "#       tls_certificate = \"secret/hl7-gateway.crt\"\n"
                  "#       tls_key = \"secret/hl7-gateway.pem\"\n"
                  "        # Who signed the certificates that senders have to show.\n"
                  "#       tls_client_ca = \"secret/hl7-ca.crt\"\n",
                  settings->bind, settings->mllp_port);
    buffer_printf(
        out,
        "registry\n"
        "    endpoint = \"tcp://%s:%" PRId64 "\"\n"
        "    # Public key file of the visit registry.\n"
        "    server_key = \"public/visits.pub\"\n"
        "    # Folder with the keys of the facilities in whose names it speaks, FACILITY.key.\n"
        "    keys = \"secret\"\n"
        "    # While the registry is away: hold (AR 207, send again) or accept (answered AA, goes on later).\n"
        "#   when_away = \"hold\"\n"
        "    # How long a sender waits for the registry, in milliseconds.\n"
        "#   hold_ms = 10000\n",
        settings->at[INIT_VISITS].host, settings->at[INIT_VISITS].port);
    buffer_append_text(
        out, "store\n"
             "    # Folder of the messages that were taken (sealed) and of the feeds' counts.\n"
             "    folder = \"data/hl7-gateway\"\n"
             "    # Seals messages at rest: without it none can be read again.\n"
             "    spool_key = \"secret/hl7-gateway.spool\"\n"
             "    # Days in which a message that comes again gets its first answer again.\n"
             "#   retention_days = 30\n"
             "    # Largest size of the spool, in bytes; beyond it AR 207.\n"
             "#   bytes_max = 17179869184\n"
             "limits\n"
             "    # Most connections at a time.\n"
             "#   connections = 16384\n"
             "    # Most memory of all connections, in bytes.\n"
             "#   buffer_bytes = 268435456\n"
             "    # Largest message, in bytes.\n"
             "#   frame_bytes = 16777216\n"
             "    # Messages of one connection that may wait for answers.\n"
             "#   answers = 64\n"
             "    # Longest silence within a message, of a TLS handshake, between messages (0: any), in milliseconds.\n"
             "#   frame_ms = 30000\n"
             "#   handshake_ms = 10000\n"
             "#   idle_ms = 0\n");
    append_feeds(out, settings->facilities);
}

static void append_target(struct buffer *out, const char *name, const struct init_address *at) {
    buffer_printf(out,
                  "%s\n"
                  "    endpoint = \"tcp://%s:%" PRId64 "\"\n"
                  "    server_key = \"public/%s.pub\"\n",
                  name, at->host, at->port, name);
}

void init_ctl_conf(struct buffer *out, const struct init_settings *settings) {
    buffer_append_text(
        out, "# lianchengctl. Four spaces for each level. Paths are relative to the folder of this file.\n"
             "# Every key can be set by the environment, too: LC_VISITS_ENDPOINT for /visits/endpoint.\n\n"
             "# The operator's key: used unless --key names another.\n"
             "key = \"secret/operator.key\"\n"
             "# A key that may follow feeds: used by `follow`.\n"
             "follower_key = \"secret/aggregator-follower.key\"\n"
             "# A key that may read metrics.\n"
             "reader_key = \"secret/reader.key\"\n"
             "# The key of who may look up persons and decide about them; every look-up is logged with its reason.\n"
             "registrar_key = \"secret/registrar.key\"\n"
             "# Folder with the keys of publishers (ORGANISATION.key) and officers (supervisor.key, ...): used by\n"
             "# `submit --organisation`, --as WHO and `replay`.\n"
             "publisher_keys = \"secret\"\n");
    buffer_append_text(out, "# Where each daemon listens, and its public key file: it proves that it is the one.\n");
    for (size_t i = 0; i < INIT_REGISTRIES; i++) {
        append_target(out, init_registries[i].name, &settings->at[init_registries[i].daemon]);
    }
    append_target(out, "aggregator", &settings->at[INIT_AGGREGATOR]);
    const struct init_address *gateway = &settings->at[INIT_GATEWAY];
    buffer_printf(out,
                  "hl7-gateway\n"
                  "    # Its control socket: status, conformance.\n"
                  "    endpoint = \"tcp://%s:%" PRId64 "\"\n"
                  "    server_key = \"public/hl7-gateway.pub\"\n"
                  "hl7\n"
                  "    # Where it takes messages (MLLP): used by `import hl7`.\n"
                  "    endpoint = \"%s:%" PRId64 "\"\n"
                  "    # With TLS: who signed its certificate, and what to show to it.\n"
                  "#   ca = \"secret/hl7-ca.crt\"\n"
                  "#   cert = \"secret/hl7-client.crt\"\n"
                  "#   key = \"secret/hl7-client.key\"\n",
                  gateway->host, gateway->port, gateway->host, settings->mllp_port);
}
