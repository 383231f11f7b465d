/* The synthetic year of government service: deterministic, in order, lawful in itself, and exactly what was printed about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "approvals/v1/events.pb-c.h"
#include "base/civil.h"
#include "base/hash.h"
#include "codes/credit_code.h"
#include "codes/region.h"
#include "codes/resident_id.h"
#include "ctl/city_approvals.h"
#include "ctl/city_approvals_internal.h"
#include "support/approvals_fixture.h"

#define BASE_MS UINT64_C(1600000000000)

static struct city_approvals *make(uint64_t seed, uint32_t cases) {
    struct city_approvals *city = NULL;
    const struct city_approvals_options options = {.seed = seed, .cases = cases, .base_ms = BASE_MS};
    assert_int_equal(city_approvals_new(&options, &city), STATUS_OK);
    return city;
}

/* A hash over everything that is sent. */
static uint64_t fingerprint(struct city_approvals *city) {
    uint64_t hash = 0;
    struct city_approvals_command command;
    uint8_t body[CITY_APPROVALS_BODY_BYTES_MAX];
    while (city_approvals_next(city, &command)) {
        hash = hash_mix64(hash ^ hash_bytes(body, city_approvals_pack(city, &command, body)));
        hash = hash_mix64(hash ^ hash_bytes(command.id.bytes, ID_BYTES));
        hash = hash_mix64(hash ^ (uint64_t)command.occurred_at_ms ^ command.agency ^ (uint64_t)command.wave << 40);
    }
    return hash;
}

static void same_options_give_the_same_stream(void **state) {
    (void)state;
    struct city_approvals *first = make(5, 3000), *second = make(5, 3000), *other = make(6, 3000);
    const uint64_t once = fingerprint(first);
    assert_true(once == fingerprint(second));
    assert_true(once != fingerprint(other));
    city_approvals_rewind(first);
    assert_true(once == fingerprint(first));
    assert_memory_equal(city_approvals_totals(first), city_approvals_totals(second), sizeof(struct city_approvals_totals));
    city_approvals_destroy(&first);
    city_approvals_destroy(&second);
    city_approvals_destroy(&other);
}

static void options_out_of_range_are_refused(void **state) {
    (void)state;
    struct city_approvals *city = NULL;
    assert_int_equal(city_approvals_new(&(struct city_approvals_options){.cases = 0}, &city), STATUS_USAGE);
    assert_int_equal(city_approvals_new(&(struct city_approvals_options){.cases = CITY_CASES_MAX + 1}, &city), STATUS_USAGE);
    assert_null(city);
}

/* --- The printed figures ------------------------------------------------------------------------------------------------------------ */

static void assert_printed(const struct city_approvals_totals *totals) {
    assert_int_equal(totals->licences_before, 822);
    assert_int_equal(totals->licences_after, 98);
    assert_int_equal(totals->rounds, 10);
    assert_int_equal(totals->in_force, 3235);
    assert_int_equal(totals->one_visit, 1225);
    assert_int_equal(totals->no_visit, 2010);
    assert_int_equal(totals->app, 375);
    assert_int_equal(totals->city_at_most_once, totals->city_items);
    assert_int_equal(totals->city_online_deep, totals->city_online);
    assert_true(totals->city_items > 400 && totals->city_online > 400);
    /* Half-up percent of 1 - promised / statutory. */
    const uint64_t tenths = 1000 - 1000 * totals->promised_hundredths / totals->statutory_hundredths;
    assert_int_equal((tenths + 5) / 10, 89);
    assert_true(totals->all.openings > 0);
    assert_true(totals->all.opening_minutes_max < 120);
}

/* Whatever the seed and the number of cases. */
static void printed_figures_come_out(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct city_approvals *city = make(seed, 200 + (uint32_t)seed * 40);
        assert_printed(city_approvals_totals(city));
        city_approvals_destroy(&city);
    }
}

