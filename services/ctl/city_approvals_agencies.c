#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "ctl/city_approvals_internal.h"

/* The offices: the first OFFICES_COUNTY of them exist in each county too. Weight: share of the cases of their place. */
static const struct {
    const char *code;
    const char *name;
    uint32_t weight;
} offices[] = {
    [OFFICE_MARKET] = {"market", "市场监督管理局", 170},
    [OFFICE_TAX] = {"tax", "税务局", 90},
    [OFFICE_POLICE] = {"police", "公安局", 150},
    [OFFICE_SOCIAL] = {"social", "人力资源和社会保障局", 180},
    [OFFICE_HOUSING] = {"housing", "住房和城乡建设局", 60},
    [OFFICE_LAND] = {"land", "自然资源和规划局", 80},
    [OFFICE_ENVIRONMENT] = {"environment", "生态环境局", 8},
    [OFFICE_URBAN] = {"urban", "城市管理局", 25},
    [OFFICE_HALL] = {"hall", "政务服务大厅", 0},
    {"medical-insurance", "医疗保障局", 70},
    {"civil", "民政局", 80},
    {"transport", "交通运输局", 35},
    {"health", "卫生健康委员会", 40},
    {"education", "教育局", 30},
    {"agriculture", "农业农村局", 25},
    {"water", "水利局", 6},
    {"culture", "文化广电和旅游局", 8},
    {"emergency", "应急管理局", 8},
    {"justice", "司法局", 12},
    /* of the city alone */
    {"reform", "发展和改革委员会", 10},
    {"science", "科学技术局", 4},
    {"industry", "工业和信息化局", 5},
    {"finance", "财政局", 5},
    {"commerce", "商务局", 8},
    {"veterans", "退役军人事务局", 10},
    {"sports", "体育局", 3},
    {"forestry", "林业和园林局", 6},
    {"air-defence", "人民防空办公室", 4},
    {"weather", "气象局", 2},
    {"tobacco", "烟草专卖局", 12},
    {"fire", "消防救援支队", 10},
    {"housing-fund", "住房公积金管理中心", 90},
    {"archives", "档案局", 2},
    {"religion", "民族宗教事务局", 2},
    {"press", "新闻出版局", 3},
};
#define OFFICES (sizeof(offices) / sizeof(offices[0]))

static const struct {
    const char *code;
    const char *name;
} places[PLACES] = {
    {"city", "许昌"}, {"weidu", "魏都"}, {"jianan", "建安"}, {"yanling", "鄢陵"}, {"xiangcheng", "襄城"}, {"yuzhou", "禹州"}, {"changge", "长葛"},
};

#define AGENCIES (OFFICES + CITY_COUNTIES * OFFICES_COUNTY + 1) /* and the procuratorate */
_Static_assert(AGENCIES <= CITY_AGENCIES_MAX, "the tables have room");

size_t city_agency_count(void) {
    return AGENCIES;
}

size_t city_procuratorate(void) {
    return AGENCIES - 1;
}

size_t city_offices(size_t place) {
    return place == 0 ? OFFICES : OFFICES_COUNTY;
}

size_t city_office_agency(size_t place, size_t office) {
    CHECK(place < PLACES && office < city_offices(place));
    return place == 0 ? office : OFFICES + (place - 1) * OFFICES_COUNTY + office;
}

uint32_t city_office_weight(size_t office) {
    return offices[office].weight;
}

/* --- Credit codes ------------------------------------------------------------------------------------------------------------ */

static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/* GB 11714: over 8 characters, A = 10 .. Z = 35. */
static char organisation_check(const char text[8]) {
    static const uint8_t weights[8] = {3, 7, 9, 10, 5, 8, 4, 2};
    unsigned sum = 0;
    for (size_t i = 0; i < 8; i++) {
        sum += weights[i] * (unsigned)(text[i] <= '9' ? text[i] - '0' : text[i] - 'A' + 10);
    }
    const unsigned check = 11 - sum % 11;
    return check == 10 ? 'X' : check == 11 ? '0' : (char)('0' + check);
}

