#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/civil.h"
#include "feed/follower.h"
#include "support/feed_owner.h"
#include "support/peers.h"

#define WINDOW 1000
#define CONNECTING COMMON__V1__SOURCE_STATE__SOURCE_STATE_CONNECTING
#define FOLLOWING COMMON__V1__SOURCE_STATE__SOURCE_STATE_FOLLOWING
#define STOPPED COMMON__V1__SOURCE_STATE__SOURCE_STATE_STOPPED

/* An owner and a follower on real sockets, moved by one thread. What arrives is checked against what was appended. */
struct feed {
    struct test_keys keys;
    const char *follower_key;
    const char *reader_key;
    struct feed_owner owner;
    char endpoint[128];
    struct follower *follower;
    int64_t skipped_ms; /* what the test let pass without waiting */

    uint64_t up_to;  /* as handed over */
    uint64_t events; /* number of events handed over */
    bool consumes;   /* says at once that it is done with them */
    uint32_t followed;
};

static void on_batch(void *user, const Common__V1__Batch *batch) {
    struct feed *feed = user;
    assert_int_equal(batch->after, feed->up_to);
    for (size_t i = 0; i < batch->n_events; i++) {
        const Common__V1__Event *event = batch->events[i];
        uint64_t number;
        assert_int_equal(event->body.len, sizeof number);
        memcpy(&number, event->body.data, sizeof number);
        assert_int_equal(number, event->seq);
    }
    feed->up_to = batch->up_to;
    feed->events += batch->n_events;
    if (feed->consumes) {
        follower_consumed(feed->follower, (uint32_t)batch->n_events);
    }
}

static void on_followed(void *user, const struct id *epoch, uint64_t head) {
    struct feed *feed = user;
    assert_true(id_equal(epoch, &feed->owner.epoch));
    assert_int_equal(head, feed->owner.head);
    feed->followed++;
}

/* Every tenth row has no public body. */
static void append(struct feed *feed, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        uint64_t number = feed->owner.head + 1;
        feed_owner_append(&feed->owner, number % 10 == 0 ? NULL : &number, sizeof number);
    }
}

static void open_owner(struct feed *feed, const char *bind) {
    feed_owner_open(&feed->owner, bind, feed->keys.server_key_path, feed->keys.keys_path);
    snprintf(feed->endpoint, sizeof feed->endpoint, "%s", server_endpoint(feed->owner.server));
}

static void begin_following(struct feed *feed, const char *key, struct id epoch, uint64_t after) {
    struct follower_options options = {
        .name = "test",
        .endpoint = feed->endpoint,
        .key_path = key,
        .server_key_path = feed->keys.server_public_path,
        .epoch = epoch,
        .after = after,
        .window_events = WINDOW,
        .batch = on_batch,
        .followed = on_followed,
        .user = feed,
    };
    feed->up_to = after;
    assert_int_equal(follower_new(&options, &feed->follower), STATUS_OK);
}

static void turn(struct feed *feed) {
    if (feed->owner.server != NULL) {
        feed_owner_pump(&feed->owner, 2);
    } else {
        zmq_poll(NULL, 0, 2);
    }
    follower_pump(feed->follower, 16);
    follower_tick(feed->follower, clock_monotonic_ms() + feed->skipped_ms);
}

#define TURN_UNTIL(feed, condition)                                                                                    \
    while (!(condition)) {                                                                                             \
        turn(feed);                                                                                                    \
    }

/* So many pings go there and back: whatever else was on its way has arrived. */
static void turn_pings(struct feed *feed, uint32_t pings) {
    uint32_t target = feed->owner.pings_seen + pings;
    while (feed->owner.pings_seen < target) {
        feed->skipped_ms += 200;
        turn(feed);
    }
    for (int i = 0; i < 5; i++) {
        turn(feed);
    }
}

static int set_up(void **state) {
    struct feed *feed = calloc(1, sizeof *feed);
    assert_non_null(feed);
    test_keys_make(&feed->keys);
    feed->follower_key = test_keys_add(&feed->keys, "aggregator/follower", "aggregator", "follower");
    feed->reader_key = test_keys_add(&feed->keys, "bureau/reader", "bureau", "reader");
    feed->consumes = true;
    open_owner(feed, NULL);
    *state = feed;
    return 0;
}

static int tear_down(void **state) {
    struct feed *feed = *state;
    follower_destroy(&feed->follower);
    feed_owner_release(&feed->owner);
    test_keys_remove(&feed->keys);
    free(feed);
    return 0;
}

