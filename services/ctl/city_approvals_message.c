#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "ctl/city_approvals_internal.h"

/* Commands of the year as the contract's messages. */

#define STEP(name) APPROVALS__V1__CASE_STEP__CASE_STEP_##name
#define BITS_MAX 16
#define TEXT_BYTES 160

struct city_approvals_part {
    Approvals__V1__Command command;
    union {
        Common__V1__RegisterAgency agency;
        struct city_notice_message notice;
        struct {
            Approvals__V1__PublishItem publish;
            Approvals__V1__Fee fee;
            Approvals__V1__Limit promised, statutory;
            Approvals__V1__ClientKind clients[BITS_MAX];
            Approvals__V1__Channel channels[BITS_MAX];
            Approvals__V1__OnlineStep online[BITS_MAX];
            char *topics[1], *organisation_topics[1];
            char enquiry[16], complaint[16];
        } item;
        Approvals__V1__RemoveItem remove;
        struct {
            Approvals__V1__ReportCase report;
            Approvals__V1__Submission submission;
            Approvals__V1__Special special;
            char *texts[4];
            char resident_id[CITY_RESIDENT_ID_BYTES];
            char credit_code[CITY_AGENCY_CREDIT_BYTES];
        } report;
        Approvals__V1__RateCase rate;
        Approvals__V1__ReportRectification rectification;
        Approvals__V1__IssueSlip slip;
        Common__V1__Tick tick;
    };
    char code[CITY_ITEM_CODE_BYTES];
    char number[64];
    char name[TEXT_BYTES];
};

size_t city_approvals_part_bytes(void) {
    return sizeof(struct city_approvals_part);
}

/* protobuf-c never writes through the strings of a message it packs. */
static char *borrow(const char *text) {
    return (char *)(uintptr_t)text;
}

/* --- Agencies, notices ------------------------------------------------------------------------------------------------------------- */

static void fill_agency(struct city_approvals_part *part, size_t number) {
    part->command.body_case = APPROVALS__V1__COMMAND__BODY_REGISTER_AGENCY;
    part->command.register_agency = city_agency_fill(number, &part->agency);
}

static void fill_notice(struct city_approvals_part *part, size_t number) {
    part->command.body_case = APPROVALS__V1__COMMAND__BODY_LOAD_NOTICE;
    part->command.load_notice = city_notice_fill(number, &part->notice);
}

/* --- Catalogue ----------------------------------------------------------------------------------------------------------------------- */

static const char *type_name(uint8_t type) {
    switch (type) {
    case APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_LICENCE:
        return "行政许可";
    case APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_CONFIRMATION:
        return "行政确认";
    case APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_BENEFIT:
        return "行政给付";
    case APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_REWARD:
        return "行政奖励";
    case APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_ADJUDICATION:
        return "行政裁决";
    case APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_PUBLIC_SERVICE:
        return "公共服务";
    default: /* numbers of a standard, here as a byte */
        return "其他职权";
    }
}

static void fill_name(struct city_approvals_part *part, const struct city_item *item) {
    static const char *const special[] = {"", "企业开办", "工程建设项目联合审批"};
    const char *agency = city_agency(item->agency)->name;
    if (item->special != ITEM_ORDINARY) {
        snprintf(part->name, sizeof part->name, "%s（%s）", special[item->special], agency);
    } else {
        snprintf(part->name, sizeof part->name, "%s%s事项第%u项", agency, type_name(item->type), item->serial);
    }
}

/* Numbers of the bits set, in order. */
static size_t list_bits(uint16_t bits, unsigned values[BITS_MAX]) {
    size_t count = 0;
    for (unsigned value = 1; value < BITS_MAX; value++) {
        if (bits & 1u << value) {
            values[count++] = value;
        }
    }
    return count;
}

