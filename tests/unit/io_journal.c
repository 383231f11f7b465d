#include "support/journal_fixture.h"

#include <sqlite3.h>

#include "base/file.h"
#include "base/log.h"
#include "journal/chain.h"

/* What another program does to the file. */
static void tamper(const struct journal_fixture *f, const char *sql) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* --- Opening ---------------------------------------------------------------------------------------------------------
 */

static void test_a_new_log_is_empty_and_keeps_its_epoch(void **state) {
    struct journal_fixture *f = *state;
    const struct id epoch = *journal_epoch(f->journal);
    uint8_t chain[32];
    uint8_t zeros[32] = {0};
    journal_head_chain(f->journal, chain);
    assert_false(id_is_zero(&epoch));
    assert_int_equal(journal_head(f->journal), 0);
    assert_int_equal(journal_next(f->journal), 1);
    assert_memory_equal(chain, zeros, 32);
    assert_int_equal(commit_commands(f->journal, 1, 10), STATUS_OK);
    fixture_reopen(f);
    assert_true(id_equal(journal_epoch(f->journal), &epoch));
    assert_int_equal(journal_head(f->journal), 10);
    assert_int_equal(commit_commands(f->journal, 11, 10), STATUS_OK);
    assert_verified(f, 20);
}

static void test_what_is_not_ours_is_refused(void **state) {
    struct journal_fixture *f = *state;
    struct journal *other = NULL;
    struct journal_options options = f->options;
    journal_close(&f->journal);
    options.service = "other";
    assert_int_equal(journal_open(&options, &other), STATUS_CORRUPT);
    assert_null(other);
    tamper(f, "UPDATE store SET format = 99");
    assert_int_equal(journal_open(&f->options, &other), STATUS_CORRUPT);
    tamper(f, "UPDATE store SET format = 1, epoch = x'00'");
    assert_int_equal(journal_open(&f->options, &other), STATUS_CORRUPT);
    tamper(f, "DELETE FROM store");
    assert_int_equal(journal_open(&f->options, &other), STATUS_CORRUPT);
    tamper(f, "DROP TABLE store");
    assert_int_equal(journal_open(&f->options, &other), STATUS_CORRUPT);
    unlink(f->path);
    assert_int_equal(file_write_atomic(f->path, "this is no database at all, but long enough", 44, 0600), STATUS_OK);
    assert_int_equal(journal_open(&f->options, &other), STATUS_CORRUPT);
    options.path = "/nonexistent/log.db";
    assert_int_equal(journal_open(&options, &other), STATUS_IO);
    options.read_only = true;
    assert_int_equal(journal_open(&options, &other), STATUS_NOT_FOUND);
}

static void test_two_never_write_one_log(void **state) {
    struct journal_fixture *f = *state;
    struct journal *second = NULL;
    struct journal_options reading = f->options;
    assert_int_equal(journal_open(&f->options, &second), STATUS_EXISTS);
    assert_null(second);
    reading.read_only = true;
    assert_int_equal(journal_open(&reading, &second), STATUS_OK);
    assert_int_equal(commit_commands(f->journal, 1, 3), STATUS_OK);
    assert_int_equal(journal_head(second), 3); /* who only reads looks again */
    journal_close(&second);
    assert_int_equal(commit_commands(f->journal, 4, 3), STATUS_OK);
}

/* --- Commands --------------------------------------------------------------------------------------------------------
 */

static void refuse_command(struct journal *journal, uint64_t number, const char *organisation, const char *body) {
    struct journal_refusal refusal = {.at_ms = (int64_t)number + 5000,
                                      .command = command_id(number),
                                      .principal = "hospital-01/publisher",
                                      .organisation = organisation,
                                      .code = 101,
                                      .field = number % 2 == 0 ? NULL : "resident_id",
                                      .occurred_at_ms = -(int64_t)number,
                                      .expected_version = UINT64_MAX,
                                      .body = (const uint8_t *)body,
                                      .body_size = strlen(body)};
    assert_int_equal(claim_command(journal, number), STATUS_OK);
    assert_int_equal(journal_refuse(journal, &refusal), STATUS_OK);
    assert_true(refusal.number > journal_refusal_count(journal)); /* which counts what is committed */
}