/* The ten rounds lie on ten days of the year, each takes something, and only municipal licences go. */
static void rounds_are_days(void **state) {
    (void)state;
    struct city_approvals *city = make(3, 100);
    int32_t days[CITY_ROUNDS + 1] = {0};
    uint32_t removed[CITY_ROUNDS + 1] = {0}, back = 0;
    for (uint32_t i = 0; i < city->catalogue.count; i++) {
        const struct city_item *item = &city->catalogue.items[i];
        if (item->round > 0) {
            assert_true(days[item->round] == 0 || days[item->round] == item->removed_day);
            days[item->round] = item->removed_day;
            removed[item->round]++;
            assert_true(item->is_licence_of_city && item->level == 3);
            assert_null(city_item_on(item, item->removed_day));
            assert_non_null(city_item_on(item, item->removed_day - 1));
        } else if (item->removed_day != NOT_REMOVED && item->version_count == 2) {
            back++;
            assert_null(city_item_on(item, item->removed_day));
            assert_non_null(city_item_on(item, item->versions[1].effective_day));
        }
    }
    uint32_t sum = 0;
    for (size_t round = 1; round <= CITY_ROUNDS; round++) {
        assert_int_equal(civil_date_from_day(days[round]).year, 2020);
        assert_true(removed[round] > 0 && (round == 1 || days[round] > days[round - 1]));
        sum += removed[round];
    }
    assert_int_equal(sum, 822 - 98);
    assert_true(back > 0);
    city_approvals_destroy(&city);
}

/* --- Agencies -------------------------------------------------------------------------------------------------------------------------- */

static void agencies_are_usable(void **state) {
    (void)state;
    size_t municipal = 0, windows = 0;
    for (size_t i = 0; i < city_agency_count(); i++) {
        const struct city_agency *agency = city_agency(i);
        char code[CREDIT_CODE_BYTES];
        assert_int_equal(credit_code_normalise(agency->credit_code, code), CREDIT_CODE_VALID);
        assert_non_null(region_find(agency->region));
        assert_non_null(strstr(agency->name, "模拟"));
        municipal += agency->region == 411000;
        windows += agency->is_window;
        assert_true(strspn(agency->code, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(agency->code) && strlen(agency->code) <= 32);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(agency->code, city_agency(k)->code);
            assert_string_not_equal(agency->credit_code, city_agency(k)->credit_code);
        }
    }
    assert_int_equal(municipal, 36); /* the procuratorate with them */
    assert_int_equal(windows, 7);
    assert_int_equal(city_agency_count(), 35 + 6 * 19 + 1);
}

/* --- Calendar: against the project's data --------------------------------------------------------------------------------------- */

static char *field_of(char **rest) {
    char *field = *rest, *end = field + strcspn(field, "\t\n");
    *rest = *end == '\t' ? end + 1 : end;
    *end = '\0';
    return field;
}

static bool notice_says(const char *name, const char *published, struct civil_date date, bool is_off, const char *holiday) {
    for (size_t i = 0; i < city_notice_count(); i++) {
        const struct city_notice *notice = city_notice(i);
        char text[CIVIL_DATE_TEXT_BYTES];
        civil_date_format(civil_day_from_date(notice->published[0], notice->published[1], notice->published[2]), text);
        for (size_t k = 0; strcmp(notice->name, name) == 0 && strcmp(text, published) == 0 && k < notice->run_count; k++) {
            const struct city_notice_run *run = &notice->runs[k];
            if (run->year == date.year && run->month == date.month && run->first <= date.day && date.day <= run->last) {
                return run->is_off == is_off && strcmp(city_holiday_name(run->name), holiday) == 0;
            }
        }
    }
    return false;
}

static void notices_are_those_of_the_calendar(void **state) {
    (void)state;
    FILE *file = fopen("tests/data/calendar.tsv", "r");
    char line[256];
    size_t lines = 0, days = 0;
    if (file == NULL) {
        fail_msg("tests/data/calendar.tsv cannot be opened: run the test in the project's folder");
    }
    while (fgets(line, sizeof line, file) != NULL) {
        char *rest = line;
        int32_t day;
        if (!civil_date_parse(field_of(&rest), &day)) {
            continue;
        }
        const bool is_off = strcmp(field_of(&rest), "off") == 0;
        const char *holiday = field_of(&rest), *notice = field_of(&rest), *published = field_of(&rest);
        if (strcmp(notice, "2022") < 0) {
            lines++;
            if (!notice_says(notice, published, civil_date_from_day(day), is_off, holiday)) {
                fail_msg("%s is missing in notice %s", line, notice);
            }
        }
    }
    fclose(file);
    for (size_t i = 0; i < city_notice_count(); i++) {
        for (size_t k = 0; k < city_notice(i)->run_count; k++) {
            days += city_notice(i)->runs[k].last - city_notice(i)->runs[k].first + 1u;
        }
    }
    assert_int_equal(days, lines);
}

