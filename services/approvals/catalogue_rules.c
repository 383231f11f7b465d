#include <string.h>

#include "approvals/catalogue.h"
#include "approvals/v1/codes.pb-c.h"
#include "base/civil.h"
#include "common/v1/problem.pb-c.h"

/*
 * The table, and a predicate for each row. A predicate answers for its own sentence alone: what another row says is
 * wrong (no limit, no agency, ...) is right here, so that one mistake makes one finding.
 */
#define LAST_DAY (civil_day_from_date(CALENDAR_LAST_YEAR + 1, 1, 1) - 1)
#define PERSONS (1u << APPROVALS__V1__CLIENT_KIND__CLIENT_KIND_PERSON)
#define LICENCE_STEPS_MIN 5
#define CREDIT_CODE_CHARACTERS 18

static const char *at(bool is_broken, const char *field) {
    return is_broken ? field : NULL;
}

static bool is_too_long(const char *text, size_t bytes_max) {
    return strnlen(text, bytes_max + 1) > bytes_max;
}

/* --- what it is --- */

static const char *code_form(const struct catalogue_check *check) {
    const char *code = check->item->code;
    size_t size = 0;
    while (code[size] > ' ' && code[size] < 0x7f) { /* no blanks, no characters beyond ASCII */
        size++;
    }
    return at(size == 0 || code[size] != 0 || size >= APPROVALS_NUMBER_BYTES - 1, "code");
}

static const char *version_form(const struct catalogue_check *check) {
    return at(check->item->version == 0, "version");
}

static const char *name_form(const struct catalogue_check *check) {
    const char *name = check->item->name;
    return at(name[0] == 0 || is_too_long(name, APPROVALS_ITEM_NAME_BYTES - 1), "name");
}

static const char *type_given(const struct catalogue_check *check) {
    return at(check->item->type == APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_UNSPECIFIED, "type");
}

static const char *level_given(const struct catalogue_check *check) {
    return at(check->item->level == APPROVALS__V1__ITEM_LEVEL__ITEM_LEVEL_UNSPECIFIED, "level");
}

static const char *clients_given(const struct catalogue_check *check) {
    return at(check->clients == 0, "clients");
}

static const char *channels_given(const struct catalogue_check *check) {
    return at(check->channels == 0, "channels");
}

/* --- whose it is --- */

static const char *agency_known(const struct catalogue_check *check) {
    return at(check->agency == 0, "agency");
}

static const char *agency_own(const struct catalogue_check *check) {
    return at(check->agency != 0 && check->role == ROLE_PUBLISHER &&
                  strcmp(approvals_agency(check->self, check->agency)->code, check->organisation) != 0,
              "agency");
}

static const char *agency_fixed(const struct catalogue_check *check) {
    return at(check->agency != 0 && check->known != 0 &&
                  approvals_item(check->self, check->known)->agency != check->agency,
              "agency");
}

/* An implementation code: 18 characters of the agency's credit code, one of the level, 12 of the basic code, two more
 * of some. */
static bool is_structured(const struct catalogue_check *check) {
    const size_t size = strlen(check->item->code);
    return size == 31 || size == 33;
}

static const char *credit_code_of(const struct catalogue_check *check) {
    return approvals_agency(check->self, check->agency)->credit_code; /* 18 characters or zeros */
}

static const char *credit_code_there(const struct catalogue_check *check) {
    return at(check->agency != 0 && is_structured(check) && credit_code_of(check)[0] == 0, "agency");
}

static const char *credit_code_equal(const struct catalogue_check *check) {
    return at(check->agency != 0 && is_structured(check) && credit_code_of(check)[0] != 0 &&
                  memcmp(credit_code_of(check), check->item->code, CREDIT_CODE_CHARACTERS) != 0,
              "code");
}

static const char *level_equal(const struct catalogue_check *check) {
    return at(is_structured(check) && level_given(check) == NULL &&
                  check->item->code[CREDIT_CODE_CHARACTERS] != (char)('0' + (int)check->item->level),
              "code");
}

/* --- when it holds --- */

static bool is_day(uint32_t day) {
    return day != 0 && day <= (uint32_t)LAST_DAY;
}

static const char *effective_given(const struct catalogue_check *check) {
    return at(!is_day(check->item->effective_day), "effective_day");
}

static const char *effective_not_past(const struct catalogue_check *check) {
    const uint32_t day = check->item->effective_day;
    return at(is_day(day) && !check->item->historical && (int32_t)day < check->today, "effective_day");
}

