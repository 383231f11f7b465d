#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "ctl/city_issues_internal.h"

/* River clues of 2020: 210 found; 49 were not rectified after a notice and were transferred; 37 of them filed. */

#define FOUND 210u
#define TRANSFERRED 49u
#define FILED 37u
#define SUGGESTED 24u /* of those filed; the others are consulted */
#define CHANCE_RECEIPT_LATE 400
#define CHANCE_APPRAISAL 2500
#define CHANCE_URGENT 2000

#define STEP(name) ISSUES__V1__CLUE_STEP__CLUE_STEP_##name
#define ACTOR(name) COMMON__V1__ACTOR__ACTOR_##name

struct trace {
    struct city_issues *city;
    struct city_random random;
    uint32_t number;
    uint32_t at;
    size_t unit; /* agency in charge */
    size_t county;
    char text[32];
};

static void send(struct trace *t, struct city_who who, Issues__V1__ClueStep step, Common__V1__Actor actor, const char *reason,
                 Issues__V1__ReportClue *body) {
    Issues__V1__Command command = ISSUES__V1__COMMAND__INIT;
    body->clue_number = t->text;
    body->step = step;
    body->actor = actor;
    body->reason = city_text(reason != NULL ? reason : "");
    command.body_case = ISSUES__V1__COMMAND__BODY_REPORT_CLUE;
    command.report_clue = body;
    city_issues_add(t->city, t->at, city_record(CITY_CLUE, t->number), who, &command);
}

static void simple(struct trace *t, uint32_t workdays, struct city_who who, Issues__V1__ClueStep step, Common__V1__Actor actor,
                   const char *reason) {
    Issues__V1__ReportClue body = ISSUES__V1__REPORT_CLUE__INIT;
    t->at = city_issues_later(&t->random, t->at, workdays);
    send(t, who, step, actor, reason, &body);
}

static void find(struct trace *t) {
    static const char *const rivers[] = {"HN-YH-01", "HN-QL-02", "HN-SL-03", "HN-WS-04"};
    Issues__V1__ClueFinding finding = ISSUES__V1__CLUE_FINDING__INIT;
    Issues__V1__ReportClue body = ISSUES__V1__REPORT_CLUE__INIT;
    finding.river = city_text(rivers[city_below(&t->random, 4)]);
    finding.region = city_county_region(t->county);
    finding.kind = (Issues__V1__ClueKind)(1 + city_below(&t->random, 4));
    finding.grade = (Issues__V1__ClueGrade)(1 + city_below(&t->random, 3));
    finding.place = city_text("河道管理范围内（模拟）");
    body.finding = &finding;
    send(t, WHO_AGENCY(t->unit), STEP(FOUND), ACTOR(HANDLER), NULL, &body);
}

/* By when it has to be rectified: returns that day. */
static int32_t notify(struct trace *t) {
    Issues__V1__ReportClue body = ISSUES__V1__REPORT_CLUE__INIT;
    t->at = city_issues_later(&t->random, t->at, 1);
    const int32_t until = day_of_s(t->at) + 15;
    body.agency = city_text(city_agency(t->unit)->code);
    body.until_day = (uint32_t)until;
    send(t, WHO_SUPERVISOR, STEP(NOTICE), ACTOR(SUPERVISOR), NULL, &body);
    return until;
}

static void sign_off(struct trace *t) {
    simple(t, 2, WHO_SUPERVISOR, STEP(SIGNED_OFF), ACTOR(SUPERVISOR), NULL);
    t->city->totals.clues_signed_off++;
}

/* --- The procuratorate -------------------------------------------------------------------------------------------------------------- */

#define WHO_PROCURATORATE WHO_AGENCY(city_procuratorate())