/* Commands 1..4: one row, three rows, none, refused. */
static void decide_four(struct journal *journal) {
    const struct id third = command_id(3);
    assert_int_equal(append_command(journal, 1, 1), STATUS_OK);
    assert_int_equal(append_command(journal, 2, 3), STATUS_OK);
    assert_int_equal(claim_command(journal, 3), STATUS_OK);
    assert_int_equal(journal_claim_empty(journal, &third), STATUS_OK);
    refuse_command(journal, 4, "hospital-01", "body");
}

static void check_four(struct journal *journal) {
    static const struct journal_outcome expected[] = {
        {.first_seq = 1, .events = 1}, {.first_seq = 2, .events = 3}, {0}, {.refusal = 1}};
    for (uint64_t number = 1; number <= 4; number++) {
        const struct journal_outcome outcome = outcome_of(journal, number);
        assert_int_equal(outcome.first_seq, expected[number - 1].first_seq);
        assert_int_equal(outcome.events, expected[number - 1].events);
        assert_int_equal(outcome.refusal, expected[number - 1].refusal);
    }
}

static void test_a_repeated_command_has_its_first_outcome(void **state) {
    struct journal_fixture *f = *state;
    assert_int_equal(journal_begin(f->journal), STATUS_OK);
    decide_four(f->journal);
    check_four(f->journal);                                                     /* in the same transaction */
    assert_int_equal(append_rows(f->journal, &(struct id){{0}}, 2), STATUS_OK); /* a tick */
    assert_int_equal(journal_commit(f->journal), STATUS_OK);
    assert_int_equal(journal_begin(f->journal), STATUS_OK);
    check_four(f->journal);
    assert_int_equal(journal_commit(f->journal), STATUS_OK);
    fixture_reopen(f);
    assert_int_equal(journal_begin(f->journal), STATUS_OK);
    check_four(f->journal);
    journal_rollback(f->journal);
    assert_verified(f, 6);
}

static void test_a_rollback_leaves_nothing(void **state) {
    struct journal_fixture *f = *state;
    uint8_t before[32];
    uint8_t after[32];
    assert_int_equal(commit_commands(f->journal, 100, 5), STATUS_OK);
    journal_head_chain(f->journal, before);
    assert_int_equal(journal_begin(f->journal), STATUS_OK);
    assert_int_equal(append_command(f->journal, 50, 2), STATUS_OK);
    refuse_command(f->journal, 51, "hospital-01", "body");
    assert_int_equal(journal_next(f->journal), 8);
    assert_int_equal(journal_head(f->journal), 5); /* not before the commit */
    journal_rollback(f->journal);
    journal_rollback(f->journal); /* harmless */
    journal_head_chain(f->journal, after);
    assert_memory_equal(before, after, 32);
    assert_int_equal(journal_next(f->journal), 6);
    assert_int_equal(journal_refusal_count(f->journal), 0);
    assert_int_equal(commit_commands(f->journal, 50, 2), STATUS_OK); /* the ids are free again */
    assert_verified(f, 7);
}

/* --- Reading ---------------------------------------------------------------------------------------------------------
 */

static void check_row(const struct journal_row *row, uint64_t seq, bool with_private) {
    static struct bodies bodies;
    const struct id command = command_id(seq);
    const struct journal_row expected = row_of(seq, &command, &bodies);
    assert_int_equal(row->seq, seq);
    assert_int_equal(row->prev, expected.prev);
    assert_memory_equal(row->command.bytes, expected.command.bytes, ID_BYTES);
    assert_int_equal(row->at_ms, expected.at_ms);
    assert_int_equal(row->type, expected.type);
    assert_int_equal(row->public_size, expected.public_size);
    if (row->public_size > 0) {
        assert_memory_equal(row->public_body, expected.public_body, row->public_size);
    }
    assert_int_equal(row->private_size, with_private ? expected.private_size : 0);
    if (row->private_size > 0) {
        assert_memory_equal(row->private_body, expected.private_body, row->private_size);
    }
}

