#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/file.h"
#include "support/peers.h"
#include "wire/curve.h"
#include "wire/keys.h"

#define KEY_A "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define KEY_B "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define KEY_C "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
#define LINE_A "hospital-01/publisher hospital-01 publisher " KEY_A "\n"

static enum status parse(const char *text, struct keys **keys, struct keys_error *error) {
    return keys_parse(text, strlen(text), "keys.tab", keys, error);
}

static void a_table_is_read(void **state) {
    (void)state;
    struct keys *keys;
    struct keys_error error;
    const char *text = "# principal  organisation  role  key\n\n"
                       "  hospital-01/publisher\thospital-01 publisher " KEY_A " " KEY_B " \r\n"
                       "operator/operator operator operator " KEY_C " revoked"; /* and no newline at the end */
    assert_int_equal(parse(text, &keys, &error), STATUS_OK);
    assert_int_equal(keys_count(keys), 2);
    uint8_t key[32];
    assert_true(curve_key_decode(KEY_B, key));
    const struct principal *principal = keys_find(keys, key);
    assert_non_null(principal);
    assert_string_equal(principal->name, "hospital-01/publisher");
    assert_string_equal(principal->organisation, "hospital-01");
    assert_int_equal(principal->role, ROLE_PUBLISHER);
    assert_int_equal(principal->key_count, 2);
    assert_false(principal->revoked);
    assert_true(principal_holds(principal, key));
    assert_ptr_equal(keys_find_name(keys, "hospital-01/publisher"), principal);
    assert_true(keys_find_name(keys, "operator/operator")->revoked);
    assert_null(keys_find_name(keys, "hospital-01/publishe"));
    assert_false(principal_holds(keys_find_name(keys, "operator/operator"), key));
    key[0] ^= 1;
    assert_null(keys_find(keys, key));
    keys_destroy(&keys);
    assert_null(keys);
}

static void an_empty_table_holds_nobody(void **state) {
    (void)state;
    struct keys *keys;
    assert_int_equal(parse("", &keys, NULL), STATUS_OK);
    assert_int_equal(keys_count(keys), 0);
    keys_destroy(&keys);
}

