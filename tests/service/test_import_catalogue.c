/* lianchengctl import catalogue and import notices as their users run them: the real program, real files, and the
 * approval registry as a real process. */
#include "support/import_fixture.h"

#include <iconv.h>

/* Items in force on 2151-01-01. */
static int count_items(struct fixture *f) {
    CTL(f, 0, "query approvals '{\"list_items\":{\"day\":66110,\"limit\":1000}}' --json");
    json_t *json = json_loads(buffer_text(&f->run.out), 0, NULL);
    const int count = (int)json_array_size(json_object_get(json_object_get(json, "items"), "items"));
    json_decref(json);
    return count;
}

static int set_up(void **state) {
    *state = make_fixture("approvals", NULL);
    return 0;
}

/* --- Spreadsheets ---------------------------------------------------------------------------------------------------
 */
#define HEADER                                                                                                                                                           \
    "事项编码,版本号,事项名称,办理机关代码,生效日期,事项类型,行使层级,服务对象,办理渠道,网办环节,承诺时限,"                 \
    "承诺时限单位,"                                                                                                                                                \
    "法定时限,到办事现场次数,到现场原因,咨询电话,监督投诉电话,审批结果名称,审批结果样本,办理流程环节数,个人主题分类," \
    "法人主题分类\r\n"
#define ROW_OF(code, version, agency, day, promised, complaint)                                                        \
    code "," version ",\"商品房预售许可, 新办\"," agency "," day                                                       \
         ",行政许可,市级,自然人;企业法人,窗口;网上,收件," promised ",工作日,20个工作日,1,核验原件,0374-1," complaint   \
         ",预售许可证,是,5,住房,工程建设\r\n"
#define FUTURE "2150-01-01"
#define ROW(code, version) ROW_OF(code, version, "housing", FUTURE, "5", "0374-2")

static void one_bad_row_and_nothing_is_sent(void **state) {
    struct fixture *f = *state;
    static const char *const want[] = {"3 承诺时限 C21 25", "3 监督投诉电话 C36 0374-1", "4 版本号 F03 一", NULL};
    write_text(f->table, HEADER ROW("A1", "1") ROW_OF("A2", "1", "housing", FUTURE, "25", "0374-1") ROW("A3", "一"));
    CTL(f, 65, "import catalogue %s --key %s --json --dry-run", f->table, f->supervisor_key);
    check_json(f, want, 3, 0, 0, 2);
    CTL(f, 65, "import catalogue %s --key %s --json", f->table, f->supervisor_key);
    check_json(f, want, 3, 0, 0, 2);
    CTL(f, 65, "import catalogue %s --key %s", f->table, f->supervisor_key);
    check_says(f, "row 3, 承诺时限: C21 \"25\": The promised limit is longer");
    check_says(f, "承诺时限长于法定时限");
    check_says(f, "nothing was sent");
    assert_int_equal(count_items(f), 0);
    assert_int_equal(access(path_in(f, "table.csv.rejects.csv"), F_OK), -1);
}

static void good_rows_are_published_once(void **state) {
    struct fixture *f = *state;
    write_text(f->table, HEADER ROW("A1", "2") ROW("A1", "1") ROW("A2", "1")); /* the later version first */
    CTL(f, 0, "import catalogue %s --key %s --json --dry-run", f->table, f->supervisor_key);
    check_json(f, nothing, 3, 0, 0, 0);
    assert_int_equal(count_items(f), 0);
    CTL(f, 0, "import catalogue %s --key %s --json", f->table, f->supervisor_key);
    check_json(f, nothing, 3, 3, 0, 0);
    CTL(f, 0, "import catalogue %s --key %s --json", f->table, f->supervisor_key);
    check_json(f, nothing, 3, 0, 3, 0);
    assert_int_equal(count_items(f), 2);
    CTL(f, 0, "query approvals '{\"list_items\":{\"day\":66110,\"code\":\"A1\"}}' --json");
    check_says(f, "商品房预售许可, 新办");
    check_says(f, "\"version\":2");
    write_text(f->table, HEADER ROW_OF("A1", "2", "housing", FUTURE, "6", "0374-2"));
    static const char *const want[] = {"2 版本号 C12 2", NULL};
    CTL(f, 65, "import catalogue %s --key %s --json", f->table, f->supervisor_key);
    check_json(f, want, 1, 0, 0, 1);
}

