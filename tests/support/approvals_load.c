#include "support/approvals_load.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "approvals/v1/commands.pb-c.h"
#include "approvals/v1/query.pb-c.h"
#include "base/check.h"
#include "base/civil.h"
#include "base/secret.h"
#include "client/client.h"
#include "support/ports.h"

#define STEP(word) APPROVALS__V1__CASE_STEP__CASE_STEP_##word
#define ACTOR(word) COMMON__V1__ACTOR__ACTOR_##word

enum { HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS };

static int64_t day_ago(const struct registry_daemon *daemon) {
    return daemon->start_ms - DAY_MS;
}

/* --- what there must be --- */

/* off: a day that becomes one; 0: none, but the years around now become known. */
static void load_notice(const struct registry_daemon *daemon, const char *name, int32_t off) {
    const int32_t today = civil_day_of_ms(daemon->start_ms);
    const uint32_t year = (uint32_t)civil_date_from_day(today).year;
    uint32_t years[] = {year - 1, year, year + 1, year + 2};
    Common__V1__NoticeDay day = COMMON__V1__NOTICE_DAY__INIT, *days[] = {&day};
    Approvals__V1__Command command = APPROVALS__V1__COMMAND__INIT;
    Common__V1__LoadNotice notice = COMMON__V1__LOAD_NOTICE__INIT;
    day.day = (uint32_t)off;
    day.off = true;
    notice.notice = (char *)(uintptr_t)name;
    notice.published_day = (uint32_t)today;
    notice.days = days;
    notice.n_days = off != 0;
    notice.years = years;
    notice.n_years = off == 0 ? 4 : 0;
    command.body_case = APPROVALS__V1__COMMAND__BODY_LOAD_NOTICE;
    command.load_notice = &notice;
    load_tell(daemon, daemon->operator_key, daemon->start_ms, &command.base);
}

static void register_agency(const struct registry_daemon *daemon, size_t agency) {
    char code[16];
    Approvals__V1__Command command = APPROVALS__V1__COMMAND__INIT;
    Common__V1__RegisterAgency body = COMMON__V1__REGISTER_AGENCY__INIT;
    load_agency_code(agency, code);
    body.agency = body.name = code;
    body.region = 411000;
    body.credit_code = (char *)(uintptr_t) "11411000005747138B";
    command.body_case = APPROVALS__V1__COMMAND__BODY_REGISTER_AGENCY;
    command.register_agency = &body;
    load_tell(daemon, daemon->operator_key, day_ago(daemon), &command.base);
}

/* A public service: few columns of the catalogue are asked of it. */
static void publish_item(const struct registry_daemon *daemon, size_t agency, const char *letter,
                         Approvals__V1__LimitUnit unit, uint32_t promised, uint32_t statutory) {
    char agency_text[16], code[32];
    Approvals__V1__Command command = APPROVALS__V1__COMMAND__INIT;
    Approvals__V1__PublishItem item = APPROVALS__V1__PUBLISH_ITEM__INIT;
    Approvals__V1__Limit limits[2] = {APPROVALS__V1__LIMIT__INIT, APPROVALS__V1__LIMIT__INIT};
    Approvals__V1__Fee fee = APPROVALS__V1__FEE__INIT;
    Approvals__V1__ClientKind client = APPROVALS__V1__CLIENT_KIND__CLIENT_KIND_COMPANY;
    Approvals__V1__Channel channel = APPROVALS__V1__CHANNEL__CHANNEL_WEB;
    char *topic = (char *)(uintptr_t) "building";
    int32_t day;
    load_agency_code(agency, agency_text);
    snprintf(code, sizeof code, "%s-%zu", letter, agency);
    CHECK(civil_date_parse("2019-01-01", &day));
    limits[0].unit = limits[1].unit = unit;
    limits[0].amount = promised;
    limits[1].amount = statutory;
    item.code = item.name = code;
    item.version = 1;
    item.agency = agency_text;
    item.effective_day = (uint32_t)day;
    item.type = APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_PUBLIC_SERVICE;
    item.level = APPROVALS__V1__ITEM_LEVEL__ITEM_LEVEL_CITY;
    item.clients = &client;
    item.channels = &channel;
    item.organisation_topics = &topic;
    item.n_clients = item.n_channels = item.n_organisation_topics = 1;
    item.promised = &limits[0];
    item.statutory = &limits[1];
    item.visits = 1;
    item.visits_reason = (char *)(uintptr_t) "originals are checked";
    item.fee = &fee;
    item.enquiry_phone = (char *)(uintptr_t) "0374-2960001";
    item.complaint_phone = (char *)(uintptr_t) "0374-2960002";
    item.result_name = (char *)(uintptr_t) "certificate";
    item.result_sample = true;
    item.procedure_steps = 5;
    item.historical = true;
    command.body_case = APPROVALS__V1__COMMAND__BODY_PUBLISH_ITEM;
    command.publish_item = &item;
    load_tell(daemon, daemon->agency_keys[agency], day_ago(daemon), &command.base);
}