static const char *version_next(const struct catalogue_check *check) {
    const struct item *item = approvals_item(check->self, check->known);
    return at(check->known != 0 && check->item->version != 0 && !catalogue_is_unchanged(check) &&
                  check->item->version <= approvals_version(check->self, item->newest)->number,
              "version");
}

/* Sums of items by day need the days of versions in order, and none before a removal that was said. */
static const char *effective_in_order(const struct catalogue_check *check) {
    const uint32_t day = check->item->effective_day;
    if (check->known == 0 || !is_day(day) || catalogue_is_unchanged(check)) {
        return NULL;
    }
    const struct item *item = approvals_item(check->self, check->known);
    const uint32_t live = catalogue_newest_live(check->self, check->known);
    return at((live != 0 && (int32_t)day < approvals_version(check->self, live)->effective_day) ||
                  (item->removed_day != INT32_MAX && (int32_t)day < item->removed_day),
              "effective_day");
}

/* --- limits --- */

static bool is_limit_odd(const Approvals__V1__Limit *limit) {
    return limit != NULL && (limit->amount > CATALOGUE_AMOUNT_MAX ||
                             (limit->amount > 0 && limit->unit == APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_UNSPECIFIED));
}

static const char *promised_form(const struct catalogue_check *check) {
    return at(is_limit_odd(check->item->promised), "promised");
}

static const char *statutory_form(const struct catalogue_check *check) {
    return at(is_limit_odd(check->item->statutory), "statutory");
}

/* Working time (workdays, hours) and calendar time (days, months) cannot be compared. */
static bool is_calendar_time(const struct limit *limit) {
    return limit->unit == LIMIT_DAY || limit->unit == LIMIT_MONTH;
}

static bool has_both(const struct catalogue_check *check) {
    return check->promised.unit != LIMIT_NONE && check->statutory.unit != LIMIT_NONE;
}

static const char *units_alike(const struct catalogue_check *check) {
    return at(has_both(check) && check->promised.amount != 0 &&
                  is_calendar_time(&check->promised) != is_calendar_time(&check->statutory),
              "promised");
}

static const char *promised_within(const struct catalogue_check *check) {
    const struct limit *promised = &check->promised, *statutory = &check->statutory;
    if (!has_both(check) || units_alike(check) != NULL || promised_form(check) != NULL ||
        statutory_form(check) != NULL) {
        return NULL;
    }
    return at(promised->unit == statutory->unit ? promised->amount > statutory->amount
                                                : limit_hundredths(promised) > limit_hundredths(statutory),
              "promised");
}

static bool promises_at_once(const struct catalogue_check *check) {
    return check->promised.unit != LIMIT_NONE && check->promised.amount == 0;
}

static const char *instant_at_once(const struct catalogue_check *check) {
    return at(check->item->instant && !promises_at_once(check), "promised");
}

static const char *at_once_instant(const struct catalogue_check *check) {
    return at(!check->item->instant && promises_at_once(check), "instant");
}

/* --- visits --- */

static const char *visits_form(const struct catalogue_check *check) {
    return at(check->item->visits > CATALOGUE_VISITS_MAX, "visits");
}

static const char *reason_given(const struct catalogue_check *check) {
    return at(check->item->visits > 0 && check->item->visits_reason[0] == 0, "visits_reason");
}

static const char *reason_absent(const struct catalogue_check *check) {
    return at(check->item->visits == 0 && check->item->visits_reason[0] != 0, "visits_reason");
}

static const char *courier_given(const struct catalogue_check *check) {
    return at(check->item->visits == 0 && check->channels != 0 && !catalogue_is_online(check->channels) &&
                  (check->channels & 1u << APPROVALS__V1__CHANNEL__CHANNEL_COURIER) == 0,
              "channels");
}

static const char *depth_without_visits(const struct catalogue_check *check) {
    return at(check->item->visits > 0 && catalogue_depth(check->online) == 4, "visits");
}

static const char *no_meeting_without_visits(const struct catalogue_check *check) {
    return at(check->item->visits > 0 && check->item->no_meeting, "no_meeting");
}

/* --- fee --- */

static bool is_charged(const struct catalogue_check *check) {
    return check->item->fee != NULL && check->item->fee->charged;
}

static const char *fee_basis(const struct catalogue_check *check) {
    return at(is_charged(check) && check->item->fee->basis[0] == 0, "fee.basis");
}

static const char *fee_items(const struct catalogue_check *check) {
    return at(is_charged(check) && check->item->fee->items[0] == 0, "fee.items");
}

static const char *fee_standard(const struct catalogue_check *check) {
    return at(is_charged(check) && check->item->fee->standard[0] == 0, "fee.standard");
}

