#ifndef AGGREGATOR_METRICS_H
#define AGGREGATOR_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "metrics/v1/metrics.pb-c.h"

/*
 * The catalogue: the one list of what is counted. It is loaded into PostgreSQL by the migration, answered by
 * ListMetrics, and its numbers are the metric column of the cells. Numbers and ids are for ever.
 */
enum metric_number {
    METRIC_VISITS = 1,
    METRIC_ONE_CARD_VISITS = 2,
    METRIC_PATIENTS_DAY = 3, /* DAY, MONTH, YEAR, TOTAL follow each other as the periods of an edge mask do */
    METRIC_PATIENTS_MONTH = 4,
    METRIC_PATIENTS_YEAR = 5,
    METRIC_PATIENTS_TOTAL = 6,
    METRIC_RESCUE_ARRIVALS = 7,
    METRIC_RESCUE_ARRIVALS_URBAN = 8,
    METRIC_RESCUE_WITHIN_30_MINUTES = 9,
    METRIC_RESCUE_WITHIN_120_MINUTES = 10,

    /* Items of the approval catalogue: changes of what is in force, each on its day; a sum of days up to one is the stock
     * at its end. Each a second time, METRIC_CITY_LEVEL_OFFSET higher, for items of the city level alone. */
    METRIC_ITEMS = 20,
    METRIC_ITEMS_VISITS_0 = 21,
    METRIC_ITEMS_VISITS_1 = 22,
    METRIC_ITEMS_VISITS_MORE = 23,
    METRIC_ITEMS_NO_MEETING = 24,
    METRIC_ITEMS_INSTANT = 25,
    METRIC_ITEMS_ONLINE = 26,
    METRIC_ITEMS_DEPTH_2 = 27,
    METRIC_ITEMS_APP = 28,
    METRIC_ITEMS_WITH_LIMITS = 29,
    METRIC_ITEMS_PROMISED = 30,
    METRIC_ITEMS_STATUTORY = 31,
    METRIC_ITEMS_RATIOS = 32,
    METRIC_ITEMS_REMOVED = 33,
    METRIC_ITEMS_END = 34,
    METRIC_CITY_LEVEL_OFFSET = 20, /* 40 to 53 */
    METRIC_ROUNDS = 60,

    /* Cases of the approval registry, by the day of the step. */
    METRIC_CASES_RECEIVED = 70,
    METRIC_CASES_ACCEPTED = 71,
    METRIC_CASES_DEEMED_ACCEPTED = 72,
    METRIC_CASES_NOT_ACCEPTED = 73,
    METRIC_CASES_WITHDRAWN = 74,
    METRIC_CASES_APPROVED = 75,
    METRIC_CASES_REFUSED = 76,
    METRIC_CASES_ON_TIME = 77,
    METRIC_CASES_LATE = 78,
    METRIC_CASES_OPEN_OVERDUE = 79, /* changes, as those of items */
    METRIC_CASES_LAWFUL = 80,
    METRIC_CASES_CHARGED_DAYS = 81,
    METRIC_CASES_STATUTORY = 82,
    METRIC_CASES_BY_CHARGED_DAYS = 83, /* category: a bucket of days */
    METRIC_CASES_DELIVERED = 84,
    METRIC_CERTIFICATES_LATE = 85,
    METRIC_CASES_SUPPLEMENTS = 86,
    METRIC_CASES_SUSPENSIONS = 87,
    METRIC_CASES_EXTENSIONS = 88,
    METRIC_CASES_REVOKED = 89,
    METRIC_JOINT_DELIVERED = 90,
    METRIC_JOINT_UNDER_120_MINUTES = 91,
    METRIC_JOINT_MINUTES = 92,
    METRIC_RATINGS = 93, /* category: the rating */
    METRIC_RECTIFICATIONS = 94,
    METRIC_RECTIFICATIONS_ON_TIME = 95,
    METRIC_SLIPS_ISSUED = 96, /* category: the level */
    METRIC_SLIPS_LAPSED = 97,
    METRIC_CASES_DUE_CHANGED = 98,

