#include "wire/code_text.h"

#include <stddef.h>

#define ROW(word, english, chinese)                                                                                    \
    { COMMON__V1__CODE__CODE_##word, #word, english, chinese }

/* Every common.v1.Code, once. */
static const struct code_text common_codes[] = {
    ROW(MALFORMED, "The message is no valid request, or a field is out of its range; check it against proto/.",
        "报文不是有效的请求，或字段超出范围；请对照 proto/ 检查。"),
    ROW(TOO_LARGE, "The message or a part of it is larger than allowed; split it.",
        "报文或其中一部分超过允许的大小；请拆分后发送。"),
    ROW(BAD_TEXT, "A text is not valid UTF-8 or contains a NUL character; correct its encoding.",
        "文本不是有效的 UTF-8 编码或含有 NUL 字符；请更正编码。"),
    ROW(UNKNOWN_VALUE, "An enumeration has a value this daemon does not know; use one listed in proto/.",
        "枚举字段的取值无法识别；请使用 proto/ 中列出的取值。"),
    ROW(UNSUPPORTED, "This kind of request, command or query is not known to this daemon; it may need an upgrade.",
        "此服务不支持该类请求、命令或查询；可能需要升级。"),
    ROW(FORBIDDEN, "The role of this key does not allow this; ask the operator for a key with another role.",
        "此密钥的角色无权进行该操作；请向运维人员申请相应角色的密钥。"),
    ROW(NOT_YOUR_ORGANISATION,
        "The organisation named is not the one this key belongs to; leave it empty or correct it.",
        "所写机构不是此密钥所属机构；请留空或更正。"),
    ROW(BAD_ID, "The command id is not a UUIDv7 of 16 bytes; make a new one for each command.",
        "命令标识不是 16 字节的 UUIDv7；请为每条命令生成新的标识。"),
    ROW(OUT_OF_ORDER, "A Submit before this one was not taken from this connection; send all unanswered ones again in order.",
        "本连接上的前一批命令未被接收；请按顺序重新发送所有未得到回执的命令。"),
    ROW(IN_THE_FUTURE, "A time lies further in the future than allowed; check the clock of the sender.",
        "时间超前过多；请检查发送方的时钟。"),
    ROW(STALE_VERSION, "The object changed since the version this command expects; read it again and decide anew.",
        "对象在所依据的版本之后已有变化；请重新读取后再决定。"),
    ROW(UNAVAILABLE, "The daemon cannot commit now; send the same again later.", "服务暂时无法提交；请稍后原样重发。"),
    ROW(EPOCH_CHANGED, "The store has another epoch than the follower knows; an operator has to decide how to go on.",
        "数据库纪元与跟随方所知不同；须由运维人员决定如何继续。"),
    ROW(AHEAD_OF_HEAD,
        "The follower asks for numbers beyond the head of the log; an operator has to decide how to go on.",
        "跟随方的游标超过日志末尾；须由运维人员决定如何继续。"),
    ROW(NOT_FOLLOWING, "This connection follows nothing; send Follow again.",
        "此连接尚未跟随事件流；请重新发送 Follow。"),
    ROW(NOT_FOUND, "There is no such object; check its number.", "对象不存在；请核对编号。"),
    ROW(MISSING, "A field that is needed is empty; fill it in.", "必填字段为空；请补充。"),
    ROW(REVOKED, "This key was revoked; ask the operator for a new one.", "此密钥已被吊销；请向运维人员申请新的密钥。"),
    ROW(EXHAUSTED, "A bound of the daemon is reached; an operator has to act before this can succeed.",
        "服务已达到容量上限；须由运维人员处理后才能继续。"),
    ROW(BAD_TIME, "A time is missing or lies before the year 1970; fill it in as Unix milliseconds.",
        "时间缺失或早于 1970 年；请填写 Unix 毫秒时间。"),
    {0, NULL, NULL, NULL},
};

static const struct code_text unknown_code = {
    0, "UNSPECIFIED", "Refused for a reason this program has no text for; look the code up in proto/.",
    "原因代码无对应说明；请在 proto/ 中查询该代码。"};

static const struct code_text *find(const struct code_text *table, uint32_t code) {
    while (table->code != 0 && table->code != code) {
        table++;
    }
    return table->code == 0 ? NULL : table;
}

const struct code_text *code_text_find(const struct code_text *codes, uint32_t code) {
    const struct code_text *text = codes == NULL ? NULL : find(codes, code);
    if (text == NULL) {
        text = find(common_codes, code);
    }
    return text == NULL ? &unknown_code : text;
}

void code_text_fill(const struct code_text *codes, uint32_t code, const char *field, Common__V1__Problem *problem) {
    const struct code_text *text = code_text_find(codes, code);
    common__v1__problem__init(problem);
    problem->code = code;
    problem->field = (char *)(field == NULL ? "" : field);
    problem->message = (char *)text->message;
    problem->message_zh = (char *)text->message_zh;
}
