#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/civil.h"
#include "issues/v1/commands.pb-c.h"
#include "support/registry_daemon.h"

/*
 * The issue registry as the real program over CURVE, with fsync: issues registered by the systems of forty agencies, screened and
 * dispatched by the service office, begun and answered by their units. BENCH_ISSUES makes it smaller.
 */
#define SUBMIT_COMMANDS 255
enum { HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS };

#define STEP(word) ISSUES__V1__ISSUE_STEP__ISSUE_STEP_##word
#define ACTOR(word) COMMON__V1__ACTOR__ACTOR_##word

static void print(const char *name, double value, const char *unit) {
    printf("%-72s %14.2f %s\n", name, value, unit);
    fflush(stdout);
}

static void furnish(const struct registry_daemon *daemon) {
    const uint32_t year = (uint32_t)civil_date_from_day(civil_day_of_ms(daemon->start_ms)).year;
    uint32_t years[] = {year - 1, year, year + 1, year + 2};
    Issues__V1__Command command = ISSUES__V1__COMMAND__INIT;
    Common__V1__LoadNotice notice = COMMON__V1__LOAD_NOTICE__INIT;
    notice.notice = (char *)(uintptr_t) "years";
    notice.published_day = (uint32_t)civil_day_of_ms(daemon->start_ms) - 30;
    notice.years = years;
    notice.n_years = 4;
    command.body_case = ISSUES__V1__COMMAND__BODY_LOAD_NOTICE;
    command.load_notice = &notice;
    load_tell(daemon, daemon->operator_key, daemon->start_ms - 10 * DAY_MS, &command.base);
    for (size_t i = 0; i < LOAD_AGENCIES; i++) {
        char code[16];
        Common__V1__RegisterAgency body = COMMON__V1__REGISTER_AGENCY__INIT;
        load_agency_code(i, code);
        body.agency = body.name = code;
        body.region = 411000;
        body.credit_code = (char *)(uintptr_t) "11411000005747138B";
        command.body_case = ISSUES__V1__COMMAND__BODY_REGISTER_AGENCY;
        command.register_agency = &body;
        load_tell(daemon, daemon->operator_key, daemon->start_ms - 10 * DAY_MS, &command.base);
    }
}

/* One step of one issue; the unit of issue n is agency n mod 40. */
static void add_step(struct client *client, struct id_maker *ids, int64_t at_ms, uint64_t n, Issues__V1__IssueStep step) {
    char number[32], code[16];
    Issues__V1__Command command = ISSUES__V1__COMMAND__INIT;
    Issues__V1__ReportIssue report = ISSUES__V1__REPORT_ISSUE__INIT;
    Issues__V1__IssueRegistration registration = ISSUES__V1__ISSUE_REGISTRATION__INIT;
    const bool is_office = step == STEP(SCREENED) || step == STEP(DISPATCHED);
    snprintf(number, sizeof number, "QY%012llu", (unsigned long long)n);
    load_agency_code(n % LOAD_AGENCIES, code);
    report.issue_number = number;
    report.step = step;
    report.actor = is_office ? ACTOR(SUPERVISOR) : ACTOR(HANDLER);
    report.class_ = ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_B;
    if (step == STEP(REGISTERED)) {
        registration.credit_code = (char *)(uintptr_t) "11411000005747138B";
        registration.title = (char *)(uintptr_t) "an issue";
        registration.topic = ISSUES__V1__ISSUE_TOPIC__ISSUE_TOPIC_FINANCE;
        registration.region = 411002;
        report.registration = &registration;
    } else if (step == STEP(DISPATCHED)) {
        report.lead = code;
    } else if (step == STEP(ANSWERED)) {
        report.reason = (char *)(uintptr_t) "done";
    }
    command.body_case = ISSUES__V1__COMMAND__BODY_REPORT_ISSUE;
    command.report_issue = &report;
    load_add(client, ids, at_ms, &command.base, n);
    if (client_building(client) >= SUBMIT_COMMANDS) {
        load_flush(client);
        load_pump(client, 0);
    }
}

struct phase {
    Issues__V1__IssueStep steps[2];
    size_t step_count;
    bool by_office;
};

static double run_phase(const struct registry_daemon *daemon, const struct phase *phase, uint64_t issues, struct load_result *result) {
    struct client *clients[LOAD_AGENCIES];
    struct id_maker ids = {0};
    const size_t count = phase->by_office ? 1 : LOAD_AGENCIES;
    for (size_t i = 0; i < count; i++) {
        clients[i] = load_connect(daemon, phase->by_office ? daemon->supervisor_key : daemon->agency_keys[i], result);
    }
    const int64_t begin_ns = clock_monotonic_ns();
    for (uint64_t block = 0; block < issues; block += SUBMIT_COMMANDS * count) {
        for (size_t i = 0; i < count; i++) { /* a Submit of each agency in turn */
            for (uint64_t n = block + i; n < issues && n < block + SUBMIT_COMMANDS * count; n += count) {
                for (size_t step = 0; step < phase->step_count; step++) {
                    add_step(clients[i], &ids, daemon->start_ms - (int64_t)(5 - phase->steps[0] % 5) * 60000, n, phase->steps[step]);
                }
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        load_finish(clients[i]);
    }
    const double seconds = (double)(clock_monotonic_ns() - begin_ns) / 1e9;
    for (size_t i = 0; i < count; i++) {
        client_destroy(&clients[i]);
    }
    return seconds;
}

int main(void) {
    static const struct {
        const char *name;
        struct phase phase;
    } phases[] = {
        {"issues: registered, durable", {{STEP(REGISTERED)}, 1, false}},
        {"issues: screened and dispatched by one office, durable", {{STEP(SCREENED), STEP(DISPATCHED)}, 2, true}},
        {"issues: begun and answered, durable", {{STEP(STARTED), STEP(ANSWERED)}, 2, false}},
    };
    static struct registry_daemon daemon;
    const char *text = getenv("BENCH_ISSUES");
    const uint64_t issues = text == NULL ? 200000 : strtoull(text, NULL, 10);
    struct load_result result = {.refused = 0};
    double seconds = 0;
    registry_daemon_start(&daemon, "issues", getenv("LIANCHENG_PROGRAMS"));
    furnish(&daemon);
    const double cpu = registry_daemon_cpu_s(&daemon);
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        const uint64_t before = result.accepted;
        const double took = run_phase(&daemon, &phases[i].phase, issues, &result);
        print(phases[i].name, (double)(result.accepted - before) / took, "/s");
        seconds += took;
    }
    print("issues: durable commands, all", (double)result.accepted / seconds, "/s");
    print("issues: refused", (double)result.refused, "");
    print("issues: CPU", (registry_daemon_cpu_s(&daemon) - cpu) / ((double)result.accepted / 1e6), "s per million commands");
    print("issues: log bytes", registry_daemon_metric(&daemon, "liancheng_log_bytes") / (double)result.accepted, "bytes a command");
    print("issues: state of an issue, all tables", registry_daemon_metric(&daemon, "liancheng_resident_bytes") / (double)issues, "bytes");
    registry_daemon_stop(&daemon);
    return result.refused == 0 ? 0 : 1;
}
