#include "ctl/init_files.h"

#include <inttypes.h>
#include <string.h>

static void append_head(struct buffer *out, const char *what, const char *program) {
    buffer_printf(out,
                  "# %s. Four spaces for each level. Paths are relative to the folder of this file.\n"
                  "# Every key can be set by the environment, too: LC_SERVER_BIND for /server/bind.\n"
                  "# Keys behind a # are at their default; `%s` shows all with their values.\n\n",
                  what, program);
}

/* What every daemon has. */
static void append_daemon(struct buffer *out, const char *name, const char *bind, int64_t port, int64_t http_port) {
    buffer_printf(out,
                  "server\n"
                  "    # Where clients connect: all conversations, encrypted and authenticated.\n"
                  "    bind = \"tcp://%s:%" PRId64 "\"\n"
                  "    # Its own key (secret and public half).\n"
                  "    key = \"secret/%s.key\"\n"
                  "    # Who may connect, as whom. Read again at SIGHUP.\n"
                  "    keys = \"keys.tab\"\n",
                  bind, port, name);
    buffer_printf(out,
                  "http\n"
                  "    # /healthz, /readyz and /metrics; plain HTTP: keep it inside.\n"
                  "    bind = \"%s\"\n"
                  "    port = %" PRId64 "\n"
                  "log\n"
                  "    # debug, info, warn or error; JSON lines on stderr. Read again at SIGHUP.\n"
                  "    level = \"info\"\n",
                  bind, http_port);
}

void init_visits_conf(struct buffer *out, const struct init_settings *settings) {
    append_head(out, "The visit registry", "visits --config visits.conf --print-config");
    append_daemon(out, "visits", settings->bind, settings->visits_port, settings->visits_http_port);
    buffer_append_text(out,
                       "store\n"
                       "    # Folder of the log (log.db, the truth) and of snapshots. Back up the log.\n"
                       "    folder = \"data/visits\"\n"
                       "    # Seals the bodies of refused commands at rest.\n"
                       "    seal_key = \"secret/visits.seal\"\n"
                       "    # Size of the write-ahead log, in bytes, that starts a checkpoint in the background.\n"
                       "#   checkpoint_bytes = 16777216\n"
                       "    # New events after which a snapshot is written.\n"
                       "#   snapshot_rows = 1000000\n"
                       "intake\n"
                       "    # Most commands in one commit.\n"
                       "#   batch_commands = 8192\n"
                       "    # Longest time to gather one commit, in milliseconds.\n"
                       "#   batch_ms = 20\n"
                       "    # How far ahead of this clock a sender's time may be, in milliseconds.\n"
                       "#   future_ms = 120000\n"
                       "visits\n"
                       "    # Turns identity numbers into keyed hashes. Lost, no person is ever recognised again:\n"
                       "    # keep a copy apart from the log. Never change it.\n"
                       "    pseudonym_key = \"secret/visits.pseudonym\"\n"
                       "    # Most persons and visits that are taken: bounds of memory.\n"
                       "#   persons_max = 20000000\n"
                       "#   visits_max = 100000000\n");
}

/* Quoted for ZPL by the kind of quote the text does not hold. */
static void append_quoted(struct buffer *out, const char *key, const char *text) {
    char quote = strchr(text, '"') ? '\'' : '"';
    buffer_printf(out, "    %s = %c%s%c\n", key, quote, text, quote);
}

void init_aggregator_conf(struct buffer *out, const struct init_settings *settings) {
    append_head(out, "The aggregator", "aggregator --config aggregator.conf --print-config");
    append_daemon(out, "aggregator", settings->bind, settings->aggregator_port, settings->aggregator_http_port);
    buffer_append_text(out,
                       "postgres\n"
                       "    # libpq connection string of the role that writes. No password in it: use a passfile.\n");
    append_quoted(out, "conninfo", settings->postgres);
    buffer_printf(out,
                  "client\n"
                  "    # The key with which it follows the feeds (role follower).\n"
                  "    key = \"secret/aggregator-follower.key\"\n"
                  "sources\n"
                  "    # One section for each registry it follows, by a name of your choice.\n"
                  "    visits\n"
                  "        endpoint = \"tcp://%s:%" PRId64 "\"\n"
                  "        # Public key file of that registry.\n"
                  "        server_key = \"public/visits.pub\"\n",
                  settings->visits_host, settings->visits_port);
    buffer_append_text(out, "feed\n"
                            "    # Most events of one source on their way and not yet committed.\n"
                            "#   window = 100000\n"
                            "flush\n"
                            "    # Events after which the cells are committed.\n"
                            "#   events = 20000\n"
                            "    # Longest time between commits, in milliseconds.\n"
                            "#   ms = 200\n"
                            "    # Cells changed after which they are committed.\n"
                            "#   cells = 65536\n");
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
             "# Folder with the publishers' keys, ORGANISATION.key: used by `submit --organisation` and `replay`.\n"
             "publisher_keys = \"secret\"\n");
    buffer_printf(out,
                  "visits\n"
                  "    endpoint = \"tcp://%s:%" PRId64 "\"\n"
                  "    # The daemon's public key file: it proves that it is the one.\n"
                  "    server_key = \"public/visits.pub\"\n"
                  "aggregator\n"
                  "    endpoint = \"tcp://%s:%" PRId64 "\"\n"
                  "    server_key = \"public/aggregator.pub\"\n",
                  settings->visits_host, settings->visits_port, settings->aggregator_host, settings->aggregator_port);
}