/* --- The conversation as it should be -------------------------------------------------------------------------------- */

static void every_event_arrives_once_in_order(void **state) {
    struct feed *feed = *state;
    append(feed, 12345);
    begin_following(feed, feed->follower_key, (struct id){0}, 0);
    TURN_UNTIL(feed, feed->up_to == 12345);
    append(feed, 500); /* live */
    TURN_UNTIL(feed, feed->up_to == 12845);
    assert_int_equal(feed->events, 12845 - 1284);
    struct follower_view view = follower_view(feed->follower);
    assert_int_equal(view.state, FOLLOWING);
    assert_int_equal(view.up_to, 12845);
    assert_int_equal(view.head, 12845);
    assert_true(id_equal(&view.epoch, &feed->owner.epoch));
    assert_true(view.as_of_ms > 0);
    assert_string_equal(view.alarm, "");
    assert_int_equal(feed->followed, 1);
    /* Credit came in chunks, not for each batch. */
    assert_in_range(feed->owner.credits_seen, 1, 12845 / (WINDOW / 4) + 1);
}

static void it_goes_on_from_a_cursor(void **state) {
    struct feed *feed = *state;
    append(feed, 1000);
    begin_following(feed, feed->follower_key, feed->owner.epoch, 900);
    TURN_UNTIL(feed, feed->up_to == 1000);
    assert_int_equal(feed->owner.last_after, 900);
    assert_int_equal(feed->events, 90);
}

static void no_more_than_the_window_is_on_its_way(void **state) {
    struct feed *feed = *state;
    append(feed, 5000);
    feed->consumes = false;
    begin_following(feed, feed->follower_key, (struct id){0}, 0);
    TURN_UNTIL(feed, feed->events == WINDOW);
    turn_pings(feed, 2);
    assert_int_equal(feed->events, WINDOW);
    follower_consumed(feed->follower, WINDOW / 4 - 1); /* less than a chunk: kept */
    turn_pings(feed, 2);
    assert_int_equal(feed->events, WINDOW);
    follower_consumed(feed->follower, 1);
    TURN_UNTIL(feed, feed->events == WINDOW + WINDOW / 4);
    turn_pings(feed, 2);
    assert_int_equal(feed->events, WINDOW + WINDOW / 4);
    assert_int_equal(feed->owner.credit_seen, WINDOW + WINDOW / 4);
    follower_consumed(feed->follower, 100 * WINDOW); /* more than it was given counts for nothing */
    TURN_UNTIL(feed, feed->events == 2 * WINDOW + WINDOW / 4);
    turn_pings(feed, 2);
    assert_int_equal(feed->events, 2 * WINDOW + WINDOW / 4);
}

/* --- The owner goes and comes ---------------------------------------------------------------------------------------- */

static void a_restarted_owner_is_followed_again(void **state) {
    struct feed *feed = *state;
    append(feed, 700);
    begin_following(feed, feed->follower_key, (struct id){0}, 0);
    TURN_UNTIL(feed, feed->up_to == 700);
    feed_owner_close(&feed->owner);
    for (int i = 0; i < 10; i++) {
        turn(feed);
    }
    append(feed, 300);
    open_owner(feed, feed->endpoint);
    TURN_UNTIL(feed, feed->up_to == 1000);
    assert_int_equal(feed->owner.last_after, 700);
    assert_int_equal(feed->events, 900);
    assert_int_equal(feed->followed, 2);
}

static void silence_makes_it_ask_again(void **state) {
    struct feed *feed = *state;
    append(feed, 700);
    begin_following(feed, feed->follower_key, (struct id){0}, 0);
    TURN_UNTIL(feed, feed->up_to == 700);
    uint64_t old_request = feed->owner.follow_request;
    uint32_t follows = feed->owner.follows_seen;
    feed->owner.mute = true;
    for (int i = 0; i < 12; i++) { /* 12 s without an answer */
        feed->skipped_ms += 1000;
        turn(feed);
    }
    assert_int_equal(follower_view(feed->follower).state, CONNECTING);
    feed->owner.mute = false;
    append(feed, 300);
    TURN_UNTIL(feed, (feed->skipped_ms += 500, feed->owner.follows_seen > follows));
    feed_owner_send_stale(&feed->owner, old_request);
    TURN_UNTIL(feed, feed->up_to == 1000);
    turn_pings(feed, 1);
    assert_int_equal(feed->events, 900);
    assert_int_equal(follower_view(feed->follower).state, FOLLOWING);
}

