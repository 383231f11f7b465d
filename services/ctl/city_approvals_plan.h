#ifndef CTL_CITY_APPROVALS_PLAN_H
#define CTL_CITY_APPROVALS_PLAN_H

#include "ctl/city_approvals_internal.h"

/* One case being drawn: shared by city_approvals_choose.c and city_approvals_cases.c only. */

#define PLAN_STEPS_MAX 40
#define TIME(hour, minute) ((hour)*3600u + (minute)*60u)
#define STEP(name) APPROVALS__V1__CASE_STEP__CASE_STEP_##name
#define ACTOR(name) COMMON__V1__ACTOR__ACTOR_##name
#define CHANNEL(name) APPROVALS__V1__CHANNEL__CHANNEL_##name
#define CHANNELS_ONLINE (1u << CHANNEL(WEB) | 1u << CHANNEL(MOBILE))

struct plan {
    struct city_approvals *city;
    struct city_case *row;
    const struct city_item *item;
    const struct city_version *version;
    struct city_random random;
    uint32_t case_row;
    uint32_t now;      /* s, of the last step */
    uint32_t accepted; /* s, from which the clocks run */
    uint32_t paused;   /* workdays that did not count */
    uint16_t agency;
    bool with_clerk; /* taken in and handed out at the service hall */
    struct city_step steps[PLAN_STEPS_MAX];
    uint32_t count;
};

static inline bool happens(struct plan *p, uint32_t share) {
    return city_happens(&p->random, share);
}
static inline bool works_on(int32_t day) {
    return city_is_workday(day, CITY_KNOWS_ALL);
}
/* Some moment of a day's office hours. */
uint32_t city_plan_in_hours(struct plan *p, int32_t day);
/* Workdays that the calendar has to know from the receipt on, so that a deadline can be told at acceptance. */
uint32_t city_workdays_needed(const struct city_version *version);
/* Item, applicant and time of receipt on a day (or online on a day off). */
void city_plan_choose(struct plan *p, int32_t day);

#endif
