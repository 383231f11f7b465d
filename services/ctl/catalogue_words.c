#include "ctl/catalogue_words.h"

#include <string.h>
#include <strings.h>

/* Words as item lists write them; several for one value. */

const struct column_words catalogue_type_words = {&approvals__v1__item_type__descriptor,
                                                  "ITEM_TYPE_",
                                                  {{1, "行政许可"},
                                                   {2, "行政处罚"},
                                                   {3, "行政强制"},
                                                   {4, "行政征收"},
                                                   {5, "行政给付"},
                                                   {6, "行政检查"},
                                                   {7, "行政确认"},
                                                   {8, "行政奖励"},
                                                   {9, "行政裁决"},
                                                   {10, "其他行政权力"},
                                                   {10, "其他权力"},
                                                   {10, "其他职权"},
                                                   {20, "公共服务"},
                                                   {0, NULL}}};
const struct column_words catalogue_level_words = {&approvals__v1__item_level__descriptor,
                                                   "ITEM_LEVEL_",
                                                   {{1, "国家级"},
                                                    {1, "国家"},
                                                    {2, "省级"},
                                                    {2, "省"},
                                                    {3, "市级"},
                                                    {3, "市"},
                                                    {4, "县级"},
                                                    {4, "县"},
                                                    {4, "区级"},
                                                    {4, "区县级"},
                                                    {5, "镇（乡、街道）级"},
                                                    {5, "乡镇级"},
                                                    {5, "乡级"},
                                                    {5, "镇级"},
                                                    {5, "街道级"},
                                                    {6, "村（社区）级"},
                                                    {6, "村级"},
                                                    {6, "社区级"},
                                                    {7, "共享"},
                                                    {7, "共有"},
                                                    {0, NULL}}};
const struct column_words catalogue_client_words = {&approvals__v1__client_kind__descriptor,
                                                    "CLIENT_KIND_",
                                                    {{1, "自然人"},
                                                     {1, "个人"},
                                                     {2, "企业法人"},
                                                     {2, "企业"},
                                                     {2, "法人"},
                                                     {3, "事业法人"},
                                                     {3, "事业单位"},
                                                     {4, "社会组织法人"},
                                                     {4, "社会组织"},
                                                     {5, "行政机关"},
                                                     {5, "机关"},
                                                     {6, "其他组织"},
                                                     {6, "其他"},
                                                     {0, NULL}}};
const struct column_words catalogue_channel_words = {&approvals__v1__channel__descriptor,
                                                     "CHANNEL_",
                                                     {{1, "窗口办理"},
                                                      {1, "窗口"},
                                                      {2, "网上办理"},
                                                      {2, "网上"},
                                                      {2, "网站"},
                                                      {3, "移动端"},
                                                      {3, "手机"},
                                                      {3, "APP"},
                                                      {4, "快递"},
                                                      {4, "快递申请"},
                                                      {4, "邮寄"},
                                                      {4, "寄递"},
                                                      {9, "其他"},
                                                      {0, NULL}}};
const struct column_words catalogue_online_words = {&approvals__v1__online_step__descriptor,
                                                    "ONLINE_STEP_",
                                                    {{1, "网上咨询"},
                                                     {1, "咨询"},
                                                     {2, "网上收件"},
                                                     {2, "收件"},
                                                     {3, "网上预审"},
                                                     {3, "预审"},
                                                     {4, "网上受理"},
                                                     {4, "受理"},
                                                     {5, "网上办理"},
                                                     {5, "办理"},
                                                     {6, "办理结果信息反馈"},
                                                     {6, "结果信息反馈"},
                                                     {6, "结果反馈"},
                                                     {7, "电子证照反馈"},
                                                     {7, "电子证照"},
                                                     {8, "其他"},
                                                     {0, NULL}}};
const struct column_words catalogue_unit_words = {&approvals__v1__limit_unit__descriptor,
                                                  "LIMIT_UNIT_",
                                                  {{1, "个工作日"},
                                                   {1, "工作日"},
                                                   {1, "workdays"},
                                                   {2, "个自然日"},
                                                   {2, "自然日"},
                                                   {2, "日"},
                                                   {2, "天"},
                                                   {2, "days"},
                                                   {3, "个小时"},
                                                   {3, "小时"},
                                                   {3, "hours"},
                                                   {4, "个自然月"},
                                                   {4, "自然月"},
                                                   {4, "个月"},
                                                   {4, "月"},
                                                   {4, "months"},
                                                   {0, NULL}}};

bool catalogue_read_number(const char *text, uint32_t *number) {
    const size_t digits = strspn(text, "0123456789");
    *number = 0;
    if (digits == 0 || digits > 9 || text[digits] != '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        *number = *number * 10 + (uint32_t)(*text - '0');
    }
    return true;
}

static bool is_name(const struct column_words *words, const char *name, const char *text) {
    const size_t prefix = strlen(words->prefix);
    return strcasecmp(name, text) == 0 ||
           (strncmp(name, words->prefix, prefix) == 0 && strcasecmp(name + prefix, text) == 0);
}

bool catalogue_read_word(const struct column_words *words, const char *text, int *value) {
    uint32_t number;
    for (const struct column_word *word = words->words; word->text != NULL; word++) {
        if (strcasecmp(word->text, text) == 0) {
            *value = word->value;
            return true;
        }
    }
    for (unsigned i = 0; i < words->names->n_values; i++) {
        if (words->names->values[i].value != 0 && is_name(words, words->names->values[i].name, text)) {
            *value = words->names->values[i].value;
            return true;
        }
    }
    if (!catalogue_read_number(text, &number) || number == 0 ||
        protobuf_c_enum_descriptor_get_value(words->names, (int)number) == NULL) {
        return false;
    }
    *value = (int)number;
    return true;
}