static void bad_lines_refuse_the_file(void **state) {
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {
        {LINE_A "x y\n", "keys.tab:2: a line is"},
        {"a/b a publisher " KEY_A " " KEY_B " " KEY_C "\n", "keys.tab:1: more than two keys"},
        {"a/b a publisher " KEY_A " " KEY_B " revoked more\n", "keys.tab:1: a line is"},
        {"a/b a publisher " KEY_A " gone\n", "keys.tab:1: a key is no Z85"},
        {"a/b a publisher revoked\n", "keys.tab:1: a key is no Z85"},
        {"a/b a king " KEY_A "\n", "keys.tab:1: the role"},
        {"a/b a none " KEY_A "\n", "keys.tab:1: the role"},
        {"a/b A publisher " KEY_A "\n", "keys.tab:1: the organisation"},
        {"a/b a/b publisher " KEY_A "\n", "keys.tab:1: the organisation"},
        {"a/b abcdefghijklmnopqrstuvwxyz0123456 publisher " KEY_A "\n", "keys.tab:1: the organisation"},
        {"a/\xc3\xa4 a publisher " KEY_A "\n", "keys.tab:1: the principal"},
        {"a/b a publisher rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf\n", "keys.tab:1: a key is no Z85"},
        {"a/b a publisher " KEY_A "0\n", "keys.tab:1: a key is no Z85"},
        {"a/b a publisher rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf\"\n", "keys.tab:1: a key is no Z85"},
        {"a/b a publisher #####q:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8\n", "keys.tab:1: a key is no Z85"},
        {"a/b a publisher " KEY_A " " KEY_A "\n", "keys.tab:1: the same key twice"},
        {LINE_A "c/d c publisher " KEY_A "\n", "keys.tab:2: this key belongs to another"},
        {LINE_A "\n# x\nhospital-01/publisher hospital-01 publisher " KEY_B "\n", "keys.tab:4: this principal has"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct keys *keys;
        struct keys_error error = {""};
        if (parse(cases[i].text, &keys, &error) != STATUS_CONFIG || keys != NULL ||
            strncmp(error.text, cases[i].want, strlen(cases[i].want)) != 0) {
            fail_msg("%s gave: %s", cases[i].text, error.text);
        }
    }
    struct keys *keys;
    struct keys_error error;
    char line[600];
    memset(line, 'a', sizeof line);
    assert_int_equal(keys_parse(line, sizeof line, "k", &keys, &error), STATUS_CONFIG);
    assert_int_equal(keys_parse("a\0b", 3, "k", &keys, &error), STATUS_CONFIG);
}

static void a_full_table_is_found_through(void **state) {
    (void)state;
    struct buffer text = {0};
    struct keys *keys;
    struct keys_error error;
    for (uint32_t i = 0; i < 10001; i++) {
        uint8_t key[32] = {(uint8_t)i, (uint8_t)(i >> 8), 7};
        char z85[CURVE_TEXT_BYTES];
        if (i == 10000) {
            assert_int_equal(keys_parse((char *)text.data, text.size, "k", &keys, &error), STATUS_OK);
            for (uint32_t j = 0; j < i; j++) {
                char name[32];
                uint8_t wanted[32] = {(uint8_t)j, (uint8_t)(j >> 8), 7};
                snprintf(name, sizeof name, "h-%u/p", j);
                assert_ptr_equal(keys_find(keys, wanted), keys_find_name(keys, name));
                assert_non_null(keys_find_name(keys, name));
            }
            keys_destroy(&keys);
        }
        curve_key_encode(key, z85);
        buffer_printf(&text, "h-%u/p h publisher %s\n", i, z85);
    }
    assert_int_equal(keys_parse((char *)text.data, text.size, "k", &keys, &error), STATUS_CONFIG);
    assert_string_equal(error.text, "k:10001: more than 10000 principals");
    buffer_release(&text);
}

static void roles_have_names(void **state) {
    (void)state;
    struct buffer names = {0};
    for (enum role role = ROLE_PUBLISHER; role <= ROLE_SUPERVISOR; role++) {
        assert_int_equal(role_parse(role_name(role)), role);
        buffer_printf(&names, "%s%s", names.size > 0 ? ", " : "", role_name(role));
    }
    assert_string_equal(buffer_text(&names), ROLE_NAMES);
    buffer_release(&names);
    assert_true(role_is_of_organisation(ROLE_PUBLISHER) && role_is_of_organisation(ROLE_CLERK) &&
                role_is_of_organisation(ROLE_SUPERVISOR));
    assert_false(role_is_of_organisation(ROLE_NONE) || role_is_of_organisation(ROLE_OPERATOR) ||
                 role_is_of_organisation(ROLE_REGISTRAR));
    assert_int_equal(role_parse("none"), ROLE_NONE);
    assert_int_equal(role_parse(""), ROLE_NONE);
}

static void z85_goes_both_ways(void **state) {
    (void)state;
    for (int fill = 0; fill < 256; fill += 5) {
        uint8_t key[32], back[32];
        char text[CURVE_TEXT_BYTES];
        memset(key, fill, sizeof key);
        key[31] = (uint8_t)~fill;
        curve_key_encode(key, text);
        assert_true(curve_key_decode(text, back));
        assert_memory_equal(key, back, sizeof key);
    }
}

static void key_files_are_kept(void **state) {
    (void)state;
    char folder[256], secret_path[300], public_path[300];
    struct curve_pair pair, back;
    struct stat found;
    test_folder_make("pair", folder);
    snprintf(secret_path, sizeof secret_path, "%s/a.key", folder);
    snprintf(public_path, sizeof public_path, "%s/a.pub", folder);
    assert_int_equal(curve_pair_make(&pair), STATUS_OK);
    assert_int_equal(curve_pair_save(&pair, secret_path, public_path), STATUS_OK);
    assert_int_equal(stat(secret_path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0400);
    assert_int_equal(curve_pair_load(secret_path, true, &back), STATUS_OK);
    assert_memory_equal(&pair, &back, sizeof pair);
    assert_int_equal(curve_pair_load(public_path, false, &back), STATUS_OK);
    assert_string_equal(back.public_text, pair.public_text);
    assert_string_equal(back.secret_text, "");
    assert_int_equal(curve_pair_load(public_path, true, &back), STATUS_MALFORMED);
    struct curve_pair other;
    curve_pair_make(&other);
    assert_int_equal(curve_pair_save(&other, secret_path, public_path), STATUS_EXISTS);
    assert_int_equal(curve_pair_load(secret_path, true, &back), STATUS_OK);
    assert_memory_equal(&pair, &back, sizeof pair);
    assert_int_equal(curve_pair_load(public_path, false, &back), STATUS_OK);
    assert_string_equal(back.public_text, pair.public_text);
    assert_int_equal(curve_pair_load(folder, true, &back), STATUS_IO);
    snprintf(secret_path, sizeof secret_path, "%s/none.key", folder);
    assert_int_equal(curve_pair_load(secret_path, true, &back), STATUS_NOT_FOUND);
    test_folder_remove(folder);
}

static void bad_key_files_are_refused(void **state) {
    (void)state;
    char folder[256], path[300];
    struct curve_pair pair, other;
    curve_pair_make(&pair);
    curve_pair_make(&other);
    const struct {
        const char *format, *public_text, *secret_text;
        enum status want;
    } cases[] = {
        {"public %s\nsecret %s\n", pair.public_text, pair.secret_text, STATUS_OK},
        {"secret %2$s public %1$s", pair.public_text, pair.secret_text, STATUS_OK},
        {"public %s\nsecret %s\n", pair.public_text, other.secret_text, STATUS_MALFORMED},
        {"public %s\npublic %s\n", pair.public_text, pair.public_text, STATUS_MALFORMED},
        {"public %s\nsecret %.39s\n", pair.public_text, pair.secret_text, STATUS_MALFORMED},
        {"public %s\nsecrets %s\n", pair.public_text, pair.secret_text, STATUS_MALFORMED},
        {"%s %s", pair.public_text, pair.secret_text, STATUS_MALFORMED},
        {"", "", "", STATUS_MALFORMED},
    };
    test_folder_make("pair", folder);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[200];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        int size = snprintf(text, sizeof text, cases[i].format, cases[i].public_text, cases[i].secret_text);
#pragma GCC diagnostic pop
        snprintf(path, sizeof path, "%s/%zu.key", folder, i);
        assert_int_equal(file_write_new(path, text, (size_t)size, 0400), STATUS_OK);
        struct curve_pair loaded;
        assert_int_equal(curve_pair_load(path, true, &loaded), cases[i].want);
    }
    test_folder_remove(folder);
}

static void a_missing_table_says_so(void **state) {
    (void)state;
    struct keys *keys;
    struct keys_error error;
    assert_int_equal(keys_load("/tmp/liancheng-no-such-file", &keys, &error), STATUS_NOT_FOUND);
    assert_string_equal(error.text, "/tmp/liancheng-no-such-file: the key table cannot be read (not_found)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_read),           cmocka_unit_test(an_empty_table_holds_nobody),
        cmocka_unit_test(bad_lines_refuse_the_file), cmocka_unit_test(a_full_table_is_found_through),
        cmocka_unit_test(roles_have_names),          cmocka_unit_test(z85_goes_both_ways),
        cmocka_unit_test(key_files_are_kept),        cmocka_unit_test(bad_key_files_are_refused),
        cmocka_unit_test(a_missing_table_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
