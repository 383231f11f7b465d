#include "aggregator/metrics.h"
#include "approvals/v1/commands.pb-c.h"
#include "issues/v1/commands.pb-c.h"

/* 30 + the number of the standard (GB/T 39046-2020, annex A). */
#define ITEM_TYPE(name) ((enum category_number)(CATEGORY_ITEM_TYPE + APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_##name))
#define RATING(value) ((enum category_number)(CATEGORY_RATING + (value)))
#define ISSUE_CLASS(name) ((enum category_number)(CATEGORY_ISSUE_CLASS + ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_##name))
#define REFORM_FIELD(name) ((enum category_number)(CATEGORY_REFORM_FIELD + ISSUES__V1__REFORM_FIELD__REFORM_FIELD_##name))
#define CLUE_KIND(name) ((enum category_number)(CATEGORY_CLUE_KIND + ISSUES__V1__CLUE_KIND__CLUE_KIND_##name))
#define SLIP_LEVEL(level) ((enum category_number)(CATEGORY_SLIP_LEVEL + (level)))

/* Buckets stand once: each makes a row of the catalogue and a row of bounds, with a number by its place. */
#define EXACT_BUCKETS(B)                                                                                               \
    B(0)                                                                                                               \
    B(1) B(2) B(3) B(4) B(5) B(6) B(7) B(8) B(9) B(10) B(11) B(12) B(13) B(14) B(15) B(16) B(17) B(18) B(19) B(20)     \
        B(21) B(22) B(23) B(24) B(25) B(26) B(27) B(28) B(29) B(30)
#define WIDE_BUCKETS(B)                                                                                                \
    B(31, 32)                                                                                                          \
    B(33, 34) B(35, 36) B(37, 38) B(39, 40) B(41, 42) B(43, 44) B(45, 46) B(47, 48) B(49, 50) B(51, 52) B(53, 54)      \
        B(55, 56) B(57, 58) B(59, 60) B(61, 65) B(66, 70) B(71, 75) B(76, 80) B(81, 85) B(86, 90) B(91, 95) B(96, 100) \
            B(101, 105) B(106, 110) B(111, 115) B(116, 120) B(121, 130) B(131, 140) B(141, 150) B(151, 160)            \
                B(161, 170) B(171, 180) B(181, 190) B(191, 200) B(201, 210) B(211, 220) B(221, 230) B(231, 240)        \
                    B(241, 250) B(251, 300) B(301, 350) B(351, 400) B(401, 450) B(451, 500) B(501, 600) B(601, 700)    \
                        B(701, 800) B(801, 900) B(901, 1000)

/* Place of each bucket. */
enum bucket {
#define EXACT_PLACE(day) BUCKET_##day,
#define WIDE_PLACE(first, last) BUCKET_##first,
    EXACT_BUCKETS(EXACT_PLACE) WIDE_BUCKETS(WIDE_PLACE) BUCKET_REST,
    BUCKET_COUNT
};
_Static_assert(BUCKET_COUNT <= DAY_BUCKETS_MAX, "categories of days end before those of ratings");

const struct day_bucket day_buckets[] = {
#define EXACT_BOUNDS(day) {day, day},
#define WIDE_BOUNDS(first, last) {first, last},
    EXACT_BUCKETS(EXACT_BOUNDS) WIDE_BUCKETS(WIDE_BOUNDS){1001, DAY_BUCKET_NO_END},
};
const size_t day_bucket_count = BUCKET_COUNT;