static void test_a_reader_gives_the_stretch_asked_for(void **state) {
    struct journal_fixture *f = *state;
    struct journal_reader *reader;
    static const struct {
        uint64_t after;
        uint64_t up_to;
        uint64_t first;
        uint64_t last;
        bool with_private;
    } cases[] = {
        {0, 9000, 1, 9000, true},  {0, UINT64_MAX, 1, 9000, false},      {8999, 9000, 9000, 9000, true},
        {9000, 9100, 1, 0, true},  {4095, 4097, 4096, 4097, true},       {500, 499, 1, 0, false},
        {0, 4096, 1, 4096, false}, {UINT64_MAX, UINT64_MAX, 1, 0, true},
    };
    assert_int_equal(commit_commands(f->journal, 1, 9000), STATUS_OK);
    assert_int_equal(journal_reader_open(&f->options, &reader), STATUS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct journal_row row;
        assert_int_equal(journal_reader_seek(reader, cases[i].after, cases[i].up_to, cases[i].with_private), STATUS_OK);
        for (uint64_t seq = cases[i].first; seq <= cases[i].last; seq++) {
            assert_int_equal(journal_reader_next(reader, &row), STATUS_OK);
            check_row(&row, seq, cases[i].with_private);
        }
        assert_int_equal(journal_reader_next(reader, &row), STATUS_NOT_FOUND);
    }
    journal_reader_close(&reader);
}

static void test_a_reader_sees_what_is_committed(void **state) {
    struct journal_fixture *f = *state;
    struct journal_reader *reader;
    struct journal_row row;
    struct id epoch;
    uint64_t head;
    uint8_t chain[32];
    assert_int_equal(journal_reader_open(&f->options, &reader), STATUS_OK);
    assert_int_equal(journal_begin(f->journal), STATUS_OK);
    assert_int_equal(append_command(f->journal, 1, 1), STATUS_OK);
    assert_int_equal(journal_reader_head(reader, &head, &epoch), STATUS_OK);
    assert_int_equal(head, 0);
    assert_true(id_equal(&epoch, journal_epoch(f->journal)));
    assert_int_equal(journal_reader_seek(reader, 0, 10, true), STATUS_OK);
    assert_int_equal(journal_reader_next(reader, &row), STATUS_NOT_FOUND);
    assert_int_equal(journal_commit(f->journal), STATUS_OK);
    assert_int_equal(journal_reader_next(reader, &row), STATUS_OK); /* goes on where it was */
    check_row(&row, 1, true);
    assert_int_equal(journal_reader_head(reader, &head, &epoch), STATUS_OK);
    assert_int_equal(head, 1);
    journal_head_chain(f->journal, chain);
    assert_int_equal(journal_reader_matches(reader, 1, chain), STATUS_OK);
    chain[0] ^= 1;
    assert_int_equal(journal_reader_matches(reader, 1, chain), STATUS_NOT_FOUND);
    assert_int_equal(journal_reader_matches(reader, 2, chain), STATUS_NOT_FOUND);
    journal_reader_close(&reader);
}

static void check_read(struct journal *journal, uint64_t seq, const struct id *command) {
    static struct bodies bodies;
    struct journal_row row;
    const struct journal_row expected = row_of(seq, command, &bodies);
    assert_int_equal(journal_read(journal, seq, &row), STATUS_OK);
    assert_int_equal(row.seq, seq);
    assert_int_equal(row.prev, expected.prev);
    assert_true(id_equal(&row.command, command));
    assert_int_equal(row.at_ms, expected.at_ms);
    assert_int_equal(row.type, expected.type);
    assert_int_equal(row.public_size, 0);
    assert_int_equal(row.private_size, expected.private_size);
    assert_true(row.private_size == 0 || memcmp(row.private_body, expected.private_body, row.private_size) == 0);
}

static void check_no_row(struct journal *journal, uint64_t seq) {
    struct journal_row row;
    assert_int_equal(journal_read(journal, seq, &row), STATUS_NOT_FOUND);
}

