/* Feeds from configuration files: every key, what is wrong with it, and which feed a message belongs to. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "config/config.h"
#include "hl7-gateway/profile.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char folder[] = "/tmp/liancheng-profile.XXXXXX";
static char path[64];

static int set_up(void **state) {
    (void)state;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/hl7-gateway.conf", folder);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static enum status load(const char *text, struct profiles *profiles, struct config_error *error) {
    static const struct config_key *const keys[] = {profile_config_keys, NULL};
    char *argv[] = {(char *)"hl7-gateway", (char *)"--config", path, NULL};
    struct config *config;
    enum config_action action;
    *profiles = (struct profiles){0};
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0600), STATUS_OK);
    enum status status = config_load(keys, 3, argv, &config, &action, error);
    if (status == STATUS_OK) {
        status = profiles_load(config, profiles, error);
    }
    config_destroy(&config); /* profiles must not need it any more */
    return status;
}

static struct profiles load_well(const char *text) {
    struct profiles profiles;
    struct config_error error;
    if (load(text, &profiles, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    return profiles;
}

/* --- What is read --- */

static const struct identifier_alias *identifier_of(const struct profile *profile, const char *type) {
    for (size_t i = 0; i < profile->identifier_count; i++) {
        if (strcmp(profile->identifiers[i].type, type) == 0) {
            return &profile->identifiers[i];
        }
    }
    fail_msg("no row for %s", type);
    return NULL;
}

static void test_defaults(void **state) {
    (void)state;
    struct profiles profiles = load_well("feeds\n    first\n        facility = h1\n");
    const struct profile *feed = &profiles.rows[0];
    assert_int_equal(profiles.count, 1);
    assert_string_equal(feed->name, "first");
    assert_string_equal(feed->facility, "h1");
    assert_string_equal(feed->listener, "");
    assert_string_equal(feed->client_certificate, "");
    assert_string_equal(feed->processing_ids, "P");
    assert_int_equal(feed->ack_mode, ACK_MODE_AUTO);
    assert_int_equal(feed->charset, CHARSET_DETECT);
    assert_true(feed->update_creates_visit && feed->implied_visits && !feed->prior_must_exist);
    assert_true(feed->unknown_authority_is_own);
    assert_int_equal(feed->default_card, VISITS__V1__CARD_KIND__CARD_KIND_HOSPITAL);
    assert_int_equal(feed->card_field, 0);
    assert_string_equal(feed->rescue_segment, "");
    assert_int_equal(identifier_of(feed, "IDCard")->kind, VISITS__V1__IDENTIFIER_KIND__IDENTIFIER_KIND_VISIT_CARD);
    assert_int_equal(identifier_of(feed, "IDCard")->meaning, MEANING_LOCAL);
    assert_int_equal(identifier_of(feed, "IdentifyNO")->meaning, MEANING_RESIDENT_ID);
    assert_int_equal(feed->class_count, 8);
    assert_int_equal(feed->domain_count + feed->trigger_count + feed->further_count, 0);
    profiles_release(&profiles);
    assert_null(profiles.rows);
}

static void test_every_key(void **state) {
    (void)state;
    struct profiles profiles = load_well("feeds\n"
                                         "    full\n"
                                         "        facility = h1\n"
                                         "        listener = city\n"
                                         "        sending_application = HIS\n"
                                         "        sending_facility = \"XC H\"\n"
                                         "        client_certificate = his.h1\n"
                                         "        processing_ids = \"P, T\"\n"
                                         "        ack_mode = original\n"
                                         "        charset = GBK\n"
                                         "        update_creates_visit = no\n"
                                         "        implied_visits = no\n"
                                         "        prior_must_exist = yes\n"
                                         "        unknown_authority = own\n"
                                         "        default_card = social-security\n"
                                         "        card_field = ZCD-12\n"
                                         "        rescue_segment = ZRC\n"
                                         "        identifiers = \"K1=health-code, 病案号 = medical-record,\"\n"
                                         "        further_identifiers = \"pid-4=visit-card\"\n"
                                         "        domains = \"HIS=own, 1.2.3=city-mpi, H=h1\"\n"
                                         "        classes = \"DAY CASE=inpatient\"\n"
                                         "        cards = \"1=health-code\"\n"
                                         "        triggers = \"ZP1=A28, Z99=A08\"\n");
    const struct profile *feed = &profiles.rows[0];
    assert_string_equal(feed->listener, "city");
    assert_string_equal(feed->sending_application, "HIS");
    assert_string_equal(feed->sending_facility, "XC H");
    assert_string_equal(feed->client_certificate, "his.h1");
    assert_string_equal(feed->processing_ids, "PT");
    assert_int_equal(feed->ack_mode, ACK_MODE_ORIGINAL);
    assert_int_equal(feed->charset, CHARSET_GB18030);
    assert_true(!feed->update_creates_visit && !feed->implied_visits && feed->prior_must_exist);
    assert_true(feed->unknown_authority_is_own);
    assert_int_equal(feed->default_card, VISITS__V1__CARD_KIND__CARD_KIND_SOCIAL_SECURITY);
    assert_int_equal(feed->card_field, 12);
    assert_string_equal(feed->card_segment, "ZCD");
    assert_string_equal(feed->rescue_segment, "ZRC");
    assert_string_equal(feed->identifiers[0].type, "K1");
    assert_string_equal(feed->identifiers[1].type, "病案号");
    assert_int_equal(feed->identifiers[1].kind, VISITS__V1__IDENTIFIER_KIND__IDENTIFIER_KIND_MEDICAL_RECORD);
    assert_int_equal(feed->further_count, 1);
    assert_int_equal(feed->further[0].field, 4);
    assert_int_equal(feed->domain_count, 3);
    assert_string_equal(feed->domains[0].domain, "");
    assert_string_equal(feed->domains[1].authority, "1.2.3");
    assert_string_equal(feed->domains[1].domain, "city-mpi");
    assert_string_equal(feed->domains[2].domain, "");
    assert_string_equal(feed->classes[0].code, "DAY CASE");
    assert_int_equal(feed->classes[0].visit_class, VISITS__V1__VISIT_CLASS__VISIT_CLASS_INPATIENT);
    assert_string_equal(feed->cards[0].code, "1");
    assert_int_equal(feed->cards[0].kind, VISITS__V1__CARD_KIND__CARD_KIND_HEALTH_CODE);
    assert_int_equal(feed->trigger_count, 2);
    assert_string_equal(feed->triggers[1].trigger, "Z99");
    assert_string_equal(feed->triggers[1].meaning, "A08");
    profiles_release(&profiles);
}

static void test_authorities(void **state) {
    (void)state;
    static const struct {
        const char *lines;
        bool is_own;
    } rows[] = {
        {"", true},
        {"        domains = HIS=own\n", false},
        {"        domains = HIS=own\n        unknown_authority = own\n", true},
        {"        unknown_authority = refuse\n", false},
        {"        unknown_authority = auto\n", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[256];
        snprintf(text, sizeof text, "feeds\n    a\n        facility = h1\n%s", rows[i].lines);
        struct profiles profiles = load_well(text);
        assert_int_equal(profiles.rows[0].unknown_authority_is_own, rows[i].is_own);
        profiles_release(&profiles);
    }
}

static void test_no_feeds(void **state) {
    (void)state;
    struct profiles profiles = load_well("");
    struct hl7_header header = {0};
    assert_int_equal(profiles.count, 0);
    assert_null(profiles_find(&profiles, "city", &header));
    profiles_release(&profiles);
}

/* --- What is wrong --- */

static void test_errors(void **state) {
    (void)state;
    static const struct {
        const char *lines, *want; /* in the text of the error */
    } rows[] = {
        {"        facility = \"\"\n", "/feeds/a/facility: it must not be empty"},
        {"        facility = 012345678901234567890123456789012\n", "/feeds/a/facility: at most 32 bytes"},
        {"        facility = h1\n        listener = 012345678901234567890123456789012\n", "/feeds/a/listener: at most 32"},
        {"        facility = h1\n        processing_ids = \"\"\n", "/feeds/a/processing_ids: at least one"},
        {"        facility = h1\n        processing_ids = p\n", "/feeds/a/processing_ids: capital"},
        {"        facility = h1\n        processing_ids = PTDABCDE\n", "/feeds/a/processing_ids: capital"},
        {"        facility = h1\n        ack_mode = Auto\n", "/feeds/a/ack_mode: \"Auto\" is none of: auto original enhanced"},
        {"        facility = h1\n        charset = big5\n", "/feeds/a/charset: \"big5\" is none of: utf-8 gb18030"},
        {"        facility = h1\n        charset = latin\n", "/feeds/a/charset: \"latin\""},
        {"        facility = h1\n        default_card = card\n", "/feeds/a/default_card: \"card\" is none of: social-security"},
        {"        facility = h1\n        card_field = PV1\n", "/feeds/a/card_field: \"PV1\""},
        {"        facility = h1\n        card_field = PV1-\n", "/feeds/a/card_field"},
        {"        facility = h1\n        card_field = PV1-0\n", "/feeds/a/card_field"},
        {"        facility = h1\n        card_field = PV1-100\n", "/feeds/a/card_field"},
        {"        facility = h1\n        card_field = PV1-20x\n", "/feeds/a/card_field"},
        {"        facility = h1\n        card_field = PID-3\n", "/feeds/a/card_field"},
        {"        facility = h1\n        card_field = ZC-3\n", "/feeds/a/card_field"},
        {"        facility = h1\n        card_field = Z\n", "/feeds/a/card_field"},
        {"        facility = h1\n        rescue_segment = ZRCX\n", "/feeds/a/rescue_segment"},
        {"        facility = h1\n        rescue_segment = PV2\n", "/feeds/a/rescue_segment"},
        {"        facility = h1\n        unknown_authority = maybe\n", "/feeds/a/unknown_authority: \"maybe\" is none of: auto own refuse"},
        {"        facility = h1\n        identifiers = IDCard\n", "/feeds/a/identifiers: \"IDCard\" is not understood"},
        {"        facility = h1\n        identifiers = \"A=other, IDCard=card\"\n", "/feeds/a/identifiers: \" IDCard=card\""},
        {"        facility = h1\n        identifiers = \"=other\"\n", "/feeds/a/identifiers"},
        {"        facility = h1\n        identifiers = \"A=\"\n", "/feeds/a/identifiers"},
        {"        facility = h1\n        identifiers = 012345678901234567890123456789012=other\n", "/feeds/a/identifiers"},
        {"        facility = h1\n        further_identifiers = PID-21=other\n", "/feeds/a/further_identifiers"},
        {"        facility = h1\n        further_identifiers = PID-3=other\n", "/feeds/a/further_identifiers"},
        {"        facility = h1\n        domains = A=012345678901234567890123456789012\n", "/feeds/a/domains"},
        {"        facility = h1\n        classes = X=clinic\n", "/feeds/a/classes"},
        {"        facility = h1\n        cards = X=gold\n", "/feeds/a/cards"},
        {"        facility = h1\n        triggers = ZP1=A98\n", "/feeds/a/triggers"},
        {"        facility = h1\n        triggers = ZP=A08\n", "/feeds/a/triggers"},
        {"        listener = x\n", "facility"},
        {"        facility = h1\n    b\n        facility = h2\n", "feed a has the same listener"},
        {"        facility = h1\n        identifier = A=other\n", "did you mean /feeds/a/identifiers?"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[512];
        struct profiles profiles;
        struct config_error error;
        snprintf(text, sizeof text, "feeds\n    a\n%s", rows[i].lines);
        if (load(text, &profiles, &error) != STATUS_CONFIG || strstr(error.text, rows[i].want) == NULL) {
            fail_msg("%s\nsays \"%s\", not \"%s\"", text, error.text, rows[i].want);
        }
        assert_null(profiles.rows);
    }
}

static void test_bounds(void **state) {
    (void)state;
    static char text[64 * 1024];
    struct profiles profiles;
    struct config_error error;
    size_t size = 0;
    for (int rows = 64; rows <= 65; rows++) {
        size = (size_t)snprintf(text, sizeof text, "feeds\n    a\n        facility = h1\n        identifiers = \"");
        for (int i = 0; i < rows; i++) {
            size += (size_t)snprintf(text + size, sizeof text - size, "K%d=other,", i);
        }
        snprintf(text + size, sizeof text - size, "\"\n");
        assert_int_equal(load(text, &profiles, &error), rows == 64 ? STATUS_OK : STATUS_CONFIG);
        profiles_release(&profiles);
    }
    for (int feeds = PROFILES_MAX; feeds <= PROFILES_MAX + 1; feeds++) {
        size = (size_t)snprintf(text, sizeof text, "feeds\n");
        for (int i = 0; i < feeds; i++) {
            size += (size_t)snprintf(text + size, sizeof text - size,
                                     "    f%d\n        facility = h1\n        sending_facility = F%d\n", i, i);
        }
        assert_int_equal(load(text, &profiles, &error), feeds == PROFILES_MAX ? STATUS_OK : STATUS_CONFIG);
        profiles_release(&profiles);
    }
}

/* --- Which feed a message belongs to --- */

static void test_finding(void **state) {
    (void)state;
    struct profiles profiles = load_well("feeds\n"
                                         "    all\n        facility = h0\n"
                                         "    by_listener\n        facility = h1\n        listener = tls\n"
                                         "    by_application\n        facility = h2\n        sending_application = HIS\n"
                                         "    by_facility\n        facility = h3\n        sending_facility = XC\n"
                                         "    by_both\n        facility = h4\n        sending_facility = XC\n"
                                         "        sending_application = HIS\n"
                                         "    by_tls_and_facility\n        facility = h5\n        listener = tls\n"
                                         "        sending_facility = XC\n");
    static const struct {
        const char *listener, *application, *facility, *want;
    } rows[] = {
        {"city", "X", "Y", "all"},
        {"city", "", "", "all"},
        {"tls", "X", "Y", "by_listener"},
        {"city", "HIS", "Y", "by_application"},
        {"city", "X", "XC", "by_facility"},
        {"city", "HIS", "XC", "by_both"},
        {"tls", "X", "XC", "by_tls_and_facility"},
        {"tls", "HIS", "Y", "by_application"},
        {"tls", "HIS2", "XC", "by_tls_and_facility"},
        {"tls", "HIS", "XC", "by_both"},
        {"city", " HIS ^1.2^ISO", "XC^9.9^ISO", "by_both"},
        {"city", "his", "xc", "all"},
        {"city", "HIS2", "XC2", "all"},
        {"city", "HI", "X", "all"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[128];
        struct hl7_header header;
        int size = snprintf(text, sizeof text, "MSH|^~\\&|%s|%s|||1||ADT^A01|1|P|2.4", rows[i].application, rows[i].facility);
        assert_int_equal(hl7_read_header((const uint8_t *)text, (size_t)size, &header), HL7_OK);
        const struct profile *found = profiles_find(&profiles, rows[i].listener, &header);
        assert_non_null(found);
        assert_string_equal(found->name, rows[i].want);
    }
    profiles_release(&profiles);
    profiles = load_well("feeds\n"
                         "    by_facility\n        facility = h1\n        sending_facility = XC\n"
                         "    by_application\n        facility = h1\n        sending_application = HIS\n"
                         "    by_listener\n        facility = h1\n        listener = city\n");
    static const char equal[] = "MSH|^~\\&|HIS|XC|||1||ADT^A01|1|P|2.4";
    struct hl7_header of_both;
    assert_int_equal(hl7_read_header((const uint8_t *)equal, sizeof equal - 1, &of_both), HL7_OK);
    assert_string_equal(profiles_find(&profiles, "city", &of_both)->name, "by_facility");
    profiles_release(&profiles);
    profiles = load_well("feeds\n    a\n        facility = h1\n        sending_facility = XC\n");
    struct hl7_header header;
    static const char text[] = "MSH|^~\\&|HIS|OTHER|||1||ADT^A01|1|P|2.4";
    assert_int_equal(hl7_read_header((const uint8_t *)text, sizeof text - 1, &header), HL7_OK);
    assert_null(profiles_find(&profiles, "city", &header));
    profiles_release(&profiles);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_every_key), cmocka_unit_test(test_authorities),
        cmocka_unit_test(test_no_feeds), cmocka_unit_test(test_errors),    cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_finding),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
