#include "ctl/inflight.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

struct inflight_line {
    uint64_t line;
    uint8_t hash[SIDECAR_HASH_BYTES];
    enum { WAITING, ACCEPTED, DUPLICATE, REFUSED } outcome;
    uint32_t events;
    uint32_t code;
    char *field; /* owned, with the message; refused ones only */
    char *message;
};

void inflight_init(struct inflight *inflight, const struct contract *contract, struct sidecar *sidecar, FILE *rejects) {
    *inflight = (struct inflight){.contract = contract, .sidecar = sidecar, .rejects = rejects};
    inflight->lines = calloc(INFLIGHT_MAX, sizeof *inflight->lines);
    CHECK(inflight->lines);
}

static struct inflight_line *line_at(const struct inflight *inflight, uint64_t number) {
    return &inflight->lines[number % INFLIGHT_MAX];
}

static void forget(struct inflight_line *line) {
    free(line->field);
    free(line->message);
    *line = (struct inflight_line){.line = 0};
}

void inflight_release(struct inflight *inflight) {
    for (uint64_t number = inflight->first; number < inflight->next; number++) {
        forget(line_at(inflight, number));
    }
    free(inflight->lines);
    inflight->lines = NULL;
}

bool inflight_is_full(const struct inflight *inflight) {
    return inflight->next - inflight->first >= INFLIGHT_MAX;
}

bool inflight_is_empty(const struct inflight *inflight) {
    return inflight->next == inflight->first;
}

uint64_t inflight_add(struct inflight *inflight, uint64_t line, const uint8_t hash[SIDECAR_HASH_BYTES]) {
    CHECK(!inflight_is_full(inflight));
    struct inflight_line *added = line_at(inflight, inflight->next);
    added->line = line;
    memcpy(added->hash, hash, SIDECAR_HASH_BYTES);
    return inflight->next++;
}

static void write_reject(struct inflight *inflight, const struct inflight_line *line) {
    struct sidecar *sidecar = inflight->sidecar;
    const char *name = contract_code_name(inflight->contract, line->code);
    json_int_t count = json_integer_value(json_object_get(sidecar->by_code, name));
    json_object_set_new(sidecar->by_code, name, json_integer(count + 1));
    json_t *json = json_pack("{s:I, s:s, s:s, s:s}", "line", (json_int_t)line->line, "code", name, "field", line->field,
                             "message", line->message);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    if (!text) { /* what a daemon says is UTF-8; if not, the line and code still stand */
        text = strdup("{\"message\":\"not UTF-8\"}");
        CHECK(text);
    }
    fprintf(inflight->rejects, "%s\n", text);
    sidecar->rejects_bytes += strlen(text) + 1;
    free(text);
    json_decref(json);
}

static void leave(struct inflight *inflight, struct inflight_line *line) {
    struct sidecar *sidecar = inflight->sidecar;
    sidecar->line = line->line;
    memcpy(sidecar->hash, line->hash, SIDECAR_HASH_BYTES);
    switch (line->outcome) {
    case ACCEPTED:
        sidecar->accepted++;
        sidecar->events += line->events;
        break;
    case DUPLICATE:
        sidecar->duplicate++;
        break;
    case REFUSED:
        sidecar->refused++;
        write_reject(inflight, line);
        break;
    case WAITING:
        CHECK(!"a line that waits");
    }
    forget(line);
}

static void leave_all_done(struct inflight *inflight) {
    while (!inflight_is_empty(inflight) && line_at(inflight, inflight->first)->outcome != WAITING) {
        leave(inflight, line_at(inflight, inflight->first));
        inflight->first++;
    }
}

void inflight_refuse(struct inflight *inflight, uint64_t number, uint32_t code, const char *field,
                     const char *message) {
    struct inflight_line *line = line_at(inflight, number);
    line->outcome = REFUSED;
    line->code = code;
    line->field = strdup(field ? field : "");
    line->message = strdup(message ? message : "");
    CHECK(line->field && line->message);
    leave_all_done(inflight);
}

/* A duplicate of a refused command carries the first refusal; one of an accepted command may carry a warning. */
static bool is_refused(const Common__V1__Receipt *receipt) {
    return receipt->result == COMMON__V1__RESULT__RESULT_REFUSED ||
           (receipt->result == COMMON__V1__RESULT__RESULT_DUPLICATE && receipt->problem && receipt->first_seq == 0);
}

void inflight_receipt(struct inflight *inflight, uint64_t number, const Common__V1__Receipt *receipt) {
    if (number < inflight->first || number >= inflight->next || line_at(inflight, number)->outcome != WAITING) {
        return; /* a second receipt for the same command */
    }
    if (is_refused(receipt)) {
        const Common__V1__Problem *problem = receipt->problem;
        inflight_refuse(inflight, number, problem ? problem->code : 0, problem ? problem->field : "",
                        problem ? problem->message : "");
        return;
    }
    struct inflight_line *line = line_at(inflight, number);
    line->outcome = receipt->result == COMMON__V1__RESULT__RESULT_DUPLICATE ? DUPLICATE : ACCEPTED;
    line->events = receipt->events;
    leave_all_done(inflight);
}
