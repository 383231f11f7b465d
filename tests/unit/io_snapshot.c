#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "state/snapshot.h"

#define VISITS 3000 /* in the fixture's state */

struct person {
    uint64_t key;
    uint32_t visits;
    uint32_t region;
};

struct visit {
    uint64_t number;
    uint32_t person;
    uint16_t day;
    uint16_t kind;
    uint8_t rest[7];
} __attribute__((packed));

static uint64_t hash_person(const void *row) {
    return hash_mix64(((const struct person *)row)->key);
}
static bool person_has_key(const void *row, const void *key) {
    return ((const struct person *)row)->key == *(const uint64_t *)key;
}
static uint64_t hash_visit(const void *row) {
    return hash_mix64(((const struct visit *)row)->number);
}
static bool visit_has_number(const void *row, const void *key) {
    return ((const struct visit *)row)->number == *(const uint64_t *)key;
}
static uint64_t hash_visit_person(const void *row) {
    return hash_mix64(((const struct visit *)row)->person);
}
static bool visit_is_of_person(const void *row, const void *key) {
    return ((const struct visit *)row)->person == *(const uint32_t *)key;
}

struct world {
    struct table persons;
    struct table visits;
    struct index by_key;
    struct index by_number;
    struct index by_person;
    struct state state;
};

/* What a program's state looks like; tests change one thing of it. */
struct shape {
    const char *persons_name;
    uint32_t person_bytes;
    uint32_t visits_max;
    bool has_by_person;
    const char *by_number_name;
    uint64_t (*hash_of_number)(const void *row);
};
static const struct shape usual = {"persons", sizeof(struct person), 100000, true, "visits by number", hash_visit};

static void world_init(struct world *w, const struct shape *shape) {
    *w = (struct world){0};
    table_init(&w->persons, shape->persons_name, shape->person_bytes, 50000);
    table_init(&w->visits, "visits", sizeof(struct visit), shape->visits_max);
    index_init(&w->by_key, "persons by key", &w->persons, hash_person, person_has_key);
    index_init(&w->by_number, shape->by_number_name, &w->visits, shape->hash_of_number, visit_has_number);
    index_init(&w->by_person, "visits by person", &w->visits, hash_visit_person, visit_is_of_person);
    state_register_table(&w->state, &w->persons);
    state_register_table(&w->state, &w->visits);
    state_register_index(&w->state, &w->by_key);
    state_register_index(&w->state, &w->by_number);
    if (shape->has_by_person) {
        state_register_index(&w->state, &w->by_person);
    }
}

static void world_release(struct world *w) {
    state_release(&w->state);
    index_release(&w->by_person); /* again where it was registered: harmless */
}

/* A fold: visits from `first` on, of persons old and new; some visits leave an index again. */
static void fold(struct world *w, uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; i++) {
        const uint64_t key = i % 701 * UINT64_C(977);
        uint32_t person = index_find(&w->by_key, hash_mix64(key), &key);
        if (person == 0) {
            ((struct person *)table_add(&w->persons, &person))->key = key;
            index_add(&w->by_key, person);
        }
        uint32_t number;
        struct visit *visit = table_add(&w->visits, &number);
        *visit = (struct visit){.number = i, .person = person, .day = (uint16_t)(i % 366), .kind = 1};
        index_add(&w->by_person, number);
        index_add(&w->by_number, number);
        if (i % 5 == 0) {
            index_remove(&w->by_number, number - 1);
        }
        ((struct person *)table_row(&w->persons, person))->visits++;
    }
}

