/* The synthetic year: deterministic, well formed, plausible, and without anybody who exists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/hash.h"
#include "ctl/city.h"

#define BASE_MS UINT64_C(1600000000000)

static struct city *make(uint64_t seed, uint32_t patients) {
    struct city *city = NULL;
    struct city_options options = {.seed = seed, .patients = patients, .base_ms = BASE_MS};
    assert_int_equal(city_new(&options, &city), STATUS_OK);
    return city;
}

/* A hash over everything that is sent. */
static uint64_t fingerprint(struct city *city) {
    uint64_t hash = 0;
    struct city_command command;
    uint8_t body[CITY_BODY_BYTES_MAX];
    while (city_next(city, &command)) {
        hash = hash_mix64(hash ^ hash_bytes(body, city_command_pack(&command, body)));
        hash = hash_mix64(hash ^ hash_bytes(command.id.bytes, ID_BYTES));
        hash = hash_mix64(hash ^ (uint64_t)command.occurred_at_ms ^ command.hospital);
    }
    return hash;
}

static void same_options_give_the_same_stream(void **state) {
    (void)state;
    struct city *first = make(5, 3000), *second = make(5, 3000), *other = make(6, 3000);
    uint64_t once = fingerprint(first);
    assert_true(once == fingerprint(second));
    assert_true(once != fingerprint(other));
    city_rewind(first);
    assert_true(once == fingerprint(first));
    city_destroy(&first);
    city_destroy(&second);
    city_destroy(&other);
}

static void options_out_of_range_are_refused(void **state) {
    (void)state;
    struct city *city = NULL;
    assert_int_equal(city_new(&(struct city_options){.patients = 0}, &city), STATUS_USAGE);
    assert_int_equal(city_new(&(struct city_options){.patients = CITY_PATIENTS_MAX + 1}, &city), STATUS_USAGE);
    assert_null(city);
}

/* The check character by definition (ISO 7064): the weighted sum with the check itself is 1 modulo 11. */
static void assert_resident_id(const char *text) {
    size_t length = strlen(text);
    assert_memory_equal(text, "411099", 6);
    if (length == 15) {
        return;
    }
    assert_int_equal(length, 18);
    unsigned sum = 0;
    for (size_t i = 0; i < 18; i++) {
        unsigned value = text[i] == 'X' || text[i] == 'x' ? 10 : (unsigned)(text[i] - '0');
        sum = sum * 2 + value;
    }
    assert_int_equal(sum % 11, 1);
    int year = (text[6] - '0') * 1000 + (text[7] - '0') * 100 + (text[8] - '0') * 10 + (text[9] - '0');
    unsigned month = (unsigned)((text[10] - '0') * 10 + (text[11] - '0'));
    unsigned day = (unsigned)((text[12] - '0') * 10 + (text[13] - '0'));
    assert_true(civil_date_is_valid(year, month, day));
    assert_true(year > 1900 && year <= CITY_YEAR);
}

static void commands_are_well_formed(void **state) {
    (void)state;
    struct city *city = make(11, 5000);
    struct city_command command;
    uint16_t day = 0;
    while (city_next(city, &command)) {
        bool opening = command.kind == CITY_OPEN || command.kind >= CITY_AGAIN;
        enum city_style style = city_hospital(command.hospital)->style;
        assert_true(command.publication_day >= day);
        day = command.publication_day;
        assert_true(id_is_v7(command.id.bytes, ID_BYTES));
        assert_in_range(civil_day_of_ms(command.occurred_at_ms), city_first_day(), city_first_day() + day);
        assert_true(command.visit_number[0] == 'V');
        assert_int_equal(opening, command.resident_id[0] != '\0' || command.local_id[0] != '\0');
        if (style == CITY_STYLE_LOCAL) {
            assert_true(command.resident_id[0] == '\0');
        }
        if (style == CITY_STYLE_RESIDENT) {
            assert_true(command.local_id[0] == '\0');
        }
        if (command.resident_id[0] != '\0') {
            assert_resident_id(command.resident_id);
        }
        if (command.rescue.called_at_ms != 0) {
            assert_true(opening);
            assert_int_equal(command.visit_class, VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY);
            assert_true(command.rescue.called_at_ms < command.rescue.arrived_at_ms);
            assert_true(command.rescue.arrived_at_ms <= command.occurred_at_ms);
        }
    }
    assert_true(day >= 366); /* stragglers come after the year */
    city_destroy(&city);
}

