#include "ctl/init_next.h"

#include <stdio.h>
#include <string.h>

/* In aggregator.conf the section stands below another. */
static const char *indent_of(const char *name) {
    return strcmp(name, "aggregator.conf") == 0 ? "    " : "";
}

void init_print_next(const struct init_outcome *outcome) {
    const char *folder = outcome->folder;
    const char *register_line = outcome->has_facilities ? "facilities.jsonl" : "FACILITIES.jsonl";
    const char *agencies_line = outcome->has_agencies ? "agencies.jsonl" : "AGENCIES.jsonl";
    printf("%s: %zu files made, %zu kept as they were.\n", folder, outcome->made, outcome->kept);
    printf("\nNext:\n"
           "  1. Copy %s/secret/visits.pseudonym to a safe place: without it no person is recognised again.\n"
           "  2. visits --config %s/visits.conf\n"
           "     approvals --config %s/approvals.conf       (government service: items, cases and their deadlines)\n"
           "     aggregator --config %s/aggregator.conf     (needs PostgreSQL: /postgres/conninfo)\n"
           "     hl7-gateway --config %s/hl7-gateway.conf   (for hospitals that send HL7 v2 over MLLP)\n"
           "  3. lianchengctl --config %s/ctl.conf status\n",
           folder, folder, folder, folder, folder, folder);
    printf("  4. lianchengctl --config %s/ctl.conf submit visits %s/%s   (makes the facilities known)\n"
           "     lianchengctl --config %s/ctl.conf submit approvals %s/%s   (makes the agencies known)\n"
           "     lianchengctl --config %s/ctl.conf import notices deploy/data/calendar.tsv   (holidays: no deadline without)\n"
           "  5. Give each hospital its key %s/secret/CODE.key and the file %s/public/visits.pub, or let it send HL7 "
           "with\n"
           "     its code in MSH-4; each agency its key and %s/public/approvals.pub.\n",
           folder, folder, register_line, folder, folder, agencies_line, folder, folder, folder, folder);
    printf("\n下一步：\n"
           "  1. 将 %s/secret/visits.pseudonym 另存于安全之处：一旦丢失，再也无法识别同一个人。\n"
           "  2. visits --config %s/visits.conf\n"
           "     approvals --config %s/approvals.conf       （政务服务：事项、办件与时限）\n"
           "     aggregator --config %s/aggregator.conf     （需要 PostgreSQL：/postgres/conninfo）\n"
           "     hl7-gateway --config %s/hl7-gateway.conf   （接收以 MLLP 发送 HL7 v2 的医院）\n"
           "  3. lianchengctl --config %s/ctl.conf status\n",
           folder, folder, folder, folder, folder, folder);
    printf("  4. lianchengctl --config %s/ctl.conf submit visits %s/%s   （登记医疗机构）\n"
           "     lianchengctl --config %s/ctl.conf submit approvals %s/%s   （登记办理机关）\n"
           "     lianchengctl --config %s/ctl.conf import notices deploy/data/calendar.tsv   （放假通知：没有它无法计算时限）\n"
           "  5. 把各医院的密钥 %s/secret/机构代码.key 与公钥文件 %s/public/visits.pub 交给该医院；\n"
           "     发送 HL7 的医院在 MSH-4 填写机构代码即可；各机关的密钥与 %s/public/approvals.pub 交给该机关。\n",
           folder, folder, register_line, folder, folder, agencies_line, folder, folder, folder, folder);
    if (json_array_size(outcome->without_feed) > 0) {
        printf("\n%zu facilities have no feed in %s/hl7-gateway.conf, %s the first: add it there if it sends HL7.\n",
               json_array_size(outcome->without_feed), folder, json_string_value(json_array_get(outcome->without_feed, 0)));
    }
    for (size_t i = 0; i < json_array_size(outcome->without_approvals); i++) {
        const char *name = json_string_value(json_array_get(outcome->without_approvals, i));
        printf("\n%s/%s does not know the approval registry yet: add to it%s\n"
               "%sapprovals\n%s    endpoint = \"tcp://%s:%lld\"\n%s    server_key = \"public/approvals.pub\"\n",
               folder, name, *indent_of(name) ? ", below sources," : "", indent_of(name), indent_of(name),
               outcome->settings->approvals_host, (long long)outcome->settings->approvals_port, indent_of(name));
        if (*indent_of(name)) {
            printf("%s    kind = \"approvals\"\n", indent_of(name));
        }
    }
}
