#include <stdio.h>
#include <string.h>

#include "approvals/v1/commands.pb-c.h"
#include "approvals/why.h"
#include "base/civil.h"

/*
 * The page for the applicant in Chinese, as an official notice would say it. Articles: Administrative Licensing Law 7,
 * 32, 42, 44, 45, 82; for the beginning of a period the civil law in force when the case was accepted.
 */
#define DAY_TEXT_BYTES 40
#define LIMIT_TEXT_BYTES 48

/* --- words --- */

static const char *day_text(int32_t day, char text[DAY_TEXT_BYTES]) {
    const struct civil_date date = civil_date_from_day(day);
    snprintf(text, DAY_TEXT_BYTES, "%d年%u月%u日", (int)date.year, date.month, date.day);
    return text;
}

static int weekday_of(int32_t day) { /* 0: Monday */
    return (day % 7 + 10) % 7;
}

static const char *weekday_text(int32_t day) {
    static const char *const names[] = {"一", "二", "三", "四", "五", "六", "日"};
    return names[weekday_of(day)];
}

/* "2020年1月24日至2020年2月2日", or one day. */
static void add_days(struct why_page *page, const struct why_run *run) {
    char from[DAY_TEXT_BYTES], last[DAY_TEXT_BYTES];
    if (run->from == run->last) {
        why_page_add(page, "%s", day_text(run->from, from));
    } else {
        why_page_add(page, "%s至%s", day_text(run->from, from), day_text(run->last, last));
    }
}

static const char *limit_text(const struct limit *limit, char text[LIMIT_TEXT_BYTES]) {
    static const char *const units[] = {[LIMIT_NONE] = "",
                                        [LIMIT_WORKDAY] = "个工作日",
                                        [LIMIT_DAY] = "日（自然日）",
                                        [LIMIT_HOUR] = "小时",
                                        [LIMIT_MONTH] = "个月"};
    snprintf(text, LIMIT_TEXT_BYTES, "%u%s", limit->amount, limit->unit <= LIMIT_MONTH ? units[limit->unit] : "");
    return limit->unit == LIMIT_WORKDAY && limit->amount == 0 ? "即办（受理当日办结）" : text;
}

static const char *state_text(Approvals__V1__CaseState state) {
    switch (state) {
    case APPROVALS__V1__CASE_STATE__CASE_STATE_RECEIVED:
        return "已收件，尚未受理";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_SUPPLEMENT:
        return "待补正材料，尚未受理";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_ACCEPTED:
        return "已受理";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_REVIEW:
        return "审查中";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_SUSPENDED:
        return "特别程序进行中";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_DECIDED:
        return "已作出决定";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_DELIVERED:
        return "决定已送达";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_NOT_ACCEPTED:
        return "不予受理";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_WITHDRAWN:
        return "申请已撤回，办理终止";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_REVOKED:
        return "决定已撤销";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_UNSPECIFIED:
    case _APPROVALS__V1__CASE_STATE_IS_INT_SIZE:
        break;
    }
    return "";
}

static const char *special_text(uint8_t special) {
    static const char *const names[] = {
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_HEARING] = "听证",
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_TENDER] = "招标",
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_AUCTION] = "拍卖",
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_INSPECTION] = "检验",
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_TEST] = "检测",
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_QUARANTINE] = "检疫",
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_APPRAISAL] = "鉴定",
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_EXPERT_REVIEW] = "专家评审",
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_PAPERS] = "受理后补充材料",
    };
    return special < sizeof names / sizeof names[0] && names[special] != NULL ? names[special] : "特别程序";
}

/* A licence is under the law itself; other items follow it. */
static const char *by_law(const struct why *why) {
    return why->version->type == APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_LICENCE ? "依照" : "参照";
}