static void assert_report(const Visits__V1__ReportVisit *report, const struct city_command *command) {
    assert_int_equal(report->statement, VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_OPENED);
    assert_string_equal(report->visit_number, command->visit_number);
    assert_string_equal(report->person->resident_id, command->resident_id);
    assert_int_equal(report->person->n_local_ids, command->local_id[0] != '\0');
    if (command->local_id[0] != '\0') {
        assert_string_equal(report->person->local_ids[0]->value, command->local_id);
        assert_int_equal(report->person->local_ids[0]->kind, VISITS__V1__IDENTIFIER_KIND__IDENTIFIER_KIND_UNSPECIFIED);
    }
    assert_int_equal(report->visit_class, command->visit_class);
    assert_int_equal(report->card_kind, command->card_kind);
    assert_int_equal(report->recorded_at_ms, command->recorded_at_ms);
    assert_int_equal(report->rescue->called_at_ms, command->rescue.called_at_ms);
    assert_int_equal(report->rescue->arrived_at_ms, command->rescue.arrived_at_ms);
    assert_int_equal(report->rescue->urban, command->rescue.urban);
}

/* What was packed reads back as what was meant. */
static void bodies_unpack(void **state) {
    (void)state;
    struct city *city = make(12, 800);
    struct city_command command;
    uint8_t body[CITY_BODY_BYTES_MAX];
    uint64_t openings = 0, brought = 0;
    while (city_next(city, &command)) {
        size_t size = city_command_pack(&command, body);
        Visits__V1__Command *read = visits__v1__command__unpack(NULL, size, body);
        assert_non_null(read);
        if (read->body_case == VISITS__V1__COMMAND__BODY_OPEN_VISIT) {
            openings++;
            assert_string_equal(read->open_visit->visit_number, command.visit_number);
            assert_string_equal(read->open_visit->resident_id, command.resident_id);
            assert_string_equal(read->open_visit->local_id, command.local_id);
            assert_int_equal(read->open_visit->visit_class, command.visit_class);
            assert_int_equal(read->open_visit->card_kind, command.card_kind);
            assert_int_equal(read->open_visit->recorded_at_ms, command.recorded_at_ms);
        }
        if (read->body_case == VISITS__V1__COMMAND__BODY_REPORT_VISIT) {
            openings++;
            brought++;
            assert_report(read->report_visit, &command);
        }
        visits__v1__command__free_unpacked(read, NULL);
    }
    assert_true(brought > 10);
    const uint64_t *of_kind = city_totals(city)->of_kind;
    assert_int_equal(openings, of_kind[CITY_OPEN] + of_kind[CITY_AGAIN] + of_kind[CITY_REOPEN] + of_kind[CITY_REFRESH]);
    city_destroy(&city);
}

struct tally {
    uint64_t openings;
    uint64_t of_class[8];
    uint64_t of_day[CITY_PUBLICATION_DAYS];
    uint64_t of_region[6];
    uint64_t late;
    uint64_t brought, urban, within_30, within_120; /* emergencies brought in after a call */
};

