#ifndef TESTS_ISSUES_SAID_H
#define TESTS_ISSUES_SAID_H

#include "support/issues_fixture.h"

/* What a registry of issues does by itself with clues and slips, written down as words, and what the feed says of them.
 * Header only. Needs an office that keeps its log. */
struct said {
    char words[2048];        /* "notice_passed@2020-06-09 L1_issued@2020-06-09 ..." */
    char feed[4096];         /* the same of the feed, every step: "4:3>4@2020-06-10 ..."; slips "slip:unit:L1:1@..." */
    const struct issues *of; /* whose slips */
};

static inline void said_add(char *words, size_t size, const char *word, int64_t at_ms) {
    const size_t used = strlen(words);
    char time[30];
    civil_time_format(at_ms, time); /* "2020-06-06T00:00:00.000+08:00" */
    time[strncmp(time + 11, "00:00", 5) == 0 ? 10 : 16] = '\0';
    snprintf(words + used, size - used, "%s%s@%s", used == 0 ? "" : " ", word, time);
}

static inline void said_slip(struct said *said, uint32_t level, unsigned state, uint32_t at) {
    static const char *const words[] = {"", "issued", "replied", "accepted", "refused", "lapsed", "closed"};
    char word[24];
    snprintf(word, sizeof word, "L%u_%s", level, words[state]);
    said_add(said->words, sizeof said->words, word, (int64_t)at * 1000);
}

static inline void said_clue_step(struct said *said, const struct event *event) {
    static const char *const words[] = {"notice_passed", "receipt_late", "decision_late", "reply_late", "due_changed"};
    struct event_clue_step body;
    memcpy(&body, event->private_body, sizeof body);
    if (body.actor == COMMON__V1__ACTOR__ACTOR_SYSTEM) {
        const unsigned place = body.step - ISSUES__V1__CLUE_STEP__CLUE_STEP_NOTICE_PASSED;
        said_add(said->words, sizeof said->words, place < 5 ? words[place] : "?", (int64_t)body.at * 1000);
    }
}

static inline void said_public(struct said *said, const ProtobufCMessage *message) {
    const Issues__V1__Event *event = (const Issues__V1__Event *)message;
    char word[64] = "";
    if (event->body_case == ISSUES__V1__EVENT__BODY_CLUE_MOVED) {
        const Issues__V1__ClueMoved *moved = event->clue_moved;
        snprintf(word, sizeof word, "%d:%d>%d%s", moved->step, moved->before, moved->after, moved->on_time ? "+" : "");
        said_add(said->feed, sizeof said->feed, word, civil_ms_of_day((int32_t)moved->day));
    } else if (event->body_case == ISSUES__V1__EVENT__BODY_SLIP_CHANGED) {
        const Issues__V1__SlipChanged *changed = event->slip_changed;
        snprintf(word, sizeof word, "slip%d:%s:%u:L%u:%d", changed->kind, changed->agency, changed->region,
                 changed->level, changed->state);
        said_add(said->feed, sizeof said->feed, word, civil_ms_of_day((int32_t)changed->day));
    }
}

static inline void said_watch(void *user, const struct event *event) {
    struct said *said = user;
    if (event->type == EVENT_CLUE_STEP) {
        said_clue_step(said, event);
    } else if (event->type == EVENT_SLIP_ISSUED) {
        struct slip_issued_body body;
        memcpy(&body, event->private_body, sizeof body);
        said_slip(said, body.level, SLIP_ISSUED, body.at);
    } else if (event->type == EVENT_SLIP_MOVED) {
        struct slip_moved_body body;
        memcpy(&body, event->private_body, sizeof body);
        said_slip(said, issues_slip(said->of, body.slip)->level, body.state, body.at);
    }
    if (event->public_body != NULL) {
        said_public(said, event->public_body);
    }
}

#endif