struct fixture {
    char folder[64];
    struct world world;
    struct snapshot_mark mark;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    snprintf(f->folder, sizeof f->folder, "/tmp/liancheng-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    world_init(&f->world, &usual);
    f->mark = (struct snapshot_mark){.seq = 9000, .layout = 3};
    memset(f->mark.epoch.bytes, 0xe1, ID_BYTES);
    memset(f->mark.chain, 0xc4, sizeof f->mark.chain);
    fold(&f->world, 1, VISITS);
    *state = f;
    return 0;
}

static void path_of(const struct fixture *f, uint64_t seq, char path[128]) {
    snprintf(path, 128, "%s/snapshot-%020llu", f->folder, (unsigned long long)seq);
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    char command[128];
    char path[128];
    for (uint64_t seq = 0; seq <= 40000; seq += 1000) {
        path_of(f, seq, path);
        unlink(path);
    }
    snprintf(command, sizeof command, "%s/snapshot.part", f->folder);
    unlink(command);
    assert_int_equal(rmdir(f->folder), 0); /* nothing else was left there */
    world_release(&f->world);
    free(f);
    return 0;
}

static void save(struct fixture *f, uint64_t seq) {
    f->mark.seq = seq;
    assert_int_equal(snapshot_save(f->folder, &f->mark, &f->world.state), STATUS_OK);
}

static enum status load_into(const struct fixture *f, struct world *w, uint64_t head, struct snapshot_mark *mark) {
    return snapshot_load(f->folder, &f->mark.epoch, f->mark.layout, head, &w->state, mark);
}

static void assert_same(const struct world *a, const struct world *b) {
    uint8_t x[32];
    uint8_t y[32];
    state_hash(&a->state, x);
    state_hash(&b->state, y);
    assert_memory_equal(x, y, 32);
}

static void assert_empty(const struct world *w) {
    struct world fresh;
    world_init(&fresh, &usual);
    assert_same(w, &fresh);
    world_release(&fresh);
}

/* --- What is saved is loaded -----------------------------------------------------------------------------------------
 */

static void test_a_loaded_state_goes_on_as_the_saved_one(void **state) {
    struct fixture *f = *state;
    struct world loaded;
    struct snapshot_mark mark;
    save(f, 9000);
    world_init(&loaded, &usual);
    assert_int_equal(load_into(f, &loaded, 9000, &mark), STATUS_OK);
    assert_memory_equal(&mark, &f->mark, sizeof mark);
    assert_same(&loaded, &f->world);
    fold(&loaded, VISITS + 1, 20000);
    fold(&f->world, VISITS + 1, 20000);
    assert_same(&loaded, &f->world);
    world_release(&loaded);
}

static void test_an_empty_state_is_saved_too(void **state) {
    struct fixture *f = *state;
    struct world loaded;
    struct snapshot_mark mark;
    state_clear(&f->world.state);
    save(f, 0);
    world_init(&loaded, &usual);
    assert_int_equal(load_into(f, &loaded, 0, &mark), STATUS_OK);
    assert_empty(&loaded);
    fold(&loaded, 1, 100);
    world_release(&loaded);
}

static void test_equal_states_have_equal_files(void **state) {
    struct fixture *f = *state;
    struct buffer first = {0};
    struct buffer second = {0};
    char path[128];
    save(f, 9000);
    path_of(f, 9000, path);
    assert_int_equal(file_read(path, 1 << 24, &first), STATUS_OK);
    state_clear(&f->world.state);
    fold(&f->world, 1, VISITS);
    save(f, 9000);
    assert_int_equal(file_read(path, 1 << 24, &second), STATUS_OK);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    buffer_release(&first);
    buffer_release(&second);
}

/* --- Which one is taken, which are kept ------------------------------------------------------------------------------
 */

static void test_the_newest_up_to_the_head_is_taken(void **state) {
    struct fixture *f = *state;
    struct world loaded;
    struct snapshot_mark mark;
    save(f, 9000);
    fold(&f->world, VISITS + 1, 1000);
    save(f, 10000);
    world_init(&loaded, &usual);
    static const struct {
        uint64_t head;
        uint64_t expected; /* 0: none */
    } cases[] = {{8999, 0}, {9000, 9000}, {9999, 9000}, {10000, 10000}, {UINT64_MAX, 10000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mark.seq = 0;
        const enum status status = load_into(f, &loaded, cases[i].head, &mark);
        assert_int_equal(status, cases[i].expected != 0 ? STATUS_OK : STATUS_NOT_FOUND);
        if (status == STATUS_OK) {
            assert_int_equal(mark.seq, cases[i].expected);
        }
        state_clear(&loaded.state);
    }
    world_release(&loaded);
}

static void test_two_are_kept(void **state) {
    struct fixture *f = *state;
    char path[128];
    for (uint64_t seq = 9000; seq <= 13000; seq += 1000) {
        save(f, seq);
    }
    for (uint64_t seq = 9000; seq <= 13000; seq += 1000) {
        path_of(f, seq, path);
        assert_int_equal(access(path, F_OK), seq >= 12000 ? 0 : -1);
    }
    save(f, 9000); /* the log was restored from a backup and grows anew */
    path_of(f, 9000, path);
    assert_int_equal(access(path, F_OK), 0);
    path_of(f, 13000, path);
    assert_int_equal(access(path, F_OK), -1);
}

static void test_those_of_another_log_or_layout_are_not_taken(void **state) {
    struct fixture *f = *state;
    struct world loaded;
    struct snapshot_mark mark;
    struct id other = f->mark.epoch;
    other.bytes[3] ^= 1;
    save(f, 9000);
    world_init(&loaded, &usual);
    assert_int_equal(snapshot_load(f->folder, &other, 3, 9000, &loaded.state, &mark), STATUS_NOT_FOUND);
    assert_int_equal(snapshot_load(f->folder, &f->mark.epoch, 4, 9000, &loaded.state, &mark), STATUS_NOT_FOUND);
    assert_int_equal(snapshot_load("/nonexistent", &f->mark.epoch, 3, 9000, &loaded.state, &mark), STATUS_NOT_FOUND);
    assert_empty(&loaded);
    world_release(&loaded);
}

static void test_those_of_another_shape_are_not_taken(void **state) {
    struct fixture *f = *state;
    static const struct shape shapes[] = {
        {"people", sizeof(struct person), 100000, true, "visits by number", hash_visit},
        {"persons", sizeof(struct person) + 4, 100000, true, "visits by number", hash_visit},
        {"persons", sizeof(struct person), VISITS - 1, true, "visits by number", hash_visit},
        {"persons", sizeof(struct person), 100000, false, "visits by number", hash_visit},
        {"persons", sizeof(struct person), 100000, true, "visits by no", hash_visit},
        {"persons", sizeof(struct person), 100000, true, "visits by number",
         hash_visit_person}, /* other hash, same name */
    };
    save(f, 9000);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct world other;
        struct snapshot_mark mark;
        world_init(&other, &shapes[i]);
        assert_int_equal(load_into(f, &other, 9000, &mark), STATUS_NOT_FOUND);
        assert_int_equal(other.visits.count, 0);
        world_release(&other);
    }
}

/* --- Damage ----------------------------------------------------------------------------------------------------------
 */

static void write_byte(const char *path, size_t at, uint8_t byte) {
    const int file = open(path, O_WRONLY);
    assert_int_equal(pwrite(file, &byte, 1, (off_t)at), 1);
    close(file);
}

/* Any flipped bit, any cut and any addition is noticed, and the next older snapshot serves. */
static void test_a_damaged_one_is_passed_over(void **state) {
    struct fixture *f = *state;
    struct world loaded;
    struct snapshot_mark mark;
    struct buffer bytes = {0};
    char path[128];
    save(f, 9000);
    save(f, 10000);
    path_of(f, 10000, path);
    assert_int_equal(file_read(path, 1 << 24, &bytes), STATUS_OK);
    world_init(&loaded, &usual);
    for (size_t at = 0; at < bytes.size; at += at < 400 ? 5 : 2999) {
        write_byte(path, at, bytes.data[at] ^ 0x40);
        assert_int_equal(load_into(f, &loaded, 10000, &mark), STATUS_OK);
        assert_int_equal(mark.seq, 9000);
        assert_same(&loaded, &f->world);
        state_clear(&loaded.state);
        write_byte(path, at, bytes.data[at]);
    }
    assert_int_equal(load_into(f, &loaded, 10000, &mark), STATUS_OK);
    assert_int_equal(mark.seq, 10000); /* whole again */
    state_clear(&loaded.state);
    write_byte(path, bytes.size, 'x');
    for (size_t size = bytes.size + 1; size > 0; size -= size < 20 || size > bytes.size ? 1 : size / 5) {
        assert_int_equal(truncate(path, (off_t)(size == bytes.size ? size - 1 : size)), 0);
        assert_int_equal(load_into(f, &loaded, 10000, &mark), STATUS_OK);
        assert_int_equal(mark.seq, 9000);
        state_clear(&loaded.state);
    }
    buffer_release(&bytes);
    world_release(&loaded);
}

/* Where the arrays of by_key lie in a file of the fixture's state. */
static size_t by_key_heads_at(const struct fixture *f) {
    return 80 + 2 * 40 + 3 * 48 + (size_t)f->world.persons.count * sizeof(struct person) +
           (size_t)f->world.visits.count * sizeof(struct visit);
}

static void put_u32(struct buffer *bytes, size_t at, uint32_t value) {
    memcpy(bytes->data + at, &value, sizeof value);
}
static uint32_t get_u32(const struct buffer *bytes, size_t at) {
    uint32_t value;
    memcpy(&value, bytes->data + at, sizeof value);
    return value;
}

enum forgery { ROW_BEYOND_TABLE, SAME_ROW_TWICE, CIRCLE, WRONG_BUCKET, LOST_ROW, HUGE_TABLE, HUGE_INDEX, NO_BUCKETS };

/* Row `to` of an index file points to itself, ...: what an enemy could write who computes the check anew. */
static void forge(const struct fixture *f, struct buffer *bytes, enum forgery forgery) {
    const size_t heads = by_key_heads_at(f);
    const size_t next = heads + (size_t)f->world.by_key.bucket_count * 4;
    const size_t index = 80 + 2 * 40; /* its row in the list of indexes */
    size_t used = heads;
    while (get_u32(bytes, used) == 0) {
        used += 4;
    }
    const uint32_t row = get_u32(bytes, used);
    switch (forgery) {
    case ROW_BEYOND_TABLE:
        put_u32(bytes, used, f->world.persons.count + 1);
        break;
    case SAME_ROW_TWICE:
        put_u32(bytes, used == heads ? used + 4 : heads, row);
        break;
    case CIRCLE:
        put_u32(bytes, next + (size_t)(row - 1) * 4, row);
        break;
    case WRONG_BUCKET: {
        size_t other = used + 4;
        while (get_u32(bytes, other) == 0) {
            other += 4;
        }
        put_u32(bytes, used, get_u32(bytes, other));
        put_u32(bytes, other, row);
        break;
    }
    case LOST_ROW:
        put_u32(bytes, used, 0);
        break;
    case HUGE_TABLE:
        put_u32(bytes, 80 + 36, 49999);
        break;
    case HUGE_INDEX:
        put_u32(bytes, index + 40, UINT32_MAX);
        break;
    case NO_BUCKETS:
        put_u32(bytes, index + 40, 0);
        break;
    }
    static const uint8_t key[32] = "Liancheng snapshot, format one.";
    crypto_onetimeauth(bytes->data + bytes->size - 16, bytes->data, bytes->size - 16, key);
}

static void overwrite(const char *path, const struct buffer *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes->data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void test_a_forged_one_is_refused(void **state) {
    struct fixture *f = *state;
    struct snapshot_mark mark;
    char path[128];
    save(f, 9000);
    path_of(f, 9000, path);
    struct buffer good = {0};
    assert_int_equal(file_read(path, 1 << 24, &good), STATUS_OK);
    for (enum forgery forgery = ROW_BEYOND_TABLE; forgery <= NO_BUCKETS; forgery++) {
        struct world loaded;
        struct buffer bytes = {0};
        buffer_append(&bytes, good.data, good.size);
        forge(f, &bytes, forgery);
        assert_memory_not_equal(bytes.data, good.data, good.size - 16);
        overwrite(path, &bytes, bytes.size);
        world_init(&loaded, &usual);
        assert_int_equal(load_into(f, &loaded, 9000, &mark), STATUS_NOT_FOUND);
        assert_empty(&loaded);
        world_release(&loaded);
        buffer_release(&bytes);
    }
    buffer_release(&good);
}

/* --- A disk that is full ---------------------------------------------------------------------------------------------
 */

static void test_a_full_disk_leaves_the_old_one(void **state) {
    struct fixture *f = *state;
    struct world loaded;
    struct snapshot_mark mark;
    char path[128];
    struct rlimit before;
    save(f, 9000);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = {.rlim_cur = 100000, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    f->mark.seq = 10000;
    const enum status status = snapshot_save(f->folder, &f->mark, &f->world.state);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(status, STATUS_IO);
    path_of(f, 10000, path);
    assert_int_equal(access(path, F_OK), -1);
    snprintf(path, sizeof path, "%s/snapshot.part", f->folder);
    assert_int_equal(access(path, F_OK), -1);
    world_init(&loaded, &usual);
    assert_int_equal(load_into(f, &loaded, 10000, &mark), STATUS_OK);
    assert_int_equal(mark.seq, 9000);
    world_release(&loaded);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_loaded_state_goes_on_as_the_saved_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_empty_state_is_saved_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_equal_states_have_equal_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_newest_up_to_the_head_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_those_of_another_log_or_layout_are_not_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_those_of_another_shape_are_not_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_damaged_one_is_passed_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_forged_one_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_disk_leaves_the_old_one, set_up, tear_down),
    };
    log_init("test", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