static const char *law_of_periods(int32_t day) {
    if (day >= civil_day_from_date(2021, 1, 1)) {
        return "《民法典》第二百零一条";
    }
    return day >= civil_day_from_date(2017, 10, 1) ? "《民法总则》第二百零一条" : "《民法通则》第一百五十四条";
}

/* --- head --- */

static void add_agencies(const struct why *why, struct why_page *page) {
    const struct approvals *self = why->asking->self;
    const bool is_joint = why->row->first_part != 0;
    why_page_add(page, "办理机关：%s%s", approvals_agency(self, why->row->agency)->name, is_joint ? "（牵头）" : "");
    for (uint32_t part = why->row->first_part; part != 0; part = approvals_part(self, part)->next) {
        why_page_add(page, "、%s", approvals_agency(self, approvals_part(self, part)->agency)->name);
    }
    why_page_add(page, "\n");
}

static void add_head(const struct why *why, struct why_page *page) {
    char day[DAY_TEXT_BYTES];
    why_page_add(page, "办理期限说明\n\n事项名称：%s（编码%s，第%u版）\n办件编号：%s\n", why->version->name,
                 why->shown->item_code, why->version->number, why->row->number);
    add_agencies(why, page);
    why_page_add(page, "收件日期：%s\n", day_text(civil_day_of_s(why->row->received_at), day));
    if (why->was_accepted) {
        why_page_add(page, "受理日期：%s\n", day_text(why->start, day));
    }
    why_page_add(page, "办理状态：%s\n", state_text((Approvals__V1__CaseState)why->row->state));
    if (why->was_accepted && (why->row->flags & CASE_DEEMED) != 0) {
        why_page_add(page, "逾期未告知是否受理，%s《行政许可法》第三十二条，自%s之日起即为受理。\n", by_law(why),
                     (why->row->flags & CASE_SUPPLEMENTED) != 0 ? "补齐材料" : "收到申请材料");
    }
}

/* --- limits --- */

/* Used and left, of a limit that runs. */
static void add_use(const struct why *why, struct why_page *page, const struct limit *limit,
                    const Approvals__V1__Clock *clock) {
    char day[DAY_TEXT_BYTES];
    const int32_t left = limit->unit == LIMIT_WORKDAY ? clock->remaining_days : (int32_t)clock->due_day - why->end;
    const char *unit = limit->unit == LIMIT_WORKDAY ? "个工作日" : "日";
    why_page_add(page, "截至%s，已计%u个工作日", day_text(why->end, day), clock->charged_days);
    if (left < 0) {
        why_page_add(page, "，已超期%d%s", (int)-left, unit);
    } else if (!query_is_ended(why->row)) {
        why_page_add(page, "，剩余%d%s", (int)left, unit);
    }
    why_page_add(page, "。");
}

static void add_due(const struct why *why, struct why_page *page, const struct limit *limit,
                    const Approvals__V1__Clock *clock) {
    char day[DAY_TEXT_BYTES];
    if (clock->due_day == 0) {
        why_page_add(page, "，届满日期待下一年度放假安排公布后确定");
        return;
    }
    if (why->row->state == APPROVALS__V1__CASE_STATE__CASE_STATE_SUSPENDED && limit->unit != LIMIT_HOUR) {
        why_page_add(page, "，特别程序尚未结束，如于%s结束", day_text(why->row->until_day, day));
    }
    why_page_add(page, "，至%s", day_text((int32_t)clock->due_day, day));
    if (limit->unit == LIMIT_HOUR) {
        const int64_t s = clock->due_at_ms / 1000 - civil_ms_of_day((int32_t)clock->due_day) / 1000;
        why_page_add(page, "%d时%02d分", (int)(s / 3600), (int)(s / 60 % 60));
    }
    why_page_add(page, "届满");
}