static char *replaced(const char *text, const char *from, const char *to) {
    const char *at = strstr(text, from);
    assert_non_null(at);
    char *out = malloc(strlen(text) + strlen(to) + 1);
    memcpy(out, text, (size_t)(at - text));
    snprintf(out + (at - text), strlen(to) + strlen(at) + 1, "%s%s", to, at + strlen(from));
    return out;
}

static void rejects_are_imported_again(void **state) {
    struct fixture *f = *state;
    static const char *const want[] = {"3 承诺时限 C21 25", "4 版本号 F08 2", NULL};
    write_text(f->table, HEADER ROW("A1", "1") ROW_OF("A2", "1", "housing", FUTURE, "25", "0374-2") ROW("A2", "2"));
    CTL(f, 65, "import catalogue %s --key %s --json --accept-valid", f->table, f->supervisor_key);
    check_json(f, want, 3, 1, 0, 2);
    assert_int_equal(count_items(f), 1);
    char *rejects = read_text(path_in(f, "table.csv.rejects.csv"));
    assert_memory_equal(rejects, "\xef\xbb\xbf事项编码,", 16);
    assert_non_null(strstr(rejects, ",问题\r\n"));
    assert_non_null(strstr(rejects, "\"商品房预售许可, 新办\""));
    assert_non_null(strstr(rejects, "C21 "));
    assert_null(strstr(rejects, "A1,"));
    char *corrected = replaced(rejects, ",25,", ",15,");
    write_text(path_in(f, "again.csv"), corrected);
    CTL(f, 0, "import catalogue %s --key %s --json --accept-valid", path_in(f, "again.csv"), f->supervisor_key);
    check_json(f, nothing, 2, 2, 0, 0);
    assert_int_equal(access(path_in(f, "again.csv.rejects.csv"), F_OK), -1);
    assert_int_equal(count_items(f), 2);
    CTL(f, 64, "import catalogue %s --key %s --accept-valid --rejects %s", f->table, f->supervisor_key, f->table);
    free(rejects);
    free(corrected);
}

static void as_a_spreadsheet_saves_it(void **state) {
    struct fixture *f = *state;
    static const char text[] = HEADER ROW("A1", "1") ROW("A2", "1");
    static const char *const charsets[] = {"GB18030", "UTF-8", "UTF-16LE"};
    char *from = (char *)text;
    for (size_t i = 0; i < 3; i++) {
        char converted[8192], *to = converted, *at = from;
        size_t left = strlen(text), room = sizeof converted;
        if (i > 0) {
            memcpy(converted, i == 1 ? "\xef\xbb\xbf" : "\xff\xfe", i == 1 ? 3 : 2);
            to += i == 1 ? 3 : 2;
        }
        iconv_t converter = iconv_open(charsets[i], "UTF-8");
        assert_true(iconv(converter, &at, &left, &to, &room) != (size_t)-1);
        iconv_close(converter);
        write_bytes(f->table, converted, (size_t)(to - converted));
        CTL(f, 0, "import catalogue %s --key %s --json", f->table, f->supervisor_key);
        json_t *summary = check_findings(f, nothing);
        assert_string_equal(json_string_value(json_object_get(summary, "charset")), i == 2 ? "UTF-16" : charsets[i]);
        assert_int_equal(json_integer_value(json_object_get(summary, "published")), i == 0 ? 2 : 0);
        assert_int_equal(json_integer_value(json_object_get(summary, "unchanged")), i == 0 ? 0 : 2);
        json_decref(summary);
    }
    assert_int_equal(count_items(f), 2);
}

