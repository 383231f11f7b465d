#include "visits/codes.h"

#include "visits/v1/codes.pb-c.h"

#define ROW(word, english, chinese)                                                                                    \
    { VISITS__V1__CODE__CODE_##word, #word, english, chinese }

const struct code_text visits_codes[] = {
    ROW(FACILITY_UNKNOWN, "This organisation is not registered as a facility; ask the operator to register it.",
        "该机构尚未登记为医疗机构；请联系运维人员登记。"),
    ROW(REGION_FIXED, "The region of a registered facility never changes; register a new facility instead.",
        "已登记机构的行政区划不可更改；请另行登记新机构。"),
    ROW(REGION_UNKNOWN, "The region is no current county or district of the city; use a current GB/T 2260 code.",
        "行政区划代码不是本市现行的县（市、区）代码；请使用现行 GB/T 2260 代码。"),
    ROW(RESIDENT_ID_INVALID,
        "The resident identity number fails its check (length, date or check character); correct it, or send the local "
        "id alone.",
        "公民身份号码校验不通过（长度、日期或校验码）；请更正，或仅发送本院标识。"),
    ROW(IDENTITY_MISSING, "Neither a resident identity number nor a local id is given; send at least one.",
        "既无公民身份号码也无本院标识；请至少提供一项。"),
    ROW(VISIT_UNKNOWN, "The facility has no visit of this number; send its opening first.",
        "该机构没有此就诊号；请先发送就诊登记。"),
    ROW(FIELD_TOO_LONG, "The field is longer than the contract allows; shorten it.", "字段超过约定的长度；请缩短。"),
    ROW(PSEUDONYM_KEY_CHANGED,
        "The registry runs under another pseudonym key than before; the operator has to put the right one back.",
        "登记系统的假名密钥与此前不同；须由运维人员恢复正确的密钥。"),
    {0, NULL, NULL, NULL},
};