static void fill_sets(struct city_approvals_part *part, const struct city_version *version) {
    Approvals__V1__PublishItem *publish = &part->item.publish;
    unsigned values[BITS_MAX];
    publish->n_clients = list_bits(version->clients, values);
    for (size_t i = 0; i < publish->n_clients; i++) {
        part->item.clients[i] = (Approvals__V1__ClientKind)values[i];
    }
    publish->clients = part->item.clients;
    publish->n_channels = list_bits(version->channels, values);
    for (size_t i = 0; i < publish->n_channels; i++) {
        part->item.channels[i] = (Approvals__V1__Channel)values[i];
    }
    publish->channels = part->item.channels;
    publish->n_online = list_bits(version->online, values);
    for (size_t i = 0; i < publish->n_online; i++) {
        part->item.online[i] = (Approvals__V1__OnlineStep)values[i];
    }
    publish->online = part->item.online;
}

static Approvals__V1__Limit *fill_limit(Approvals__V1__Limit *limit, const struct city_limit *from) {
    if (from->unit == LIMITED_NOT) {
        return NULL;
    }
    approvals__v1__limit__init(limit);
    limit->amount = from->amount;
    limit->unit = (Approvals__V1__LimitUnit)from->unit;
    return limit;
}

static void fill_fee(struct city_approvals_part *part, const struct city_version *version) {
    Approvals__V1__Fee *fee = &part->item.fee;
    approvals__v1__fee__init(fee);
    fee->charged = version->fee;
    if (version->fee) {
        fee->basis = borrow("模拟收费依据");
        fee->items = borrow("工本费");
        fee->standard = borrow("每件10元");
        fee->online_payment = version->fee_online;
    }
    part->item.publish.fee = fee;
}

/* Telephone numbers that nobody has: none begins with 0. */
static void fill_contact(struct city_approvals_part *part, const struct city_item *item) {
    snprintf(part->item.enquiry, sizeof part->item.enquiry, "0374-0%03u001", item->agency);
    snprintf(part->item.complaint, sizeof part->item.complaint, "0374-0%03u002", item->agency);
    part->item.publish.enquiry_phone = part->item.enquiry;
    part->item.publish.complaint_phone = part->item.complaint;
}

static void fill_audience(struct city_approvals_part *part, const struct city_version *version) {
    Approvals__V1__PublishItem *publish = &part->item.publish;
    const uint16_t person = 1u << APPROVALS__V1__CLIENT_KIND__CLIENT_KIND_PERSON;
    part->item.topics[0] = borrow("其他");
    part->item.organisation_topics[0] = borrow("其他");
    publish->person_topics = part->item.topics;
    publish->n_person_topics = (version->clients & person) != 0;
    publish->organisation_topics = part->item.organisation_topics;
    publish->n_organisation_topics = (version->clients & ~person) != 0;
}

static void fill_item(struct city_approvals_part *part, const struct city_item *item, unsigned number, int32_t today) {
    const struct city_version *version = &item->versions[number - 1];
    Approvals__V1__PublishItem *publish = &part->item.publish;
    approvals__v1__publish_item__init(publish);
    city_item_code(item, part->code);
    fill_name(part, item);
    publish->code = part->code;
    publish->version = number;
    publish->name = part->name;
    publish->agency = borrow(city_agency(item->agency)->code);
    publish->effective_day = (uint32_t)version->effective_day;
    publish->type = (Approvals__V1__ItemType)item->type;
    publish->level = (Approvals__V1__ItemLevel)item->level;
    fill_sets(part, version);
    publish->promised = fill_limit(&part->item.promised, &version->promised);
    publish->statutory = fill_limit(&part->item.statutory, &version->statutory);
    publish->visits = version->visits;
    publish->visits_reason = borrow(version->visits > 0 ? "需现场核验原件" : "");
    publish->no_meeting = version->no_meeting;
    publish->instant = version->instant;
    fill_fee(part, version);
    fill_contact(part, item);
    publish->result_name = borrow("办理结果");
    publish->result_sample = true;
    publish->procedure_steps = version->procedure_steps;
    fill_audience(part, version);
    publish->app = version->app;
    publish->joint = version->joint;
    publish->deficiency_allowed = version->deficiency;
    publish->historical = version->effective_day < today;
    part->command.body_case = APPROVALS__V1__COMMAND__BODY_PUBLISH_ITEM;
    part->command.publish_item = publish;
}

static void fill_removal(struct city_approvals_part *part, const struct city_item *item) {
    approvals__v1__remove_item__init(&part->remove);
    city_item_code(item, part->code);
    part->remove.code = part->code;
    part->remove.day = (uint32_t)item->removed_day;
    part->remove.round = item->round;
    part->remove.reason = borrow(item->round > 0 ? "精简行政审批事项" : "事项调整");
    part->command.body_case = APPROVALS__V1__COMMAND__BODY_REMOVE_ITEM;
    part->command.remove_item = &part->remove;
}

