#ifndef CLIENT_LIANCHENG_BACKLOG_H
#define CLIENT_LIANCHENG_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/status.h"

/*
 * What the client library was given and the registry has not confirmed: in a spool, or in memory (bounded by
 * bytes_max). Internal to it.
 */
struct backlog;

struct backlog_options {
    const char *spool_path;    /* NULL: in memory */
    const char *seal_key_path; /* made when neither it nor the spool is there */
    const char *organisation;  /* NULL: not said */
    int64_t retention_ms;
    uint64_t bytes_max;
};

struct backlog_item {
    uint64_t number;
    struct id id;
    int64_t occurred_at_ms;
    int64_t submitted_at_ms;
    uint64_t expected_version;
    const char *reference; /* never NULL; at most 64 bytes */
    const uint8_t *body;
    size_t body_size;
    uint32_t verdict; /* enum backlog_verdict */
    uint32_t code;
};
enum backlog_verdict { BACKLOG_WAITING = 0, BACKLOG_ACCEPTED = 1, BACKLOG_REFUSED = 2 };

struct backlog_verdict_of {
    uint64_t number;
    uint32_t verdict;
    uint32_t code;
};

/* As spool_open and secret_load; *problem then says what is wrong (static text). */
enum status backlog_open(const struct backlog_options *options, struct backlog **backlog, const char **problem);
void backlog_close(struct backlog **backlog);
bool backlog_is_kept(const struct backlog *backlog);

/* Several in one transaction; add alone is one of its own. */
enum status backlog_begin(struct backlog *backlog);
enum status backlog_commit(struct backlog *backlog);
void backlog_rollback(struct backlog *backlog);
/* Fills number. EXISTS: the reference is known with this content, under the number then filled. MEMORY: full. */
enum status backlog_add(struct backlog *backlog, struct backlog_item *item);

/* Hands out what was not handed out since the opening, in order, until take returns false: that one comes again. */
enum status backlog_feed(struct backlog *backlog, bool (*take)(void *user, const struct backlog_item *item),
                         void *user);
/* In one transaction. */
enum status backlog_settle(struct backlog *backlog, const struct backlog_verdict_of *verdicts, size_t count,
                           int64_t now_ms);
uint64_t backlog_waiting(const struct backlog *backlog);
/* A bounded piece of forgetting what is old. */
void backlog_tidy(struct backlog *backlog, int64_t now_ms);

/* Only where backlog_is_kept. Without reference and body. NOT_FOUND. */
enum status backlog_find(struct backlog *backlog, const char *reference, struct backlog_item *item);
enum status backlog_refused(struct backlog *backlog, uint64_t after, uint32_t limit,
                            bool (*visit)(void *user, const struct backlog_item *item), void *user);

#endif
