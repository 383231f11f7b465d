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
    ROW(IDENTIFIER_NOT_YOURS,
        "The number belongs to a domain that is not yours and is not known there; send your own numbers, or ask the operator "
        "to register the domain.",
        "该标识属于其他机构或标识域，且尚未登记；请发送本机构的标识，或请运维人员登记该标识域。"),
    ROW(IDENTIFIER_UNKNOWN, "A number that has to be known already is not; send what made it first.",
        "该标识须已登记但尚未登记；请先发送建立该标识的消息。"),
    ROW(MERGE_LOOP, "The merge would make a number its own survivor; check which number was kept.",
        "合并将使某标识成为其自身的保留标识（循环）；请核对保留的是哪个标识。"),
    ROW(PERSON_IN_USE, "The person has standing visits at the facility; cancel or move them first.",
        "该患者在本机构尚有有效就诊；请先撤销或转移这些就诊。"),
    ROW(CONFLICT_OPENED, "The statement contradicts what is known of the person; a registrar has to decide.",
        "该消息与已登记的患者信息不一致；已提交登记员裁定。"),
    ROW(NOTHING_TO_MERGE, "Prior and survivor have no number of the same domain; send numbers that belong together.",
        "被合并方与保留方没有同一标识域的标识；请发送相对应的标识。"),
    ROW(CONFLICT_DECIDED, "The conflict was decided before; join or separate the persons instead.",
        "该冲突已有裁定；如需更改，请直接合并或分开相关人员。"),
    {0, NULL, NULL, NULL},
};