/* GB 32100: over 17 characters, weights 3^i. */
static char credit_check(const char text[17]) {
    unsigned sum = 0, weight = 1;
    for (size_t i = 0; i < 17; i++) {
        sum += weight * (unsigned)(strchr(alphabet, text[i]) - alphabet);
        weight = weight * 3 % 31;
    }
    return alphabet[(31 - sum % 31) % 31];
}

void city_credit_code(const char kind[2], const char prefix[2], uint32_t serial, char text[CITY_AGENCY_CREDIT_BYTES]) {
    CHECK(serial < 1000000);
    snprintf(text, CITY_AGENCY_CREDIT_BYTES, "%.2s411099%.2s%06u", kind, prefix, serial);
    text[16] = organisation_check(text + 8);
    text[17] = credit_check(text);
    text[18] = '\0';
}

/* --- The table ------------------------------------------------------------------------------------------------------------------ */

static void make_agency(size_t place, size_t office, size_t number, struct city_agency *agency) {
    const bool is_city_hall = place == 0 && office == OFFICE_HALL;
    snprintf(agency->code, sizeof agency->code, "%s-%s", is_city_hall ? "service" : places[place].code, offices[office].code);
    snprintf(agency->name, sizeof agency->name, "%s模拟%s", places[place].name, offices[office].name);
    agency->region = place == 0 ? CITY_REGION : city_county_region(place - 1);
    city_credit_code("11", "QQ", (uint32_t)number, agency->credit_code);
    agency->is_window = office == OFFICE_HALL;
}

static void make_procuratorate(struct city_agency *agency) {
    *agency = (struct city_agency){.code = "city-procuratorate", .name = "许昌模拟人民检察院", .region = CITY_REGION};
    city_credit_code("11", "QQ", (uint32_t)city_procuratorate(), agency->credit_code);
}

const struct city_agency *city_agency(size_t number) {
    static struct city_agency agencies[AGENCIES];
    CHECK(number < AGENCIES);
    if (agencies[0].code[0] == '\0') {
        make_procuratorate(&agencies[city_procuratorate()]);
        for (size_t place = PLACES; place-- > 0;) {
            for (size_t office = city_offices(place); office-- > 0;) {
                const size_t row = city_office_agency(place, office);
                make_agency(place, office, row, &agencies[row]);
            }
        }
    }
    return &agencies[number];
}

Common__V1__RegisterAgency *city_agency_fill(size_t number, Common__V1__RegisterAgency *message) {
    const struct city_agency *agency = city_agency(number);
    common__v1__register_agency__init(message);
    message->agency = (char *)(uintptr_t)agency->code;
    message->name = (char *)(uintptr_t)agency->name;
    message->region = agency->region;
    message->credit_code = (char *)(uintptr_t)agency->credit_code;
    message->window = agency->is_window;
    return message;
}

/* --- Senders -------------------------------------------------------------------------------------------------------------------- */

const char *city_sender_key(enum city_sender sender, size_t agency) {
    switch (sender) {
    case CITY_SENDER_AGENCY:
        return city_agency(agency)->code;
    case CITY_SENDER_CLERK:
        return "clerk";
    case CITY_SENDER_OPERATOR:
        return "operator";
    case CITY_SENDER_SUPERVISOR:
        return "supervisor";
    case CITY_SENDER_LEADER:
        return "leader";
    }
    return "";
}

const char *city_sender_organisation(enum city_sender sender, size_t agency) {
    switch (sender) {
    case CITY_SENDER_AGENCY:
        return city_agency(agency)->code;
    case CITY_SENDER_CLERK:
        return city_agency(city_office_agency(0, OFFICE_HALL))->code;
    case CITY_SENDER_OPERATOR:
        return "operator";
    case CITY_SENDER_SUPERVISOR:
        return "service-bureau";
    case CITY_SENDER_LEADER:
        return "city-government";
    }
    return "";
}