static void workdays_follow_the_notices(void **state) {
    (void)state;
    int32_t sum = 0;
    for (int32_t day = civil_day_from_date(2020, 1, 1); day <= civil_day_from_date(2020, 12, 31); day++) {
        sum += city_is_workday(day, CITY_KNOWS_ALL);
    }
    assert_int_equal(sum, 249);
    assert_true(city_is_workday(civil_day_from_date(2020, 2, 1), civil_day_from_date(2020, 1, 26)));
    assert_false(city_is_workday(civil_day_from_date(2020, 2, 1), civil_day_from_date(2020, 1, 27)));
    assert_int_equal(city_nth_workday(civil_day_from_date(2020, 1, 22), 3), civil_day_from_date(2020, 2, 4));
    assert_int_equal(city_horizon(civil_day_from_date(2020, 11, 25)), civil_day_from_date(2020, 12, 31));
    assert_int_equal(city_horizon(civil_day_from_date(2020, 11, 26)), civil_day_from_date(2021, 12, 31));
}

/* --- Commands ---------------------------------------------------------------------------------------------------------------------------- */

struct seen {
    uint64_t commands, cases, of_step[CITY_STEPS], proposals;
    int32_t day;
    int64_t at_ms;
};

static void check_submission(const Approvals__V1__Submission *submission) {
    char code[CREDIT_CODE_BYTES], id[RESIDENT_ID_BYTES];
    if (submission->client == APPROVALS__V1__CLIENT_KIND__CLIENT_KIND_PERSON) {
        assert_true(resident_id_normalise(submission->resident_id, id));
        assert_memory_equal(submission->resident_id, "411099", 6);
    } else {
        assert_int_equal(credit_code_normalise(submission->credit_code, code), CREDIT_CODE_VALID);
        assert_memory_equal(submission->credit_code + 2, "411099", 6);
    }
}

static void check_command(struct seen *seen, const struct city_approvals_command *command, const Approvals__V1__Command *message) {
    assert_true(id_is_v7(command->id.bytes, ID_BYTES));
    assert_true(command->occurred_at_ms >= seen->at_ms);
    assert_int_equal(civil_day_of_ms(command->occurred_at_ms), command->day);
    if (command->day != seen->day) {
        assert_int_equal(message->body_case, APPROVALS__V1__COMMAND__BODY_TICK); /* a day begins with its Tick */
        assert_int_equal(command->day, seen->day == 0 ? city_approvals_first_day() : seen->day + 1);
        assert_int_equal(command->wave, 0);
    } else {
        assert_true(command->wave > 0);
        assert_int_not_equal(message->body_case, APPROVALS__V1__COMMAND__BODY_TICK);
    }
    seen->day = command->day;
    seen->at_ms = command->occurred_at_ms;
    seen->commands++;
    if (message->body_case == APPROVALS__V1__COMMAND__BODY_REPORT_CASE) {
        const Approvals__V1__ReportCase *report = message->report_case;
        assert_int_equal(strlen(report->case_number), 43);
        if (report->step == STEP(RECEIVED)) {
            check_submission(report->submission);
            seen->cases++;
        }
        const bool is_decision = report->step >= STEP(APPROVED) && report->step <= STEP(REFUSED);
        const bool is_proposal = is_decision && report->actor == COMMON__V1__ACTOR__ACTOR_HANDLER;
        seen->proposals += is_proposal;
        seen->of_step[report->step] += !is_proposal;
    }
}