/* --- Cases ---------------------------------------------------------------------------------------------------------------------------- */

/* As the sample of the national platform: the item's code, the day, four digits. */
static void fill_number(const struct city_approvals *city, uint32_t case_row, struct city_approvals_part *part) {
    const struct city_case *row = &city->cases[case_row];
    const struct civil_date date = civil_date_from_day(day_of_s(row->received_at));
    city_item_code(&city->catalogue.items[row->item], part->code);
    snprintf(part->number, sizeof part->number, "%s%04d%02u%02u%04u", part->code, date.year, date.month, date.day, row->serial);
}

static void fill_submission(const struct city_approvals *city, uint32_t case_row, struct city_approvals_part *part) {
    const struct city_case *row = &city->cases[case_row];
    Approvals__V1__Submission *submission = &part->report.submission;
    approvals__v1__submission__init(submission);
    submission->item_code = part->code;
    submission->channel = (Approvals__V1__Channel)row->channel;
    submission->client = (Approvals__V1__ClientKind)row->client;
    if (row->client == APPROVALS__V1__CLIENT_KIND__CLIENT_KIND_PERSON) {
        city_resident_id(city->options.seed, case_row % 3000000u, part->report.resident_id);
        submission->resident_id = part->report.resident_id;
    } else {
        city_credit_code("91", "QY", case_row % 1000000u, part->report.credit_code);
        submission->credit_code = part->report.credit_code;
    }
    uint16_t agencies[4];
    submission->n_agencies = city_case_parts(city, row, agencies);
    for (size_t i = 0; i < submission->n_agencies; i++) {
        part->report.texts[i] = borrow(city_agency(agencies[i])->code);
    }
    submission->agencies = part->report.texts;
    part->report.report.submission = submission;
}

/* The words that go with a step: reason and ground where the law wants them. */
static const struct {
    uint8_t step;
    const char *reason, *ground;
} words[] = {
    {STEP(WITHDRAWN_BEFORE_ACCEPTANCE), "申请人撤回申请", ""},
    {STEP(NOT_OURS), "不属于本机关职权范围", "请向有权机关申请"},
    {STEP(REFUSED_TO_ACCEPT), "依法不需要取得许可", ""},
    {STEP(APPROVED_WITH_DEFICIENCY), "主要材料齐全，次要材料容缺", ""},
    {STEP(REFUSED), "不符合法定条件", "可依法申请行政复议或者提起行政诉讼"},
    {STEP(WITHDRAWN), "申请人撤回申请", ""},
    {STEP(REVOKED), "依法撤销", "行政许可法第六十九条"},
    {STEP(WITHDRAWAL_ASKED), "申请人不再需要", ""},
    {STEP(SPECIAL_STARTED), "依法需要", "行政许可法第四十五条"},
};

static void fill_words(struct city_approvals_part *part, uint8_t step) {
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i].step == step) {
            part->report.report.reason = borrow(words[i].reason);
            part->report.report.ground = borrow(words[i].ground);
        }
    }
}

static void fill_special(struct city_approvals_part *part, const struct city_step *step) {
    Approvals__V1__Special *special = &part->report.special;
    approvals__v1__special__init(special);
    special->kind = (Approvals__V1__SpecialKind)step->special;
    special->days = step->value;
    if (step->special == APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_EXTENSION) {
        part->report.report.ground = borrow("行政许可法第四十二条");
    }
    part->report.report.special = special;
}

static void fill_papers(struct city_approvals_part *part) {
    part->report.texts[0] = borrow("申请表");
    part->report.texts[1] = borrow("场所使用证明");
    part->report.report.papers = part->report.texts;
    part->report.report.n_papers = 2;
}

