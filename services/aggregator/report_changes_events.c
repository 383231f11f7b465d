#include "aggregator/report_changes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/report_run.h"
#include "base/check.h"

struct walk {
    struct report_changes *changes;
    const char *source;
    size_t *change_of; /* of each wanted set */
};

static bool on_event(const struct explain_event *event, void *user) {
    struct walk *walk = user;
    struct report_changes *changes = walk->changes;
    size_t number = walk->change_of[event->want];
    changes->changes[number].events++;
    changes->changes[number].explained += event->delta;
    if (changes->event_count < REPORT_EVENTS_MAX) {
        changes->events[changes->event_count++] = (struct report_change_event){
            .change = number,
            .source = walk->source,
            .type = event->type,
            .seq = event->seq,
            .at_ms = event->at_ms,
            .delta = event->delta,
        };
    }
    return true;
}

/* The sets that a registry of this kind counts. */
static size_t choose_wants(const struct report_changes *changes, const char *kind, struct explain_want *wants,
                           size_t *change_of) {
    size_t count = 0;
    for (size_t i = 0; i < changes->count && count < EXPLAIN_WANTS_MAX; i++) {
        if (changes->changes[i].kind != NULL && strcmp(changes->changes[i].kind, kind) == 0) {
            wants[count] = changes->changes[i].want;
            change_of[count++] = i;
        }
    }
    return count;
}

static void walk_log(struct walk *walk, const struct explain_query *query, const struct report_source *source) {
    struct explain_result result = {.head = 0};
    char epoch[ID_TEXT_BYTES];
    enum status status = explain_log(query, &result);
    id_format(&result.epoch, epoch);
    if (status != STATUS_OK) {
        report_error(0, "%s: its log %s cannot be read: %s; its events are missing below", source->name, query->path,
                     status_name(status));
    } else if (source->epoch != NULL && strcmp(source->epoch, epoch) != 0) {
        report_error(0, "%s: its log is another one than when this was published; the events below are of the new one",
                     walk->source);
    }
}

static const char *source_string(const struct config *config, const char *source, const char *key) {
    for (size_t i = 0;; i++) {
        char path[256];
        const char *name = config_child(config, "/sources", i);
        if (name == NULL) {
            return NULL;
        }
        if (strcmp(name, source) == 0) {
            snprintf(path, sizeof path, "/sources/%s/%s", source, key);
            return config_string(config, path);
        }
    }
}

void report_changes_walk(struct report_changes *changes, const struct config *config, const struct report_source *source) {
    const char *path = source_string(config, source->name, "log"), *kind = source_string(config, source->name, "kind");
    if (changes->count == 0 || source->now <= source->published) {
        return; /* nothing came */
    }
    if (path == NULL || path[0] == '\0') {
        report_error(0, "%s: no log of it is known (/sources/%s/log); its events are missing below", source->name,
                     source->name);
        return;
    }
    struct explain_want *wants = calloc(EXPLAIN_WANTS_MAX, sizeof *wants);
    size_t *change_of = calloc(EXPLAIN_WANTS_MAX, sizeof *change_of);
    CHECK(wants != NULL && change_of != NULL);
    struct walk walk = {.changes = changes, .source = source->name, .change_of = change_of};
    const struct explain_query query = {.path = path,
                                        .kind = kind,
                                        .after = source->published,
                                        .up_to = source->now,
                                        .wants = wants,
                                        .want_count = choose_wants(changes, kind, wants, change_of),
                                        .visit = on_event,
                                        .user = &walk};
    if (query.want_count > 0) {
        walk_log(&walk, &query, source);
    }
    free(wants);
    free(change_of);
}