static void commands_are_in_order_and_packed_as_meant(void **state) {
    (void)state;
    struct city_approvals *city = make(11, 4000);
    struct city_approvals_command command;
    struct seen seen = {0};
    uint8_t body[CITY_APPROVALS_BODY_BYTES_MAX];
    struct city_approvals_part *part = malloc(city_approvals_part_bytes());
    while (city_approvals_next(city, &command)) {
        const size_t size = city_approvals_pack(city, &command, body);
        Approvals__V1__Command *read = approvals__v1__command__unpack(NULL, size, body);
        assert_non_null(read);
        check_command(&seen, &command, read);
        uint8_t again[CITY_APPROVALS_BODY_BYTES_MAX];
        assert_int_equal(approvals__v1__command__pack(city_approvals_message(city, &command, part), again), size);
        assert_memory_equal(again, body, size);
        approvals__v1__command__free_unpacked(read, NULL);
    }
    free(part);
    const struct city_approvals_totals *totals = city_approvals_totals(city);
    assert_int_equal(seen.day, city_approvals_last_day());
    assert_int_equal(seen.commands, totals->commands);
    assert_int_equal(seen.cases, totals->cases);
    assert_int_equal(totals->cases, 4000);
    for (size_t step = 1; step < STEP(DEEMED_ACCEPTED); step++) {
        if (seen.of_step[step] != totals->all.steps[step]) { /* the oracle has seen each */
            fail_msg("step %zu: %lu commands, the oracle counts %lu", step, (unsigned long)seen.of_step[step], (unsigned long)totals->all.steps[step]);
        }
    }
    city_approvals_destroy(&city);
}

/* Of one case and day a later sender is in a later wave, so that waves alone keep the order of a case. */
static void waves_keep_the_order_of_a_case(void **state) {
    (void)state;
    struct city_approvals *city = make(12, 6000);
    struct last {
        int32_t day;
        uint16_t sender;
        uint8_t wave;
    } *last = calloc(6000, sizeof *last);
    uint64_t handed_over = 0;
    for (uint32_t i = 0; i < city->steps.count; i++) {
        const struct city_step *step = &city->steps.rows[i];
        if (step->step >= STEP_AGENCY) {
            continue;
        }
        struct last *of = &last[step->case_row];
        const uint16_t sender = (uint16_t)(step->sender << 13 | step->agency);
        if (of->day == day_of_s(step->at)) {
            assert_true(sender == of->sender ? step->wave >= of->wave : step->wave > of->wave);
            handed_over += sender != of->sender;
        }
        *of = (struct last){day_of_s(step->at), sender, step->wave};
    }
    assert_true(handed_over > 500);
    free(last);
    city_approvals_destroy(&city);
}

/* --- The registry takes all of it, and counts as the oracle does ------------------------------------------------------------------ */

struct counted {
    struct city_approvals_count all, year, agencies[CITY_AGENCIES_MAX];
    uint64_t slips_by_supervisor, due_changed, items;
};

static size_t agency_number(const char *code) {
    size_t number = 0;
    while (strcmp(city_agency(number)->code, code) != 0) {
        number++;
    }
    return number;
}

/* The counts that an event of an agency and a day belongs to. */
static size_t counts_of(struct counted *counted, const char *agency, uint32_t day, struct city_approvals_count *counts[3]) {
    counts[0] = &counted->all;
    counts[1] = &counted->year;
    counts[2] = &counted->agencies[agency_number(agency)];
    return civil_date_from_day((int32_t)day).year == 2020 ? 3 : 1;
}

static void count_moved(struct counted *counted, const Approvals__V1__CaseMoved *moved) {
    struct city_approvals_count *counts[3];
    const bool is_decision = moved->step >= STEP(APPROVED) && moved->step <= STEP(REFUSED);
    const bool is_proposal = is_decision && moved->closing == NULL;
    const bool is_not_counted = moved->step == STEP(WARNED) || moved->step == STEP(DUE_CHANGED);
    counted->due_changed += moved->step == STEP(DUE_CHANGED);
    for (size_t i = 0, n = counts_of(counted, moved->facts->agency, moved->day, counts); i < n; i++) {
        struct city_approvals_count *count = counts[i];
        count->steps[moved->step] += !is_proposal && !is_not_counted;
        count->late_deliveries += moved->late;
        if (moved->closing != NULL) {
            count->on_time += moved->closing->on_time;
            count->lawful += moved->closing->lawful;
            count->charged_days += moved->closing->has_statutory ? moved->closing->charged_days : 0;
            count->statutory_hundredths += moved->closing->has_statutory ? moved->closing->statutory_hundredths : 0;
        }
        count->open_overdue += moved->open_overdue;
        count->extensions += moved->step == STEP(SPECIAL_STARTED) && moved->special == SPECIAL(EXTENSION);
        count->joint_delivered += moved->step == STEP(DELIVERED) && moved->facts->joint;
        if (moved->step == STEP(DELIVERED) && moved->facts->joint && moved->facts->instant) {
            count->openings++;
            count->opening_minutes_max = moved->minutes > count->opening_minutes_max ? moved->minutes : count->opening_minutes_max;
        }
    }
}

