#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "hl7-gateway/gateway.h"

/*
 * How each feed keeps to the rules: counts by day, in a small database beside the spool. Counted in memory, written once a
 * second: a crash loses the counts of its last second, never a message.
 */

#define KEEP_DAYS 800
#define PATH_BYTES_MAX 1024

struct conformance {
    sqlite3 *db;
    sqlite3_stmt *add, *add_unmapped;
    struct feed *feeds[FEEDS_MAX];
    size_t count;
    int32_t today;
    bool is_failing;
};

/* --- Tallies -------------------------------------------------------------------------------------------------------- */

static const char *const answer_texts[ANSWER_TEXTS] = {"AA", "AE", "AR", "CA", "CE", "CR"};
static const uint32_t answer_codes[ANSWER_CODES] = {0, 100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207};

const char *conformance_answer_text(size_t tally) {
    return answer_texts[(tally - TALLY_COUNT) / ANSWER_CODES];
}

uint32_t conformance_answer_code(size_t tally) {
    return answer_codes[(tally - TALLY_COUNT) % ANSWER_CODES];
}

static size_t answer_tally(const char *text, uint32_t code) {
    size_t row = 0, column = ANSWER_CODES - 1;
    for (size_t i = 0; i < ANSWER_TEXTS; i++) {
        row = strcmp(text, answer_texts[i]) == 0 ? i : row;
    }
    for (size_t i = 0; i < ANSWER_CODES; i++) {
        column = code == answer_codes[i] ? i : column;
    }
    return TALLY_COUNT + row * ANSWER_CODES + column;
}

static void count(struct feed *feed, size_t tally, uint64_t times) {
    if (times > 0) {
        feed->totals[tally] += times;
        feed->unsaved[tally] += (uint32_t)times;
        feed->has_unsaved = true;
    }
}

void conformance_count(struct feed *feed, enum tally tally, uint64_t times) {
    count(feed, (size_t)tally, times);
}

void conformance_answered(struct feed *feed, const char *text, uint32_t code) {
    count(feed, answer_tally(text, code), 1);
}

/* A short word with few digits: what may identify a person never looks like that. */
static bool is_code(const char *text) {
    size_t length = strlen(text), digits = 0;
    for (size_t i = 0; i < length; i++) {
        digits += text[i] >= '0' && text[i] <= '9';
    }
    return length > 0 && length < UNMAPPED_BYTES && digits <= 3;
}

static bool is_listed(const struct feed *feed, const char *code) {
    for (size_t i = 0; i < feed->unmapped_count; i++) {
        if (strcmp(feed->unmapped[i], code) == 0) {
            return true;
        }
    }
    return false;
}

static void list_unmapped(struct feed *feed, const char *code) {
    if (feed->unmapped_count < UNMAPPED_MAX && !is_listed(feed, code)) {
        snprintf(feed->unmapped[feed->unmapped_count++], UNMAPPED_BYTES, "%s", code);
    }
}

static struct unmapped_candidate *candidate_of(struct feed *feed, uint64_t code) {
    for (size_t i = 0; i < UNMAPPED_CANDIDATES; i++) {
        if (feed->candidates[i].count > 0 && feed->candidates[i].code == code) {
            return &feed->candidates[i];
        }
    }
    struct unmapped_candidate *candidate = &feed->candidates[feed->next_candidate++ % UNMAPPED_CANDIDATES];
    *candidate = (struct unmapped_candidate){.code = code};
    return candidate;
}

void conformance_unmapped(struct feed *feed, const char *code, uint64_t person) {
    if (feed->unmapped_count == UNMAPPED_MAX || !is_code(code) || is_listed(feed, code)) {
        return;
    }
    struct unmapped_candidate *candidate = candidate_of(feed, hash_bytes(code, strlen(code)));
    for (uint32_t i = 0; i < candidate->count; i++) {
        if (candidate->persons[i] == person) {
            return;
        }
    }
    candidate->persons[candidate->count++] = person;
    if (candidate->count == UNMAPPED_PERSONS) {
        candidate->count = 0;
        list_unmapped(feed, code);
        feed->has_unsaved = true;
    }
}