/* The writer finds any row again, also one of its open transaction, and goes on as if it had not looked. */
static void test_a_row_is_read_by_its_number(void **state) {
    static const uint64_t numbers[] = {1, 900, 7, 1000, 90, 999};
    struct journal_fixture *f = *state;
    const struct id none = {{0}};
    check_no_row(f->journal, 1);
    assert_int_equal(commit_commands(f->journal, 1, 1000), STATUS_OK);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const struct id command = command_id(numbers[i]);
        check_read(f->journal, numbers[i], &command);
    }
    check_no_row(f->journal, 0);
    check_no_row(f->journal, 1001);
    check_no_row(f->journal, UINT64_MAX);
    assert_int_equal(journal_begin(f->journal), STATUS_OK);
    assert_int_equal(append_command(f->journal, 1001, 1), STATUS_OK);
    assert_int_equal(append_rows(f->journal, &none, 20), STATUS_OK);
    const struct id command = command_id(1001);
    check_read(f->journal, 1001, &command);
    check_read(f->journal, 1021, &none);
    assert_int_equal(append_rows(f->journal, &none, 2), STATUS_OK);
    check_read(f->journal, 1023, &none);
    assert_int_equal(journal_commit(f->journal), STATUS_OK);
    assert_int_equal(journal_begin(f->journal), STATUS_OK);
    assert_int_equal(append_rows(f->journal, &none, 3), STATUS_OK);
    check_read(f->journal, 1026, &none);
    journal_rollback(f->journal);
    check_no_row(f->journal, 1026);
    fixture_reopen(f);
    check_read(f->journal, 1023, &none);
    assert_verified(f, 1023);
}

static void test_a_reader_stops_at_a_gap(void **state) {
    struct journal_fixture *f = *state;
    struct journal_reader *reader;
    struct journal_row row;
    assert_int_equal(commit_commands(f->journal, 1, 10), STATUS_OK);
    tamper(f, "DELETE FROM event WHERE seq IN (1, 6)");
    assert_int_equal(journal_reader_open(&f->options, &reader), STATUS_OK);
    assert_int_equal(journal_reader_seek(reader, 0, 10, true), STATUS_OK);
    assert_int_equal(journal_reader_next(reader, &row), STATUS_CORRUPT);
    assert_int_equal(journal_reader_seek(reader, 4, 10, true), STATUS_OK);
    assert_int_equal(journal_reader_next(reader, &row), STATUS_OK);
    assert_int_equal(journal_reader_next(reader, &row), STATUS_CORRUPT);
    journal_reader_close(&reader);
}

/* --- Refusals --------------------------------------------------------------------------------------------------------
 */

struct seen {
    uint64_t numbers[16];
    size_t count;
    size_t stop_at;
    char body[64];
    struct journal_refusal last;
};

static bool see(const struct journal_refusal *refusal, void *user) {
    struct seen *seen = user;
    assert_true(seen->count < 16);
    seen->numbers[seen->count++] = refusal->number;
    seen->last = *refusal;
    seen->body[0] = 0;
    if (refusal->body != NULL) {
        memcpy(seen->body, refusal->body, refusal->body_size);
        seen->body[refusal->body_size] = 0;
    }
    return seen->count != seen->stop_at;
}

static void refuse_six(struct journal *journal) {
    static const char *const organisations[] = {"hospital-01", "hospital-02"};
    assert_int_equal(journal_begin(journal), STATUS_OK);
    for (uint64_t number = 1; number <= 6; number++) {
        refuse_command(journal, number, organisations[number % 2], number == 6 ? "" : "a very secret body");
    }
    assert_int_equal(journal_commit(journal), STATUS_OK);
}

static void test_refusals_are_listed(void **state) {
    struct journal_fixture *f = *state;
    static const struct {
        uint64_t after;
        uint32_t limit;
        const char *organisation;
        size_t stop_at;
        uint64_t expected[7];
    } cases[] = {
        {0, 100, NULL, 0, {1, 2, 3, 4, 5, 6}},
        {2, 2, NULL, 0, {3, 4}},
        {0, 100, "hospital-01", 0, {2, 4, 6}},
        {2, 100, "hospital-01", 0, {4, 6}},
        {0, 2, "hospital-02", 0, {1, 3}},
        {0, 100, NULL, 3, {1, 2, 3}},
        {6, 100, NULL, 0, {0}},
        {0, 100, "hospital", 0, {0}},
        {UINT64_MAX, 9, NULL, 0, {0}},
    };
    refuse_six(f->journal);
    assert_int_equal(journal_refusal_count(f->journal), 6);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct seen seen = {.stop_at = cases[i].stop_at};
        assert_int_equal(
            journal_refusals(f->journal, cases[i].after, cases[i].limit, cases[i].organisation, false, see, &seen),
            STATUS_OK);
        size_t expected = 0;
        while (cases[i].expected[expected] != 0) {
            assert_int_equal(seen.numbers[expected], cases[i].expected[expected]);
            expected++;
        }
        assert_int_equal(seen.count, expected);
    }
}

