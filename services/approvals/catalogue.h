#ifndef APPROVALS_CATALOGUE_H
#define APPROVALS_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "approvals/state.h"
#include "approvals/v1/commands.pb-c.h"
#include "base/arena.h"
#include "wire/keys.h"

/*
 * The checks of an item of the catalogue, as one table: GB/T 39046-2020 and what the service bureaus of cities ask of
 * their item lists. rules_publish_item refuses by the first that fails, CheckItems names all. docs/catalogue.md shows
 * the table. Pure.
 */
#define CATALOGUE_LONG_TEXT_BYTES_MAX 500 /* visits_reason, fee.* */
#define CATALOGUE_PHONE_BYTES_MAX 50
#define CATALOGUE_RESULT_BYTES_MAX 199
#define CATALOGUE_TOPICS_MAX 32
#define CATALOGUE_TOPIC_BYTES_MAX 60
#define CATALOGUE_AMOUNT_MAX 999
#define CATALOGUE_VISITS_MAX 9
#define CATALOGUE_STEPS_MAX 99
#define CATALOGUE_RULES_MAX 64

/* One item under its checks. */
struct catalogue_check {
    const struct approvals *self;
    const Approvals__V1__PublishItem *item;
    const char *organisation; /* of the key it comes with */
    enum role role;
    int32_t today;
    uint32_t agency;                    /* row; 0: not registered */
    uint32_t known;                     /* row of the item; 0: new */
    uint64_t content;                   /* of what is published, as struct item_version.content */
    unsigned clients, channels, online; /* as in struct item_version */
    struct limit promised, statutory;
};

struct catalogue_rule {
    const char *rule;              /* "C01": stable, in scripts and in printed lists */
    const char *field;             /* of PublishItem; of several the first */
    uint32_t code;                 /* approvals.v1.Code or common.v1.Code of the refusal */
    const char *english, *chinese; /* one sentence: what is wrong, and what to do */
    /* The field at fault; NULL: it holds. */
    const char *(*broken)(const struct catalogue_check *check);
};

/* Ended by a NULL rule; at most CATALOGUE_RULES_MAX before it. */
extern const struct catalogue_rule catalogue_rules[];

/* Looks up what the checks need. False: beyond what the arena gives (only a hostile item is as large as that).
 * organisation: of the key; today: the registry's day, by which the past is told from the future. */
bool catalogue_begin(struct catalogue_check *check, const struct approvals *self,
                     const Approvals__V1__PublishItem *item, const char *organisation, enum role role, int32_t today,
                     struct arena *arena);
/* Whether this version is known with this content: it changes nothing, whatever the checks would say of it today. */
bool catalogue_is_unchanged(const struct catalogue_check *check);
/* The first rule from *at on that is broken, *at moved behind it, *field what is at fault; NULL: no more. */
const struct catalogue_rule *catalogue_next_broken(const struct catalogue_check *check, size_t *at, const char **field);
/* The version as a row: item, older, until_day are left 0. Only of an item that breaks no rule. */
void catalogue_fill_version(const struct catalogue_check *check, struct item_version *version);
/* The registry's day: of the clock, or of the last Tick command where time comes with commands. */
int32_t catalogue_today(const struct approvals *self, int64_t now_ms);

/* Depth of what can be done online, 1..4 (national codes; online: bits of OnlineStep): IV with 5, 6 or 7, III with 4,
 * II with 2 or 3, else I. */
static inline unsigned catalogue_depth(unsigned online) {
    if ((online & (1u << 5 | 1u << 6 | 1u << 7)) != 0) {
        return 4;
    }
    return (online & 1u << 4) != 0 ? 3 : (online & (1u << 2 | 1u << 3)) != 0 ? 2 : 1;
}

/* Whether it can be applied for online at all: by web or by mobile. channels: bits of Channel. */
static inline bool catalogue_is_online(unsigned channels) {
    return (channels & (1u << 2 | 1u << 3)) != 0;
}

/* A version that takes effect and was not taken back before that day. */
static inline bool catalogue_is_live(const struct item_version *version) {
    return version->until_day > version->effective_day;
}

/* The newest version of an item that takes effect; 0: none. */
uint32_t catalogue_newest_live(const struct approvals *self, uint32_t item);

#endif