/* --- Database ------------------------------------------------------------------------------------------------------- */

static const char schema[] = "CREATE TABLE IF NOT EXISTS feed (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
                             "CREATE TABLE IF NOT EXISTS tally (feed INTEGER, day INTEGER, answer INTEGER, code INTEGER,"
                             " times INTEGER NOT NULL, PRIMARY KEY (feed, day, answer, code)) WITHOUT ROWID;"
                             "CREATE TABLE IF NOT EXISTS unmapped (feed INTEGER, code TEXT, PRIMARY KEY (feed, code))"
                             " WITHOUT ROWID;";

static enum status status_of(int result) {
    switch (result) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return STATUS_OK;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return STATUS_CORRUPT;
    default:
        return STATUS_IO;
    }
}

static enum status run(const struct conformance *conformance, const char *sql) {
    return status_of(sqlite3_exec(conformance->db, sql, NULL, NULL, NULL));
}

static enum status prepare(const struct conformance *conformance, const char *sql, sqlite3_stmt **statement) {
    return status_of(sqlite3_prepare_v3(conformance->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL));
}

static struct feed *add_feed(struct conformance *conformance, uint16_t number, const char *name) {
    struct feed *feed = calloc(1, sizeof *feed);
    CHECK(feed != NULL);
    feed->number = number;
    snprintf(feed->name, sizeof feed->name, "%s", name);
    conformance->feeds[conformance->count++] = feed;
    return feed;
}

static enum status load_feeds(struct conformance *conformance) {
    sqlite3_stmt *statement;
    enum status status = prepare(conformance, "SELECT number, name FROM feed ORDER BY number", &statement);
    while (status == STATUS_OK && sqlite3_step(statement) == SQLITE_ROW && conformance->count < FEEDS_MAX) {
        add_feed(conformance, (uint16_t)sqlite3_column_int(statement, 0),
                 (const char *)sqlite3_column_text(statement, 1));
    }
    sqlite3_finalize(statement);
    return status;
}

static enum status load_unmapped(struct gateway *gateway) {
    sqlite3_stmt *statement;
    enum status status = prepare(gateway->conformance, "SELECT feed, code FROM unmapped", &statement);
    while (status == STATUS_OK && sqlite3_step(statement) == SQLITE_ROW) {
        struct feed *feed = conformance_feed_by_number(gateway, (uint16_t)sqlite3_column_int(statement, 0));
        if (feed != NULL) {
            list_unmapped(feed, (const char *)sqlite3_column_text(statement, 1));
            feed->unmapped_saved = feed->unmapped_count;
        }
    }
    sqlite3_finalize(statement);
    return status;
}

static enum status open_database(struct gateway *gateway, const char *path) {
    struct conformance *conformance = gateway->conformance;
    (void)file_write_new(path, "", 0, 0600); /* its owner's alone; SQLite gives the WAL the same mode */
    enum status status = status_of(
        sqlite3_open_v2(path, &conformance->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));
    if (status == STATUS_OK) {
        sqlite3_busy_timeout(conformance->db, 1000);
        status = run(conformance, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
    }
    if (status == STATUS_OK) {
        status = run(conformance, schema);
    }
    if (status == STATUS_OK) {
        status = load_feeds(conformance);
    }
    if (status == STATUS_OK) {
        status = load_unmapped(gateway);
    }
    if (status == STATUS_OK) {
        status = prepare(conformance,
                         "INSERT INTO tally (feed, day, answer, code, times) VALUES (?1, ?2, ?3, ?4, ?5)"
                         " ON CONFLICT (feed, day, answer, code) DO UPDATE SET times = times + excluded.times",
                         &conformance->add);
    }
    if (status == STATUS_OK) {
        status = prepare(conformance, "INSERT OR IGNORE INTO unmapped (feed, code) VALUES (?1, ?2)",
                         &conformance->add_unmapped);
    }
    return status;
}

enum status conformance_open(struct gateway *gateway, const char *folder) {
    char path[PATH_BYTES_MAX];
    struct conformance *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return STATUS_MEMORY;
    }
    gateway->conformance = made;
    made->today = civil_day_of_ms(clock_unix_ms());
    snprintf(path, sizeof path, "%s/conformance.db", folder);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600); /* SQLite keeps the mode, also for what stands beside it */
    enum status status = file < 0 ? STATUS_IO : STATUS_OK;
    if (file >= 0) {
        close(file);
        status = open_database(gateway, path);
    }
    if (status != STATUS_OK) {
        LOG_ERROR("the counts of the feeds cannot be opened", LOG_S("path", path),
                  LOG_S("status", status_name(status)));
    }
    return status;
}