static void test_a_refusal_comes_back_whole(void **state) {
    struct journal_fixture *f = *state;
    struct seen seen = {0};
    const struct id third = command_id(3);
    refuse_six(f->journal);
    assert_int_equal(journal_refusals(f->journal, 2, 1, NULL, true, see, &seen), STATUS_OK);
    assert_string_equal(seen.body, "a very secret body");
    assert_int_equal(seen.last.number, 3);
    assert_int_equal(seen.last.at_ms, 5003);
    assert_true(id_equal(&seen.last.command, &third));
    assert_int_equal(seen.last.code, 101);
    assert_int_equal(seen.last.occurred_at_ms, -3);
    assert_true(seen.last.expected_version == UINT64_MAX);
    assert_int_equal(journal_refusals(f->journal, 2, 1, NULL, false, see, &seen), STATUS_OK);
    assert_null(seen.last.body);
    assert_int_equal(journal_refusals(f->journal, 5, 1, NULL, true, see, &seen), STATUS_OK);
    assert_int_equal(seen.last.body_size, 0);
    assert_null(seen.last.field);
}

static void test_a_refusals_body_is_sealed(void **state) {
    struct journal_fixture *f = *state;
    struct buffer bytes = {0};
    struct seen seen = {0};
    refuse_six(f->journal);
    journal_close(&f->journal);
    assert_int_equal(file_read(f->path, 1 << 24, &bytes), STATUS_OK);
    assert_non_null(memmem(bytes.data, bytes.size, "hospital-01", 11));
    assert_null(memmem(bytes.data, bytes.size, "secret", 6));
    buffer_release(&bytes);
    f->seal_key[0] ^= 1;
    fixture_open(f);
    assert_int_equal(journal_refusals(f->journal, 0, 9, NULL, true, see, &seen), STATUS_CORRUPT);
    assert_int_equal(journal_refusals(f->journal, 0, 9, NULL, false, see, &seen), STATUS_OK);
    f->options.seal_key = NULL;
    fixture_reopen(f);
    assert_int_equal(journal_refusals(f->journal, 0, 9, NULL, true, see, &seen), STATUS_DENIED);
    f->seal_key[0] ^= 1;
    f->options.seal_key = f->seal_key;
}

/* --- The chain -------------------------------------------------------------------------------------------------------
 */

static void assert_hex(const uint8_t chain[32], const char *expected) {
    char text[65];
    for (size_t i = 0; i < 32; i++) {
        snprintf(text + 2 * i, 3, "%02x", chain[i]);
    }
    assert_string_equal(text, expected);
}

/* Computed by another implementation (Python's hashlib) from the bytes that chain.h states. */
static void test_the_chain_is_the_one_of_every_release(void **state) {
    (void)state;
    static uint8_t long_private[300];
    static uint8_t long_public[3000];
    struct id id;
    uint8_t chain[32] = {0};
    memset(long_private, 'p', sizeof long_private);
    memset(long_public, 'q', sizeof long_public);
    for (size_t i = 0; i < ID_BYTES; i++) {
        id.bytes[i] = (uint8_t)i;
    }
    const struct journal_row rows[] = {
        {.seq = 1,
         .command = id,
         .at_ms = 1577808000123,
         .type = 2,
         .private_body = (const uint8_t *)"private",
         .private_size = 7,
         .public_body = (const uint8_t *)"public",
         .public_size = 6},
        {.seq = 2, .prev = 1, .at_ms = -5, .type = 0xfffffffe},
        {.seq = 3,
         .prev = 2,
         .command = id,
         .type = 7,
         .private_body = long_private,
         .private_size = sizeof long_private,
         .public_body = long_public,
         .public_size = sizeof long_public},
    };
    static const char *const expected[] = {
        "a8387245f3c4eabbacdc4343ccf4177aad057081d1103b49273b0e2f50fb531f",
        "62a5615ae815dbff9c61c0ab7709084bca65eb8f71b3455fdfb74ed15230fc23",
        "dcb65c1fd10fe823c3ca83c1775dff4f3310c64874e0304f96fae262de903e05",
    };
    for (size_t i = 0; i < 3; i++) {
        chain_next(chain, &rows[i], chain);
        assert_hex(chain, expected[i]);
    }
}