static const char *payment_absent(const struct catalogue_check *check) {
    return at(!is_charged(check) && check->item->fee != NULL && check->item->fee->online_payment, "fee.online_payment");
}

/* --- whom to ask, what comes of it, where it is found --- */

static const char *enquiry_given(const struct catalogue_check *check) {
    return at(check->item->enquiry_phone[0] == 0, "enquiry_phone");
}

static const char *complaint_given(const struct catalogue_check *check) {
    return at(check->item->complaint_phone[0] == 0, "complaint_phone");
}

static const char *phones_differ(const struct catalogue_check *check) {
    const char *enquiry = check->item->enquiry_phone;
    return at(enquiry[0] != 0 && strcmp(enquiry, check->item->complaint_phone) == 0, "complaint_phone");
}

static const char *person_topic_given(const struct catalogue_check *check) {
    return at((check->clients & PERSONS) != 0 && check->item->n_person_topics == 0, "person_topics");
}

static const char *person_topic_absent(const struct catalogue_check *check) {
    return at(check->clients != 0 && (check->clients & PERSONS) == 0 && check->item->n_person_topics > 0,
              "person_topics");
}

static const char *organisation_topic_given(const struct catalogue_check *check) {
    return at((check->clients & ~PERSONS) != 0 && check->item->n_organisation_topics == 0, "organisation_topics");
}

static const char *organisation_topic_absent(const struct catalogue_check *check) {
    return at(check->clients == PERSONS && check->item->n_organisation_topics > 0, "organisation_topics");
}

static const char *sample_given(const struct catalogue_check *check) {
    return at(check->item->result_name[0] != 0 && !check->item->result_sample, "result_sample");
}

static const char *licence_steps(const struct catalogue_check *check) {
    return at(check->item->type == APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_LICENCE &&
                  check->item->procedure_steps < LICENCE_STEPS_MIN,
              "procedure_steps");
}

static const char *steps_form(const struct catalogue_check *check) {
    return at(check->item->procedure_steps > CATALOGUE_STEPS_MAX, "procedure_steps");
}

/* --- sizes --- */

static bool are_topics_odd(size_t count, char *const *topics) {
    bool is_odd = count > CATALOGUE_TOPICS_MAX;
    for (size_t i = 0; i < count && !is_odd; i++) {
        is_odd = topics[i][0] == 0 || is_too_long(topics[i], CATALOGUE_TOPIC_BYTES_MAX);
    }
    return is_odd;
}

/* The longest that may stand in a list of codes: each of them once, and some room. */
static bool is_list_odd(size_t count) {
    return count > 32;
}

static const char *sizes_form(const struct catalogue_check *check) {
    const Approvals__V1__PublishItem *item = check->item;
    const Approvals__V1__Fee *fee = item->fee;
    const struct {
        bool is_odd;
        const char *field;
    } fields[] = {
        {is_list_odd(item->n_clients), "clients"},
        {is_list_odd(item->n_channels), "channels"},
        {is_list_odd(item->n_online), "online"},
        {is_too_long(item->visits_reason, CATALOGUE_LONG_TEXT_BYTES_MAX), "visits_reason"},
        {fee != NULL && is_too_long(fee->basis, CATALOGUE_LONG_TEXT_BYTES_MAX), "fee.basis"},
        {fee != NULL && is_too_long(fee->items, CATALOGUE_LONG_TEXT_BYTES_MAX), "fee.items"},
        {fee != NULL && is_too_long(fee->standard, CATALOGUE_LONG_TEXT_BYTES_MAX), "fee.standard"},
        {is_too_long(item->enquiry_phone, CATALOGUE_PHONE_BYTES_MAX), "enquiry_phone"},
        {is_too_long(item->complaint_phone, CATALOGUE_PHONE_BYTES_MAX), "complaint_phone"},
        {is_too_long(item->result_name, CATALOGUE_RESULT_BYTES_MAX), "result_name"},
        {are_topics_odd(item->n_person_topics, item->person_topics), "person_topics"},
        {are_topics_odd(item->n_organisation_topics, item->organisation_topics), "organisation_topics"},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].is_odd) {
            return fields[i].field;
        }
    }
    return NULL;
}

/* --- the table: numbers are for ever, a rule that is given up leaves a gap --- */

#define OWN(word) APPROVALS__V1__CODE__CODE_##word
#define RULE OWN(CATALOGUE_RULE)