static void fill_report(const struct city_approvals *city, const struct city_step *step, struct city_approvals_part *part) {
    Approvals__V1__ReportCase *report = &part->report.report;
    approvals__v1__report_case__init(report);
    report->case_number = part->number;
    report->step = (Approvals__V1__CaseStep)step->step;
    report->actor = (Common__V1__Actor)step->actor;
    fill_words(part, step->step);
    if (step->until > 0) {
        report->until_day = (uint32_t)(city_approvals_first_day() + step->until);
    }
    if (step->step == STEP(RECEIVED)) {
        fill_submission(city, step->case_row, part);
    } else if (step->step == STEP(SUPPLEMENT_STARTED)) {
        fill_papers(part);
    } else if (step->step == STEP(SPECIAL_STARTED)) {
        fill_special(part, step);
    } else if (step->step == STEP(SPECIAL_ENDED)) {
        report->result = borrow("已完成，继续办理");
    } else if (step->step == STEP(ACCEPTED)) {
        report->deficiency = step->until > 0;
    }
    part->command.body_case = APPROVALS__V1__COMMAND__BODY_REPORT_CASE;
    part->command.report_case = report;
}

static void fill_rating(const struct city_step *step, struct city_approvals_part *part) {
    approvals__v1__rate_case__init(&part->rate);
    part->rate.case_number = part->number;
    part->rate.visit = step->until;
    part->rate.rating = step->value;
    part->command.body_case = APPROVALS__V1__COMMAND__BODY_RATE_CASE;
    part->command.rate_case = &part->rate;
}

static void fill_rectification(const struct city_step *step, struct city_approvals_part *part) {
    approvals__v1__report_rectification__init(&part->rectification);
    part->rectification.case_number = part->number;
    part->rectification.visit = step->value;
    part->rectification.result = borrow("已整改并回访");
    part->rectification.called_back = true;
    part->command.body_case = APPROVALS__V1__COMMAND__BODY_REPORT_RECTIFICATION;
    part->command.report_rectification = &part->rectification;
}

static void fill_slip(const struct city_step *step, struct city_approvals_part *part) {
    approvals__v1__issue_slip__init(&part->slip);
    part->slip.case_number = part->number;
    part->slip.level = step->value;
    part->slip.reason = borrow("重点项目，加快办理");
    part->command.body_case = APPROVALS__V1__COMMAND__BODY_ISSUE_SLIP;
    part->command.issue_slip = &part->slip;
}

/* --- Any ------------------------------------------------------------------------------------------------------------------------------ */

static void fill_case(const struct city_approvals *city, const struct city_step *step, struct city_approvals_part *part) {
    fill_number(city, step->case_row, part);
    switch (step->step) {
    case STEP_RATE:
        fill_rating(step, part);
        return;
    case STEP_RECTIFY:
        fill_rectification(step, part);
        return;
    case STEP_SLIP:
        fill_slip(step, part);
        return;
    default: /* the steps of the contract */
        fill_report(city, step, part);
        return;
    }
}

const Approvals__V1__Command *city_approvals_message(const struct city_approvals *city, const struct city_approvals_command *command,
                                                     struct city_approvals_part *part) {
    CHECK(command->number < city->steps.count);
    const struct city_step *step = &city->steps.rows[command->number];
    approvals__v1__command__init(&part->command);
    switch (step->step) {
    case STEP_AGENCY:
        fill_agency(part, step->case_row);
        break;
    case STEP_NOTICE:
        fill_notice(part, step->case_row);
        break;
    case STEP_PUBLISH:
        fill_item(part, &city->catalogue.items[step->case_row], step->value, command->day);
        break;
    case STEP_REMOVE:
        fill_removal(part, &city->catalogue.items[step->case_row]);
        break;
    case STEP_TICK:
        common__v1__tick__init(&part->tick);
        part->command.body_case = APPROVALS__V1__COMMAND__BODY_TICK;
        part->command.tick = &part->tick;
        break;
    default: /* of a case */
        fill_case(city, step, part);
        break;
    }
    return &part->command;
}

size_t city_approvals_pack(const struct city_approvals *city, const struct city_approvals_command *command,
                           uint8_t body[CITY_APPROVALS_BODY_BYTES_MAX]) {
    struct city_approvals_part part;
    const Approvals__V1__Command *message = city_approvals_message(city, command, &part);
    CHECK(approvals__v1__command__get_packed_size(message) <= CITY_APPROVALS_BODY_BYTES_MAX);
    return approvals__v1__command__pack(message, body);
}