static void it_waits_for_an_owner_that_is_not_there_yet(void **state) {
    struct feed *feed = *state;
    append(feed, 100);
    feed_owner_close(&feed->owner);
    begin_following(feed, feed->follower_key, (struct id){0}, 0);
    for (int i = 0; i < 10; i++) {
        turn(feed);
    }
    assert_int_equal(follower_view(feed->follower).state, CONNECTING);
    open_owner(feed, feed->endpoint);
    TURN_UNTIL(feed, feed->up_to == 100);
}

static void a_key_of_another_role_is_an_alarm_until_it_is_right(void **state) {
    struct feed *feed = *state;
    begin_following(feed, feed->reader_key, (struct id){0}, 0);
    TURN_UNTIL(feed, follower_view(feed->follower).alarm[0] != '\0');
    assert_int_equal(follower_view(feed->follower).state, CONNECTING);
    uint32_t follows = feed->owner.follows_seen;
    TURN_UNTIL(feed, (feed->skipped_ms += 200, feed->owner.follows_seen > follows)); /* and it asks again */
}

/* --- Alarms ---------------------------------------------------------------------------------------------------------- */

enum fault { FAULT_EPOCH, FAULT_HEAD, FAULT_GAP, FAULT_ORDER };

static void make_fault(struct feed *feed, enum fault fault) {
    switch (fault) {
    case FAULT_EPOCH:
        feed->owner.epoch = id_random();
        return;
    case FAULT_HEAD:
        feed_owner_cut(&feed->owner, 300);
        return;
    case FAULT_GAP:
        feed->owner.lose_batch = true;
        return;
    case FAULT_ORDER:
        feed->owner.swap_events = true;
        return;
    }
}

static void each_fault_stops_it_and_a_restart_goes_on(void **state) {
    static const struct {
        enum fault fault;
        bool by_restart; /* the owner comes back with it */
        const char *alarm;
    } cases[] = {
        {FAULT_EPOCH, true, "another epoch"},
        {FAULT_HEAD, true, "below the cursor"},
        {FAULT_GAP, false, "gap"},
        {FAULT_ORDER, false, "rise"},
        {FAULT_EPOCH, false, "another epoch"}, /* without a word: the batch itself says so */
    };
    struct feed *feed = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        append(feed, 700 - feed->owner.head);
        begin_following(feed, feed->follower_key, (struct id){0}, 0);
        TURN_UNTIL(feed, feed->up_to == 700);
        if (cases[i].by_restart) {
            feed_owner_close(&feed->owner);
        }
        make_fault(feed, cases[i].fault);
        if (cases[i].by_restart) {
            open_owner(feed, feed->endpoint);
        } else {
            append(feed, 200);
        }
        TURN_UNTIL(feed, follower_view(feed->follower).state == STOPPED);
        assert_non_null(strstr(follower_view(feed->follower).alarm, cases[i].alarm));
        for (int n = 0; n < 30; n++) { /* it stays stopped, whatever time passes */
            feed->skipped_ms += 1000;
            turn(feed);
        }
        assert_int_equal(follower_view(feed->follower).state, STOPPED);
        assert_int_equal(feed->up_to, 700);

        feed->up_to = 0;
        feed->events = 0;
        follower_restart(feed->follower, &(struct id){0}, 0);
        assert_string_equal(follower_view(feed->follower).alarm, "");
        TURN_UNTIL(feed, feed->up_to == feed->owner.head);
        assert_int_equal(feed->events, feed->owner.head - feed->owner.head / 10);
        follower_destroy(&feed->follower);
        feed_owner_cut(&feed->owner, 0);
        feed->owner.follows = false;
    }
}

static void it_starts_stopped_on_another_epoch(void **state) {
    struct feed *feed = *state;
    append(feed, 10);
    begin_following(feed, feed->follower_key, id_random(), 5);
    TURN_UNTIL(feed, follower_view(feed->follower).state == STOPPED);
    assert_int_equal(feed->events, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_event_arrives_once_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_goes_on_from_a_cursor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_more_than_the_window_is_on_its_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_restarted_owner_is_followed_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_makes_it_ask_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_waits_for_an_owner_that_is_not_there_yet, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_of_another_role_is_an_alarm_until_it_is_right, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_fault_stops_it_and_a_restart_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_starts_stopped_on_another_epoch, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
