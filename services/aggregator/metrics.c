#include "aggregator/metrics.h"

#include <string.h>

#define DAY METRICS__V1__PERIOD__PERIOD_DAY
#define MONTH METRICS__V1__PERIOD__PERIOD_MONTH
#define YEAR METRICS__V1__PERIOD__PERIOD_YEAR
#define ALL_TIME METRICS__V1__PERIOD__PERIOD_ALL_TIME

const struct metric metric_catalogue[] = {
    {METRIC_VISITS, "visits.visits", 1, DAY, "visits", "就诊人次", "Visits",
     "开始日期在该日(东八区)、未撤销的门诊、急诊、住院及其他就诊次数;以何种卡就诊均计入。按机构逐日计数,可相加。",
     "Visits that began on the day (+08:00) and were not cancelled, of the classes outpatient, emergency, inpatient and "
     "other, whatever card opened them. Counted by facility and day; they add up."},
    {METRIC_ONE_CARD_VISITS, "visits.one_card_visits", 1, DAY, "visits", "一卡通就诊人次", "One-card visits",
     "就诊人次中以社会保障卡、居民身份证或电子健康码就诊的次数。",
     "Those of the visits that were opened with the social security card, the resident identity card or the electronic "
     "health code."},
    {METRIC_PATIENTS_DAY, "visits.patients_day", 1, DAY, "persons", "当日一卡通就诊人数", "One-card patients of the day",
     "当日至少有一次一卡通就诊的不同患者人数。全市、县区、机构分别计数,不可相加。",
     "Distinct persons with at least one one-card visit that began on the day. Counted for the city, each county and "
     "each facility by itself; these do not add up."},
    {METRIC_PATIENTS_MONTH, "visits.patients_month", 1, MONTH, "persons", "当月一卡通就诊人数",
     "One-card patients of the month", "当月至少有一次一卡通就诊的不同患者人数。各月、各机构之间不可相加。",
     "Distinct persons with at least one one-card visit that began in the month. Months and facilities do not add up."},
    {METRIC_PATIENTS_YEAR, "visits.patients_year", 1, YEAR, "persons", "全年一卡通就诊人数",
     "One-card patients of the year", "当年至少有一次一卡通就诊的不同患者人数。各年、各机构之间不可相加。",
     "Distinct persons with at least one one-card visit that began in the year. Years and facilities do not add up."},
    {METRIC_PATIENTS_TOTAL, "visits.patients_total", 1, ALL_TIME, "persons", "累计一卡通就诊人数",
     "One-card patients of all time", "有记录以来至少有一次一卡通就诊的不同患者人数。",
     "Distinct persons with at least one one-card visit since records began."},
    {METRIC_RESCUE_ARRIVALS, "rescue.arrivals", 1, DAY, "visits", "急救到达人次", "Rescue arrivals",
     "当日开始、未撤销、呼救时间与到达有救治能力医院的时间均已知的急诊就诊次数。按机构逐日计数，可相加。",
     "Emergency visits that began on the day (+08:00), were not cancelled, and of which both the time of the call for help "
     "and that of the arrival at a hospital able to treat are known. Counted by facility and day; they add up."},
    {METRIC_RESCUE_ARRIVALS_URBAN, "rescue.arrivals_urban", 1, DAY, "visits", "城区急救到达人次", "Urban rescue arrivals",
     "急救到达人次中呼救地点在城区的次数；为城区30分钟内到达率的分母。",
     "Those of the rescue arrivals whose call came from an urban place: the denominator of the share within 30 minutes."},
    {METRIC_RESCUE_WITHIN_30_MINUTES, "rescue.within_30_minutes", 1, DAY, "visits", "城区30分钟内到达人次",
     "Urban arrivals within 30 minutes", "城区急救到达人次中，自呼救至到达不超过30分钟的次数。",
     "Those of the urban rescue arrivals that took at most 30 minutes from the call to the arrival."},
    {METRIC_RESCUE_WITHIN_120_MINUTES, "rescue.within_120_minutes", 1, DAY, "visits", "120分钟内到达人次",
     "Arrivals within 120 minutes", "急救到达人次（不分城乡）中，自呼救至到达不超过120分钟的次数，含城区30分钟内到达者。",
     "Those of the rescue arrivals, urban or not, that took at most 120 minutes from the call to the arrival; the ones within "
     "30 minutes are among them. Their denominator is all rescue arrivals."},
};
const size_t metric_count = sizeof metric_catalogue / sizeof metric_catalogue[0];

const struct category category_catalogue[] = {
    {CATEGORY_ALL, "all", "合计", "All"},
    {CATEGORY_INPATIENT, "inpatient", "住院", "Inpatient"},
    {CATEGORY_OUTPATIENT, "outpatient", "门诊", "Outpatient"},
    {CATEGORY_EMERGENCY, "emergency", "急诊", "Emergency"},
    {CATEGORY_OTHER, "other", "其他", "Other"},
};
const size_t category_count = sizeof category_catalogue / sizeof category_catalogue[0];

const struct metric *metric_find(const char *id) {
    for (size_t i = 0; i < metric_count; i++) {
        if (strcmp(metric_catalogue[i].id, id) == 0) {
            return &metric_catalogue[i];
        }
    }
    return NULL;
}

const char *category_id(int number) {
    for (size_t i = 0; i < category_count; i++) {
        if ((int)category_catalogue[i].number == number) {
            return category_catalogue[i].id;
        }
    }
    return "";
}

const char *metric_period_name(Metrics__V1__Period period) {
    static const char *const names[] = {"", "day", "month", "year", "all"};
    return (size_t)period < sizeof names / sizeof names[0] ? names[period] : "";
}
