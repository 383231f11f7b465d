#include "aggregator/metrics.h"

#include <string.h>

#include "aggregator/metrics_issues.h"
#include "aggregator/metrics_items.h"

#define DAY METRICS__V1__PERIOD__PERIOD_DAY
#define MONTH METRICS__V1__PERIOD__PERIOD_MONTH
#define YEAR METRICS__V1__PERIOD__PERIOD_YEAR
#define ALL_TIME METRICS__V1__PERIOD__PERIOD_ALL_TIME
#define FLOW METRIC_FLOW
#define STOCK METRIC_STOCK
#define DISTINCT METRIC_DISTINCT

/*
 * A new row: number, id, definition version, period of its cells, kind, unit, labels and definitions in Chinese and English.
 * The kind says how days become the number of a month or a year (enum metric_kind); what is published goes by it. Rows of a
 * registry of its own stand in a list of their own (metrics_items.h) and are made into rows here.
 */

/* A stock: its cells are changes, and so is what ReadCells answers. */
#define ALL_LEVELS(number, id, unit, zh, en, definition_zh, definition_en)                                             \
    {number, "approvals." id, 1, DAY, STOCK, unit, zh, en, definition_zh "按机构、事项类型逐日记增减，累计至某日即该日末数。", \
     definition_en " Changes by agency, item type and day; their sum up to a day is the stock at its end."},
#define CITY_LEVEL(number, id, unit, zh, en, definition_zh, definition_en)                                             \
    {(enum metric_number)((number) + METRIC_CITY_LEVEL_OFFSET), "approvals.city_" id, 1, DAY, STOCK, unit, "市级" zh,         \
     en ", city level", "仅计行使层级为市级的事项：" definition_zh "按机构、事项类型逐日记增减，累计至某日即该日末数。", \
     "Of items of the city level alone: " definition_en " Changes by agency, item type and day; their sum up to a day " \
     "is the stock at its end."},
/* A count of steps of cases. */
#define CASES(number, id, unit, zh, en, definition_zh, definition_en)                                                  \
    {number, "approvals." id, 1, DAY, FLOW, unit, zh, en, definition_zh "按牵头机构逐日计数，可相加。",                      \
     definition_en " Counted by leading agency and day of the step (+08:00); they add up."},

/* Of the issue registry. */
#define ISSUES(number, id, period, kind, unit, zh, en, definition_zh, definition_en)                                    \
    {number, id, 1, period, kind, unit, zh, en, definition_zh, definition_en},