    /* Enterprise issues. Of a cohort: on the day of registration, whatever day the step was; a subject's code stands where otherwise the
     * organisation does. */
    METRIC_ISSUES_REGISTERED = 100,
    METRIC_ISSUES_DUPLICATES = 101,
    METRIC_ISSUES_INVALID = 102,
    METRIC_ISSUES_RESOLVED = 103,
    METRIC_ISSUES_RESOLVED_CONFIRMED = 104,
    METRIC_ISSUES_RESOLVED_UNCONFIRMED = 105,
    METRIC_ISSUES_SIGNED_OFF = 106,
    METRIC_ISSUES_LONG_TERM = 107,
    METRIC_ISSUES_TRANSFERRED = 108,
    METRIC_ISSUES_CANCELLED = 109,
    METRIC_ISSUES_DISSATISFIED = 110,
    METRIC_ISSUES_ON_TIME = 111,
    METRIC_ISSUES_LATE = 112,
    METRIC_ISSUES_OPEN_OVERDUE = 113,
    METRIC_ISSUES_OPEN = 114,
    METRIC_ISSUES_BY_CHARGED_DAYS = 115,
    METRIC_ISSUES_OPEN_COHORT = 116,
    METRIC_ISSUES_EXTENSIONS = 117,
    METRIC_ISSUES_DISPUTES = 118,
    METRIC_ISSUES_DISPATCH_LATE = 119,
    METRIC_ISSUES_RAISED = 120,
    METRIC_ISSUES_PARTS_LATE = 121,
    METRIC_ISSUES_ABOUT_ITEM = 122,
    METRIC_ISSUES_ABOUT_ITEM_OPEN = 123,
    METRIC_ISSUES_ABOUT_TASK = 124,
    METRIC_ISSUES_ABOUT_TASK_OPEN = 125,
    METRIC_CONTACT_RULES_POSITIVE = 126,
    METRIC_CONTACT_RULES_NEGATIVE = 127,
    METRIC_ISSUES_RULE_CITED = 128,
    METRIC_ISSUES_SLIPS_ISSUED = 130,
    METRIC_ISSUES_SLIPS_LAPSED = 131,
    METRIC_ISSUES_CIRCULARS = 132,

    /* The reform ledger, in the year of the task. */
    METRIC_LEDGER_TASKS = 140,
    METRIC_LEDGER_SIGNED_OFF = 141,
    METRIC_LEDGER_SIGNED_OFF_ON_TIME = 142,
    METRIC_LEDGER_CANCELLED = 143,
    METRIC_LEDGER_DEFERRED = 144,
    METRIC_LEDGER_CARRIED_OVER = 145,
    METRIC_LEDGER_KEY_ITEMS = 146,
    METRIC_LEDGER_PROVINCIAL_TASKS = 147,
    METRIC_LEDGER_PROVINCIAL_MAPPED = 148,
    METRIC_LEDGER_PROGRESS = 149,
    METRIC_LEDGER_LAG_YELLOW = 150,
    METRIC_LEDGER_LAG_ORANGE = 151,
    METRIC_LEDGER_LAG_RED = 152,
    METRIC_LEDGER_MILESTONES = 153,
    METRIC_LEDGER_MILESTONES_CLOSED = 154,
    METRIC_LEDGER_INDICATORS = 155,
    METRIC_LEDGER_INDICATORS_MET = 156,
    METRIC_LEDGER_REPORTS = 157,
    METRIC_LEDGER_REOPENED = 158,
    METRIC_LEDGER_OBJECTIONS = 159,
    METRIC_LEDGER_INDICATOR_BASELINE = 160,
    METRIC_LEDGER_INDICATOR_TARGET = 161,
    METRIC_LEDGER_INDICATOR_MEASURED = 162,
    METRIC_LEDGER_INDICATOR_TOTAL = 163,