const struct catalogue_rule catalogue_rules[] = {
    {"C01", "code", RULE,
     "The code is missing, has blanks or is longer than 50 characters; give the item's code as it is registered.",
     "事项编码缺失、含空格或超过50个字符；请填写登记的事项编码。", code_form},
    {"C02", "version", RULE, "The version is missing; number the versions of an item 1, 2, 3 and so on.",
     "版本号缺失；请按1、2、3的顺序填写版本号。", version_form},
    {"C03", "name", RULE, "The name is missing or longer than 199 bytes (66 Chinese characters); give the item's name.",
     "事项名称缺失或超过199字节（66个汉字）；请填写事项名称。", name_form},
    {"C04", "agency", OWN(AGENCY_UNKNOWN),
     "The agency is not registered; correct its code, or ask the operator to register it.",
     "办理机关尚未登记；请更正机关代码，或联系运维人员登记。", agency_known},
    {"C05", "agency", COMMON__V1__CODE__CODE_FORBIDDEN,
     "The item is another agency's; an agency publishes its own items only.",
     "该事项属于其他机关；机关只能发布本机关的事项。", agency_own},
    {"C06", "agency", RULE,
     "The item was published by another agency, which never changes; publish it under a new code.",
     "该事项已由其他机关发布，事项所属机关不可更改；请使用新的事项编码发布。", agency_fixed},
    {"C07", "agency", RULE,
     "The agency has no credit code, which a code of 31 or 33 characters begins with; register it.",
     "办理机关未登记统一社会信用代码，31位或33位事项编码须以其开头；请先登记。", credit_code_there},
    {"C08", "code", RULE,
     "The code does not begin with the agency's unified social credit code; correct the code or the agency.",
     "事项编码前18位与办理机关的统一社会信用代码不一致；请更正编码或机关。", credit_code_equal},
    {"C09", "code", RULE, "Character 19 of the code is not the level; correct the code or the level.",
     "事项编码第19位与行使层级不一致；请更正编码或行使层级。", level_equal},
    {"C10", "effective_day", RULE,
     "The effective day is missing or beyond 1970 to 2189; give the day from which the version holds.",
     "生效日期缺失或不在1970年至2189年之间；请填写该版本的生效日期。", effective_given},
    {"C11", "effective_day", RULE,
     "The effective day lies in the past; give today or a later day, or import a closed period as historical.",
     "生效日期早于今日；请填写今日或之后的日期，已结束期间的数据请按历史数据导入。", effective_not_past},
    {"C12", "version", OWN(ITEM_VERSION_FIXED),
     "This version was published with other content, or a later one was; publish the change under the next number.",
     "该版本已按其他内容发布，或已有更新的版本；请以下一个版本号发布变更内容。", version_next},
    {"C13", "effective_day", RULE,
     "The effective day lies before that of the version before, or before the removal of the item; give a later day.",
     "生效日期早于上一版本的生效日期或事项的取消日期；请填写之后的日期。", effective_in_order},
    {"C14", "type", RULE, "The item type is missing; give one of GB/T 39046.", "事项类型缺失；请按 GB/T 39046 填写。",
     type_given},
    {"C15", "level", RULE, "The level is missing; say at which level the item is handled.",
     "行使层级缺失；请填写行使层级。", level_given},
    {"C16", "clients", RULE, "No kind of client is given; say who may apply.", "服务对象缺失；请填写可以申请的对象。",
     clients_given},
    {"C17", "channels", RULE, "No channel is given; say where one can apply.", "办理渠道缺失；请填写可以申请的渠道。",
     channels_given},
    {"C18", "promised", RULE, "The promised limit has no unit or is more than 999; give amount and unit, or neither.",
     "承诺时限缺少单位或大于999；请同时填写数值和单位，或均不填写。", promised_form},
    {"C19", "statutory", RULE, "The statutory limit has no unit or is more than 999; give amount and unit, or neither.",
     "法定时限缺少单位或大于999；请同时填写数值和单位，或均不填写。", statutory_form},
    {"C20", "promised", RULE,
     "One limit is in workdays or hours, the other in calendar days or months; give both in units of one kind.",
     "承诺时限与法定时限的单位不属于同一类（工作日、小时与自然日、月不可混用）；请使用同类单位。", units_alike},
    {"C21", "promised", RULE,
     "The promised limit is longer than the statutory one; promise no more than the law allows.",
     "承诺时限长于法定时限；承诺时限不得超过法定时限。", promised_within},
    {"C22", "promised", RULE,
     "An instant item promises something else than 0; promise 0 workdays, or it is not instant.",
     "即办件的承诺时限不为0；请填写0个工作日，或改为承诺件。", instant_at_once},
    {"C23", "instant", RULE, "A promise of 0 is that of an instant item; mark it as instant, or promise more.",
     "承诺时限为0的应为即办件；请标为即办件，或填写承诺时限。", at_once_instant},
    {"C24", "visits", RULE, "More than 9 visits; give how many times the applicant has to come.",
     "到办事现场次数大于9；请填写申请人须到现场的次数。", visits_form},
    {"C25", "visits_reason", RULE, "The applicant has to come, and no reason is given; say why.",
     "须到现场办理但未说明原因；请填写必须到现场的原因。", reason_given},
    {"C26", "visits_reason", RULE, "Nobody has to come, and yet a reason is given; delete it, or correct the visits.",
     "到现场次数为0却填写了原因；请删除原因，或更正次数。", reason_absent},
    {"C27", "channels", RULE,
     "Nobody has to come and it is not online, so papers go by courier; add the courier channel, or a web or mobile "
     "one.",
     "到现场次数为0且不能网上办理，材料须寄递；请增加快递渠道，或增加网上、移动端渠道。", courier_given},
    {"C28", "visits", RULE,
     "Handled online in full (depth IV), and yet the applicant has to come; correct one of the two.",
     "网上办理深度为四级却须到现场；请更正到现场次数或网办环节。", depth_without_visits},
    {"C29", "no_meeting", RULE, "Handled without meeting, and yet the applicant has to come; correct one of the two.",
     "标为不见面审批却须到现场；请更正其中一项。", no_meeting_without_visits},
    {"C30", "fee.basis", RULE, "A fee is charged without its basis; name the law or document.",
     "收费但未填写收费依据；请填写法律或文件依据。", fee_basis},
    {"C31", "fee.items", RULE, "A fee is charged and what for is not said; name the items charged.",
     "收费但未填写收费项目；请填写收费项目名称。", fee_items},
    {"C32", "fee.standard", RULE, "A fee is charged and how much is not said; give the standard.",
     "收费但未填写收费标准；请填写收费标准。", fee_standard},
    {"C33", "fee.online_payment", RULE,
     "Online payment of an item without a fee; delete it, or say that a fee is charged.",
     "不收费的事项不应支持网上支付；请取消网上支付，或标为收费。", payment_absent},
    {"C34", "enquiry_phone", RULE, "The enquiry phone is missing; give a number that answers questions.",
     "咨询电话缺失；请填写咨询电话。", enquiry_given},
    {"C35", "complaint_phone", RULE, "The complaint phone is missing; give a number that takes complaints.",
     "监督投诉电话缺失；请填写监督投诉电话。", complaint_given},
    {"C36", "complaint_phone", RULE, "Enquiry and complaint phone are the same; complaints go to another number.",
     "咨询电话与监督投诉电话相同；监督投诉应使用另一号码。", phones_differ},
    {"C37", "person_topics", RULE, "Persons may apply, and there is no topic for persons; add one.",
     "服务对象含自然人但无个人主题分类；请补充个人主题分类。", person_topic_given},
    {"C38", "person_topics", RULE,
     "Persons may not apply, and there are topics for persons; delete them, or add persons.",
     "服务对象不含自然人却有个人主题分类；请删除该分类，或补充服务对象。", person_topic_absent},
    {"C39", "organisation_topics", RULE, "Organisations may apply, and there is no topic for organisations; add one.",
     "服务对象含法人或其他组织但无法人主题分类；请补充法人主题分类。", organisation_topic_given},
    {"C40", "organisation_topics", RULE,
     "Organisations may not apply, and there are topics for organisations; delete them, or add organisations.",
     "服务对象不含法人或其他组织却有法人主题分类；请删除该分类，或补充服务对象。", organisation_topic_absent},
    {"C41", "result_sample", RULE, "The result has a name and no sample; add a sample.",
     "有审批结果名称但无结果样本；请补充结果样本。", sample_given},
    {"C42", "procedure_steps", RULE, "A licence has fewer than five steps of procedure; describe the whole procedure.",
     "行政许可的办理流程少于五个环节；请填写完整的办理流程。", licence_steps},
    {"C43", "procedure_steps", RULE, "More than 99 steps of procedure; correct the number.",
     "办理流程环节数大于99；请更正。", steps_form},
    {"C44", "visits_reason", OWN(FIELD_TOO_LONG),
     "A text or list is longer than the contract allows, or a topic is empty; shorten it.",
     "文本或列表超过约定的长度，或主题分类为空；请缩短或更正。", sizes_form},
    {NULL, NULL, 0, NULL, NULL, NULL},
};
