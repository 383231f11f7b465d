#include "ctl/init_next.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* In aggregator.conf the section stands below another. */
static const char *indent_of(const char *name) {
    return strcmp(name, "aggregator.conf") == 0 ? "    " : "";
}

/* What a file of an earlier version has to be given. */
static void print_missing(const struct init_outcome *outcome, const char *file, const struct init_registry *registry) {
    const char *indent = indent_of(file);
    const struct init_address *at = &outcome->settings->at[registry->daemon];
    printf("\n%s/%s does not know the %s yet: add to it%s\n"
           "%s%s\n%s    endpoint = \"tcp://%s:%" PRId64 "\"\n%s    server_key = \"public/%s.pub\"\n",
           outcome->folder, file, registry->what, *indent ? ", below sources," : "", indent, registry->name, indent,
           at->host, at->port, indent, registry->name);
    if (*indent) {
        printf("%s    kind = \"%s\"\n", indent, registry->name);
    }
}

static void print_all_missing(const struct init_outcome *outcome) {
    size_t row;
    const json_t *missing;
    json_array_foreach(outcome->without_registry, row, missing) {
        const char *name = json_string_value(json_object_get(missing, "registry"));
        for (size_t i = 0; i < INIT_REGISTRIES; i++) {
            if (strcmp(init_registries[i].name, name) == 0) {
                print_missing(outcome, json_string_value(json_object_get(missing, "file")), &init_registries[i]);
            }
        }
    }
}

/* Of commands, ready or to be written. */
struct files {
    const char *facilities, *agencies, *issues;
};

static void print_english(const char *folder, const struct files *files) {
    printf("\nNext:\n"
           "  1. Copy %s/secret/visits.pseudonym to a safe place: without it no person is recognised again.\n"
           "  2. visits --config %s/visits.conf\n"
           "     approvals --config %s/approvals.conf       (government service: items, cases and their deadlines)\n"
           "     issues --config %s/issues.conf             (enterprise issues, reform tasks, river clues)\n"
           "     aggregator --config %s/aggregator.conf     (needs PostgreSQL: /postgres/conninfo)\n"
           "     hl7-gateway --config %s/hl7-gateway.conf   (for hospitals that send HL7 v2 over MLLP)\n"
           "  3. lianchengctl --config %s/ctl.conf status\n",
           folder, folder, folder, folder, folder, folder, folder);
    printf("  4. lianchengctl --config %s/ctl.conf submit visits %s/%s   (makes the facilities known)\n"
           "     lianchengctl --config %s/ctl.conf submit approvals %s/%s   (makes the agencies known)\n"
           "     lianchengctl --config %s/ctl.conf submit issues %s/%s   (the same, for the issue registry)\n"
           "     lianchengctl --config %s/ctl.conf import notices deploy/data/calendar.tsv   (holidays: no deadline "
           "without)\n"
           "     lianchengctl --config %s/ctl.conf import notices deploy/data/calendar.tsv --registry issues   "
           "(likewise)\n",
           folder, folder, files->facilities, folder, folder, files->agencies, folder, folder, files->issues, folder,
           folder);
    printf("  5. Give each hospital its key %s/secret/CODE.key and the file %s/public/visits.pub, or let it send HL7 "
           "with\n"
           "     its code in MSH-4; each agency its key, %s/public/approvals.pub and %s/public/issues.pub.\n",
           folder, folder, folder, folder);
}

static void print_chinese(const char *folder, const struct files *files) {
    printf("\n下一步：\n"
           "  1. 将 %s/secret/visits.pseudonym 另存于安全之处：一旦丢失，再也无法识别同一个人。\n"
           "  2. visits --config %s/visits.conf\n"
           "     approvals --config %s/approvals.conf       （政务服务：事项、办件与时限）\n"
           "     issues --config %s/issues.conf             （企业问题、改革台账与河湖线索）\n"
           "     aggregator --config %s/aggregator.conf     （需要 PostgreSQL：/postgres/conninfo）\n"
           "     hl7-gateway --config %s/hl7-gateway.conf   （接收以 MLLP 发送 HL7 v2 的医院）\n"
           "  3. lianchengctl --config %s/ctl.conf status\n",
           folder, folder, folder, folder, folder, folder, folder);
    printf(
        "  4. lianchengctl --config %s/ctl.conf submit visits %s/%s   （登记医疗机构）\n"
        "     lianchengctl --config %s/ctl.conf submit approvals %s/%s   （登记办理机关）\n"
        "     lianchengctl --config %s/ctl.conf submit issues %s/%s   （在问题登记系统登记同一批机关）\n"
        "     lianchengctl --config %s/ctl.conf import notices deploy/data/calendar.tsv   "
        "（放假通知：没有它无法计算时限）\n"
        "     lianchengctl --config %s/ctl.conf import notices deploy/data/calendar.tsv --registry issues   （同上）\n",
        folder, folder, files->facilities, folder, folder, files->agencies, folder, folder, files->issues, folder,
        folder);
    printf("  5. 把各医院的密钥 %s/secret/机构代码.key 与公钥文件 %s/public/visits.pub 交给该医院；\n"
           "     发送 HL7 的医院在 MSH-4 填写机构代码即可；各机关的密钥与 "
           "%s/public/approvals.pub、%s/public/issues.pub 交给该机关。\n",
           folder, folder, folder, folder);
}

void init_print_next(const struct init_outcome *outcome) {
    const char *folder = outcome->folder;
    const struct files files = {.facilities = outcome->has_facilities ? "facilities.jsonl" : "FACILITIES.jsonl",
                                .agencies = outcome->has_agencies ? "agencies.jsonl" : "AGENCIES.jsonl",
                                .issues = outcome->has_agencies ? "agencies-issues.jsonl" : "AGENCIES-ISSUES.jsonl"};
    printf("%s: %zu files made, %zu kept as they were.\n", folder, outcome->made, outcome->kept);
    print_english(folder, &files);
    print_chinese(folder, &files);
    if (json_array_size(outcome->without_feed) > 0) {
        printf("\n%zu facilities have no feed in %s/hl7-gateway.conf, %s the first: add it there if it sends HL7.\n",
               json_array_size(outcome->without_feed), folder,
               json_string_value(json_array_get(outcome->without_feed, 0)));
    }
    print_all_missing(outcome);
}
