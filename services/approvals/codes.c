#include "approvals/codes.h"

#include <stddef.h>

#include "approvals/v1/codes.pb-c.h"

#define ROW(word, english, chinese)                                                                                    \
    { APPROVALS__V1__CODE__CODE_##word, #word, english, chinese }

const struct code_text approvals_codes[] = {
    ROW(AGENCY_UNKNOWN, "The organisation is not registered as an agency; ask the operator to register it.",
        "该单位尚未登记为办理机关；请联系运维人员登记。"),
    ROW(REGION_UNKNOWN, "The region is not a current code of the city (GB/T 2260); use a current one.",
        "行政区划代码不是本市现行代码；请使用现行 GB/T 2260 代码。"),
    ROW(REGION_FIXED, "The region of a registered agency never changes; register a new agency instead.",
        "已登记机关的行政区划不可更改；请另行登记新机关。"),
    ROW(CREDIT_CODE_INVALID, "The unified social credit code fails its check (GB 32100); correct it.",
        "统一社会信用代码校验不通过（GB 32100）；请更正。"),
    ROW(RESIDENT_ID_INVALID, "The resident identity number fails its check (GB 11643); correct it.",
        "公民身份号码校验不通过（GB 11643）；请更正。"),
    ROW(FIELD_TOO_LONG, "The field is longer than the contract allows; shorten it.", "字段超过约定的长度；请缩短。"),
    ROW(ITEM_UNKNOWN, "The catalogue has no such item; publish it first, or correct its code.",
        "事项目录中没有该事项；请先发布，或更正事项编码。"),
    ROW(ITEM_NOT_IN_FORCE, "The item is not in force on that day; look it up in the catalogue of the day.",
        "该事项在当日未生效；请查询当日的事项目录。"),
    ROW(ITEM_VERSION_FIXED,
        "This version of the item was published before with other content, or is older than the newest; use the next number.",
        "该事项的这一版本已按其他内容发布，或早于最新版本；请使用下一版本号。"),
    ROW(CATALOGUE_RULE, "The item breaks a rule of the catalogue; lianchengctl import catalogue --dry-run names each.",
        "该事项不符合目录规则；可用 lianchengctl import catalogue --dry-run 逐条查看。"),
    ROW(CASE_UNKNOWN, "There is no case of this number; report its receipt first.", "没有此办件编号；请先上报收件。"),
    ROW(CASE_EXISTS, "There is a case of this number already; a case is received once.", "该办件编号已存在；一件只收一次。"),
    ROW(WRONG_ORDER, "The step does not follow from the state that the case is in; read the case and decide anew.",
        "该环节与办件当前状态不符；请查看办件后重新办理。"),
    ROW(WRONG_ACTOR, "Whoever acts may not take this step on this case.", "办理人无权对该办件实施此环节。"),
    ROW(BEFORE_LAST_STEP, "The step lies before the last step of the case; correct its time.",
        "该环节的时间早于办件上一环节；请更正时间。"),
    ROW(CALENDAR_HORIZON, "A deadline lies beyond the loaded calendar; load the holiday notice of that year.",
        "期限超出已载入的日历；请载入该年度的放假通知。"),
    ROW(SECOND_SUPPLEMENT, "Papers may be asked for once only before acceptance (Licensing Law, article 32).",
        "受理前只能一次性告知补正（行政许可法第三十二条）。"),
    ROW(EXTENSION_NOT_ALLOWED,
        "An extension is allowed once, before the limit ends, for at most 10 workdays, 15 of a joint case (Licensing Law, "
        "article 42).",
        "延长期限只限一次，须在期满前作出，最长十个工作日，统一、联合、集中办理的最长十五日（行政许可法第四十二条）。"),
    ROW(DEFICIENCY_NOT_ALLOWED, "The item does not allow acceptance or approval with missing papers.",
        "该事项不允许容缺受理或容缺办结。"),
    ROW(PART_NOT_DONE, "An agency of the joint case has not given its opinion yet.", "联合办理的部门尚未全部出具意见。"),
    ROW(RATING_NOT_ALLOWED, "A rating is 1 to 5, of an ended case, once for each visit.",
        "评价为一至五级，须在办结后作出，每次到场只评一次。"),
    ROW(SLIP_NOT_OPEN, "There is no such slip of yours, or it does not wait for this.", "没有此督办单，或该督办单不在待办状态。"),
    ROW(NOTICE_FIXED, "The notice was loaded before with other content; withdraw it, and load the later one under its own name.",
        "该通知已按其他内容载入；请撤回后以新名称载入后来的通知。"),
    ROW(NOTICE_UNKNOWN, "There is no such notice, or it was withdrawn already.", "没有此通知，或已撤回。"),
    ROW(TICK_NOT_TAKEN, "The registry takes its time from the clock; /tick/source says so.",
        "登记系统以时钟计时（见 /tick/source），不接受时间命令。"),
    ROW(SUPPLEMENT_TOO_LATE, "Papers have to be asked for within five workdays of the receipt (Licensing Law, article 32).",
        "须在收件之日起五个工作日内一次性告知补正（行政许可法第三十二条）。"),
    {0, NULL, NULL, NULL},
};