void conformance_close(struct gateway *gateway) {
    struct conformance *conformance = gateway->conformance;
    if (conformance == NULL) {
        return;
    }
    if (conformance->add != NULL) {
        conformance_save(gateway);
    }
    sqlite3_finalize(conformance->add);
    sqlite3_finalize(conformance->add_unmapped);
    sqlite3_close(conformance->db);
    for (size_t i = 0; i < conformance->count; i++) {
        free(conformance->feeds[i]);
    }
    free(conformance);
    gateway->conformance = NULL;
}

/* --- Feeds ---------------------------------------------------------------------------------------------------------- */

size_t conformance_feed_count(const struct gateway *gateway) {
    return gateway->conformance->count;
}

struct feed *conformance_feed_at(const struct gateway *gateway, size_t place) {
    return gateway->conformance->feeds[place];
}

struct feed *conformance_feed_by_number(struct gateway *gateway, uint16_t number) {
    const struct conformance *conformance = gateway->conformance;
    for (size_t i = 0; i < conformance->count; i++) {
        if (conformance->feeds[i]->number == number) {
            return conformance->feeds[i];
        }
    }
    return NULL;
}

static enum status insert_feed(const struct conformance *conformance, uint16_t number, const char *name) {
    sqlite3_stmt *statement;
    enum status status = prepare(conformance, "INSERT INTO feed (number, name) VALUES (?1, ?2)", &statement);
    if (status == STATUS_OK) {
        sqlite3_bind_int(statement, 1, number);
        sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
        status = status_of(sqlite3_step(statement));
    }
    sqlite3_finalize(statement);
    return status;
}

struct feed *conformance_feed(struct gateway *gateway, const char *name) {
    struct conformance *conformance = gateway->conformance;
    for (size_t i = 0; i < conformance->count; i++) {
        if (strcmp(conformance->feeds[i]->name, name) == 0) {
            return conformance->feeds[i];
        }
    }
    uint16_t number =
        conformance->count == 0 ? 1 : (uint16_t)(conformance->feeds[conformance->count - 1]->number + 1);
    if (conformance->count == FEEDS_MAX || insert_feed(conformance, number, name) != STATUS_OK) {
        LOG_ERROR("a feed cannot be made known", LOG_S("feed", name));
        return NULL;
    }
    return add_feed(conformance, number, name);
}

/* --- Saving --------------------------------------------------------------------------------------------------------- */

static enum status add_tally(const struct conformance *conformance, const struct feed *feed, size_t tally) {
    sqlite3_stmt *statement = conformance->add;
    bool is_answer = tally >= TALLY_COUNT;
    sqlite3_bind_int(statement, 1, feed->number);
    sqlite3_bind_int(statement, 2, conformance->today);
    sqlite3_bind_int(statement, 3, is_answer ? 1 + (int)((tally - TALLY_COUNT) / ANSWER_CODES) : 0);
    sqlite3_bind_int(statement, 4, is_answer ? (int)conformance_answer_code(tally) : (int)tally);
    sqlite3_bind_int64(statement, 5, feed->unsaved[tally]);
    enum status status = status_of(sqlite3_step(statement));
    sqlite3_reset(statement);
    return status;
}

static enum status save_feed(const struct conformance *conformance, const struct feed *feed) {
    enum status status = STATUS_OK;
    for (size_t tally = 0; tally < TALLIES && status == STATUS_OK; tally++) {
        if (feed->unsaved[tally] > 0) {
            status = add_tally(conformance, feed, tally);
        }
    }
    for (size_t i = feed->unmapped_saved; i < feed->unmapped_count && status == STATUS_OK; i++) {
        sqlite3_bind_int(conformance->add_unmapped, 1, feed->number);
        sqlite3_bind_text(conformance->add_unmapped, 2, feed->unmapped[i], -1, SQLITE_TRANSIENT);
        status = status_of(sqlite3_step(conformance->add_unmapped));
        sqlite3_reset(conformance->add_unmapped);
    }
    return status;
}

