#include "support/catalogue_fixture.h"

/* The checks of items. */

/* --- every check fires on what it is about, and on nothing else --- */

#define LONG_600 LONG_60 LONG_60 LONG_60 LONG_60 LONG_60 LONG_60 LONG_60 LONG_60 LONG_60 LONG_60
#define LONG_60 "123456789012345678901234567890123456789012345678901234567890"

struct breach {
    const char *rule, *field;
    uint32_t code;
    void (*make)(struct draft *d, Approvals__V1__PublishItem *p);
};

#define BREACH(name) static void name(struct draft *d, Approvals__V1__PublishItem *p)

BREACH(no_code) {
    (void)d;
    p->code = (char *)"";
}
BREACH(blank_code) {
    (void)d;
    p->code = (char *)"AB 12";
}
BREACH(chinese_code) {
    (void)d;
    p->code = (char *)"编码";
}
BREACH(long_code) {
    (void)d;
    p->code = (char *)"123456789012345678901234567890123456789012345678901";
}
BREACH(no_version) {
    (void)d;
    p->version = 0;
}
BREACH(no_name) {
    (void)d;
    p->name = (char *)"";
}
BREACH(long_name) {
    (void)d;
    p->name = (char *)LONG_600;
}
BREACH(strange_agency) {
    (void)d;
    p->agency = (char *)"nobody";
}
BREACH(foreign_agency) {
    d->role = ROLE_PUBLISHER;
    d->organisation = "weidu";
    (void)p;
}
BREACH(other_agency) {
    (void)d;
    p->code = (char *)"known";
    p->version = 2;
    p->agency = (char *)"weidu";
}
BREACH(no_credit_code) {
    (void)d;
    p->agency = (char *)"nocode";
}
BREACH(other_credit_code) {
    (void)d;
    p->agency = (char *)"weidu";
}
BREACH(other_level) {
    (void)d;
    p->level = APPROVALS__V1__ITEM_LEVEL__ITEM_LEVEL_COUNTY;
}
BREACH(no_day) {
    (void)d;
    p->effective_day = 0;
}
BREACH(late_day) {
    (void)d;
    p->effective_day = 4000000000u;
}
BREACH(past_day) {
    (void)d;
    p->effective_day = TODAY - 1;
}
BREACH(other_content) {
    (void)d;
    p->code = (char *)"known";
    p->name = (char *)"另名";
}
BREACH(older_version) {
    (void)d;
    p->code = (char *)"known5";
    p->version = 4;
    p->effective_day = TODAY + 5;
}
BREACH(before_version) {
    (void)d;
    p->code = (char *)"known5";
    p->version = 6;
    p->effective_day = TODAY + 4;
}
BREACH(before_removal) {
    (void)d;
    p->code = (char *)"gone";
    p->version = 2;
    p->effective_day = TODAY + 9;
}
BREACH(no_type) {
    (void)d;
    p->type = 0;
}
BREACH(no_level) {
    (void)d;
    p->level = 0;
}
BREACH(no_clients) {
    (void)d;
    p->n_clients = 0;
    p->n_person_topics = p->n_organisation_topics = 0;
}
BREACH(no_channels) {
    (void)d;
    p->n_channels = 0;
}
BREACH(odd_promise) {
    d->promised.unit = 0;
    (void)p;
}
BREACH(large_promise) {
    d->promised.amount = 1000;
    d->statutory.unit = 0;
    d->statutory.amount = 0;
    (void)p;
}
BREACH(odd_statutory) {
    d->statutory.unit = 0;
    (void)p;
}
BREACH(large_statutory) {
    d->statutory.amount = 70000;
    (void)p;
}
BREACH(mixed_units) {
    d->promised.unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_DAY;
    (void)p;
}
BREACH(long_promise) {
    d->promised.amount = 21;
    (void)p;
}
BREACH(long_month) {
    d->promised.unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_MONTH;
    d->promised.amount = 1;
    d->statutory.unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_DAY;
    (void)p;
}
BREACH(instant_promise) {
    (void)d;
    p->instant = true;
}
BREACH(instant_nothing) {
    (void)d;
    p->instant = true;
    p->promised = NULL;
}
BREACH(not_instant) {
    d->promised.amount = 0;
    (void)p;
}
BREACH(many_visits) {
    (void)d;
    p->visits = 10;
}
BREACH(no_reason) {
    (void)d;
    p->visits_reason = (char *)"";
}
BREACH(odd_reason) {
    (void)d;
    p->visits = 0;
}
BREACH(no_courier) {
    (void)d;
    p->visits = 0;
    p->visits_reason = (char *)"";
    p->n_channels = 1;
}
BREACH(deep) {
    d->online[0] = APPROVALS__V1__ONLINE_STEP__ONLINE_STEP_LICENCE;
    (void)p;
}
BREACH(no_meeting) {
    (void)d;
    p->no_meeting = true;
}
BREACH(fee_basis) {
    d->fee.charged = true;
    d->fee.items = d->fee.standard = (char *)"x";
    (void)p;
}
BREACH(fee_items) {
    d->fee.charged = true;
    d->fee.basis = d->fee.standard = (char *)"x";
    (void)p;
}
BREACH(fee_standard) {
    d->fee.charged = true;
    d->fee.basis = d->fee.items = (char *)"x";
    (void)p;
}
BREACH(odd_payment) {
    d->fee.online_payment = true;
    (void)p;
}
BREACH(no_enquiry) {
    (void)d;
    p->enquiry_phone = (char *)"";
}
BREACH(no_complaint) {
    (void)d;
    p->complaint_phone = (char *)"";
}
BREACH(same_phone) {
    (void)d;
    p->complaint_phone = p->enquiry_phone;
}
BREACH(no_person_topic) {
    (void)d;
    p->n_person_topics = 0;
}
BREACH(odd_person_topic) {
    d->clients[0] = APPROVALS__V1__CLIENT_KIND__CLIENT_KIND_OTHER;
    (void)p;
}
BREACH(no_organisation_topic) {
    (void)d;
    p->n_organisation_topics = 0;
}
BREACH(odd_organisation_topic) {
    (void)d;
    p->n_clients = 1;
}
BREACH(no_sample) {
    (void)d;
    p->result_sample = false;
}
BREACH(short_licence) {
    (void)d;
    p->procedure_steps = 4;
}
BREACH(long_procedure) {
    (void)d;
    p->procedure_steps = 100;
}
BREACH(long_reason) {
    (void)d;
    p->visits_reason = (char *)LONG_600;
}
BREACH(long_basis) {
    d->fee.basis = (char *)LONG_600;
    (void)p;
}
BREACH(long_fee_items) {
    d->fee.items = (char *)LONG_600;
    (void)p;
}
BREACH(long_standard) {
    d->fee.standard = (char *)LONG_600;
    (void)p;
}
BREACH(long_phone) {
    (void)d;
    p->enquiry_phone = (char *)LONG_60;
}
BREACH(long_complaint) {
    (void)d;
    p->complaint_phone = (char *)LONG_60;
}
BREACH(long_result) {
    (void)d;
    p->result_name = (char *)LONG_600;
}
BREACH(empty_topic) {
    d->person_topics[0] = (char *)"";
    (void)p;
}
BREACH(long_topic) {
    d->organisation_topics[0] = (char *)LONG_600;
    (void)p;
}
BREACH(many_topics) {
    for (size_t i = 0; i < 33; i++) {
        d->organisation_topics[i] = (char *)"x";
    }
    p->n_organisation_topics = 33;
}
BREACH(many_clients) {
    for (size_t i = 2; i < 33; i++) {
        d->clients[i] = APPROVALS__V1__CLIENT_KIND__CLIENT_KIND_COMPANY;
    }
    p->n_clients = 33;
}

