#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "support/visits_fixture.h"

/* State = fold of the log: the private bodies alone, from empty, give the same bytes as the running registry. */

static uint64_t random_next(uint64_t *seed) {
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix64(*seed);
}

static unsigned random_below(uint64_t *seed, unsigned n) {
    return (unsigned)(random_next(seed) % n);
}

static void register_facilities(struct fixture *fixture) {
    static const struct act acts[] = {{REGISTER, "h1", "First", .region = 411002},
                                      {REGISTER, "h2", "Second", .region = 411081},
                                      {REGISTER, "h1", "First, renamed", .region = 411002}};
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        struct decision decision;
        fixture_act(fixture, &acts[i], &decision);
        assert_int_equal(decision.event_count, 1);
    }
}

/* Any command about any of few visits of few persons. */
static void random_step(struct fixture *fixture, uint64_t *seed) {
    static const enum verb verbs[] = {OPEN, OPEN, OPEN, CANCEL, CHANGE, CLOSE, SAY, SAY, SAY, SAY, MOVE};
    static const char *const facilities[] = {"h1", "h2"};
    static const char *const locals[] = {NULL, "La", "Lb", "Lc"};
    static const char *const departments[] = {NULL, "surgery", "medicine"};
    static const char *const movements[] = {NULL, NULL, "m1", "m2"};
    char number[16], other[16], rid[RESIDENT_ID_BYTES];
    snprintf(number, sizeof number, "V%u", random_below(seed, 30));
    snprintf(other, sizeof other, "V%u", random_below(seed, 30));
    make_resident_id(random_below(seed, 6), rid);
    struct act act = {.verb = verbs[random_below(seed, 11)],
                      .org = facilities[random_below(seed, 2)],
                      .number = number,
                      .rid = random_below(seed, 2) ? rid : NULL,
                      .local = locals[random_below(seed, 4)],
                      .local2 = locals[random_below(seed, 4)],
                      .card = 1 + (int)random_below(seed, 4),
                      .class_of = 1 + (int)random_below(seed, 6),
                      .said = (enum said)(1 + random_below(seed, 10)),
                      .other = random_below(seed, 4) == 0 ? other : NULL,
                      .department = departments[random_below(seed, 3)],
                      .movement = movements[random_below(seed, 4)],
                      .creates = random_below(seed, 2)};
    if (random_below(seed, 8) == 0) {
        act.called = "2020-07-03T10:00";
        act.arrived = "2020-07-03T10:20";
    }
    const int64_t at_ms = INT64_C(1577836800000) + random_below(seed, 400) * INT64_C(86400000);
    struct act_body body;
    struct decision decision;
    const struct command command =
        act_command_at(&act, at_ms, INT64_C(1577836800000) + random_below(seed, 1000) * INT64_C(60000), &body);
    fixture_step(fixture, &command, &decision);
}

/* From places in memory where nothing is aligned, as a log gives them. */
static void fold(const struct fixture *from, struct fixture *to) {
    static uint8_t bytes[1 + EVENT_PRIVATE_BYTES_MAX];
    for (size_t i = 0; i < from->log_size; i++) {
        const struct kept_event *kept = &from->log[i];
        memcpy(bytes + 1, kept->body, kept->size);
        const struct event event = {
            .type = kept->type, .seq = i + 1, .private_body = bytes + 1, .private_size = kept->size};
        arena_reset(&to->arena);
        assert_non_null(visits_prepare_event(&event, &to->arena));
        visits_evolve(&to->visits, &event);
    }
}

static void fold_equals_running_state(void **state) {
    (void)state;
    for (uint64_t run = 1; run <= 20; run++) {
        struct fixture running, folded;
        uint64_t seed = run;
        uint8_t a[32], b[32];
        fixture_init(&running, 1000, 1000);
        fixture_init(&folded, 1000, 1000);
        running.keeps_log = true;
        register_facilities(&running);
        for (int i = 0; i < 600; i++) {
            random_step(&running, &seed);
        }
        fold(&running, &folded);
        state_hash(&running.state, a);
        state_hash(&folded.state, b);
        if (memcmp(a, b, sizeof a) != 0) {
            fail_msg("seed %llu: the fold differs", (unsigned long long)run);
        }
        assert_true(running.visits.visits.count > 40 && running.visits.records.count > 10);
        assert_true(running.visits.extras.count > 10 && running.visits.claims.count > 10);
        fixture_release(&running);
        fixture_release(&folded);
    }
}