static void add_limit(const struct why *why, struct why_page *page, bool is_statutory) {
    const struct limit *limit = is_statutory ? &why->version->statutory : &why->version->promised;
    const Approvals__V1__Clock *clock = is_statutory ? why->shown->statutory : why->shown->promised;
    char text[LIMIT_TEXT_BYTES];
    why_page_add(page, "%s：", is_statutory ? "法定期限" : "承诺期限");
    if (limit->unit == LIMIT_NONE) {
        why_page_add(page, "%s。\n", is_statutory ? "法律、法规未作规定" : "未作承诺");
        return;
    }
    why_page_add(page, "%s", limit_text(limit, text));
    if (!why->was_accepted) {
        why_page_add(page, "，自受理次日起计算。\n");
        return;
    }
    if (why->row->extension != 0) {
        why_page_add(page, "，另经批准延长%u个工作日", why->row->extension);
    }
    add_due(why, page, limit, clock);
    why_page_add(page, "。");
    add_use(why, page, limit, clock);
    why_page_add(page, "\n");
}

/* Article 42: the head of the agency, or of the government in a joint case. */
static void add_extension(const struct why *why, struct why_page *page) {
    if (why->row->extension != 0) {
        why_page_add(page, "延长期限：经%s负责人批准，延长%u个工作日（%s《行政许可法》第四十二条）。\n",
                     (why->row->flags & CASE_JOINT) != 0 ? "本级人民政府" : "本行政机关", why->row->extension,
                     by_law(why));
    }
}

static void add_verdict(const struct why *why, struct why_page *page) {
    char day[DAY_TEXT_BYTES];
    if (!query_is_decided(why->row)) {
        return;
    }
    const char *const decision = why->row->decision == APPROVALS__V1__CASE_STEP__CASE_STEP_REFUSED    ? "不予批准"
                                 : why->row->decision == APPROVALS__V1__CASE_STEP__CASE_STEP_APPROVED ? "准予"
                                                                                                      : "准予（容缺）";
    why_page_add(page, "办理结果：%s作出%s的决定", day_text(civil_day_of_s(why->row->decided_at), day), decision);
    if (why->version->promised.unit != LIMIT_NONE) {
        why_page_add(page, "，%s承诺期限", (why->row->flags & CASE_ON_TIME) != 0 ? "未超过" : "超过");
    }
    if (why->version->statutory.unit != LIMIT_NONE) {
        why_page_add(page, "，%s法定期限", (why->row->flags & CASE_LAWFUL) != 0 ? "未超过" : "超过");
    }
    why_page_add(page, "。\n");
}

/* --- days --- */

static void add_run(const struct why *why, struct why_page *page, const struct why_run *run) {
    const struct approvals *self = why->asking->self;
    why_page_add(page, "· ");
    add_days(page, run);
    if (run->kind == WHY_RUN_STOPPED && run->special == APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_PAPERS) {
        why_page_add(page, "：%s，%s。\n", special_text(run->special),
                     run->stops_statutory ? "按本事项的特别规定，不计入承诺期限和法定期限"
                                          : "不计入承诺期限；不属《行政许可法》第四十五条所列情形，法定期限照常计算");
    } else if (run->kind == WHY_RUN_STOPPED) {
        why_page_add(page, "：%s所需时间，不计入期限（%s《行政许可法》第四十五条）。\n", special_text(run->special),
                     by_law(why));
    } else {
        const struct notice_line *line = notices_line(&self->notices, run->line);
        const char *notice = notices_row(&self->notices, line->notice)->name;
        const bool is_off = run->kind == WHY_RUN_HOLIDAY;
        if (!is_off) {
            why_page_add(page, "（星期%s）", weekday_text(run->from));
        }
        why_page_add(page, "：%s%s（放假通知%s）。\n", line->name[0] == 0 ? "节假日" : line->name,
                     is_off                       ? "放假，不计入"
                     : weekday_of(run->from) >= 5 ? "调休上班，计入"
                                                  : "正常上班，计入",
                     notice);
    }
}