static void count_event(void *user, const struct event *event) {
    struct counted *counted = user;
    const Approvals__V1__Event *said = (const Approvals__V1__Event *)event->public_body;
    struct city_approvals_count *counts[3];
    if (said == NULL) {
        return;
    }
    if (said->body_case == APPROVALS__V1__EVENT__BODY_CASE_MOVED) {
        count_moved(counted, said->case_moved);
    } else if (said->body_case == APPROVALS__V1__EVENT__BODY_CASE_RATED) {
        for (size_t i = 0, n = counts_of(counted, said->case_rated->facts->agency, said->case_rated->day, counts); i < n; i++) {
            counts[i]->rated[said->case_rated->rating]++;
        }
    } else if (said->body_case == APPROVALS__V1__EVENT__BODY_RECTIFICATION_DONE) {
        const Approvals__V1__RectificationDone *done = said->rectification_done;
        for (size_t i = 0, n = counts_of(counted, done->facts->agency, done->day, counts); i < n; i++) {
            counts[i]->rectified++;
            counts[i]->rectified_on_time += done->on_time;
        }
    } else if (said->body_case == APPROVALS__V1__EVENT__BODY_ITEM_CHANGED) {
        counted->items++;
    }
}

static enum role role_of(enum city_sender sender) {
    static const enum role roles[] = {[CITY_SENDER_AGENCY] = ROLE_PUBLISHER,
                                      [CITY_SENDER_CLERK] = ROLE_CLERK,
                                      [CITY_SENDER_OPERATOR] = ROLE_OPERATOR,
                                      [CITY_SENDER_SUPERVISOR] = ROLE_SUPERVISOR,
                                      [CITY_SENDER_LEADER] = ROLE_LEADER};
    return roles[sender];
}

static void send(struct town *town, struct city_approvals *city, const struct city_approvals_command *sent, struct city_approvals_part *part) {
    const Approvals__V1__Command *message = city_approvals_message(city, sent, part);
    const struct command command = {.organisation = city_sender_organisation(sent->sender, sent->agency),
                                    .role = role_of(sent->sender),
                                    .principal = "test",
                                    .occurred_at_ms = sent->occurred_at_ms,
                                    .received_at_ms = TOWN_RECEIVED_MS,
                                    .body = &message->base};
    assert_true(approvals_may_submit(command.role, &message->base));
    if (!town_command(town, &command)) {
        char time[32];
        civil_time_format(sent->occurred_at_ms, time);
        fail_msg("%s: command %lu (body %d, step %d) is refused: code %u, field %s", time, (unsigned long)sent->number, (int)message->body_case,
                 message->body_case == APPROVALS__V1__COMMAND__BODY_REPORT_CASE ? (int)message->report_case->step : 0,
                 town->decision.code, town->decision.field != NULL ? town->decision.field : "");
    }
}

static void assert_counts(const char *of, const struct city_approvals_count *counted, const struct city_approvals_count *want) {
    for (size_t step = 0; step < CITY_STEPS; step++) {
        if (counted->steps[step] != want->steps[step]) {
            fail_msg("%s: step %zu: counted %lu, by the oracle %lu", of, step, (unsigned long)counted->steps[step],
                     (unsigned long)want->steps[step]);
        }
    }
    for (size_t rating = 0; rating < 6; rating++) {
        assert_int_equal(counted->rated[rating], want->rated[rating]);
    }
    assert_int_equal(counted->on_time, want->on_time);
    assert_int_equal(counted->lawful, want->lawful);
    assert_int_equal(counted->charged_days, want->charged_days);
    assert_int_equal(counted->statutory_hundredths, want->statutory_hundredths);
    assert_int_equal(counted->open_overdue, want->open_overdue);
    assert_int_equal(counted->extensions, want->extensions);
    assert_int_equal(counted->joint_delivered, want->joint_delivered);
    assert_int_equal(counted->rectified, want->rectified);
    assert_int_equal(counted->rectified_on_time, want->rectified_on_time);
    assert_int_equal(counted->late_deliveries, want->late_deliveries);
    assert_int_equal(counted->openings, want->openings);
    assert_int_equal(counted->opening_minutes_max, want->opening_minutes_max);
}