static void rows_against_each_other(void **state) {
    struct fixture *f = *state;
    static const char *const want[] = {"2 事项编码 C08 91411000MA0000007P3410100000001", "4 版本号 F05 1",
                                       "6 生效日期 F06 2149-12-31", "8 办理机关代码 F07 weidu", NULL};
    write_text(f->table, HEADER ROW("91411000MA0000007P3410100000001", "1") ROW("B", "1") ROW("B", "1") ROW("C", "1")
                             ROW_OF("C", "2", "housing", "2149-12-31", "5", "0374-2") ROW("D", "1")
                                 ROW_OF("D", "2", "weidu", FUTURE, "5", "0374-2"));
    CTL(f, 65, "import catalogue %s --key %s --json --dry-run", f->table, f->supervisor_key);
    check_json(f, want, 7, 0, 0, 4);
}

static void history_and_keys(void **state) {
    struct fixture *f = *state;
    static const char *const past[] = {"2 生效日期 C11 2020-01-01", NULL}, *const foreign[] = {
                                                                               "3 办理机关代码 C05 weidu", NULL};
    write_text(f->table, HEADER ROW_OF("A1", "1", "housing", "2020-01-01", "5", "0374-2"));
    CTL(f, 65, "import catalogue %s --key %s --json", f->table, f->supervisor_key);
    check_json(f, past, 1, 0, 0, 1);
    CTL(f, 0, "import catalogue %s --as housing --json --historical", f->table);
    check_json(f, nothing, 1, 1, 0, 0);
    write_text(f->table,
               HEADER ROW_OF("A2", "1", "", FUTURE, "5", "0374-2") ROW_OF("A3", "1", "weidu", FUTURE, "5", "0374-2"));
    CTL(f, 65, "import catalogue %s --as housing --json --accept-valid", f->table);
    check_json(f, foreign, 2, 1, 0, 1);
    /* an operator may ask, not publish: said of each row */
    static const char *const refused[] = {"2  FORBIDDEN ", NULL};
    write_text(f->table, HEADER ROW("A9", "1"));
    CTL(f, 65, "import catalogue %s --as operator --json", f->table);
    check_json(f, refused, 1, 0, 0, 1);
}

static void files_that_are_no_catalogue(void **state) {
    struct fixture *f = *state;
    write_text(f->table, "");
    CTL(f, 65, "import catalogue %s --key %s", f->table, f->supervisor_key);
    check_says(f, "it is empty");
    write_text(f->table, "事项编码,事项名称\nA,B\n");
    CTL(f, 65, "import catalogue %s --key %s", f->table, f->supervisor_key);
    check_says(f, "there is no column version (版本号)");
    write_text(f->table, "code,事项编码\nA,B\n");
    CTL(f, 65, "import catalogue %s --key %s", f->table, f->supervisor_key);
    check_says(f, "are the same");
    write_bytes(f->table, "PK\x03\x04\0\0\0\xff\xff", 9); /* a spreadsheet as it is, not CSV */
    CTL(f, 65, "import catalogue %s --key %s", f->table, f->supervisor_key);
    check_says(f, "save it as CSV");
    CTL(f, 64, "import catalogue %s --key %s", path_in(f, "none.csv"), f->supervisor_key);
    CTL(f, 64, "import catalogue");
    static const char *const unclosed[] = {"3  F01 ", NULL};
    write_text(f->table, HEADER ROW("A1", "1") "\"A2,1\r\n");
    CTL(f, 65, "import catalogue %s --key %s --json --accept-valid", f->table, f->supervisor_key);
    check_json(f, unclosed, 2, 0, 0, 1); /* not even the good row: the other one could not be handed back */
    static const char *const wide[] = {"2  F02 ", NULL};
    write_text(f->table, HEADER "A1,1,a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w\r\n");
    CTL(f, 65, "import catalogue %s --key %s --json", f->table, f->supervisor_key);
    check_json(f, wide, 1, 0, 0, 1);
    assert_int_equal(count_items(f), 0);
}