static struct tally tally_year(struct city *city) {
    struct tally tally = {0};
    struct city_command command;
    while (city_next(city, &command)) {
        if (command.kind != CITY_OPEN) {
            continue;
        }
        int32_t day = civil_day_of_ms(command.occurred_at_ms) - city_first_day();
        tally.openings++;
        tally.of_class[command.visit_class]++;
        tally.of_day[day]++;
        tally.late += command.publication_day > day;
        if (command.rescue.called_at_ms != 0) {
            int64_t took_ms = command.rescue.arrived_at_ms - command.rescue.called_at_ms;
            tally.brought++;
            tally.urban += command.rescue.urban;
            tally.within_30 += command.rescue.urban && took_ms <= 30 * 60 * 1000;
            tally.within_120 += took_ms <= 120 * 60 * 1000;
        }
    }
    return tally;
}

static void assert_share(uint64_t part, uint64_t whole, double low, double high) {
    double share = (double)part / (double)whole;
    if (share < low || share > high) {
        fail_msg("%.4f is not within %.4f..%.4f", share, low, high);
    }
}

static uint64_t month_sum(const struct tally *tally, unsigned month) {
    int32_t start = civil_day_from_date(CITY_YEAR, month, 1);
    uint64_t sum = 0;
    for (int32_t day = start; day < civil_month_end(start); day++) {
        sum += tally->of_day[day - city_first_day()];
    }
    return sum;
}

static void the_year_has_its_shape(void **state) {
    (void)state;
    struct city *city = make(13, 40000);
    const struct city_totals *totals = city_totals(city);
    struct tally tally = tally_year(city);
    assert_share(totals->one_card_visits, 40000, 2.55, 2.9); /* visits of one patient */
    assert_share(totals->hospital_visits, totals->visits, 0.07, 0.11);
    assert_share(totals->cancelled_visits, totals->visits, 0.007, 0.013);
    assert_share(totals->of_kind[CITY_AGAIN] + totals->of_kind[CITY_REOPEN], totals->visits, 0.007, 0.013);
    assert_share(tally.late, tally.openings, 0.004, 0.006);
    assert_share(tally.of_class[VISITS__V1__VISIT_CLASS__VISIT_CLASS_OUTPATIENT], tally.openings, 0.79, 0.84);
    assert_share(tally.of_class[VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY], tally.openings, 0.07, 0.10);
    assert_share(tally.of_class[VISITS__V1__VISIT_CLASS__VISIT_CLASS_INPATIENT], tally.openings, 0.085, 0.115);
    assert_share(tally.brought, tally.of_class[VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY], 0.2, 0.3);
    assert_share(tally.urban, tally.brought, 0.4, 0.65);
    assert_int_equal(tally.within_30, tally.urban); /* as it was printed: all of them */
    assert_int_equal(tally.within_120, tally.brought);
    assert_share(month_sum(&tally, 2), month_sum(&tally, 11), 0.3, 0.55);
    int32_t monday = civil_day_from_date(CITY_YEAR, 11, 16) - city_first_day();
    assert_true(tally.of_day[monday] > tally.of_day[monday + 5]); /* Saturday */
    int32_t national_day = civil_day_from_date(CITY_YEAR, 10, 2) - city_first_day();
    assert_true(tally.of_day[national_day] < tally.of_day[national_day + 7]);
    assert_true(totals->bytes < 40000 * 80);
    city_destroy(&city);
}

static void hospitals_are_usable(void **state) {
    (void)state;
    assert_in_range(city_hospital_count(), 38, 45);
    for (size_t i = 0; i < city_hospital_count(); i++) {
        const struct city_hospital *hospital = city_hospital(i);
        assert_non_null(strstr(hospital->name, "模拟"));
        assert_int_equal(hospital->region / 1000, 411);
        for (const char *p = hospital->code; *p != '\0'; p++) {
            assert_non_null(strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *p));
        }
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(hospital->code, city_hospital(k)->code);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_options_give_the_same_stream),
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(commands_are_well_formed),
        cmocka_unit_test(bodies_unpack),
        cmocka_unit_test(the_year_has_its_shape),
        cmocka_unit_test(hospitals_are_usable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