const struct metric metric_catalogue[] = {
    {METRIC_VISITS, "visits.visits", 1, DAY, FLOW, "visits", "就诊人次", "Visits",
     "开始日期在该日(东八区)、未撤销的门诊、急诊、住院及其他就诊次数;以何种卡就诊均计入。按机构逐日计数,可相加。",
     "Visits that began on the day (+08:00) and were not cancelled, of the classes outpatient, emergency, inpatient and "
     "other, whatever card opened them. Counted by facility and day; they add up."},
    {METRIC_ONE_CARD_VISITS, "visits.one_card_visits", 1, DAY, FLOW, "visits", "一卡通就诊人次", "One-card visits",
     "就诊人次中以社会保障卡、居民身份证或电子健康码就诊的次数。",
     "Those of the visits that were opened with the social security card, the resident identity card or the electronic "
     "health code."},
    {METRIC_PATIENTS_DAY, "visits.patients_day", 1, DAY, DISTINCT, "persons", "当日一卡通就诊人数", "One-card patients of the day",
     "当日至少有一次一卡通就诊的不同患者人数。全市、县区、机构分别计数,不可相加。",
     "Distinct persons with at least one one-card visit that began on the day. Counted for the city, each county and "
     "each facility by itself; these do not add up."},
    {METRIC_PATIENTS_MONTH, "visits.patients_month", 1, MONTH, DISTINCT, "persons", "当月一卡通就诊人数",
     "One-card patients of the month", "当月至少有一次一卡通就诊的不同患者人数。各月、各机构之间不可相加。",
     "Distinct persons with at least one one-card visit that began in the month. Months and facilities do not add up."},
    {METRIC_PATIENTS_YEAR, "visits.patients_year", 1, YEAR, DISTINCT, "persons", "全年一卡通就诊人数",
     "One-card patients of the year", "当年至少有一次一卡通就诊的不同患者人数。各年、各机构之间不可相加。",
     "Distinct persons with at least one one-card visit that began in the year. Years and facilities do not add up."},
    {METRIC_PATIENTS_TOTAL, "visits.patients_total", 1, ALL_TIME, DISTINCT, "persons", "累计一卡通就诊人数",
     "One-card patients of all time", "有记录以来至少有一次一卡通就诊的不同患者人数。",
     "Distinct persons with at least one one-card visit since records began."},
    {METRIC_RESCUE_ARRIVALS, "rescue.arrivals", 1, DAY, FLOW, "visits", "急救到达人次", "Rescue arrivals",
     "当日开始、未撤销、呼救时间与到达有救治能力医院的时间均已知的急诊就诊次数。按机构逐日计数，可相加。",
     "Emergency visits that began on the day (+08:00), were not cancelled, and of which both the time of the call for help "
     "and that of the arrival at a hospital able to treat are known. Counted by facility and day; they add up."},
    {METRIC_RESCUE_ARRIVALS_URBAN, "rescue.arrivals_urban", 1, DAY, FLOW, "visits", "城区急救到达人次", "Urban rescue arrivals",
     "急救到达人次中呼救地点在城区的次数；为城区30分钟内到达率的分母。",
     "Those of the rescue arrivals whose call came from an urban place: the denominator of the share within 30 minutes."},
    {METRIC_RESCUE_WITHIN_30_MINUTES, "rescue.within_30_minutes", 1, DAY, FLOW, "visits", "城区30分钟内到达人次",
     "Urban arrivals within 30 minutes", "城区急救到达人次中，自呼救至到达不超过30分钟的次数。",
     "Those of the urban rescue arrivals that took at most 30 minutes from the call to the arrival."},
    {METRIC_RESCUE_WITHIN_120_MINUTES, "rescue.within_120_minutes", 1, DAY, FLOW, "visits", "120分钟内到达人次",
     "Arrivals within 120 minutes", "急救到达人次（不分城乡）中，自呼救至到达不超过120分钟的次数，含城区30分钟内到达者。",
     "Those of the rescue arrivals, urban or not, that took at most 120 minutes from the call to the arrival; the ones within "
     "30 minutes are among them. Their denominator is all rescue arrivals."},
    METRICS_OF_ITEMS(ALL_LEVELS) METRICS_OF_ITEMS(CITY_LEVEL) //
    {METRIC_ROUNDS, "approvals.rounds", 1, DAY, FLOW, "rounds", "精简轮次", "Rounds of streamlining",
     "当日取消首个事项的精简（“瘦身”）轮次数，全市计。", "Rounds of streamlining whose first item was taken out of force on the "
     "day. Of the city as a whole."},
    CASES(METRIC_CASES_RECEIVED, "cases_received", "cases", "收件", "Cases received", "收件的办件数。", "Cases received.")
    CASES(METRIC_CASES_ACCEPTED, "cases_accepted", "cases", "受理", "Cases accepted", "作出受理决定的办件数，不含视为受理。",
          "Cases accepted by the agency; not those deemed accepted.")
    CASES(METRIC_CASES_DEEMED_ACCEPTED, "cases_deemed_accepted", "cases", "视为受理", "Cases deemed accepted",
          "收件后5个工作日内未作告知、依法视为受理的办件数（行政许可法第三十二条）。",
          "Cases on which the agency was silent for five workdays and which are accepted by law (Licensing Law, article 32).")
    CASES(METRIC_CASES_NOT_ACCEPTED, "cases_not_accepted", "cases", "不予受理", "Cases not accepted",
          "不属本机构职权或不予受理的办件数。", "Cases sent elsewhere, or refused before acceptance.")
    CASES(METRIC_CASES_WITHDRAWN, "cases_withdrawn", "cases", "撤回", "Cases withdrawn",
          "经确认撤回、或逾期未补正视为撤回的办件数。", "Cases withdrawn, or taken as such as their papers did not come.")
    CASES(METRIC_CASES_APPROVED, "cases_approved", "cases", "办结：准予", "Cases approved", "准予（含容缺准予）的办件数。",
          "Cases approved, with papers still missing or not.")
    CASES(METRIC_CASES_REFUSED, "cases_refused", "cases", "办结：不予", "Cases refused", "不予许可的办件数。",
          "Cases refused by a decision.")
    CASES(METRIC_CASES_ON_TIME, "cases_on_time", "cases", "按时办结", "Closed on time",
          "在承诺时限（无承诺时限的，法定时限）内作出决定的办件数；以决定时已知的工作日历为准。",
          "Cases decided within the promised limit (the statutory one where none is promised), by the calendar known at the "
          "decision.")
    CASES(METRIC_CASES_LATE, "cases_late", "cases", "超时办结", "Closed late", "超过承诺时限（无承诺时限的，法定时限）后作出决定的办件数；以决定时已知的工作日历为准。",
          "Cases decided after the promised limit (the statutory one where none is promised), by the calendar known at the "
          "decision.")
    {METRIC_CASES_OPEN_OVERDUE, "approvals.cases_open_overdue", 1, DAY, STOCK, "cases", "在办超时", "Open and overdue",
     "承诺时限已过、尚未办结的办件数。按牵头机构逐日记增减，累计至某日即该日末数。",
     "Open cases whose promised time has passed. Changes by leading agency and day; their sum up to a day is the stock at its "
     "end."},
    CASES(METRIC_CASES_LAWFUL, "cases_lawful", "cases", "法定时限内办结", "Closed within the law",
          "在法定时限内（或无法定时限）作出决定的办件数。", "Cases decided within the statutory limit, or that have none.")
    CASES(METRIC_CASES_CHARGED_DAYS, "cases_charged_days", "workdays", "计入时限的工作日", "Charged days",
          "有法定时限的已决定办件实际计入时限的工作日之和；为实际压缩比的分子。",
          "Workdays charged to the decided cases that have a statutory limit: what actual compression is about.")
    CASES(METRIC_CASES_STATUTORY, "cases_statutory_days", "1/100 workday", "法定工作日", "Statutory days of these",
          "有法定时限的已决定办件的法定时限（含延长）之和，单位为百分之一工作日。实际压缩比为1减计入时限的工作日与本值之比。",
          "Statutory limits, with their extensions, of the decided cases that have one, in hundredths of workdays. Actual "
          "compression is 1 - charged / this.")
    CASES(METRIC_CASES_BY_CHARGED_DAYS, "cases_by_charged_days", "cases", "按用时分组的办结", "Decided cases by charged days",
          "已决定办件按计入工作日分组（0至30逐日，其后渐宽），供计算中位数与九成位数。",
          "Decided cases by their charged workdays (each day up to 30, then wider): for the median and the 90th percentile.")
    CASES(METRIC_CASES_DELIVERED, "cases_delivered", "cases", "送达", "Cases delivered", "结果已送达的办件数。",
          "Cases whose result was delivered.")
    CASES(METRIC_CERTIFICATES_LATE, "certificates_late", "cases", "超期送达", "Delivered late",
          "送达中距决定超过10个工作日的办件数（行政许可法第四十四条）。",
          "Those delivered later than ten workdays after the decision (Licensing Law, article 44).")
    CASES(METRIC_CASES_SUPPLEMENTS, "cases_supplements", "cases", "补正告知", "Papers asked for", "受理前一次性告知补正的办件数。",
          "Cases for which missing papers were asked for before acceptance.")
    CASES(METRIC_CASES_SUSPENSIONS, "cases_suspensions", "procedures", "特别程序", "Special procedures",
          "开始的特别程序数（听证、检验、专家评审等，及受理后补件），不含延期。",
          "Special procedures begun (hearing, test, expert review and so on, and papers asked for after acceptance); no "
          "extensions.")
    CASES(METRIC_CASES_EXTENSIONS, "cases_extensions", "cases", "延期", "Extensions", "经批准延长时限的办件数。",
          "Cases whose limit was extended.")
    CASES(METRIC_CASES_REVOKED, "cases_revoked", "cases", "撤销", "Cases revoked", "决定后被撤销的办件数。",
          "Cases revoked after the decision.")
    CASES(METRIC_JOINT_DELIVERED, "joint_delivered", "cases", "联办送达", "Joint cases delivered", "送达中的联办件数。",
          "Those delivered that several agencies handled jointly.")
    CASES(METRIC_JOINT_UNDER_120_MINUTES, "joint_under_120_minutes", "cases", "两小时内联办送达",
          "Joint cases in under 120 minutes", "联办送达中自收件至送达不足120分钟的件数。",
          "Those joint cases that took less than 120 minutes from receipt to delivery.")
    CASES(METRIC_JOINT_MINUTES, "joint_minutes", "minutes", "联办用时之和", "Minutes of joint cases",
          "联办送达自收件至送达的分钟数之和。", "Minutes from receipt to delivery, summed over the joint cases delivered.")
    CASES(METRIC_RATINGS, "ratings", "ratings", "评价", "Ratings",
          "办件评价数，按五档：1非常满意至5非常不满意；1至3为好评，4、5为差评。",
          "Ratings of cases by value: 1 very satisfied to 5 very dissatisfied; 1 to 3 are good, 4 and 5 bad.")
    CASES(METRIC_RECTIFICATIONS, "rectifications", "ratings", "差评整改", "Rectifications", "完成整改的差评数。",
          "Bad ratings that were followed by a rectification.")
    CASES(METRIC_RECTIFICATIONS_ON_TIME, "rectifications_on_time", "ratings", "按时整改", "Rectifications on time",
          "在15个工作日内完成整改的差评数。", "Rectifications done within 15 workdays of the rating.")
    CASES(METRIC_SLIPS_ISSUED, "slips_issued", "slips", "督办单", "Slips issued", "发出的督办单数，按级别。",
          "Supervision slips issued, by level.")
    CASES(METRIC_SLIPS_LAPSED, "slips_lapsed", "slips", "逾期未复督办单", "Slips lapsed", "逾期未回复的督办单数，按级别。",
          "Slips that were not replied to in time, by level.")
    CASES(METRIC_CASES_DUE_CHANGED, "cases_due_changed", "cases", "时限重算", "Due days changed",
          "因放假调休通知而改变到期日的在办件次。", "Times that a holiday notice moved the due day of an open case.")
    METRICS_OF_ISSUES(ISSUES) //
};
const size_t metric_count = sizeof metric_catalogue / sizeof metric_catalogue[0];

const struct metric *metric_find(const char *id) {
    for (size_t i = 0; i < metric_count; i++) {
        if (strcmp(metric_catalogue[i].id, id) == 0) {
            return &metric_catalogue[i];
        }
    }
    return NULL;
}

const char *metric_kind_name(enum metric_kind kind) {
    switch (kind) {
    case METRIC_FLOW:
        return "flow";
    case METRIC_STOCK:
        return "stock";
    case METRIC_DISTINCT:
        return "distinct";
    }
    return "";
}

const char *metric_period_name(Metrics__V1__Period period) {
    static const char *const names[] = {"", "day", "month", "year", "all"};
    return (size_t)period < sizeof names / sizeof names[0] ? names[period] : "";
}
