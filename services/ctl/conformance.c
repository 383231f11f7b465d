#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/progress.h"
#include "hl7/v1/query.pb-c.h"

#define ANSWER_BYTES_MAX (64 * 1024 * 1024)
#define SERVICE "hl7-gateway"

/* One line of a card: a count, its share of the messages, what it is. */
static void print_line(uint64_t count, uint64_t messages, const char *text, const char *text_zh) {
    char number[PROGRESS_NUMBER_BYTES], share[16] = "";
    if (messages > 0) {
        snprintf(share, sizeof share, "%.2f%%", 100.0 * (double)count / (double)messages);
    }
    printf("  %14s  %8s  %s / %s\n", progress_number(count, number), share, text, text_zh);
}

static void print_habits(const Hl7__V1__ConformanceCard *card) {
    const struct {
        uint64_t count;
        const char *text, *text_zh;
    } lines[] = {
        {card->duplicates, "sent again, answered from memory", "重复发送，按首次结果应答"},
        {card->control_ids_reused, "control id used again for other content", "MSH-10 重复但内容不同"},
        {card->charset_mismatches, "in another charset than declared", "字符集与声明不符"},
        {card->charset_undeclared, "charset undeclared or of an unknown name", "未声明字符集或名称未知"},
        {card->visit_numbers_missing, "without a visit number", "缺少就诊号"},
        {card->late, "recorded more than a day before", "补报（超过一天）"},
        {card->cancellations, "cancellations", "撤销"},
        {card->resident_ids_invalid, "resident identity number fails its check", "身份证号校验不通过"},
        {card->classes_unmapped, "patient class that is not mapped", "患者类别未映射"},
        {card->remnants, "frames cut off by a new one", "被新帧截断的残帧"},
        {card->ends_without_return, "frames without a final carriage return", "帧末缺少回车"},
        {card->line_feeds, "segments ended by line feeds", "以换行符结束的段"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        print_line(lines[i].count, card->messages, lines[i].text, lines[i].text_zh);
    }
}

static void print_card(const Hl7__V1__ConformanceCard *card) {
    printf("%s (%s)\n", card->feed, card->facility);
    print_line(card->messages, 0, "messages", "消息");
    for (size_t i = 0; i < card->n_answers; i++) {
        const Hl7__V1__AnswerCount *answer = card->answers[i];
        char text[64], text_zh[64];
        bool has_code = answer->code > 0;
        snprintf(text, sizeof text, has_code ? "answered %.4s %u" : "answered %.4s", answer->answer, answer->code);
        snprintf(text_zh, sizeof text_zh, has_code ? "应答 %.4s %u" : "应答 %.4s", answer->answer, answer->code);
        print_line(answer->messages, card->messages, text, text_zh);
    }
    if (card->messages > 0) {
        print_habits(card);
    }
    if (card->n_unmapped_classes > 0) {
        printf("  PV1-2 to be mapped / 待映射的 PV1-2:");
        for (size_t i = 0; i < card->n_unmapped_classes; i++) {
            printf(" %s", card->unmapped_classes[i]);
        }
        putchar('\n');
    }
}

static int print_answer(struct ctl *ctl, const Common__V1__Reply *reply, struct arena *arena) {
    Hl7__V1__Answer *answer = NULL;
    if (reply->body_case == COMMON__V1__REPLY__BODY_ANSWER) {
        answer = hl7__v1__answer__unpack(&arena->allocator, reply->answer->body.len, reply->answer->body.data);
    }
    if (!answer || answer->body_case != HL7__V1__ANSWER__BODY_CONFORMANCE) {
        return ctl_error(EXIT_CODE_FAILED, "the answer of " SERVICE " is not of this contract");
    }
    if (ctl->json) {
        json_print(json_from_message(&answer->conformance->base));
        return EXIT_CODE_OK;
    }
    for (size_t i = 0; i < answer->conformance->n_cards; i++) {
        printf("%s", i > 0 ? "\n" : "");
        print_card(answer->conformance->cards[i]);
    }
    if (answer->conformance->n_cards == 0) {
        puts("There is no feed / 没有接入源");
    }
    return EXIT_CODE_OK;
}

static int ask(struct ctl *ctl, Hl7__V1__GetConformance *wanted, int timeout_ms) {
    struct arena arena;
    arena_init(&arena, ANSWER_BYTES_MAX);
    Hl7__V1__Query body = HL7__V1__QUERY__INIT;
    body.body_case = HL7__V1__QUERY__BODY_GET_CONFORMANCE;
    body.get_conformance = wanted;
    Common__V1__Query query = COMMON__V1__QUERY__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_QUERY;
    request.query = &query;
    struct client_socket *socket = NULL;
    int exit_code = EXIT_CODE_FAILED;
    query.body.len = hl7__v1__query__get_packed_size(&body);
    query.body.data = arena_alloc(&arena, query.body.len);
    if (query.body.data) {
        hl7__v1__query__pack(&body, query.body.data);
        exit_code = (int)status_exit_code(target_connect(ctl, SERVICE, NULL, &socket));
    }
    if (exit_code == EXIT_CODE_OK) {
        Common__V1__Reply *reply = NULL;
        exit_code = target_call(socket, SERVICE, &request, &arena, timeout_ms, &reply);
        exit_code = exit_code == EXIT_CODE_OK ? print_answer(ctl, reply, &arena) : exit_code;
        client_socket_destroy(&socket);
    }
    arena_release(&arena);
    return exit_code;
}

/* NULL leaves *day. */
static bool take_day(const char *text, uint32_t *day) {
    int32_t parsed;
    if (!text) {
        return true;
    }
    if (!civil_date_parse(text, &parsed) || parsed <= 0) {
        ctl_error(0, "\"%s\" is no day of the form 2020-01-31", text);
        return false;
    }
    *day = (uint32_t)parsed;
    return true;
}

int command_conformance(struct ctl *ctl, int argc, char **argv) {
    const char *from = NULL, *to = NULL;
    int64_t timeout_s = 10;
    const struct ctl_option options[] = {
        {"from", CTL_TEXT, &from, "DAY", "first day on which messages came (today)", 0, 0},
        {"to", CTL_TEXT, &to, "DAY", "last day (today)", 0, 0},
        {"timeout", CTL_INTEGER, &timeout_s, "SECONDS", "longest wait for an answer (10)", 1, 3600},
        {.name = NULL},
    };
    const struct ctl_usage usage = {
        "conformance [FEED] [--from DAY] [--to DAY] [OPTIONS]",
        "How the messages of each feed of the HL7 gateway keep to the rules: counts alone, for one feed or all.\n", 0,
        1};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    Hl7__V1__GetConformance wanted = HL7__V1__GET_CONFORMANCE__INIT;
    if (argc > 1) {
        wanted.feed = argv[1];
    }
    if (!take_day(from, &wanted.first_day) || !take_day(to, &wanted.last_day)) {
        return EXIT_CODE_USAGE;
    }
    if (!from && to) {
        wanted.first_day = wanted.last_day;
    }
    if (wanted.first_day > 0 && wanted.last_day > 0 && wanted.first_day > wanted.last_day) {
        return ctl_error(EXIT_CODE_USAGE, "--from is after --to");
    }
    return ask(ctl, &wanted, (int)timeout_s * 1000);
}