static void add_day_list(const struct why *why, struct why_page *page) {
    struct why_runs runs;
    char day[DAY_TEXT_BYTES], last[DAY_TEXT_BYTES];
    why_find_runs(why, &runs);
    why_page_add(page, "\n二、期限怎样计算（%s至%s）\n", day_text(why->start, day), day_text(why->end, last));
    why_page_add(page, "· %s：受理当日，不计入，自次日起算（%s）。\n", day, law_of_periods(why->start));
    if (runs.left_out > 0) {
        why_page_add(page, "· 另有更早的%zu段从略。\n", runs.left_out);
    }
    for (size_t i = 0; i < runs.count; i++) {
        add_run(why, page, &runs.runs[i]);
    }
    why_page_add(page, "· 星期六、星期日：共%u日，不是工作日（%s《行政许可法》第八十二条）。\n", runs.weekend_days,
                 by_law(why));
}

/* Before its acceptance no clock runs. */
static void add_waiting(const struct why *why, struct why_page *page) {
    char day[DAY_TEXT_BYTES];
    if (why->row->state == APPROVALS__V1__CASE_STATE__CASE_STATE_RECEIVED) {
        why_page_add(
            page,
            "\n二、受理\n行政机关应当自收到申请材料之日起五个工作日内决定是否受理，或者一次告知需要补正的全部内容；"
            "逾期不告知的，自收到申请材料之日起即为受理（%s《行政许可法》第三十二条）。\n",
            by_law(why));
    } else if (why->row->state == APPROVALS__V1__CASE_STATE__CASE_STATE_SUPPLEMENT) {
        why_page_add(page, "\n二、补正\n请于%s前（含当日）补齐所告知的全部材料；逾期未补齐的，按撤回申请处理。\n",
                     day_text(why->row->until_day, day));
    } else {
        why_page_add(page, "\n二、期限\n本件未受理，办理期限未开始计算。\n");
    }
}

/* --- what to do --- */

static void add_help(const struct why *why, struct why_page *page) {
    const bool is_late =
        why->shown->light == APPROVALS__V1__LIGHT__LIGHT_RED || why->shown->light == APPROVALS__V1__LIGHT__LIGHT_PURPLE;
    why_page_add(page, "\n三、逾期怎么办\n");
    if (query_is_decided(why->row)) {
        why_page_add(page,
                     why->row->decision == APPROVALS__V1__CASE_STEP__CASE_STEP_REFUSED
                         ? "对不予批准的决定不服的，可以依法申请行政复议或者提起行政诉讼（《行政许可法》第七条）。\n"
                         : "证照、批文应当自作出决定之日起十个工作日内颁发、送达（《行政许可法》第四十四条）。\n");
    }
    why_page_add(page, "%s您可以", is_late && !query_is_ended(why->row) ? "本件已经超期。" : "超过上述期限的，");
    if (why->complaint_phone[0] != 0) {
        why_page_add(page, "拨打投诉电话%s，或者", why->complaint_phone);
    }
    why_page_add(page,
                 "拨打12345政务服务便民热线投诉，也可以向政务服务管理部门反映；还可以依法申请行政复议或者提起行政诉讼"
                 "（《行政许可法》第七条）。投诉不影响本件的办理，也不使期限重新计算。\n");
    if (why->enquiry_phone[0] != 0) {
        why_page_add(page, "咨询电话：%s\n", why->enquiry_phone);
    }
}

char *why_text_zh(const struct why *why) {
    struct why_page page;
    if (!why_page_begin(why, &page)) {
        return NULL;
    }
    add_head(why, &page);
    why_page_add(&page, "\n一、办理期限\n");
    add_limit(why, &page, false);
    add_limit(why, &page, true);
    add_extension(why, &page);
    add_verdict(why, &page);
    if (why->was_accepted) {
        add_day_list(why, &page);
    } else {
        add_waiting(why, &page);
    }
    add_help(why, &page);
    return page.text;
}