void approvals_daemon_furnish(struct registry_daemon *daemon) {
    load_notice(daemon, "years", 0);
    for (size_t i = 0; i < LOAD_AGENCIES; i++) {
        register_agency(daemon, i);
        publish_item(daemon, i, "I", APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_WORKDAY, 20, 45);
        publish_item(daemon, i, "H", APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_HOUR, 48, 240);
    }
}

/* --- the load --- */

/* Which case, at which agency, of which item, when. */
struct load_case {
    uint64_t n;
    size_t agency;
    const char *letter;
    int64_t at_ms;
};

static void add_step(struct client *client, struct id_maker *ids, const struct load_case *c, unsigned step) {
    static const struct {
        Approvals__V1__CaseStep step;
        Common__V1__Actor actor;
    } steps[LOAD_STEPS] = {
        {STEP(RECEIVED), ACTOR(CLERK)}, {STEP(ACCEPTED), ACTOR(CLERK)}, {STEP(DEPARTMENT_STARTED), ACTOR(HANDLER)}};
    char number[32], item[32];
    Approvals__V1__Command command = APPROVALS__V1__COMMAND__INIT;
    Approvals__V1__ReportCase report = APPROVALS__V1__REPORT_CASE__INIT;
    Approvals__V1__Submission submission = APPROVALS__V1__SUBMISSION__INIT;
    snprintf(number, sizeof number, "%s20200102%010llu", c->letter, (unsigned long long)c->n);
    snprintf(item, sizeof item, "%s-%zu", c->letter, c->agency);
    report.case_number = number;
    report.step = steps[step].step;
    report.actor = steps[step].actor;
    if (step == 0) {
        submission.item_code = item;
        submission.channel = APPROVALS__V1__CHANNEL__CHANNEL_WEB;
        submission.client = APPROVALS__V1__CLIENT_KIND__CLIENT_KIND_COMPANY;
        report.submission = &submission;
    }
    command.body_case = APPROVALS__V1__COMMAND__BODY_REPORT_CASE;
    command.report_case = &report;
    load_add(client, ids, c->at_ms, &command.base, c->n);
}

/* On a whole minute. */
static int64_t hours_begin(const struct registry_daemon *daemon) {
    return daemon->start_ms - daemon->start_ms % 60000 - INT64_C(50) * HOUR_MS;
}

static struct load_result load_cases(const struct registry_daemon *daemon, uint64_t first, uint64_t count,
                                     const char *letter) {
    struct load_result result = {.refused = 0};
    struct client *clients[LOAD_AGENCIES];
    struct id_maker ids = {0};
    const int64_t begin_ms = daemon->start_ms - 3 * DAY_MS, end_ms = day_ago(daemon);
    for (size_t i = 0; i < LOAD_AGENCIES; i++) {
        clients[i] = load_connect(daemon, daemon->agency_keys[i], &result);
    }
    const int64_t begin_ns = clock_monotonic_ns();
    for (uint64_t i = 0; i < count; i++) {
        const struct load_case c = {
            .n = first + i,
            .agency = i * LOAD_STEPS / LOAD_SUBMIT_COMMANDS % LOAD_AGENCIES,
            .letter = letter,
            .at_ms = letter[0] == 'H' ? hours_begin(daemon)
                                      : begin_ms + (int64_t)((double)(end_ms - begin_ms) * (double)i / (double)count)};
        for (unsigned step = 0; step < LOAD_STEPS; step++) {
            add_step(clients[c.agency], &ids, &c, step);
        }
        if (client_building(clients[c.agency]) >= LOAD_SUBMIT_COMMANDS) {
            load_flush(clients[c.agency]);
            load_pump(clients[c.agency], 0);
        }
    }
    for (size_t i = 0; i < LOAD_AGENCIES; i++) {
        load_finish(clients[i]);
    }
    result.seconds = (double)(clock_monotonic_ns() - begin_ns) / 1e9;
    for (size_t i = 0; i < LOAD_AGENCIES; i++) {
        client_destroy(&clients[i]);
    }
    CHECK(result.accepted == count * LOAD_STEPS);
    return result;
}