#define RULE APPROVALS__V1__CODE__CODE_CATALOGUE_RULE
#define LONG APPROVALS__V1__CODE__CODE_FIELD_TOO_LONG
#define FIXED APPROVALS__V1__CODE__CODE_ITEM_VERSION_FIXED

static const struct breach breaches[] = {
    {"C01", "code", RULE, no_code},
    {"C01", "code", RULE, blank_code},
    {"C01", "code", RULE, chinese_code},
    {"C01", "code", RULE, long_code},
    {"C02", "version", RULE, no_version},
    {"C03", "name", RULE, no_name},
    {"C03", "name", RULE, long_name},
    {"C04", "agency", APPROVALS__V1__CODE__CODE_AGENCY_UNKNOWN, strange_agency},
    {"C05", "agency", COMMON__V1__CODE__CODE_FORBIDDEN, foreign_agency},
    {"C06", "agency", RULE, other_agency},
    {"C07", "agency", RULE, no_credit_code},
    {"C08", "code", RULE, other_credit_code},
    {"C09", "code", RULE, other_level},
    {"C10", "effective_day", RULE, no_day},
    {"C10", "effective_day", RULE, late_day},
    {"C11", "effective_day", RULE, past_day},
    {"C12", "version", FIXED, other_content},
    {"C12", "version", FIXED, older_version},
    {"C13", "effective_day", RULE, before_version},
    {"C13", "effective_day", RULE, before_removal},
    {"C14", "type", RULE, no_type},
    {"C15", "level", RULE, no_level},
    {"C16", "clients", RULE, no_clients},
    {"C17", "channels", RULE, no_channels},
    {"C18", "promised", RULE, odd_promise},
    {"C18", "promised", RULE, large_promise},
    {"C19", "statutory", RULE, odd_statutory},
    {"C19", "statutory", RULE, large_statutory},
    {"C20", "promised", RULE, mixed_units},
    {"C21", "promised", RULE, long_promise},
    {"C21", "promised", RULE, long_month},
    {"C22", "promised", RULE, instant_promise},
    {"C22", "promised", RULE, instant_nothing},
    {"C23", "instant", RULE, not_instant},
    {"C24", "visits", RULE, many_visits},
    {"C25", "visits_reason", RULE, no_reason},
    {"C26", "visits_reason", RULE, odd_reason},
    {"C27", "channels", RULE, no_courier},
    {"C28", "visits", RULE, deep},
    {"C29", "no_meeting", RULE, no_meeting},
    {"C30", "fee.basis", RULE, fee_basis},
    {"C31", "fee.items", RULE, fee_items},
    {"C32", "fee.standard", RULE, fee_standard},
    {"C33", "fee.online_payment", RULE, odd_payment},
    {"C34", "enquiry_phone", RULE, no_enquiry},
    {"C35", "complaint_phone", RULE, no_complaint},
    {"C36", "complaint_phone", RULE, same_phone},
    {"C37", "person_topics", RULE, no_person_topic},
    {"C38", "person_topics", RULE, odd_person_topic},
    {"C39", "organisation_topics", RULE, no_organisation_topic},
    {"C40", "organisation_topics", RULE, odd_organisation_topic},
    {"C41", "result_sample", RULE, no_sample},
    {"C42", "procedure_steps", RULE, short_licence},
    {"C43", "procedure_steps", RULE, long_procedure},
    {"C44", "visits_reason", LONG, long_reason},
    {"C44", "fee.basis", LONG, long_basis},
    {"C44", "fee.items", LONG, long_fee_items},
    {"C44", "fee.standard", LONG, long_standard},
    {"C44", "enquiry_phone", LONG, long_phone},
    {"C44", "complaint_phone", LONG, long_complaint},
    {"C44", "result_name", LONG, long_result},
    {"C44", "person_topics", LONG, empty_topic},
    {"C44", "organisation_topics", LONG, long_topic},
    {"C44", "organisation_topics", LONG, many_topics},
    {"C44", "clients", LONG, many_clients},
};
#define BREACHES (sizeof breaches / sizeof breaches[0])