static void note_progress(uint64_t seq, uint64_t head, void *user) {
    (void)head;
    *(uint64_t *)user = seq;
}

static void test_any_change_of_the_past_is_found(void **state) {
    struct journal_fixture *f = *state;
    static const struct {
        const char *sql;
        uint64_t bad_seq;
    } cases[] = {
        {"UPDATE event SET prev = 1 WHERE seq = 50", 50},
        {"UPDATE event SET prev = 60 WHERE seq = 60", 60},
        {"UPDATE event SET command = zeroblob(16) WHERE seq = 50", 50},
        {"UPDATE event SET command = NULL WHERE seq = 50", 50},
        {"UPDATE event SET at = at + 1 WHERE seq = 1", 1},
        {"UPDATE event SET type = type + 1 WHERE seq = 100", 100},
        {"UPDATE event SET private = x'00' WHERE seq = 50", 50},
        {"UPDATE event SET private = NULL WHERE seq = 50", 50},
        {"UPDATE event SET public = NULL WHERE seq = 50", 50},
        {"UPDATE event SET chain = zeroblob(32) WHERE seq = 50", 50},
        {"UPDATE event SET chain = zeroblob(31) WHERE seq = 50", 50},
        {"DELETE FROM event WHERE seq = 50", 50},
        {"DELETE FROM event WHERE seq = 1", 1},
        {"UPDATE event SET seq = 1000 WHERE seq = 30; UPDATE event SET seq = 30 WHERE seq = 31;"
         "UPDATE event SET seq = 31 WHERE seq = 1000",
         30},
    };
    assert_int_equal(commit_commands(f->journal, 1, 100), STATUS_OK);
    journal_close(&f->journal);
    struct buffer good = {0};
    assert_int_equal(file_read(f->path, 1 << 24, &good), STATUS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t rows;
        uint64_t bad;
        uint8_t chain[32];
        tamper(f, cases[i].sql);
        assert_int_equal(journal_verify(f->path, &rows, &bad, chain, NULL, NULL), STATUS_CORRUPT);
        assert_int_equal(bad, cases[i].bad_seq);
        assert_int_equal(rows, bad - 1);
        assert_int_equal(file_write_atomic(f->path, good.data, good.size, 0600), STATUS_OK);
    }
    buffer_release(&good);
    fixture_open(f);
    assert_verified(f, 100);
}

static void test_verifying_tells_its_progress(void **state) {
    struct journal_fixture *f = *state;
    uint64_t progress = 0;
    uint64_t rows;
    uint64_t bad;
    uint8_t chain[32];
    for (uint64_t first = 1; first <= 120000; first += 20000) {
        assert_int_equal(commit_commands(f->journal, first, 20000), STATUS_OK);
    }
    assert_int_equal(journal_verify(f->path, &rows, &bad, chain, note_progress, &progress), STATUS_OK);
    assert_int_equal(progress, 100000);
    assert_int_equal(journal_verify("/nonexistent/log.db", &rows, &bad, chain, NULL, NULL), STATUS_NOT_FOUND);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_a_new_log_is_empty_and_keeps_its_epoch),
        T(test_what_is_not_ours_is_refused),
        T(test_two_never_write_one_log),
        T(test_a_repeated_command_has_its_first_outcome),
        T(test_a_rollback_leaves_nothing),
        T(test_a_reader_gives_the_stretch_asked_for),
        T(test_a_reader_sees_what_is_committed),
        T(test_a_row_is_read_by_its_number),
        T(test_a_reader_stops_at_a_gap),
        T(test_refusals_are_listed),
        T(test_a_refusal_comes_back_whole),
        T(test_a_refusals_body_is_sealed),
        T(test_the_chain_is_the_one_of_every_release),
        T(test_any_change_of_the_past_is_found),
        T(test_verifying_tells_its_progress),
    };
    log_init("test", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