struct load_result approvals_load(const struct registry_daemon *daemon, uint64_t first, uint64_t count) {
    return load_cases(daemon, first, count, "I");
}

struct load_result approvals_load_hours(const struct registry_daemon *daemon, uint64_t first, uint64_t count) {
    return load_cases(daemon, first, count, "H");
}

double approvals_daemon_pass_hours(struct registry_daemon *daemon,
                                   double (*count_events)(const struct registry_daemon *), double *events) {
    struct load_result result = {.refused = 0};
    struct id_maker ids = {0};
    Approvals__V1__Command command = APPROVALS__V1__COMMAND__INIT;
    Common__V1__Tick tick = COMMON__V1__TICK__INIT;
    const int64_t pass_ms = hours_begin(daemon) + INT64_C(48) * HOUR_MS;
    command.body_case = APPROVALS__V1__COMMAND__BODY_TICK;
    command.tick = &tick;
    struct client *client = load_connect(daemon, daemon->operator_key, &result);
    load_add(client, &ids, pass_ms, &command.base, 0); /* the minute before: what was due is done, and the line is there */
    load_finish(client);
    *events = count_events(daemon);
    const int64_t begin_ns = clock_monotonic_ns();
    load_add(client, &ids, pass_ms + 60000, &command.base, 1);
    load_finish(client);
    const double ms = (double)(clock_monotonic_ns() - begin_ns) / 1e6;
    *events = count_events(daemon) - *events;
    client_destroy(&client);
    CHECK(result.accepted == 2);
    return ms;
}

/* --- planning anew, and commands meanwhile --- */

#define REPLAN_COMMANDS_MAX 1000000

struct watcher {
    const struct registry_daemon *daemon;
    uint64_t last_case;
    int64_t begin_ns;
    _Atomic int64_t end_ns; /* 0: not yet */
};

static uint32_t ask_due(struct client_socket *socket, struct arena *arena, const char *number,
                        uint64_t request_number) {
    uint8_t body[128];
    Approvals__V1__GetCase get = APPROVALS__V1__GET_CASE__INIT;
    Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
    get.case_number = (char *)(uintptr_t)number;
    query.body_case = APPROVALS__V1__QUERY__BODY_GET_CASE;
    query.get_case = &get;
    Common__V1__Query wire = COMMON__V1__QUERY__INIT;
    wire.body = (ProtobufCBinaryData){approvals__v1__query__pack(&query, body), body};
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.request = request_number;
    request.body_case = COMMON__V1__REQUEST__BODY_QUERY;
    request.query = &wire;
    Common__V1__Reply *reply;
    arena_reset(arena);
    CHECK(client_call(socket, &request, arena, 60000, &reply) == STATUS_OK &&
          reply->body_case == COMMON__V1__REPLY__BODY_ANSWER);
    const Approvals__V1__Answer *answer =
        approvals__v1__answer__unpack(&arena->allocator, reply->answer->body.len, reply->answer->body.data);
    CHECK(answer != NULL && answer->body_case == APPROVALS__V1__ANSWER__BODY_CASE);
    return answer->case_->promised->due_day;
}

/* About a week ahead: within the time of every case. */
static int32_t weekday_ahead(const struct registry_daemon *daemon) {
    int32_t day = civil_day_of_ms(daemon->start_ms) + 7;
    while ((day + 3) % 7 >= 5) { /* 1970-01-01 was a Thursday */
        day++;
    }
    return day;
}