/* What the checks against known items are about. */
static void publish_known(struct fixture *f) {
    struct draft d;
    draft_good(&d);
    d.item.code = (char *)"known";
    publish(f, &d);
    ACCEPTED(f, 1);
    d.item.code = (char *)"known5";
    d.item.version = 5;
    d.item.effective_day = TODAY + 5;
    publish(f, &d);
    ACCEPTED(f, 1);
    draft_good(&d);
    d.item.code = (char *)"gone";
    publish(f, &d);
    remove_item(f, "gone", TODAY + 10, 0);
    ACCEPTED(f, 1);
}

static void every_check_fires_on_its_row_alone(void **state) {
    struct fixture *f = *state;
    struct draft drafts[3];
    publish_known(f);
    const size_t logged = f->log_size;
    for (size_t i = 0; i < BREACHES; i++) {
        for (size_t n = 0; n < 3; n++) {
            draft_good(&drafts[n]);
        }
        breaches[i].make(&drafts[1], &drafts[1].item);
        drafts[0].organisation = drafts[2].organisation = drafts[1].organisation;
        drafts[0].role = drafts[2].role = drafts[1].role;
        const bool all = strcmp(breaches[i].rule, "C05") == 0; /* it lies with the key: all three are broken */
        const Approvals__V1__CheckedItems *checked = check_items(f, drafts, 3);
        const size_t want = all ? 3 : 1;
        if (checked->n_findings != want || strcmp(checked->findings[all]->rule, breaches[i].rule) != 0 ||
            strcmp(checked->findings[all]->field, breaches[i].field) != 0 || checked->findings[all]->item != 1 ||
            checked->findings[all]->code != breaches[i].code) {
            for (size_t n = 0; n < checked->n_findings; n++) {
                print_error("%u %s %s %s\n", checked->findings[n]->item, checked->findings[n]->rule,
                            checked->findings[n]->field, checked->findings[n]->message);
            }
            fail_msg("breach %zu: wanted %s of %s", i, breaches[i].rule, breaches[i].field);
        }
        publish(f, &drafts[1]);
        wants(f, breaches[i].code, breaches[i].field, __LINE__);
    }
    assert_int_equal(f->log_size, logged); /* state unchanged */
}

