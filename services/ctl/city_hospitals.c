#include "base/check.h"
#include "ctl/city_internal.h"

/* County or district, its share of the residents in parts of 1000. */
static const struct {
    uint32_t region;
    uint32_t share;
} counties[CITY_COUNTIES] = {
    {411002, 133}, /* Weidu */
    {411003, 160}, /* Jian'an */
    {411024, 126}, /* Yanling */
    {411025, 156}, /* Xiangcheng */
    {411081, 255}, /* Yuzhou */
    {411082, 170}, /* Changge */
};

/* Made-up houses: each name says that it is a model (模拟), so that no figure of this year can be taken for a real
 * one's. Each county has at least one house of each style's neighbours: a local-only one and several of both. */
static const struct city_hospital hospitals[] = {
    {"weidu-01", "魏都模拟中心医院", 411002, 300, CITY_GENERAL, CITY_STYLE_BOTH},
    {"weidu-02", "魏都模拟人民医院", 411002, 240, CITY_GENERAL, CITY_STYLE_BOTH},
    {"weidu-03", "魏都模拟中医院", 411002, 140, CITY_CHINESE_MEDICINE, CITY_STYLE_BOTH},
    {"weidu-04", "魏都模拟妇幼保健院", 411002, 120, CITY_MATERNAL, CITY_STYLE_RESIDENT},
    {"weidu-05", "魏都模拟骨科医院", 411002, 70, CITY_SPECIALIST, CITY_STYLE_BOTH},
    {"weidu-06", "魏都模拟眼科医院", 411002, 50, CITY_SPECIALIST, CITY_STYLE_LOCAL},
    {"weidu-07", "魏都模拟口腔医院", 411002, 40, CITY_SPECIALIST, CITY_STYLE_RESIDENT},
    {"weidu-08", "魏都模拟社区卫生服务中心", 411002, 40, CITY_TOWNSHIP, CITY_STYLE_RESIDENT},
    {"jianan-01", "建安模拟人民医院", 411003, 300, CITY_GENERAL, CITY_STYLE_BOTH},
    {"jianan-02", "建安模拟第二人民医院", 411003, 180, CITY_GENERAL, CITY_STYLE_BOTH},
    {"jianan-03", "建安模拟中医院", 411003, 160, CITY_CHINESE_MEDICINE, CITY_STYLE_RESIDENT},
    {"jianan-04", "建安模拟妇幼保健院", 411003, 110, CITY_MATERNAL, CITY_STYLE_BOTH},
    {"jianan-05", "建安模拟东部中心卫生院", 411003, 80, CITY_TOWNSHIP, CITY_STYLE_RESIDENT},
    {"jianan-06", "建安模拟西部中心卫生院", 411003, 60, CITY_TOWNSHIP, CITY_STYLE_LOCAL},
    {"yanling-01", "鄢陵模拟人民医院", 411024, 320, CITY_GENERAL, CITY_STYLE_BOTH},
    {"yanling-02", "鄢陵模拟中医院", 411024, 180, CITY_CHINESE_MEDICINE, CITY_STYLE_BOTH},
    {"yanling-03", "鄢陵模拟妇幼保健院", 411024, 120, CITY_MATERNAL, CITY_STYLE_RESIDENT},
    {"yanling-04", "鄢陵模拟第二人民医院", 411024, 110, CITY_GENERAL, CITY_STYLE_RESIDENT},
    {"yanling-05", "鄢陵模拟南部中心卫生院", 411024, 70, CITY_TOWNSHIP, CITY_STYLE_BOTH},
    {"yanling-06", "鄢陵模拟北部中心卫生院", 411024, 50, CITY_TOWNSHIP, CITY_STYLE_LOCAL},
    {"xiangcheng-01", "襄城模拟人民医院", 411025, 310, CITY_GENERAL, CITY_STYLE_BOTH},
    {"xiangcheng-02", "襄城模拟中医院", 411025, 190, CITY_CHINESE_MEDICINE, CITY_STYLE_BOTH},
    {"xiangcheng-03", "襄城模拟妇幼保健院", 411025, 120, CITY_MATERNAL, CITY_STYLE_BOTH},
    {"xiangcheng-04", "襄城模拟精神病医院", 411025, 50, CITY_SPECIALIST, CITY_STYLE_RESIDENT},
    {"xiangcheng-05", "襄城模拟东部中心卫生院", 411025, 80, CITY_TOWNSHIP, CITY_STYLE_RESIDENT},
    {"xiangcheng-06", "襄城模拟西部中心卫生院", 411025, 60, CITY_TOWNSHIP, CITY_STYLE_LOCAL},
    {"yuzhou-01", "禹州模拟人民医院", 411081, 320, CITY_GENERAL, CITY_STYLE_BOTH},
    {"yuzhou-02", "禹州模拟中心医院", 411081, 220, CITY_GENERAL, CITY_STYLE_BOTH},
    {"yuzhou-03", "禹州模拟中医院", 411081, 200, CITY_CHINESE_MEDICINE, CITY_STYLE_BOTH},
    {"yuzhou-04", "禹州模拟妇幼保健院", 411081, 130, CITY_MATERNAL, CITY_STYLE_RESIDENT},
    {"yuzhou-05", "禹州模拟骨科医院", 411081, 80, CITY_SPECIALIST, CITY_STYLE_BOTH},
    {"yuzhou-06", "禹州模拟东部中心卫生院", 411081, 80, CITY_TOWNSHIP, CITY_STYLE_RESIDENT},
    {"yuzhou-07", "禹州模拟西部中心卫生院", 411081, 70, CITY_TOWNSHIP, CITY_STYLE_RESIDENT},
    {"yuzhou-08", "禹州模拟山区卫生院", 411081, 40, CITY_TOWNSHIP, CITY_STYLE_LOCAL},
    {"changge-01", "长葛模拟人民医院", 411082, 320, CITY_GENERAL, CITY_STYLE_BOTH},
    {"changge-02", "长葛模拟中医院", 411082, 180, CITY_CHINESE_MEDICINE, CITY_STYLE_BOTH},
    {"changge-03", "长葛模拟妇幼保健院", 411082, 120, CITY_MATERNAL, CITY_STYLE_BOTH},
    {"changge-04", "长葛模拟第二人民医院", 411082, 110, CITY_GENERAL, CITY_STYLE_RESIDENT},
    {"changge-05", "长葛模拟北部中心卫生院", 411082, 70, CITY_TOWNSHIP, CITY_STYLE_RESIDENT},
    {"changge-06", "长葛模拟南部中心卫生院", 411082, 60, CITY_TOWNSHIP, CITY_STYLE_LOCAL},
};
#define HOSPITALS (sizeof(hospitals) / sizeof(hospitals[0]))
_Static_assert(HOSPITALS <= CITY_HOSPITALS_MAX, "a visit has six bits for its hospital");

size_t city_hospital_count(void) {
    return HOSPITALS;
}

const struct city_hospital *city_hospital(size_t number) {
    CHECK(number < HOSPITALS);
    return &hospitals[number];
}

uint32_t city_county_region(size_t county) {
    return counties[county].region;
}

uint32_t city_county_share(size_t county) {
    return counties[county].share;
}