static void *watch(void *user) {
    struct watcher *w = user;
    char number[32];
    struct arena arena;
    struct client_socket *socket;
    const struct client_socket_options options = {.endpoint = w->daemon->endpoint,
                                                  .key_path = w->daemon->operator_key,
                                                  .server_key_path = w->daemon->keys.server_public_path};
    CHECK(client_socket_new(&options, &socket) == STATUS_OK);
    arena_init(&arena, 1u << 20);
    snprintf(number, sizeof number, "I20200102%010llu", (unsigned long long)w->last_case);
    uint64_t request = 1;
    const uint32_t before = ask_due(socket, &arena, number, request++);
    load_notice(w->daemon, "day-off", weekday_ahead(w->daemon));
    w->begin_ns = clock_monotonic_ns();
    while (ask_due(socket, &arena, number, request++) == before) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    atomic_store(&w->end_ns, clock_monotonic_ns());
    client_socket_destroy(&socket);
    arena_release(&arena);
    return NULL;
}

struct latencies {
    int64_t *due_ns; /* by command: when it was to be sent; then how long it took */
    uint64_t answered, refused;
};

static void note_latency(void *user, uint64_t command_number, const Common__V1__Receipt *receipt) {
    struct latencies *l = user;
    l->due_ns[command_number] = clock_monotonic_ns() - l->due_ns[command_number];
    l->answered++;
    l->refused += receipt->result != COMMON__V1__RESULT__RESULT_ACCEPTED;
}

static int compare_ns(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Until the watcher has seen the end; the count of commands. */
static uint64_t send_at_rate(struct client *client, struct latencies *l, const struct watcher *w, uint64_t first_new,
                             unsigned rate) {
    struct id_maker ids = {0};
    const int64_t begin_ns = clock_monotonic_ns(), at_ms = day_ago(w->daemon);
    uint64_t n = 0;
    for (; atomic_load(&w->end_ns) == 0 && n < REPLAN_COMMANDS_MAX; n++) {
        l->due_ns[n] = begin_ns + (int64_t)n * 1000000000 / rate;
        while (clock_monotonic_ns() < l->due_ns[n]) {
            load_pump(client, client_outstanding(client) > 0 ? 1 : 0);
        }
        char number[32];
        Approvals__V1__Command command = APPROVALS__V1__COMMAND__INIT;
        Approvals__V1__ReportCase report = APPROVALS__V1__REPORT_CASE__INIT;
        Approvals__V1__Submission submission = APPROVALS__V1__SUBMISSION__INIT;
        snprintf(number, sizeof number, "N20200121%010llu", (unsigned long long)(first_new + n));
        submission.item_code = (char *)(uintptr_t) "I-0";
        submission.channel = APPROVALS__V1__CHANNEL__CHANNEL_WEB;
        submission.client = APPROVALS__V1__CLIENT_KIND__CLIENT_KIND_COMPANY;
        report.case_number = number;
        report.step = STEP(RECEIVED);
        report.actor = ACTOR(CLERK);
        report.submission = &submission;
        command.body_case = APPROVALS__V1__COMMAND__BODY_REPORT_CASE;
        command.report_case = &report;
        load_add(client, &ids, at_ms, &command.base, n);
        load_flush(client);
    }
    return n;
}

struct replan_result approvals_daemon_replan(struct registry_daemon *daemon, uint64_t first_new, uint64_t cases,
                                             unsigned rate) {
    struct replan_result result = {.commands = 0};
    struct watcher w = {.daemon = daemon, .last_case = cases - 1};
    struct latencies l = {.due_ns = malloc(REPLAN_COMMANDS_MAX * sizeof *l.due_ns)};
    pthread_t thread;
    CHECK(l.due_ns != NULL);
    struct client *client = load_connect_as(daemon, daemon->agency_keys[0], 1024, note_latency, &l);
    CHECK(pthread_create(&thread, NULL, watch, &w) == 0);
    result.commands = send_at_rate(client, &l, &w, first_new, rate);
    load_finish(client);
    CHECK(pthread_join(thread, NULL) == 0);
    client_destroy(&client);
    CHECK(l.refused == 0 && l.answered == result.commands && result.commands > 0);
    qsort(l.due_ns, result.commands, sizeof *l.due_ns, compare_ns);
    result.seconds = (double)(w.end_ns - w.begin_ns) / 1e9;
    result.p50_ms = (double)l.due_ns[result.commands / 2] / 1e6;
    result.p99_ms = (double)l.due_ns[result.commands * 99 / 100] / 1e6;
    result.longest_ms = (double)l.due_ns[result.commands - 1] / 1e6;
    free(l.due_ns);
    return result;
}