static void every_rule_has_a_breach_and_a_sentence(void **state) {
    (void)state;
    for (size_t n = 0; catalogue_rules[n].rule != NULL; n++) {
        bool is_tried = false;
        char want[4];
        for (size_t i = 0; i < BREACHES; i++) {
            is_tried = is_tried || strcmp(breaches[i].rule, catalogue_rules[n].rule) == 0;
        }
        snprintf(want, sizeof want, "C%02zu", (n + 1) % 100);
        assert_string_equal(catalogue_rules[n].rule, want);
        assert_true(is_tried && n < CATALOGUE_RULES_MAX);
        assert_true(catalogue_rules[n].english[0] != 0 && catalogue_rules[n].chinese[0] != 0);
    }
}

/* The printed list of the rules is that of the program. */
static void the_document_shows_the_rules(void **state) {
    (void)state;
    static char text[256 * 1024];
    FILE *file = fopen("docs/catalogue.md", "r");
    if (file == NULL) {
        fail_msg("docs/catalogue.md cannot be opened: run the test in the project's folder");
    }
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (size_t n = 0; catalogue_rules[n].rule != NULL; n++) {
        char line[1024];
        snprintf(line, sizeof line, "| %s | `%s` | %s | %s |\n", catalogue_rules[n].rule, catalogue_rules[n].field,
                 catalogue_rules[n].english, catalogue_rules[n].chinese);
        if (strstr(text, line) == NULL) {
            fail_msg("docs/catalogue.md lacks\n%s", line);
        }
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_check_fires_on_its_row_alone),
        TEST(every_rule_has_a_breach_and_a_sentence),
        TEST(the_document_shows_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