/* More than one question, more than one message. */
static void many_rows(void **state) {
    struct fixture *f = *state;
    struct buffer text = {0};
    buffer_append_text(&text, HEADER);
    for (int i = 0; i < 999; i++) {
        buffer_printf(&text, "M%d", i);
        buffer_append_text(&text, i == 700 ? ROW_OF("", "1", "housing", FUTURE, "21", "0374-2") : ROW("", "1"));
    }
    write_bytes(f->table, text.data, text.size);
    buffer_release(&text);
    static const char *const want[] = {"702 承诺时限 C21 21", NULL};
    CTL(f, 65, "import catalogue %s --key %s --json --accept-valid", f->table, f->supervisor_key);
    check_json(f, want, 999, 998, 0, 1);
    assert_int_equal(count_items(f), 998);
}

static void the_registry_is_away(void **state) {
    struct fixture *f = *state;
    assert_int_equal(process_stop(&f->process), 0);
    write_text(path_in(f, "notices.tsv"), "2020-01-01\toff\t元旦\t2020-A\t2019-11-21\n");
    CTL(f, 75, "import notices %s --timeout 1", path_in(f, "notices.tsv"));
    check_says(f, "no receipt");
    start(f);
    CTL(f, 0, "import notices %s", path_in(f, "notices.tsv"));
}

/* --- Notices --------------------------------------------------------------------------------------------------------
 */
static void notices(void **state) {
    struct fixture *f = *state;
    CTL(f, 0, "import notices deploy/data/calendar.tsv --json");
    check_says(f, "\"notices\":10,\"loaded\":10,\"known\":0,\"refused\":0");
    CTL(f, 0, "import notices deploy/data/calendar.tsv --key %s", f->supervisor_key);
    check_says(f, "10 notices: 0 loaded, 10 known already, 0 refused");
    CTL(f, 0, "query approvals '{\"get_calendar\":{\"from_day\":18293,\"until_day\":18293}}' --json"); /* 2020-02-01 */
    check_says(f, "\"notice\":\"2020-B\"");
    check_says(f, "\"last_year\":2026");
    char *text = read_text("deploy/data/calendar.tsv");
    char *changed = replaced(text, "2020-04-26\twork", "2020-04-26\toff");
    write_text(path_in(f, "changed.tsv"), changed);
    CTL(f, 65, "import notices %s --json", path_in(f, "changed.tsv"));
    check_says(f, "\"notice\":\"2020-A\",\"code\":\"NOTICE_FIXED\"");
    check_says(f, "\"loaded\":0,\"known\":9,\"refused\":1");
    free(text);
    free(changed);
    static const char *const bad[] = {
        "2020-01-01\toff\t元旦\t2020-A\n",
        "2020-13-01\toff\t元旦\t2020-A\t2019-11-21\n",
        "2020-01-01\tfree\t元旦\t2020-A\t2019-11-21\n",
        "2020-01-01\toff\t元旦\tA\t2019-11-21\n",
        "2020-01-01\toff\t\xff\t2020-A\t2019-11-21\n",
        "# nothing\n",
        "2020-01-01\toff\ta\t2020-C\t2019-11-21\n2020-01-02\toff\ta\t2020-C\t2019-11-22\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_text(path_in(f, "bad.tsv"), bad[i]);
        CTL(f, 65, "import notices %s", path_in(f, "bad.tsv"));
    }
    CTL(f, 64, "import notices %s", path_in(f, "none.tsv"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(one_bad_row_and_nothing_is_sent),
        TEST(good_rows_are_published_once),
        TEST(rejects_are_imported_again),
        TEST(as_a_spreadsheet_saves_it),
        TEST(rows_against_each_other),
        TEST(history_and_keys),
        TEST(files_that_are_no_catalogue),
        TEST(many_rows),
        TEST(the_registry_is_away),
        TEST(notices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