const struct category category_catalogue[] = {
    {CATEGORY_ALL, "all", "合计", "All"},
    {CATEGORY_INPATIENT, "inpatient", "住院", "Inpatient"},
    {CATEGORY_OUTPATIENT, "outpatient", "门诊", "Outpatient"},
    {CATEGORY_EMERGENCY, "emergency", "急诊", "Emergency"},
    {CATEGORY_OTHER, "other", "其他", "Other"},
    {CATEGORY_ITEM_TYPE, "other_type", "其他类型", "Another type"},
    {ITEM_TYPE(LICENCE), "licence", "行政许可", "Licence"},
    {ITEM_TYPE(PENALTY), "penalty", "行政处罚", "Penalty"},
    {ITEM_TYPE(COERCION), "coercion", "行政强制", "Coercion"},
    {ITEM_TYPE(LEVY), "levy", "行政征收", "Levy"},
    {ITEM_TYPE(BENEFIT), "benefit", "行政给付", "Benefit"},
    {ITEM_TYPE(INSPECTION), "inspection", "行政检查", "Inspection"},
    {ITEM_TYPE(CONFIRMATION), "confirmation", "行政确认", "Confirmation"},
    {ITEM_TYPE(REWARD), "reward", "行政奖励", "Reward"},
    {ITEM_TYPE(ADJUDICATION), "adjudication", "行政裁决", "Adjudication"},
    {ITEM_TYPE(OTHER_POWER), "other_power", "其他行政权力", "Other power"},
    {ITEM_TYPE(PUBLIC_SERVICE), "public_service", "公共服务", "Public service"},
#define EXACT_ROW(day) {(enum category_number)(CATEGORY_DAYS + BUCKET_##day), "days_" #day, #day "日", #day " days"},
#define WIDE_ROW(first, last)                                                                                          \
    {(enum category_number)(CATEGORY_DAYS + BUCKET_##first), "days_" #first "_" #last, #first "至" #last "日",         \
     #first " to " #last " days"},
    EXACT_BUCKETS(EXACT_ROW) WIDE_BUCKETS(WIDE_ROW) //
    {(enum category_number)(CATEGORY_DAYS + BUCKET_REST), "days_1001_more", "1001日以上", "1001 days or more"},
    {RATING(1), "rating_1", "非常满意", "Very satisfied"},
    {RATING(2), "rating_2", "满意", "Satisfied"},
    {RATING(3), "rating_3", "基本满意", "Fairly satisfied"},
    {RATING(4), "rating_4", "不满意", "Dissatisfied"},
    {RATING(5), "rating_5", "非常不满意", "Very dissatisfied"},
    {SLIP_LEVEL(1), "slip_blue", "蓝色督办", "Blue slip"},
    {SLIP_LEVEL(2), "slip_orange", "橙色督办", "Orange slip"},
    {SLIP_LEVEL(3), "slip_red", "红色督办", "Red slip"},
    {SLIP_LEVEL(4), "slip_listed", "挂牌督办", "Listed supervision"},
    {CATEGORY_ISSUE_CLASS, "issue_class_none", "未分类", "Not classed yet"},
    {ISSUE_CLASS(A), "issue_class_a", "A类", "Class A"},
    {ISSUE_CLASS(B), "issue_class_b", "B类", "Class B"},
    {ISSUE_CLASS(C), "issue_class_c", "C类", "Class C"},
    {REFORM_FIELD(ECONOMY), "field_economy", "经济体制", "Economy"},
    {REFORM_FIELD(RULE_OF_LAW), "field_rule_of_law", "民主法制", "Democracy and rule of law"},
    {REFORM_FIELD(CULTURE), "field_culture", "文化体制", "Culture"},
    {REFORM_FIELD(LIVELIHOOD), "field_livelihood", "社会民生", "Livelihood"},
    {REFORM_FIELD(ECOLOGY), "field_ecology", "生态文明", "Ecology"},
    {REFORM_FIELD(PARTY), "field_party", "党的建设", "Party building"},
    {CLUE_KIND(OCCUPY), "clue_occupy", "乱占", "Occupation"},
    {CLUE_KIND(MINE), "clue_mine", "乱采", "Mining"},
    {CLUE_KIND(DUMP), "clue_dump", "乱堆", "Dumping"},
    {CLUE_KIND(BUILD), "clue_build", "乱建", "Building"},
};
const size_t category_count = sizeof category_catalogue / sizeof category_catalogue[0];

const char *category_id(int number) {
    for (size_t i = 0; i < category_count; i++) {
        if ((int)category_catalogue[i].number == number) {
            return category_catalogue[i].id;
        }
    }
    return "";
}

uint8_t day_bucket_category(uint32_t days) {
    size_t bucket = 0;
    while (days > day_buckets[bucket].last) {
        bucket++;
    }
    return (uint8_t)(CATEGORY_DAYS + bucket);
}