/* decide changes nothing: only its events do. */
static void deciding_changes_nothing(void **state) {
    (void)state;
    struct fixture f;
    struct decision decision = {.event_count = 0};
    struct act_body body;
    uint8_t before[32], after[32];
    fixture_init(&f, 10, 10);
    register_facilities(&f);
    const struct act act = {OPEN, "h1", "V1", .local = "L"};
    const struct command command = act_command_at(&act, INT64_C(1577836800000), 0, &body);
    state_hash(&f.state, before);
    visits_decide(&f.visits, &command, &f.arena, &decision);
    state_hash(&f.state, after);
    assert_int_equal(decision.event_count, 1);
    assert_memory_equal(before, after, sizeof before);
    fixture_release(&f);
}

/* The bytes of private bodies are for ever. When this fails, a log that exists cannot be folded any more: give the
 * changed event a new number instead. */
static void private_bodies_stay(void **state) {
    (void)state;
    static const char want[] = "e5113e47342433b21aa91a3b753a03b9";
    static const struct act acts[] = {
        {OPEN, "h1", "V1", "2020-07-03T10:00", "2020-07-03T10:01", .local = "L"},
        {OPEN, "h2", "V1", "2020-07-03T10:00", "2020-07-03T10:01", .rid = "411002199003070014", .class_of = 1},
        {OPEN, "h1", "V1", "2020-07-04T10:00", "2020-07-04T10:01", .local = "L", .rid = "411002199003070014"},
        {OPEN, "h1", "V2", "2020-07-04T10:00", "2020-07-04T10:01", .local = "L", .rid = "11010519491231002X",
         .card = 4},
        {CHANGE, "h1", "V1", "2020-07-05T10:00", "2020-07-05T10:01", .class_of = 3},
        {OPEN, "h1", "V1", "2020-07-04T12:00", "2020-07-05T10:00", .local = "L"},
        {CLOSE, "h1", "V1", .at = "2020-07-06T10:00", .recorded = "2020-07-06T10:01"},
        {CANCEL, "h1", "V1", .at = "2020-07-07T10:00", .recorded = "2020-07-07T10:01"},
        {CHANGE, "h1", "V1", "2020-07-09T10:00", "2020-07-09T10:01", .class_of = 1},
        {OPEN, "h1", "V1", "2020-07-08T10:00", "2020-07-08T10:01", .rid = "11010519491231002X"},
        {SAY, "h1", "V3", "2020-07-08T10:00", .said = OPENED, .local = "L", .department = "surgery"},
        {SAY, "h1", "V4", "2020-07-08T10:00", .said = MOVED, .local = "L", .department = "medicine", .creates = true,
         .movement = "m1", .called = "2020-07-08T09:00", .arrived = "2020-07-08T09:30", .urban = true},
        {SAY, "h1", "V5", "2020-07-08T10:00", .said = PRE_ADMITTED, .local = "L", .movement = "m2"},
        {SAY, "h1", "V5", "2020-07-08T10:00", .said = CANCELLED, .movement = "m2"},
        {SAY, "h1", "V5", "2020-07-09T10:00", .said = PRE_CANCELLED},
        {SAY, "h1", "V4", "2020-07-09T10:00", .said = CLASSED, .other = "V3", .class_of = 1},
        {MOVE, "h1", "V4", "2020-07-09T10:00", .other = "V6", .local = "M"},
    };
    struct fixture f;
    crypto_generichash_state hash;
    uint32_t types = 0; /* bits */
    uint8_t sum[16];
    char text[2 * sizeof sum + 1];
    fixture_init(&f, 10, 20);
    f.keeps_log = true;
    register_facilities(&f);
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        struct decision decision;
        fixture_act(&f, &acts[i], &decision);
        assert_true(decision.event_count > 0);
    }
    crypto_generichash_init(&hash, NULL, 0, sizeof sum);
    for (size_t i = 0; i < f.log_size; i++) {
        types |= 1u << f.log[i].type;
        const uint32_t head[2] = {f.log[i].type, (uint32_t)f.log[i].size};
        crypto_generichash_update(&hash, (const uint8_t *)head, sizeof head);
        crypto_generichash_update(&hash, f.log[i].body, f.log[i].size);
    }
    crypto_generichash_final(&hash, sum, sizeof sum);
    assert_int_equal(types, 1u << 1 | 1u << 4 | 1u << 5 | 31u << 7 | 3u << 13); /* old ones apart, all of visits */
    assert_string_equal(sodium_bin2hex(text, sizeof text, sum, sizeof sum), want);
    fixture_release(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fold_equals_running_state),
        cmocka_unit_test(deciding_changes_nothing),
        cmocka_unit_test(private_bodies_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