    /* River clues. */
    METRIC_CLUES_FOUND = 170,
    METRIC_CLUES_TRANSFERRED = 171,
    METRIC_CLUES_RECEIVED = 172,
    METRIC_CLUES_FILED = 173,
    METRIC_CLUES_NOT_FILED = 174,
    METRIC_CLUES_SUGGESTIONS = 175,
    METRIC_CLUES_REPLIED_ON_TIME = 176,
    METRIC_CLUES_REPLIED_LATE = 177,
    METRIC_CLUES_RECTIFIED = 178,
    METRIC_CLUES_SIGNED_OFF = 179,
    METRIC_CLUES_RECEIPTS_LATE = 180,
    METRIC_CLUES_OPEN = 181,
};

/*
 * How the cells of a metric become its number of a longer period. Every row of the catalogue states one.
 * A flow of a metric whose own period is the month or the year counts in periods at least as long as that.
 */
enum metric_kind {
    METRIC_FLOW,     /* adds up: the sum of the cells whose period begins within the period */
    METRIC_STOCK,    /* cells are signed changes: the sum of all cells up to the last day of the period */
    METRIC_DISTINCT, /* does not add up (persons): the cell of exactly that period, of a metric that has that period */
};

struct metric {
    enum metric_number number;
    const char *id; /* "visits.visits" */
    uint32_t definition_version;
    Metrics__V1__Period period; /* of a cell */
    enum metric_kind kind;
    const char *unit;
    const char *label_zh;
    const char *label_en;
    const char *definition_zh;
    const char *definition_en;
};

extern const struct metric metric_catalogue[];
extern const size_t metric_count;

const struct metric *metric_find(const char *id); /* NULL: none */

/* Categories, in ranges that do not meet: what is told apart is the metric's. Numbers are for ever, one byte in a cell. */
enum category_number {
    CATEGORY_ALL = 0,
    /* Of visits. Numbers of classes are those of visits.v1.VisitClass. */
    CATEGORY_INPATIENT = 1,
    CATEGORY_OUTPATIENT = 2,
    CATEGORY_EMERGENCY = 3,
    CATEGORY_OTHER = 6,
    /* Of items and cases: 30 + approvals.v1.ItemType; 30 itself for a type of a later contract. */
    CATEGORY_ITEM_TYPE = 30,
    /* Of decided cases by charged days: 100 + bucket. */
    CATEGORY_DAYS = 100,
    /* Of ratings: 200 + value, 1 to 5. */
    CATEGORY_RATING = 200,
    /* Of slips: 210 + level, 1 to 4. */
    CATEGORY_SLIP_LEVEL = 210,
    /* Of issues: 220 + issues.v1.IssueClass; 220 itself: none yet. */
    CATEGORY_ISSUE_CLASS = 220,
    /* Of ledger tasks: 230 + issues.v1.ReformField. */
    CATEGORY_REFORM_FIELD = 230,
    /* Of river clues: 240 + issues.v1.ClueKind. */
    CATEGORY_CLUE_KIND = 240,
};

struct category {
    enum category_number number;
    const char *id; /* "inpatient" */
    const char *label_zh;
    const char *label_en;
};

extern const struct category category_catalogue[];
extern const size_t category_count;

/* Buckets of charged days: exact up to 30, then wider; loaded into metrics.day_bucket. Bucket n has category
 * CATEGORY_DAYS + n. */
struct day_bucket {
    uint32_t first; /* days, inclusive */
    uint32_t last;  /* of the last bucket DAY_BUCKET_NO_END */
};
#define DAY_BUCKET_NO_END UINT32_MAX
#define DAY_BUCKETS_MAX 100 /* categories 100 to 199 */

extern const struct day_bucket day_buckets[];
extern const size_t day_bucket_count;

uint8_t day_bucket_category(uint32_t days);

const char *category_id(int number); /* "" for a number that is none */
const char *metric_period_name(Metrics__V1__Period period); /* "day", ... */
const char *metric_kind_name(enum metric_kind kind);         /* "flow", "stock", "distinct" */

/* GB/T 2260 code of the city: the region of its own cells. */
#define METRIC_CITY_REGION 411000u

#endif