static void note_saved(struct conformance *conformance) {
    for (size_t i = 0; i < conformance->count; i++) {
        struct feed *feed = conformance->feeds[i];
        memset(feed->unsaved, 0, sizeof feed->unsaved);
        feed->unmapped_saved = feed->unmapped_count;
        feed->has_unsaved = false;
    }
}

static enum status save_all(const struct conformance *conformance) {
    enum status status = run(conformance, "BEGIN IMMEDIATE");
    for (size_t i = 0; i < conformance->count && status == STATUS_OK; i++) {
        if (conformance->feeds[i]->has_unsaved) {
            status = save_feed(conformance, conformance->feeds[i]);
        }
    }
    if (status == STATUS_OK) {
        status = run(conformance, "COMMIT");
    }
    if (status != STATUS_OK && sqlite3_get_autocommit(conformance->db) == 0) {
        (void)run(conformance, "ROLLBACK");
    }
    return status;
}

static bool has_unsaved(const struct conformance *conformance) {
    for (size_t i = 0; i < conformance->count; i++) {
        if (conformance->feeds[i]->has_unsaved) {
            return true;
        }
    }
    return false;
}

/* Days that nobody asks for any more go when a new one begins. */
static void begin_day(struct conformance *conformance) {
    char sql[96];
    int32_t today = civil_day_of_ms(clock_unix_ms());
    if (today != conformance->today) {
        conformance->today = today;
        snprintf(sql, sizeof sql, "DELETE FROM tally WHERE day < %d", today - KEEP_DAYS);
        (void)run(conformance, sql);
    }
}

void conformance_save(struct gateway *gateway) {
    struct conformance *conformance = gateway->conformance;
    if (has_unsaved(conformance)) {
        enum status status = save_all(conformance);
        if (status == STATUS_OK) {
            note_saved(conformance);
        } else if (!conformance->is_failing) {
            LOG_WARN("the counts of the feeds cannot be written for now", LOG_S("status", status_name(status)));
        }
        conformance->is_failing = status != STATUS_OK;
    }
    begin_day(conformance);
}

void conformance_relax(struct gateway *gateway) {
    (void)run(gateway->conformance, "PRAGMA synchronous=NORMAL");
}

/* --- Reading -------------------------------------------------------------------------------------------------------- */

static bool tally_of_row(int answer, int code, size_t *tally) {
    if (answer == 0) {
        *tally = (size_t)code;
        return code >= 0 && code < TALLY_COUNT;
    }
    if (answer < 1 || answer > ANSWER_TEXTS) {
        return false;
    }
    *tally = answer_tally(answer_texts[answer - 1], (uint32_t)code);
    return true;
}

enum status conformance_read(struct gateway *gateway, const struct feed *feed, int32_t first_day, int32_t last_day,
                             uint64_t sums[TALLIES]) {
    const struct conformance *conformance = gateway->conformance;
    sqlite3_stmt *statement;
    int result;
    memset(sums, 0, TALLIES * sizeof *sums);
    enum status status = prepare(conformance,
                                 "SELECT answer, code, sum(times) FROM tally WHERE feed = ?1 AND day BETWEEN ?2 AND ?3"
                                 " GROUP BY answer, code",
                                 &statement);
    if (status != STATUS_OK) {
        return status;
    }
    sqlite3_bind_int(statement, 1, feed->number);
    sqlite3_bind_int(statement, 2, first_day);
    sqlite3_bind_int(statement, 3, last_day);
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        size_t tally;
        if (tally_of_row(sqlite3_column_int(statement, 0), sqlite3_column_int(statement, 1), &tally)) {
            sums[tally] += (uint64_t)sqlite3_column_int64(statement, 2);
        }
    }
    sqlite3_finalize(statement);
    return status_of(result);
}
