#include "ctl/catalogue_columns.h"

#include <assert.h>
#include <string.h>

#include "base/check.h"
#include "ctl/catalogue_words.h"

/* --- limits --- */

static Approvals__V1__Limit *limit_of(const struct column *column, struct arena *arena,
                                      Approvals__V1__PublishItem *item) {
    Approvals__V1__Limit **limit = (Approvals__V1__Limit **)((char *)item + column->offset);
    if (*limit == NULL) {
        *limit = arena_alloc(arena, sizeof **limit);
        CHECK(*limit != NULL);
        approvals__v1__limit__init(*limit);
    }
    return *limit;
}

static enum cell_verdict take_unit(const char *text, Approvals__V1__Limit *limit) {
    int unit;
    if (!column_read_word(&catalogue_unit_words, text, &unit)) {
        return CELL_NO_UNIT;
    }
    limit->unit = (Approvals__V1__LimitUnit)unit;
    return CELL_GOOD;
}

/* Of the limit of the column before. */
static enum cell_verdict read_unit(const struct column *column, char *text, struct arena *arena, void *item) {
    return take_unit(text, limit_of(column, arena, item));
}

/* "5", or with its unit: "5个工作日". */
static enum cell_verdict read_amount(const struct column *column, char *text, struct arena *arena, void *item) {
    const size_t digits = strspn(text, "0123456789");
    uint32_t amount;
    if (strcmp(text, "无") == 0) { /* there is no such limit */
        return CELL_GOOD;
    }
    const char *unit = column_trim(text + digits, arena);
    text[digits] = '\0';
    if (!column_read_number(text, &amount)) {
        return CELL_NO_NUMBER;
    }
    Approvals__V1__Limit *limit = limit_of(column, arena, item);
    limit->amount = amount;
    return *unit == '\0' ? CELL_GOOD : take_unit(unit, limit);
}

/* --- the columns --- */

#define ITEM(name, kind, member, needed, words, ...)                                                                   \
    {                                                                                                                  \
        name, {__VA_ARGS__}, COLUMN_##kind, offsetof(Approvals__V1__PublishItem, member), NULL, needed, words, NULL,   \
            NULL                                                                                                       \
    }
#define LIMIT(name, reads, member, needed, ...)                                                                        \
    { name, {__VA_ARGS__}, COLUMN_OWN, offsetof(Approvals__V1__PublishItem, member), NULL, needed, NULL, reads, NULL }
#define FEE(name, kind, member, ...)                                                                                   \
    { name, {__VA_ARGS__}, COLUMN_##kind, offsetof(Approvals__V1__Fee, member), &fee, false, NULL, NULL, NULL }

static const struct column_part fee = {offsetof(Approvals__V1__PublishItem, fee), &approvals__v1__fee__descriptor};

const struct column catalogue_columns[] = {
    ITEM("code", CODE, code, true, NULL, "事项编码", "实施编码"),
    ITEM("version", NUMBER, version, true, NULL, "版本号", "事项版本"),
    ITEM("name", TEXT, name, true, NULL, "事项名称"),
    ITEM("agency", TEXT, agency, false, NULL, "办理机关代码", "实施主体代码"),
    ITEM("effective_day", DAY, effective_day, true, NULL, "生效日期"),
    ITEM("type", WORD, type, true, &catalogue_type_words, "事项类型"),
    ITEM("level", WORD, level, true, &catalogue_level_words, "行使层级"),
    ITEM("clients", WORDS, clients, true, &catalogue_client_words, "服务对象"),
    ITEM("channels", WORDS, channels, true, &catalogue_channel_words, "办理渠道", "办理形式"),
    ITEM("online", WORDS, online, false, &catalogue_online_words, "网办环节", "网上办理环节"),
    LIMIT("promised", read_amount, promised, true, "承诺时限", "承诺办结时限"),
    LIMIT("promised_unit", read_unit, promised, false, "承诺时限单位", "承诺办结时限单位"),
    LIMIT("statutory", read_amount, statutory, true, "法定时限", "法定办结时限"),
    LIMIT("statutory_unit", read_unit, statutory, false, "法定时限单位", "法定办结时限单位"),
    ITEM("visits", NUMBER, visits, true, NULL, "到办事现场次数", "到现场次数"),
    ITEM("visits_reason", TEXT, visits_reason, false, NULL, "到现场原因", "必须现场办理原因说明"),
    ITEM("no_meeting", YES, no_meeting, false, NULL, "不见面审批"),
    ITEM("instant", YES, instant, false, NULL, "即办件", "办件类型"),
    FEE("fee.charged", YES, charged, "是否收费"),
    FEE("fee.basis", TEXT, basis, "收费依据"),
    FEE("fee.items", TEXT, items, "收费项目", "收费项目名称"),
    FEE("fee.standard", TEXT, standard, "收费标准"),
    FEE("fee.online_payment", YES, online_payment, "网上支付", "是否支持网上支付"),
    ITEM("enquiry_phone", TEXT, enquiry_phone, true, NULL, "咨询电话"),
    ITEM("complaint_phone", TEXT, complaint_phone, true, NULL, "监督投诉电话", "投诉电话"),
    ITEM("result_name", TEXT, result_name, false, NULL, "审批结果名称"),
    ITEM("result_sample", YES, result_sample, false, NULL, "审批结果样本"),
    ITEM("procedure_steps", NUMBER, procedure_steps, false, NULL, "办理流程环节数"),
    ITEM("person_topics", TEXTS, person_topics, false, NULL, "个人主题分类", "面向自然人事项主题分类"),
    ITEM("organisation_topics", TEXTS, organisation_topics, false, NULL, "法人主题分类", "面向法人事项主题分类"),
    ITEM("app", YES, app, false, NULL, "移动端上线"),
    ITEM("joint", YES, joint, false, NULL, "联办件", "联合办理"),
    ITEM("deficiency_allowed", YES, deficiency_allowed, false, NULL, "容缺受理"),
    ITEM("supplement_stops_statutory", YES, supplement_stops_statutory, false, NULL, "补正停止法定计时"),
    ITEM("historical", YES, historical, false, NULL, "历史数据"),
    {"problem", {"问题"}, COLUMN_IGNORED, 0, NULL, false, NULL, NULL, NULL},
    {NULL, {NULL}, COLUMN_IGNORED, 0, NULL, false, NULL, NULL, NULL},
};

static_assert(sizeof catalogue_columns / sizeof catalogue_columns[0] <= TABLE_COLUMNS_MAX, "columns are counted");