static void the_registry_counts_the_same(uint64_t seed, uint32_t cases) {
    struct city_approvals *city = make(seed, cases);
    struct city_approvals_part *part = malloc(city_approvals_part_bytes());
    struct counted *counted = calloc(1, sizeof *counted);
    struct town town;
    struct city_approvals_command command;
    town_init(&town, cases);
    town.approvals.options.time_by_commands = true;
    town.watch = count_event;
    town.user = counted;
    while (city_approvals_next(city, &command)) {
        send(&town, city, &command, part);
    }
    const struct city_approvals_totals *totals = city_approvals_totals(city);
    assert_counts("all", &counted->all, &totals->all);
    assert_counts("2020", &counted->year, &totals->year);
    for (size_t i = 0; i < city_agency_count(); i++) {
        assert_counts(city_agency(i)->code, &counted->agencies[i], &totals->agencies[i]);
    }
    assert_true(counted->due_changed > 0);
    assert_int_equal(town.approvals.versions.count, totals->versions);
    town_release(&town);
    free(counted);
    free(part);
    city_approvals_destroy(&city);
}

static void the_registry_takes_it_and_counts_the_same(void **state) {
    (void)state;
    the_registry_counts_the_same(1, 12000);
    the_registry_counts_the_same(2, 3000);
}

/* --- Shape --------------------------------------------------------------------------------------------------------------------------------- */

static void assert_share(uint64_t part, uint64_t whole, double low, double high) {
    const double share = (double)part / (double)whole;
    if (share < low || share > high) {
        fail_msg("%.4f is not within %.4f..%.4f", share, low, high);
    }
}

static void every_path_is_taken(void **state) {
    (void)state;
    struct city_approvals *city = make(13, 60000);
    const struct city_approvals_totals *totals = city_approvals_totals(city);
    const struct city_approvals_count *all = &totals->all;
    static const uint8_t steps[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 100, 101, 102, 110, 111, 112, 114, 115, 116, 117};
    for (size_t i = 0; i < sizeof steps; i++) {
        if (all->steps[steps[i]] == 0) {
            fail_msg("step %u never comes", steps[i]);
        }
    }
    const uint64_t decided = all->steps[STEP(APPROVED)] + all->steps[STEP(APPROVED_WITH_DEFICIENCY)] + all->steps[STEP(REFUSED)];
    assert_share(decided, totals->cases, 0.94, 0.99);
    assert_share(all->on_time, decided, 0.97, 0.995);
    assert_share(all->lawful, decided, 0.985, 0.9999);
    assert_true(all->lawful > all->on_time);
    assert_share(all->steps[STEP(SUPPLEMENT_STARTED)], totals->cases, 0.02, 0.06);
    assert_share(all->steps[STEP(DEEMED_ACCEPTED)], totals->cases, 0.004, 0.012);
    assert_share(all->steps[STEP(DELIVERED)], decided, 0.99, 0.999);
    assert_share(totals->case_commands, totals->cases, 5.5, 9);
    for (size_t rating = 1; rating <= 5; rating++) {
        assert_true(all->rated[rating] > 0);
    }
    assert_true(all->rectified_on_time < all->rectified && all->rectified < all->rated[4] + all->rated[5]);
    assert_share(all->openings, totals->cases, 0.03, 0.04);
    assert_share(totals->open_at_end, totals->cases, 0.00001, 0.002);
    assert_true(totals->year.steps[STEP(DELIVERED)] < all->steps[STEP(DELIVERED)]); /* some in January */
    uint64_t received = 0;
    for (size_t i = 0; i < city_agency_count(); i++) {
        received += totals->agencies[i].steps[STEP(RECEIVED)];
    }
    assert_int_equal(received, totals->cases);
    assert_true(totals->bytes < 60000 * 200);
    city_approvals_destroy(&city);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_options_give_the_same_stream),
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(printed_figures_come_out),
        cmocka_unit_test(rounds_are_days),
        cmocka_unit_test(agencies_are_usable),
        cmocka_unit_test(notices_are_those_of_the_calendar),
        cmocka_unit_test(workdays_follow_the_notices),
        cmocka_unit_test(commands_are_in_order_and_packed_as_meant),
        cmocka_unit_test(waves_keep_the_order_of_a_case),
        cmocka_unit_test(the_registry_takes_it_and_counts_the_same),
        cmocka_unit_test(every_path_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