static void transfer(struct trace *t, int32_t until) {
    char letter[48];
    Issues__V1__ReportClue body = ISSUES__V1__REPORT_CLUE__INIT, receipt = ISSUES__V1__REPORT_CLUE__INIT;
    const bool is_late = city_happens(&t->random, CHANCE_RECEIPT_LATE);
    snprintf(letter, sizeof letter, "许河长办移〔2020〕%u号", t->number + 1);
    t->at = city_issues_later(&t->random, s_of_day(until) + 12 * 3600, 1 + city_below(&t->random, 3));
    body.agency = city_text(city_agency(city_procuratorate())->code);
    body.letter = letter;
    send(t, WHO_SUPERVISOR, STEP(TRANSFERRED), ACTOR(SUPERVISOR), NULL, &body);
    snprintf(letter, sizeof letter, "许检收〔2020〕%u号", t->number + 1);
    t->at = city_issues_later(&t->random, t->at, is_late ? 5 : 1 + city_below(&t->random, 2));
    receipt.letter = letter;
    send(t, WHO_PROCURATORATE, STEP(RECEIVED), ACTOR(HANDLER), NULL, &receipt);
    t->city->totals.clues_transferred++;
    t->city->totals.receipts_late += is_late;
}

static void suggest(struct trace *t) {
    Issues__V1__ReportClue body = ISSUES__V1__REPORT_CLUE__INIT;
    t->at = city_issues_later(&t->random, t->at, 5 + city_below(&t->random, 10));
    body.urgent = city_happens(&t->random, CHANCE_URGENT);
    send(t, WHO_PROCURATORATE, STEP(SUGGESTED), ACTOR(HANDLER), "建议依法履职、限期清除（模拟）", &body);
    t->city->totals.suggestions++;
    simple(t, 4 + city_below(&t->random, body.urgent ? 4 : 20), WHO_AGENCY(t->unit), STEP(REPLIED), ACTOR(HEAD), "已按建议整改（模拟）");
}

static void file(struct trace *t, bool is_suggested) {
    simple(t, 3, WHO_PROCURATORATE, STEP(FILED), ACTOR(HEAD), NULL);
    t->city->totals.clues_filed++;
    if (city_happens(&t->random, CHANCE_APPRAISAL)) {
        simple(t, 2, WHO_PROCURATORATE, STEP(APPRAISAL_STARTED), ACTOR(HANDLER), NULL);
        simple(t, 10, WHO_PROCURATORATE, STEP(APPRAISAL_ENDED), ACTOR(HANDLER), NULL);
    }
    if (is_suggested) {
        suggest(t);
    } else {
        simple(t, 5, WHO_PROCURATORATE, STEP(CONSULTED), ACTOR(HANDLER), "与主管单位磋商");
    }
    simple(t, 3, WHO_AGENCY(t->unit), STEP(RECTIFIED), ACTOR(HANDLER), NULL);
    sign_off(t);
}

static void not_file(struct trace *t) {
    simple(t, 3, WHO_PROCURATORATE, STEP(NOT_FILED), ACTOR(HEAD), "事实轻微，已具备整改条件");
    t->city->totals.clues_not_filed++;
    simple(t, 5, WHO_SUPERVISOR, STEP(CLOSED), ACTOR(SUPERVISOR), "已督促整改完毕");
    sign_off(t);
}

/* --- A clue ------------------------------------------------------------------------------------------------------------------------- */

static void draw_clue(struct city_issues *city, uint32_t number) {
    struct trace t = {.city = city, .random = city_random(city->options.seed, 'H', number), .number = number};
    const int32_t first = civil_day_from_date(CITY_YEAR, 2, 20);
    snprintf(t.text, sizeof t.text, "HH-2020-%04u", number + 1);
    t.county = city_below(&t.random, CITY_COUNTIES);
    t.unit = city_office_agency(1 + t.county, OFFICE_URBAN);
    t.at = city_issues_later(&t.random, s_of_day(first + (int32_t)city_below(&t.random, 165)) + 12 * 3600, 1);
    find(&t);
    city->totals.clues++;
    const int32_t until = notify(&t);
    if (number >= TRANSFERRED) {
        simple(&t, 2 + city_below(&t.random, 6), WHO_AGENCY(t.unit), STEP(RECTIFIED), ACTOR(HANDLER), NULL);
        sign_off(&t);
        return;
    }
    transfer(&t, until);
    simple(&t, 1, WHO_PROCURATORATE, STEP(REVIEWING), ACTOR(HANDLER), NULL);
    if (number < FILED) {
        file(&t, number < SUGGESTED);
    } else {
        not_file(&t);
    }
}

void city_issues_draw_clues(struct city_issues *city) {
    for (uint32_t i = 0; i < FOUND; i++) {
        draw_clue(city, i);
    }
}
